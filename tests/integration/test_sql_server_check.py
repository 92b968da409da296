"""paysync's own database on SQL Server: what is asked of it before it is trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.tds.drivers import MICROSOFT, installed
from tests.tds.server import Rows, TdsServer
from tests.workers import ROOT

COLUMNS = (("merges", "int"), ("collation", "nvarchar(128)"), ("snapshots", "int"))
BINARY, USUAL = "Latin1_General_100_BIN2", "SQL_Latin1_General_CP1_CI_AS"


@pytest.fixture
def server() -> Iterator[TdsServer]:
    if MICROSOFT not in installed():
        pytest.skip("Microsoft's driver comes in no wheel for this machine")
    with TdsServer(database="paysync") as running:
        yield running


def manage(server: TdsServer, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    address = f"{server.user}:{server.password}@127.0.0.1:{server.port}/{server.database}"
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": f"mssql://{address}?encrypt=no"} | changes,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(merges: int, collation: str, snapshots: int) -> Rows:
    return Rows(COLUMNS, [(merges, collation, snapshots)])


def test_a_database_that_keeps_letters_apart_is_taken(server: TdsServer) -> None:
    server.on("NCHAR\\(233\\)", answer(0, BINARY, 1))
    result = manage(server, "check", "--database", "default")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize("words", [("check", "--database", "default"), ("migrate",)])
def test_a_database_that_takes_two_ids_for_one_is_refused(
    server: TdsServer, words: tuple[str, ...]
) -> None:
    server.on("NCHAR\\(233\\)", answer(1, USUAL, 1))
    result = manage(server, *words)
    assert result.returncode != 0
    assert f"(paysync.E001) The database has the collation {USUAL}" in result.stderr
    assert f"CREATE DATABASE paysync COLLATE {BINARY}" in result.stderr
    assert not server.said("CREATE TABLE")


def test_readers_that_wait_for_writers_are_warned_of(server: TdsServer) -> None:
    server.on("NCHAR\\(233\\)", answer(0, BINARY, 0))
    result = manage(server, "check", "--database", "default")
    assert result.returncode == 0
    assert "paysync.W001" in result.stderr


def test_a_refused_login_makes_the_site_unwell_and_says_no_more(server: TdsServer) -> None:
    code = (
        "import django; django.setup(); from django.test import Client; "
        "a = Client().get('/healthz', HTTP_HOST='localhost'); print(a.status_code, a.json())"
    )
    address = f"{server.user}:wrong@127.0.0.1:{server.port}/{server.database}"
    url = f"mssql://{address}?encrypt=no"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "paysync.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.strip() == "503 {'status': 'unavailable'}", result.stderr
