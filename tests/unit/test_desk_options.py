"""The options of a connection by files: read, or refused with what to set."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500.desk.columns import FileKind, columns_of, require_columns
from paysync.adapters.sage500.desk.folder import DeskFolder
from paysync.adapters.sage500.desk.options import DeskRules, FileOptions, file_options_of, rules_of
from paysync.domain.errors import RecordError, UnavailableError


def test_without_options_the_defaults_count() -> None:
    for options in ({}, None, {"zone": "UTC"}):
        assert rules_of(options) == DeskRules()
        assert file_options_of(options) == FileOptions()


def test_options_are_read() -> None:
    options = {
        "desk": {"max_write_off": "5.00", "close_after_minutes": 0, "allow_overpayment": True},
        "files": {
            "delimiter": "\t",
            "partial": ["customers"],
            "columns": {"invoices": {"key": ""}},
        },
    }
    rules, files = rules_of(options), file_options_of(options)
    assert (rules.max_write_off, rules.close_after_minutes) == (Decimal("5.00"), 0)
    assert (files.delimiter, files.partial) == ("\t", ("customers",))


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("desk", "max_write_of", "5"),
        ("desk", "max_write_off", 5.0),
        ("desk", "max_write_off", "-1"),
        ("desk", "max_write_off", "NaN"),
        ("desk", "close_after_minutes", "15"),
        ("desk", "close_after_minutes", -1),
        ("desk", "close_after_minutes", True),
        ("desk", "allow_overpayment", "yes"),
        ("files", "delimiter", "ab"),
        ("files", "encoding", "utf-16"),
        ("files", "decimal", ""),
        ("files", "thousands", "."),
        ("files", "columns", ["x"]),
        ("files", "columns", {"invoices": "Balance"}),
        ("files", "partial", "customers"),
    ],
)
def test_a_wrong_option_is_named(part: str, name: str, value: Any) -> None:
    read = rules_of if part == "desk" else file_options_of
    with pytest.raises(RecordError, match=f"{part}.{name.split('_of')[0]}"):
        read({part: {name: value}})
    with pytest.raises(RecordError):
        read({part: "no object"})


def test_a_mapping_of_what_we_do_not_read_is_refused() -> None:
    require_columns({"invoices": {"balance": "Open"}})
    wrong: list[dict[str, dict[str, str]]] = [{"bills": {}}, {"invoices": {"saldo": "Open"}}]
    for mapped in wrong:
        with pytest.raises(RecordError):
            require_columns(mapped)


def test_every_kind_of_file_has_columns() -> None:
    for kind in FileKind:
        assert columns_of(kind, {})


@pytest.mark.parametrize(("root", "slug"), [("", "a"), ("files", "a"), ("/x", "../a"), ("/x", "")])
def test_a_folder_is_only_where_it_was_set_up(root: str, slug: str) -> None:
    with pytest.raises(RecordError):
        DeskFolder(root, slug)


def test_a_root_that_is_not_mounted_is_never_made(tmp_path: Any) -> None:
    root = tmp_path / "share"
    with pytest.raises(UnavailableError):
        DeskFolder(str(root), "sage").make()
    assert not root.exists()
