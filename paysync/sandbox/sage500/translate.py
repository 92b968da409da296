"""T-SQL table definitions, as far as our two files use them, to SQLite.

One is the picture of Sage 500 beside its adapters, the other the schema of the shipped wrappers,
whose variables take their defaults. `IF ... BEGIN ... END` around a table goes: it is a new
database.
Kept: lengths (a CHECK, where SQL Server raises 8152), case-insensitive comparison of varchar (the
likely collation, inferred) unless a binary collation is named, exact decimals (scaled integers,
checked), keys, unique and filtered indexes. `dbo.` goes, `ptx.Receipt` becomes `ptx_Receipt`.
"""

from __future__ import annotations

import re

from paysync.adapters.sage500.preflight.expected import TABLES_FILE
from paysync.adapters.sage500.script import FOLDER
from paysync.adapters.sage500.site import rendered

OURS = FOLDER / "00_schema.sql"

COMMENT = re.compile(r"--[^\n]*")
BATCH_END = re.compile(r"^\s*GO\s*$", re.MULTILINE)
GUARD = re.compile(r"^IF OBJECT_ID\([^)]*\) IS NULL\s+BEGIN$(.*?)^END;", re.MULTILINE | re.DOTALL)
SCHEMA = re.compile(r"^(IF SCHEMA_ID|CREATE SCHEMA)[^;]*;", re.MULTILINE)
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
    bare = GUARD.sub(r"\1", SCHEMA.sub("", BATCH_END.sub(";", COMMENT.sub("", script))))
    statements = [part.strip() for part in bare.split(";")]
    return [_translate(s) for s in statements if s]


def schema() -> list[str]:
    """The statements that make the twin's whole database."""
    return to_sqlite(TABLES_FILE.read_text()) + to_sqlite(rendered(OURS.read_text()))


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
