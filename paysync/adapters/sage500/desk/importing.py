"""An export of the site, row by row -> values of ours. One wrong cell, and nothing of it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from paysync.adapters.sage500.desk.cells import Cells
from paysync.adapters.sage500.desk.columns import Column, FileKind, columns_of
from paysync.adapters.sage500.desk.csv import MOST_PROBLEMS, BadFileError, Sheet
from paysync.adapters.sage500.desk.options import FileOptions
from paysync.domain.desk import Problem
from paysync.domain.errors import RecordError

Values = dict[str, Any]


@dataclass(slots=True)
class Import:
    """Reads the rows of one file. companies: those we want; a company in the name is the only one.

    Raises BadFileError once with every problem, or with the first MOST_PROBLEMS of them.
    """

    kind: FileKind
    sheet: Sheet
    options: FileOptions
    companies: Sequence[str]
    named: str = ""
    problems: list[Problem] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, Values]]:
        """(line, values) of each row that is ours and can be read. The others are noted."""
        columns = columns_of(self.kind, self.options.columns)
        places = self._places(columns)
        cells = Cells.of(self.options)
        for line, row in self.sheet.rows:
            if len(self.problems) >= MOST_PROBLEMS:
                return
            if "company_id" in columns and not self._is_ours(line, row, places, columns):
                continue
            values = self._values(line, row, places, columns, cells)
            if values is not None:
                yield line, values

    def finish(self) -> None:
        if self.problems:
            raise BadFileError(*self.problems)

    def wrong(self, line: int, name: str, value: object, reason: str) -> None:
        """Note a problem of a field of ours, under the site's own name for it."""
        column = columns_of(self.kind, self.options.columns).get(name)
        self.problems.append(Problem.at(line, column.name if column else name, value, reason))

    def _places(self, columns: dict[str, Column]) -> dict[str, int]:
        places = {}
        for name, column in columns.items():
            place = self.sheet.header.get(column.name.strip().lower())
            if place is not None:
                places[name] = place
            elif column.default is ... and not (name == "company_id" and self._only_company()):
                self.problems.append(Problem.at(1, column.name, "", "the column is missing"))
        self.finish()
        return places

    def _only_company(self) -> str:
        """The company of a file without a column for it: the one in its name, or the only one."""
        return self.named or (self.companies[0] if len(self.companies) == 1 else "")

    def _is_ours(
        self, line: int, row: list[str], places: dict[str, int], columns: dict[str, Column]
    ) -> bool:
        if "company_id" not in places:
            return True
        company = row[places["company_id"]].strip().upper()
        if self.named and company != self.named:
            self.wrong(line, "company_id", company, f"the file's name says {self.named}")
            return False
        return company in self.companies

    def _values(
        self,
        line: int,
        row: list[str],
        places: dict[str, int],
        columns: dict[str, Column],
        cells: Cells,
    ) -> Values | None:
        values: Values = {}
        before = len(self.problems)
        for name, column in columns.items():
            if name not in places:
                values[name] = column.default
                continue
            cell = row[places[name]]
            try:
                values[name] = column.read(cell, cells)
            except ValueError as error:
                self.problems.append(Problem.at(line, column.name, cell, str(error)))
        if len(self.problems) > before:
            return None
        if "company_id" in columns:
            company = values["company_id"]
            values["company_id"] = self._only_company() if company is ... else company.upper()
        return values


def checked(one: Import, line: int, name: str, value: object, call: Callable[[], Any]) -> Any:
    """What `call` makes of a value; a RecordError becomes a problem of the field, and None."""
    try:
        return call()
    except RecordError as error:
        one.wrong(line, name, value, str(error))
        return None
