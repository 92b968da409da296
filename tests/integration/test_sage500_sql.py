"""The command that prints, checks and applies the wrappers; the server is our TDS test server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.utils import ConnectionHandler

from paysync import wiring
from paysync.adapters.sage500.installing import definitions_of
from paysync.adapters.sage500.script import VERSION, batches_of, install_script, parts
from paysync.models import Connection
from paysync.mssql_url import sqlserver
from tests.tds.drivers import FREETDS, MICROSOFT, installed
from tests.tds.server import Error, Rows, TdsServer

pytestmark = pytest.mark.django_db
DRIVERS = [
    pytest.param(
        name, marks=pytest.mark.skipif(name not in installed(), reason=f"{name} is not installed")
    )
    for name in (MICROSOFT, FREETDS)
]
FOUND = [("", "nvarchar(4000)"), ("", "int")]


@pytest.fixture(params=DRIVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[TdsServer]:
    """A SQL Server that is set up as Sage's database for this test, in connections of its own."""
    with TdsServer() as running:
        url = (
            f"mssql://ptx_app:secret@127.0.0.1:{running.port}/mas500_app"
            f"?driver={request.param}&encrypt=no"
        )
        found = sqlserver("TEST", url, query_timeout_s=5)
        own = ConnectionHandler({"default": settings.DATABASES["default"], "sage500": found})
        monkeypatch.setattr(wiring, "connections", own)
        yield running
        own["sage500"].close()


@pytest.fixture
def site(db: None) -> Connection:
    return Connection.objects.create(
        slug="sage", name="Sage", kind=Connection.Kind.SAGE500_SQLSERVER
    )


def run(*args: str, **options: Any) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("sage500_sql", *args, stdout=out, **options)
    except SystemExit as stop:
        return out.getvalue(), int(str(stop.code))
    return out.getvalue(), 0


def ended(server: TdsServer) -> list[str]:
    """How the transaction of the script ended; a driver may roll an empty one back when it goes."""
    begun = next(at for at, call in enumerate(server.calls) if "QUOTED_IDENTIFIER" in call.sql)
    ends = [call.sql for call in server.calls[begun:] if call.sql in {"COMMIT", "ROLLBACK"}]
    return ends[:1]


def test_the_printed_script_is_whole_without_any_connection() -> None:
    text, _ = run("--print")
    assert text.strip() == install_script({}).strip()
    assert "CREATE PROCEDURE ptx.ReceiptSubmit" in text and "$(" not in text
    assert "[inferred: reference 2.5]" in text
    assert all(part.sha256 in text for part in parts({}))


def test_the_site_settings_of_the_connection_are_in_it(site: Connection) -> None:
    site.options = {"site": {"Schema": "paybridge"}}
    site.save()
    text, _ = run("--print")
    assert "CREATE PROCEDURE paybridge.ReceiptSubmit" in text
    site.options = {"site": {"Schema": "x; DROP TABLE tarInvoice"}}
    site.save()
    with pytest.raises(CommandError, match="site setting Schema"):
        run("--print")


def test_the_removal_can_be_printed_too() -> None:
    text, _ = run("--print", "--uninstall")
    assert "DROP PROCEDURE ptx.ReceiptSubmit" in text and "CREATE PROCEDURE" not in text
    with pytest.raises(CommandError, match="only goes with --uninstall"):
        run("--print", "--drop-receipts")


def test_apply_runs_every_batch_in_order_and_commits(site: Connection, server: TdsServer) -> None:
    server.accept_all()
    text, code = run("--apply")
    wanted = [batch.split()[:6] for batch in batches_of(install_script({}))]
    sent = [call.sql.split()[:6] for call in server.calls]
    assert [part for part in sent if part in wanted] == wanted
    assert code == 0 and f"{len(wanted)} batches ran" in text
    assert ended(server) == ["COMMIT"]


def test_apply_stops_at_the_first_error_and_says_where(site: Connection, server: TdsServer) -> None:
    server.accept_all()
    server.on("CREATE PROCEDURE ptx.ReceiptSubmit", Error(262, "CREATE PROCEDURE denied"))
    with pytest.raises(CommandError, match=r"Nothing was changed.*batch \d+ of \d+.*denied"):
        run("--apply")
    assert not server.said("CREATE PROCEDURE ptx.ReceiptWithdraw")
    assert ended(server) == ["ROLLBACK"]


def test_check_tells_what_is_installed_from_what_is_shipped(
    site: Connection, server: TdsServer
) -> None:
    server.accept_all()
    server.on(r"^\s*SELECT OBJECT_ID\(", Rows([("", "int")], [(7,)]))
    noted = [(part.name, VERSION, part.sha256) for part in parts({})]
    columns = [("n", "varchar(60)"), ("v", "varchar(20)"), ("s", "varchar(64)")]
    server.on("FROM ptx.Version", Rows(columns, noted))
    server.on("OBJECT_DEFINITION", Rows(FOUND, [(None, 7)]))
    text, code = run("--check")
    assert code == 0 and "installed as shipped" in text
    server.on("FROM ptx.Version", Rows(columns, [noted[0], (noted[1][0], "0.9", "x"), *noted[3:]]))
    text, code = run("--check")
    assert code == 1
    assert f"{noted[1][0]}: version 0.9 is installed" in text
    assert f"{noted[2][0]}: not installed" in text


def test_check_sees_a_procedure_that_somebody_changed(site: Connection, server: TdsServer) -> None:
    server.accept_all()
    server.on(r"^\s*SELECT OBJECT_ID\(", Rows([("", "int")], [(7,)]))
    noted = [(part.name, VERSION, part.sha256) for part in parts({})]
    columns = [("n", "varchar(60)"), ("v", "varchar(20)"), ("s", "varchar(64)")]
    server.on("FROM ptx.Version", Rows(columns, noted))
    server.on("OBJECT_DEFINITION", Rows(FOUND, [("CREATE PROCEDURE x AS SELECT 1", 7)]))
    text, code = run("--check")
    assert code == 1 and "was changed after the installation" in text
    server.on("OBJECT_DEFINITION", Rows(FOUND, [(None, None)]))
    assert "is gone" in run("--check")[0]


def test_every_procedure_and_view_is_compared() -> None:
    compared = {name for part in parts({}) for name in definitions_of(part)}
    made = {name for part in parts({}) for name in part.objects}
    tables = set(re.findall(r"CREATE TABLE (\w+\.\w+)", install_script({})))
    assert made - tables <= compared and "ptx.ReceiptSubmit" in compared


def test_what_is_missing_is_said(server: TdsServer) -> None:
    with pytest.raises(CommandError, match="no SQL Server connection yet"):
        run("--apply")
    with pytest.raises(CommandError, match="short name"):
        run("--check", "--connection", "nowhere")
    for slug in ("a", "b"):
        Connection.objects.create(slug=slug, name=slug, kind=Connection.Kind.SAGE500_SQLSERVER)
    with pytest.raises(CommandError, match="--connection"):
        run("--check")
