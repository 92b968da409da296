"""The preflight of SQL Server mode: every question, on a T-SQL server or on our own TDS server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db.utils import load_backend
from pytest_django import DjangoDbBlocker

from paysync.adapters.sage500.odbc import SageDatabase
from paysync.adapters.sage500.preflight import preflight, site_of
from paysync.adapters.sage500.preflight.expected import expected_tables
from paysync.adapters.sage500.preflight.schema import ask_columns, ask_procedures
from paysync.adapters.sage500.preflight.server import collation_of, level_of, triggers
from paysync.adapters.sage500.preflight.wrappers import ask_wrappers
from paysync.adapters.sage500.script import VERSION, parts
from paysync.adapters.sage500.sqlserver import SqlServerConfig, SqlServerLedger
from paysync.domain.errors import UnavailableError
from paysync.domain.ledger import Finding, FindingLevel
from paysync.mssql_url import sqlserver
from tests.contract.test_sage500_sqlserver import OnSqlServer
from tests.mssql.clerk import EngineClerk
from tests.mssql.engine import run
from tests.mssql.site import SageSite
from tests.tds.drivers import MICROSOFT, installed
from tests.tds.server import Cut, Error, Rows, TdsServer

SPOILED = [
    ("UPDATE dbo.tsmCompanyModule SET Active = 0 WHERE ModuleNo = 5", "ar_active", "block"),
    ("DELETE FROM dbo.tciBatchTranType WHERE BatchType = 503", "receipt_type", "block"),
    ("DELETE FROM dbo.tciBatchTypCompany WHERE BatchType = 503", "batch_numbers", "block"),
    ("DELETE FROM dbo.tciSurrogateKey WHERE TableName = 'tarCustPmtLog'", "surrogate_key", "block"),
    ("UPDATE dbo.tciSurrogateKey SET NextKey = 0 WHERE TableName = 'tarCustPmtLog'",
     "surrogate_key", "block"),
    ("UPDATE dbo.tcmCashAcct SET Status = 2", "cash_account", "block"),
    ("UPDATE dbo.tglFiscalPeriod SET Status = 2", "open_period", "warn"),
    ("DELETE FROM dbo.tarOptions", "ar_options", "block"),
    ("UPDATE dbo.tarOptions SET IntegrateWithCM = 1", "cash_management", "warn"),
    ("UPDATE dbo.tarOptions SET AllowInvOverpayment = 1", "overpayment", "warn"),
    ("DELETE FROM dbo.tsmUser", "sage_user", "warn"),
]  # fmt: skip
QUESTIONS = r"dbo\.|sys\.|PERMS|INFORMATION_SCHEMA|OBJECT_ID"
NOTES = [("n", "varchar(60)"), ("v", "varchar(20)"), ("s", "varchar(64)")]
BATCH_OPEN = "23_batch_open.sql"
COLUMNS = [
    ("TABLE_NAME", "varchar(40)"), ("COLUMN_NAME", "varchar(40)"), ("DATA_TYPE", "varchar(20)"),
    ("L", "int"), ("P", "int"), ("S", "int"), ("N", "varchar(3)"), ("D", "varchar(20)"),
]  # fmt: skip


def by_code(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


class TestAtASite(OnSqlServer):
    """On a T-SQL server."""

    @pytest.mark.parametrize(("spoil", "code", "level"), SPOILED)
    def test_what_is_wrong_is_found(
        self, erp: SqlServerLedger, engine: SageSite, spoil: str, code: str, level: str
    ) -> None:
        run(engine.connection, spoil)
        found = by_code(erp.preflight("SOA"))
        assert found[code].level == level and found[code].advice

    def test_the_wrappers_are_compared(self, erp: SqlServerLedger, engine: SageSite) -> None:
        found = by_code(erp.preflight("SOA"))["wrappers"]
        assert found.level is not FindingLevel.BLOCK, found.message
        assert (found.level is FindingLevel.PASS) == (not engine.engine.is_babelfish)

    def test_another_company_id_is_told_first(self, erp: SqlServerLedger) -> None:
        assert by_code(erp.preflight("XXX"))["company"].level is FindingLevel.BLOCK

    def test_the_site_settings_are_what_is_compared(
        self, connection: Any, config: SqlServerConfig, site: EngineClerk
    ) -> None:
        other = replace(config, site={"BatchType": "599", "PaymentKeyName": "tarCustPmt"})
        found = by_code(SqlServerLedger(connection, other).preflight("SOA"))
        assert found["receipt_type"].level == found["surrogate_key"].level == FindingLevel.BLOCK

    def test_every_question_of_the_reference_has_an_answer(self, erp: SqlServerLedger) -> None:
        asked = {
            "sql_server", "sage_version", "collation", "columns", "unknown_columns", "procedures",
            "receipt_type", "tran_id", "surrogate_key", "pending_code", "posted_code",
            "hand_keyed", "write_off", "memo_sign", "card_columns", "cash_account",
            "import_surface", "code_lists", "triggers", "add_ons", "isolation", "freshness",
        }  # fmt: skip
        assert asked <= set(by_code(erp.preflight("SOA")))


@pytest.fixture
def server() -> Iterator[TdsServer]:
    with TdsServer() as running:
        yield running


@pytest.fixture
def reader(server: TdsServer, django_db_blocker: DjangoDbBlocker) -> Iterator[SageDatabase]:
    """Our reader on the TDS test server, by Microsoft's driver."""
    if MICROSOFT not in installed():
        pytest.skip(f"{MICROSOFT} is not installed")
    url = f"mssql://ptx_app:secret@127.0.0.1:{server.port}/mas500_app?encrypt=no"
    connection = load_backend("mssql").DatabaseWrapper(
        sqlserver("TEST", url, query_timeout_s=5), "sage500"
    )
    with django_db_blocker.unblock():
        yield SageDatabase(connection)
        connection.close()


def shown(*, without: str = "", extra: Sequence[Any] = ()) -> Rows:
    """The catalogue of a site that is as we know it, but for what a test changes."""
    rows = []
    for table, columns in expected_tables().items():
        for column in columns.values():
            name, _, rest = column.type.rstrip(")").partition("(")
            length = int(rest) if name == "varchar" and rest.isdigit() else None
            digits = [int(part) for part in rest.split(",")] if name == "decimal" else [None, None]
            nullable = "YES" if column.is_nullable else "NO"
            if f"{table}.{column.name}" != without:
                rows.append((table, column.name, name, length, *digits, nullable, None))
    return Rows(COLUMNS, [*rows, *extra])


def columns_found(reader: SageDatabase) -> dict[str, Finding]:
    return by_code(list(ask_columns(reader, site_of({}, "paysync").used)))


def test_a_site_as_we_know_it_passes(reader: SageDatabase, server: TdsServer) -> None:
    server.on("INFORMATION_SCHEMA.COLUMNS", shown())
    found = columns_found(reader)
    assert {finding.level for finding in found.values()} == {FindingLevel.PASS}


def test_a_missing_column_blocks(reader: SageDatabase, server: TdsServer) -> None:
    server.on("INFORMATION_SCHEMA.COLUMNS", shown(without="tarInvoice.Balance"))
    found = columns_found(reader)["columns"]
    assert found.level is FindingLevel.BLOCK and "tarInvoice.Balance" in found.message


def test_a_column_that_nobody_uses_may_be_missing(reader: SageDatabase, server: TdsServer) -> None:
    server.on("INFORMATION_SCHEMA.COLUMNS", shown(without="tarInvoice.CommPlanKey"))
    assert columns_found(reader)["columns"].level is FindingLevel.PASS


@pytest.mark.parametrize(
    ("nullable", "default", "level"),
    [("NO", None, "block"), ("NO", "((0))", "pass"), ("YES", None, "pass")],
)
def test_an_unknown_column_that_must_be_filled_blocks(
    reader: SageDatabase, server: TdsServer, nullable: str, default: str | None, level: str
) -> None:
    tender = ("tarPendCustPmt", "TenderTypeKey", "int", None, 10, 0, nullable, default)
    server.on("INFORMATION_SCHEMA.COLUMNS", shown(extra=[tender]))
    found = columns_found(reader)["unknown_columns"]
    assert found.level == level
    assert ("tarPendCustPmt.TenderTypeKey" in found.message) == (level == "block")


def test_another_type_is_a_warning(reader: SageDatabase, server: TdsServer) -> None:
    wide = ("tarInvoice", "TranID", "nvarchar", 20, None, None, "NO", None)
    server.on("INFORMATION_SCHEMA.COLUMNS", shown(without="tarInvoice.TranID", extra=[wide]))
    found = columns_found(reader)["column_types"]
    assert found.level is FindingLevel.WARN
    assert "tarInvoice.TranID is nvarchar(20), not varchar(13)" in found.message


def test_procedures_with_other_parameters_block(reader: SageDatabase, server: TdsServer) -> None:
    columns = [("n", "varchar(40)"), ("i", "int"), ("t", "varchar(20)"), ("o", "bit")]
    rows = [("spGetNextSurrogateKey", i, "int", False) for i in (1, 2)]
    rows += [("spGetNextBatch", i, "int", False) for i in range(1, 13)]
    server.on("sys.all_parameters", Rows(columns, rows))
    found = ask_procedures(reader, "spGetNextSurrogateKey", "spGetNextBatch", "spGetBatchStatus")
    assert found.level is FindingLevel.BLOCK
    assert "spGetNextBatch has 12 parameters, not 11" in found.message
    assert "spGetBatchStatus has 0" in found.message and "SurrogateKey" not in found.message


@pytest.mark.parametrize(
    ("collation", "page", "level"),
    [
        ("SQL_Latin1_General_CP1_CI_AS", 1252, "pass"),
        ("Latin1_General_CS_AS", 1252, "warn"),
        ("Latin1_General_BIN2", 1252, "warn"),
        ("Japanese_CI_AS", 932, "block"),
    ],
)
def test_a_wrong_collation_is_told(
    reader: SageDatabase, server: TdsServer, collation: str, page: int, level: str
) -> None:
    server.on("COLLATIONPROPERTY", Rows([("", "int")], [(page,)]))
    assert collation_of(reader, collation).level == level


def test_a_server_that_is_too_old_blocks() -> None:
    assert level_of("10.50.6000", 100).level is FindingLevel.BLOCK
    assert level_of("11.0.7001", 110).level is FindingLevel.PASS


def installed_with(server: TdsServer, **versions: str) -> None:
    """The wrappers as shipped, but for the versions of some parts; "" for a part that is not."""
    rows = [(p.name, versions.get(p.name.split(".")[0][3:], VERSION), p.sha256) for p in parts()]
    server.on("OBJECT_DEFINITION", Rows([("", "nvarchar(4000)"), ("", "int")], [(None, 7)]))
    server.on(r"^\s*SELECT OBJECT_ID\(", Rows([("", "int")], [(7,)]))
    server.on("FROM ptx.Version", Rows(NOTES, [row for row in rows if row[1]]))


def test_wrappers_as_shipped_pass(reader: SageDatabase, server: TdsServer) -> None:
    installed_with(server)
    found = ask_wrappers(reader, {})
    assert (found.level, found.code) == (FindingLevel.PASS, "wrappers")


@pytest.mark.parametrize(
    ("version", "level"), [(f"{VERSION}9", "warn"), ("0.9", "block"), ("", "block")]
)
def test_other_wrappers_are_told(
    reader: SageDatabase, server: TdsServer, version: str, level: str
) -> None:
    """Of another generation they may not understand us; otherwise they may be newer or older."""
    installed_with(server, batch_open=version)
    found = ask_wrappers(reader, {})
    assert found.level == level and BATCH_OPEN in found.message
    assert "sage500_sql --check" in found.advice and "sage500_sql --print" in found.advice


def test_a_wrapper_that_somebody_changed_is_a_warning(
    reader: SageDatabase, server: TdsServer
) -> None:
    installed_with(server)
    server.on("OBJECT_DEFINITION", Rows([("", "nvarchar(4000)"), ("", "int")], [("SELECT 1", 7)]))
    found = ask_wrappers(reader, {})
    assert found.level is FindingLevel.WARN and "changed after the installation" in found.message


def test_no_wrappers_at_all_block(reader: SageDatabase, server: TdsServer) -> None:
    server.on(r"^\s*SELECT OBJECT_ID\(", Rows([("", "int")], [(None,)]))
    found = ask_wrappers(reader, {})
    assert found.level is FindingLevel.BLOCK and "not installed" in found.message


def test_triggers_of_others_are_told(reader: SageDatabase, server: TdsServer) -> None:
    names = [("tarPendCustPmt", "tI_tarPendCustPmt"), ("tarBatch", "acme_lockbox")]
    server.on("sys.triggers", Rows([("o", "varchar(40)"), ("t", "varchar(40)")], names))
    found = triggers(reader)
    assert found.level is FindingLevel.WARN and "tarBatch.acme_lockbox" in found.message
    assert "tI_" not in found.message


def test_a_question_that_is_refused_is_a_finding_and_an_outage_is_none(
    reader: SageDatabase, server: TdsServer
) -> None:
    server.on(QUESTIONS, Error(229, "The SELECT permission was denied"))
    findings = preflight(reader, "SOA", site_of({}, "paysync"))
    assert len(findings) > 20
    assert all("could not be asked" in f.message and f.advice for f in findings)
    server.on(QUESTIONS, Cut())
    with pytest.raises(UnavailableError):
        preflight(reader, "SOA", site_of({}, "paysync"))
