"""The parts of the T-SQL test site that need no server."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from paysync.adapters.sage500.preflight.expected import expected_tables
from paysync.adapters.sage500.script import batches_of, parts
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.store import Store
from tests.contract.erp_site import site_data
from tests.mssql.engine import Address, checked, quoted
from tests.mssql.rows import (
    decimal_literal,
    insert_statements,
    literal_of,
    moment_literal,
    text_literal,
)
from tests.mssql.site import LOADED_AT, STANDINS
from tests.mssql.wrappers import REPLACED, wrapper_script
from tests.tds.drivers import FREETDS, MICROSOFT

URL = "mssql://sa:p%40ss%3Bword@db.example:1444/sage500test"

#: Reference 16, "Stub procedures for tests".
PROCEDURES = {
    "spGetNextSurrogateKey", "spGetNextBlockSurrogateKey", "spGetNextBatch", "spGetBatchStatus",
    "spciValidatePosting", "spciPrePost", "spARValGLCurr", "sparCheckBalance",
    "sparSetRegPrintFlg", "sparCheckRgstrStatus2", "spciModPost", "spciGLPost", "spciModCleanup",
    "spsmLogicalLockAdd",
}  # fmt: skip


def test_a_url_becomes_a_connection_string_for_either_driver() -> None:
    microsoft, freetds = Address.of(URL), Address.of(f"{URL}?driver=FreeTDS")
    assert (microsoft.driver, freetds.driver) == (MICROSOFT, FREETDS)
    assert "SERVER=db.example,1444;" in microsoft.odbc("other")
    assert "DATABASE=other;UID=sa;PWD={p@ss;word}" in microsoft.odbc("other")
    assert "SERVER=db.example;PORT=1444;" in freetds.odbc("sage500test")
    assert Address.of(freetds.url("other")) == Address.of(
        URL.replace("sage500test", "other") + "?driver=FreeTDS"
    )


@pytest.mark.parametrize(
    "url", ["", "postgres://sa@host/name", "mssql://sa@host", "mssql://sa@host/na-me", "mssql:///x"]
)
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SAGE500_TEST_URL"):
        Address.of(url)


@pytest.mark.parametrize("name", ["", "a b", "a]; DROP DATABASE x", "1a", "x" * 62])
def test_a_database_name_is_plain(name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        checked(name)


def test_a_plain_password_stands_without_braces() -> None:
    assert (quoted("Sa_12345678"), quoted("a}b")) == ("Sa_12345678", "{a}}b}")


def test_values_are_written_as_t_sql_reads_them() -> None:
    assert text_literal("O'Brien's") == "'O''Brien''s'"
    assert [decimal_literal(mills, 3) for mills in (0, 5, -12_505, 1_000_000)] == [
        "0.000", "0.005", "-12.505", "1000.000",
    ]  # fmt: skip
    assert decimal_literal(42, 0) == "42"
    assert moment_literal("2026-11-23") == "'2026-11-23T00:00:00.000'"
    assert moment_literal("2026-11-23T12:34:56.789012") == "'2026-11-23T12:34:56.789'"
    assert (literal_of("float")(0.7275), literal_of("smallint")(3)) == ("0.7275", "3")


def test_parents_are_written_before_their_children() -> None:
    store = Store(":memory:")
    load(store, site_data(date(2026, 11, 23)), LOADED_AT)
    order = [statement.split()[2] for statement in insert_statements(store)]
    assert order.index("dbo.tarInvoiceLog") < order.index("dbo.tarInvoice")
    assert order.index("dbo.tciBatchLog") < order.index("dbo.tarBatch")
    assert order.index("dbo.tglAccount") < order.index("dbo.tarCustClass")
    assert set(order) <= {f"dbo.{table}" for table in expected_tables()}
    store.close()


def standins() -> list[Path]:
    return sorted(STANDINS.glob("*.sql"))


def test_every_procedure_of_the_reference_has_a_stand_in() -> None:
    text = "\n".join(path.read_text() for path in standins())
    made = {line.split(".")[1] for line in text.splitlines() if line.startswith("CREATE PROCEDURE")}
    assert made >= PROCEDURES
    assert len(batches_of(text)) == text.count("\nGO\n")


@pytest.mark.parametrize("path", standins(), ids=lambda path: path.name)
def test_a_stand_in_says_that_it_is_one(path: Path) -> None:
    first, *_ = path.read_text(encoding="ascii").splitlines()
    assert first.startswith("-- STAND-IN, not Sage's code: ")


@pytest.mark.parametrize("path", sorted(REPLACED.glob("*.sql")), ids=lambda path: path.name)
def test_what_babelfish_cannot_run_is_replaced_and_nothing_else(path: Path) -> None:
    shipped, used = wrapper_script(is_babelfish=False), wrapper_script(is_babelfish=True)
    (part,) = (part for part in parts() if part.name == path.name)
    assert part.text in shipped and part.text not in used
    assert ".nodes(" not in used and "GRANT VIEW DEFINITION" not in used
    assert all(p.text in used for p in parts() if not (REPLACED / p.name).exists())
