"""What we expect of Sage's tables, read from the one picture of them in this repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLES_FILE = Path(__file__).parents[1] / "tables.sql"

#: The wrappers insert into these, so a column they do not know and must fill stops them.
INSERTED = frozenset({"tarCustPmtLog", "tarPendCustPmt", "tarPendCustPmtAppl"})

TABLE = re.compile(r"CREATE TABLE dbo\.(\w+) \((.*?)\n\s*PRIMARY KEY", re.DOTALL)
COLUMN = re.compile(
    r"(\w+) (int|smallint|float|datetime|varchar\((?:\d+|max)\)|decimal\(\d+,\d+\))"
    r"(?: IDENTITY(?:\(\d+,\s*\d+\))?)?( NOT)? NULL"
)
GRADE = re.compile(r"-- ([CNI])\b")
GRADES = {"C": "certain", "N": "name certain, type inferred", "I": "inferred"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column as we know it. grade: how sure the reference is of name and type."""

    name: str
    type: str
    is_nullable: bool
    grade: str


@cache
def expected_tables() -> Mapping[str, Mapping[str, Column]]:
    """Table -> column -> what is known of it."""
    text = TABLES_FILE.read_text(encoding="utf-8")
    return {name: columns_of(body) for name, body in TABLE.findall(text)}


def columns_of(body: str) -> dict[str, Column]:
    """The columns of one table's definition; the mark at a line's end grades the whole line."""
    found: dict[str, Column] = {}
    for line in body.splitlines():
        mark = GRADE.search(line)
        grade = GRADES[mark.group(1)] if mark else "inferred"
        for name, kind, required in COLUMN.findall(line.split("--")[0]):
            found[name] = Column(name, kind, not required, grade)
    return found
