"""T-SQL table definitions, as far as our two files use them, to SQLite.

Kept on the way: lengths (a CHECK, where SQL Server raises 8152), case-insensitive comparison of
varchar (the likely collation, inferred) unless a binary collation is named, exact decimals (scaled
integers, checked), keys, unique and filtered indexes. `dbo.` goes, `ptx.Receipt` becomes
`ptx_Receipt`.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("tables.sql", "ptx_tables.sql")

COMMENT = re.compile(r"--[^\n]*")
BATCH_END = re.compile(r"^\s*GO\s*$", re.MULTILINE)
TEXT = re.compile(r"(\w+) varchar\((\d+|max)\)(?: COLLATE (\w+))?")
DECIMAL = re.compile(r"(\w+) decimal\(\d+,(\d+)\)")
WORDS = [
    (re.compile(r" IDENTITY(\(\d+,\s*\d+\))?"), ""),
    (re.compile(r"\b(smallint|int)\b"), "INTEGER"),
    (re.compile(r"\bdatetime\b"), "TEXT"),
    (re.compile(r"\bfloat\b"), "REAL"),
    (re.compile(r"\bdbo\."), ""),
    (re.compile(r"\bptx\.(?=\w)"), "ptx_"),
]


def to_sqlite(script: str) -> list[str]:
    """The statements of a T-SQL script, each as SQLite takes it."""
    bare = BATCH_END.sub(";", COMMENT.sub("", script))
    statements = [part.strip() for part in bare.split(";")]
    return [_translate(s) for s in statements if s and not s.startswith("CREATE SCHEMA")]


def schema() -> list[str]:
    """The statements that make the twin's whole database."""
    found: list[str] = []
    for name in FILES:
        found += to_sqlite((HERE / name).read_text())
    return found


def _translate(statement: str) -> str:
    statement = TEXT.sub(_text_column, statement)
    statement = DECIMAL.sub(_decimal_column, statement)
    for pattern, replacement in WORDS:
        statement = pattern.sub(replacement, statement)
    return statement


def _text_column(found: re.Match[str]) -> str:
    name, length, collation = found.groups()
    compare = "BINARY" if collation and "BIN" in collation else "NOCASE"
    check = "" if length == "max" else f" CHECK (length({name}) <= {length})"
    return f"{name} TEXT COLLATE {compare}{check}"


def _decimal_column(found: re.Match[str]) -> str:
    """decimal(p,s) -> an integer of 10^-s units; the type's name keeps s."""
    name, scale = found.groups()
    return f"{name} DECIMAL{scale}_INT CHECK (typeof({name}) IN ('integer', 'null'))"
