"""The one picture of Sage 500, and the translator that lets SQLite hold it."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.adapters.sage500.preflight.expected import TABLES_FILE
from paysync.adapters.sage500.site import rendered
from paysync.sandbox.sage500.amounts import home_of, is_whole, mills_of, text_of
from paysync.sandbox.sage500.store import Store
from paysync.sandbox.sage500.translate import OURS, schema, to_sqlite

BATCH = """
    INSERT INTO tciBatchLog (BatchKey, BatchNo, BatchType, OrigUserID, PostCompanyID,
                             SourceCompanyID, BatchTotal)
        VALUES (?, 1, 503, 'x', 'SOA', 'SOA', ?)"""


@pytest.fixture
def store() -> Store:
    return Store(":memory:")


def names_in(file: Path) -> set[str]:
    return set(re.findall(r"CREATE TABLE (?:dbo|ptx)\.(\w+)", rendered(file.read_text())))


def test_every_table_and_index_of_the_files_is_loaded(store: Store) -> None:
    loaded = {row[0] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert loaded == names_in(TABLES_FILE) | {f"ptx_{name}" for name in names_in(OURS)}
    assert len(names_in(TABLES_FILE)) == 49 and "Receipt" in names_in(OURS)
    wanted = sum(
        len(re.findall(r"CREATE (?:UNIQUE )?INDEX", file.read_text()))
        for file in (TABLES_FILE, OURS)
    )
    made = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    assert store.value(made) == wanted


def test_every_column_line_of_sage_carries_its_grade() -> None:
    lines = TABLES_FILE.read_text().splitlines()
    columns = [line for line in lines if re.match(r"  \w+ (int|varchar|decimal|smallint)", line)]
    assert columns and all(re.search(r"-- [CNI]$", line) for line in columns)


def test_a_plain_statement_is_translated() -> None:
    script = """\
IF SCHEMA_ID('ptx') IS NULL
  EXEC ('CREATE SCHEMA ptx AUTHORIZATION dbo');
GO
IF OBJECT_ID('ptx.T', 'U') IS NULL
BEGIN
CREATE TABLE ptx.T (  -- words
  K int IDENTITY NOT NULL, A decimal(15,3) NOT NULL DEFAULT 0, D datetime NULL,
  S varchar(3) NOT NULL, B varchar(9) COLLATE Latin1_General_BIN2 NULL, R float NULL,
  PRIMARY KEY (K));
CREATE UNIQUE INDEX U ON ptx.T (S) WHERE B = 'live';
END;
GO
"""
    table, index = to_sqlite(script)
    assert re.sub(r"\s+", " ", table) == (
        "CREATE TABLE ptx_T ( K INTEGER NOT NULL, "
        "A DECIMAL3_INT CHECK (typeof(A) IN ('integer', 'null')) NOT NULL DEFAULT 0, D TEXT NULL, "
        "S TEXT COLLATE NOCASE CHECK (length(S) <= 3) NOT NULL, "
        "B TEXT COLLATE BINARY CHECK (length(B) <= 9) NULL, R REAL NULL, PRIMARY KEY (K))"
    )
    assert index == "CREATE UNIQUE INDEX U ON ptx_T (S) WHERE B = 'live'"


def test_nothing_of_t_sql_is_left() -> None:
    text = "\n".join(schema())
    assert not re.search(r"\b(dbo|varchar|decimal|smallint|datetime|IDENTITY|GO)\b", text)


def test_a_float_cannot_become_an_amount(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.execute(BATCH, (1, 10.5))


def test_text_longer_than_its_column_is_refused(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.execute("INSERT INTO tsmUser (UserID) VALUES (?)", ("x" * 31,))


def test_ids_compare_without_regard_to_case(store: Store) -> None:
    store.execute("INSERT INTO tsmUser (UserID) VALUES ('Clerk')")
    assert store.value("SELECT COUNT(*) FROM tsmUser WHERE UserID = 'CLERK'") == 1


def test_a_row_needs_its_parent(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.execute("INSERT INTO tarBatch (BatchKey, OrigUserID, PostDate) VALUES (7, 'x', '')")


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write():
        store.execute("INSERT INTO tsmUser (UserID) VALUES ('Clerk')")
        raise RuntimeError
    assert store.value("SELECT COUNT(*) FROM tsmUser") == 0


def test_keys_are_never_given_twice(store: Store) -> None:
    assert [store.take_keys("a"), store.take_keys("a", 5), store.take_keys("a")] == [1, 2, 7]
    assert store.take_keys("b") == 1


def test_a_database_on_disk_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "erp.sqlite3")
    first = Store(path)
    first.execute("INSERT INTO tsmUser (UserID) VALUES ('Clerk')")
    first.close()
    assert Store(path).value("SELECT UserID FROM tsmUser") == "Clerk"


AMOUNTS = st.decimals(min_value=-(10**11), max_value=10**11, places=3, allow_nan=False)


@given(st.lists(AMOUNTS, min_size=1, max_size=30))
def test_sums_in_the_database_are_exact(amounts: list[Decimal]) -> None:
    store = Store(":memory:")
    for key, amount in enumerate(amounts, 1):
        store.execute(BATCH, (key, mills_of(amount)))
    total = store.value("SELECT SUM(BatchTotal) FROM tciBatchLog")
    assert Decimal(text_of(total)) == sum(amounts)
    store.close()


@given(AMOUNTS)
def test_an_amount_survives_text_and_mills(amount: Decimal) -> None:
    assert Decimal(text_of(mills_of(amount))) == amount
    assert mills_of(text_of(mills_of(amount))) == mills_of(amount)


@pytest.mark.parametrize("value", [1.5, True, None, "", "1.2345", "NaN", "Infinity", "1" * 13])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="amount|fit"):
        mills_of(value)


def test_amounts_are_shown_with_two_digits_or_three() -> None:
    assert [text_of(m) for m in (0, 5, 10, -12500, 12505)] == [
        "0.00", "0.005", "0.01", "-12.50", "12.505",
    ]  # fmt: skip


def test_home_amounts_are_rounded_half_up_to_the_home_digits() -> None:
    assert home_of(123_450, 0.7275, 2) == 89_810
    assert home_of(10_000, 1.0005, 2) == 10_010
    assert home_of(777, 1, 2) == 777
    assert is_whole(12_340, 2) and not is_whole(12_345, 2) and is_whole(12_345, 3)
