"""From a company's connection to Sage's database: which one, as whom, and what says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from paysync.domain.errors import CredentialError, RecordError
from paysync.models import Company, Connection
from paysync.mssql_url import MSSQL_PYTHON, sqlserver
from paysync.services import vault
from paysync.wiring import ledger_for
from tests.factories import make_company, make_connection
from tests.tds.server import Rows, TdsServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[TdsServer]:
    with TdsServer() as running:
        running.on("SYSDATETIME", Rows([("now", "datetime")], [(datetime(2026, 11, 23, 12),)]))
        running.on(
            "SERVERPROPERTY", Rows([("v", "varchar(20)"), ("e", "int")], [("15.0.2000.5", 3)])
        )
        running.on("FROM dbo.tsmCompany", Rows([("CompanyID", "varchar(3)")], [("SOA",)]))
        running.on("FROM dbo.tcmCashAcct", Rows([("CashAcctKey", "int")]))
        yield running


@pytest.fixture
def url(server: TdsServer) -> Iterator[str]:
    """Sage's database is set up, as the log-in of the URL would have it."""
    text = (
        f"mssql://somebody:else@127.0.0.1:{server.port}/mas500_app?driver={MSSQL_PYTHON}&encrypt=no"
    )
    connections.databases["sage500"] = sqlserver("X", text, query_timeout_s=5)
    yield text
    connections["sage500"].close()
    del connections["sage500"]
    del connections.databases["sage500"]


def company(**options: Any) -> Company:
    kind = Connection.Kind.SAGE500_SQLSERVER
    connection = make_connection(name="Sage", kind=kind, base_url="", options=options)
    return make_company(company_id="SOA", erp_connection=connection)


def store(found: Company, **secrets: str) -> None:
    for name, value in secrets.items():
        vault.store_secret(found.erp_connection, name, value, keys=settings.VAULT_KEYS, actor="ann")


def test_the_log_in_of_the_vault_is_the_one_that_counts(server: TdsServer, url: str) -> None:
    found = company()
    with pytest.raises(CredentialError):
        ledger_for(found).cash_accounts("SOA")
    store(found, sql_username=server.user, sql_password=server.password)
    assert ledger_for(found).cash_accounts("SOA") == []
    assert [user for user, _ in server.logins] == ["somebody", server.user]
    assert connections.databases["sage500"]["USER"] == "somebody"  # other threads are not told


def test_a_log_in_that_was_taken_away_is_not_used_again(server: TdsServer, url: str) -> None:
    found = company()
    store(found, sql_username=server.user, sql_password=server.password)
    ledger_for(found).cash_accounts("SOA")
    found.erp_connection.secrets.all().delete()
    with pytest.raises(CredentialError):
        ledger_for(found).cash_accounts("SOA")


def test_one_connection_serves_all_ledgers_of_a_thread(server: TdsServer, url: str) -> None:
    found = company()
    store(found, sql_username=server.user, sql_password=server.password)
    for _ in range(3):
        ledger_for(found).cash_accounts("SOA")
    assert len(server.logins) == 1


def test_without_the_setting_the_connection_says_what_to_set() -> None:
    with pytest.raises(RecordError, match="Sage has the database sage500.*SAGE500_DATABASE_URL"):
        ledger_for(company())


def test_our_own_database_is_never_taken_for_sages() -> None:
    with pytest.raises(RecordError, match="the database default"):
        ledger_for(company(alias="default"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"zone": "Mars/Base"}, "option zone"),
        ({"site": ["Schema"]}, "option site"),
        ({"site": {"Schema": "ptx; DROP TABLE x"}}, "site setting Schema"),
        ({"site": {"Nothing": "1"}}, "no such site setting"),
        ({"user_id": "x" * 31}, "option user_id"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_anything_is_asked(
    server: TdsServer, url: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(RecordError, match=said):
        ledger_for(company(**options))
    assert not server.logins
