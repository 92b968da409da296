"""Reading one row of a result set, column by column, with exact numbers.

A cell that cannot be read raises RecordError naming the row and the column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.texts import storable


class Cells:
    """One row. `what` and the value under `name` are what a complaint calls it."""

    __slots__ = ("_columns", "_name", "_values", "_what")

    def __init__(
        self, columns: Mapping[str, int], values: Sequence[Any], what: str, name: str
    ) -> None:
        self._columns, self._values = columns, values
        self._what, self._name = what, name

    def given(self, column: str) -> Any:
        """The value as the driver gave it, None for NULL."""
        return self._values[self._columns[column]]

    def text(self, column: str) -> str:
        """Text without trailing blanks: older databases hold fixed-width columns (inferred)."""
        value = self._values[self._columns[column]]
        if not isinstance(value, str):
            raise self.unreadable(column, value)
        return storable(value).rstrip()

    def text_or_empty(self, column: str) -> str:
        return "" if self._values[self._columns[column]] is None else self.text(column)

    def id(self, column: str) -> str:
        """An id: Sage compares them without case (inferred), we by the letter."""
        found = self.text(column).upper()
        if not found:
            raise self.unreadable(column, found)
        return found

    def number(self, column: str) -> int:
        value = self._values[self._columns[column]]
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        if not isinstance(value, int):
            raise self.unreadable(column, value)
        return int(value)

    def number_or_none(self, column: str) -> int | None:
        return None if self._values[self._columns[column]] is None else self.number(column)

    def key(self, column: str) -> str:
        return str(self.number(column))

    def key_or_empty(self, column: str) -> str:
        return "" if self._values[self._columns[column]] is None else self.key(column)

    def flag(self, column: str) -> bool:
        return self.number(column) != 0

    def decimal(self, column: str) -> Decimal:
        """An exact number. Rates are float columns (certain): their shortest form counts."""
        value = self._values[self._columns[column]]
        if isinstance(value, float):
            value = Decimal(repr(value))
        if not isinstance(value, Decimal) or not value.is_finite():
            raise self.unreadable(column, value)
        return value

    def money(self, column: str, currency: str) -> Money:
        value = self._values[self._columns[column]]
        try:
            return Money.parse(value, currency)
        except RecordError as error:
            raise RecordError(f"{self.where}: {column}: {error}") from error

    def money_or_none(self, column: str, currency: str) -> Money | None:
        return None if self._values[self._columns[column]] is None else self.money(column, currency)

    def cut_money_or_none(self, column: str, currency: str) -> Money | None:
        """An amount without what lies below the minor unit."""
        value = self._values[self._columns[column]]
        try:
            return None if value is None else Money.cut(value, currency)
        except RecordError as error:
            raise RecordError(f"{self.where}: {column}: {error}") from error

    def day(self, column: str) -> date:
        value = self._values[self._columns[column]]
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        raise self.unreadable(column, value)

    def day_or_none(self, column: str) -> date | None:
        return None if self._values[self._columns[column]] is None else self.day(column)

    def moment_or_none(self, column: str) -> datetime | None:
        """A moment as Sage writes it: without a zone, by the server's clock."""
        value = self._values[self._columns[column]]
        if value is not None and not isinstance(value, datetime):
            raise self.unreadable(column, value)
        return value

    @property
    def where(self) -> str:
        name = self.given(self._name)
        return f"{self._what} {storable(str(name)).rstrip()[:60]}"

    def unreadable(self, column: str, value: object) -> RecordError:
        if value is None:
            return RecordError(f"{self.where}: {column} is missing")
        return RecordError(f"{self.where}: {column} cannot be read: {storable(str(value))[:60]!r}")


def cells_of(
    columns: Mapping[str, int], rows: Iterable[Sequence[Any]], what: str, name: str
) -> Iterator[Cells]:
    """The rows of a result set. name: the column that names a row."""
    return (Cells(columns, values, what, name) for values in rows)
