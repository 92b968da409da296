"""The twin's rows as T-SQL inserts: one loader, one data set, two databases.

The twin keeps amounts as whole mills and dates as ISO text; `tables.sql` says what each column is.
Literals rather than parameters: a whole table goes over in a few statements, with any driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from paysync.adapters.sage500.preflight.expected import Column, expected_tables
from paysync.sandbox.sage500.store import Store

#: Work tables and code lists: the first are empty between postings, the second are the stand-ins'.
NOT_COPIED = frozenset({"tglPosting", "tsmListValidation", "tsmLocalString"})
ROWS_PER_STATEMENT = 200


def insert_statements(store: Store) -> Iterator[str]:
    """Inserts for all rows of Sage's tables, parents first, as `tables.sql` is ordered."""
    for table, columns in expected_tables().items():
        if table not in NOT_COPIED:
            yield from inserts_of(store, table, columns)


def inserts_of(store: Store, table: str, columns: Mapping[str, Column]) -> Iterator[str]:
    names = ", ".join(columns)
    rows = store.rows(f"SELECT {names} FROM {table}")  # noqa: S608 - names from tables.sql
    literals = [literal_of(column.type) for column in columns.values()]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        some = rows[start : start + ROWS_PER_STATEMENT]
        lines = ",\n".join(line_of(literals, row) for row in some)
        yield f"INSERT INTO dbo.{table} ({names}) VALUES\n{lines};"


def line_of(literals: Iterable[Callable[[Any], str]], row: Iterable[Any]) -> str:
    pairs = zip(literals, row, strict=True)
    return "(" + ", ".join("NULL" if v is None else write(v) for write, v in pairs) + ")"


def literal_of(kind: str) -> Callable[[Any], str]:
    """How a value of this T-SQL type is written."""
    if kind.startswith("varchar"):
        return text_literal
    if kind.startswith("decimal"):
        scale = int(kind.rstrip(")").split(",")[1])
        return lambda units: decimal_literal(units, scale)
    return {"datetime": moment_literal, "float": lambda rate: f"{rate!r}"}.get(kind, str)


def text_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def decimal_literal(units: int, scale: int) -> str:
    """Whole units of 10^-scale: 12505 at scale 3 -> 12.505."""
    sign, digits = "-" if units < 0 else "", f"{abs(units):0{scale + 1}d}"
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def moment_literal(text: str) -> str:
    """ISO text in the one form no language setting reads otherwise; datetime takes milliseconds."""
    day, _, clock = text.partition("T")
    return f"'{day}T{(clock or '00:00:00.000')[:12]}'"
