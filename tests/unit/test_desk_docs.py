"""The page about files says what the code does, and its examples are files that it takes."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from paysync.adapters.sage500.desk import csv as desk_csv
from paysync.adapters.sage500.desk.columns import COLUMNS, FileKind, require_columns
from paysync.adapters.sage500.desk.csv import read_sheet
from paysync.adapters.sage500.desk.importing import Import
from paysync.adapters.sage500.desk.lists import lists_of
from paysync.adapters.sage500.desk.options import (
    DeskRules,
    FileOptions,
    file_options_of,
    rules_of,
)
from paysync.adapters.sage500.desk.receipt_file import read_receipt_file
from paysync.adapters.sage500.desk.told import acknowledgements_of, links_of, receipts_of
from paysync.domain.desk import DeskState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sage500-files.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
    for line in TEXT.splitlines()
    if line.startswith("|")
]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def sheet(kind: FileKind, place: int) -> Import:
    content = blocks("csv")[place].encode("cp1252")
    return Import(kind, read_sheet(content, FileOptions()), FileOptions(), ("SOA",))


def test_the_receipt_file_of_the_page_is_one() -> None:
    content = blocks("text")[0].replace("\n", "\r\n").encode("cp1252")
    file = read_receipt_file(content)
    assert (file.head.reference, len(file.receipts)) == ("PS-0000042", 2)


def test_the_exports_of_the_page_can_be_taken_in() -> None:
    (listed,) = lists_of(sheet(FileKind.INVOICES, 0))
    assert [row["balance"] for _, row in listed.rows] == ["1250.50", "40.00"]
    links = links_of(sheet(FileKind.APPLICATIONS, 2))
    posted, void = receipts_of(sheet(FileKind.RECEIPTS, 1), links)
    assert (posted.state, void.state) == (DeskState.POSTED, DeskState.DELETED)
    assert posted.applications and len(posted.applications) == 1
    assert len(acknowledgements_of(sheet(FileKind.ACKNOWLEDGEMENTS, 3))) == 2


def test_the_options_of_the_page_can_be_read() -> None:
    options = json.loads(blocks("json")[0])
    assert rules_of(options).close_after_minutes == 15
    require_columns(file_options_of(options).columns)


@pytest.mark.parametrize("kind", FileKind)
def test_every_column_is_on_the_page(kind: FileKind) -> None:
    row = next(row for row in ROWS if row[0] == kind.value)
    needed = {column.name for column in COLUMNS[kind].values() if column.default is ...}
    others = {column.name for column in COLUMNS[kind].values() if column.default is not ...}
    assert set(row[1].split(", ")) == needed
    assert set(row[2].split(", ")) == others


def test_every_kind_of_file_is_on_the_page() -> None:
    assert {row[0] for row in ROWS} >= {f"`{kind}.csv`" for kind in FileKind}


def test_every_option_is_on_the_page() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[0])}
    assert named >= {one.name for one in (*fields(DeskRules), *fields(FileOptions))}


def test_the_limits_are_those_of_the_code() -> None:
    shown = {row[0]: row[1] for row in ROWS}
    assert shown["size of a file"] == f"{desk_csv.MOST_BYTES // 1024**2} MB"
    assert shown["rows"] == f"{desk_csv.MOST_ROWS:,}"
    assert shown["length of a line"] == f"{desk_csv.MOST_CHARS:,} characters"
    assert shown["problems listed"] == str(desk_csv.MOST_PROBLEMS)
