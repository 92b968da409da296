"""DATABASE_URL=mssql://…: what it becomes, and what stops the start in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from paysync.mssql_url import FREETDS, MSSQL_PYTHON, own_sqlserver
from tests.tds.drivers import MICROSOFT, installed
from tests.unit.test_settings import refusal, start

NAME = "DATABASE_URL"
BASE = "mssql://paysync:hunter2@sql1:1433/paysync"


def options_of(query: str) -> dict[str, Any]:
    found: dict[str, Any] = own_sqlserver(NAME, f"{BASE}?{query}")["OPTIONS"]
    return found


@pytest.fixture
def every_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has them all."""
    pyodbc = pytest.importorskip("pyodbc")
    monkeypatch.setattr(pyodbc, "drivers", lambda: [MICROSOFT, FREETDS])


@pytest.mark.usefixtures("every_driver")
def test_the_address_becomes_djangos_settings() -> None:
    found = own_sqlserver(NAME, BASE)
    wanted = {"ENGINE": "mssql", "NAME": "paysync", "USER": "paysync", "PASSWORD": "hunter2"}
    assert found | wanted | {"HOST": "sql1", "PORT": "1433"} == found
    assert found["TEST"] == {"COLLATION": "Latin1_General_100_BIN2"}
    assert found["OPTIONS"]["query_timeout"] == 900, "a dead line is not waited for without end"


@pytest.mark.usefixtures("every_driver")
@pytest.mark.parametrize(
    ("query", "extra"),
    [
        ("", "MARS_Connection=no"),
        ("encrypt=no", "Encrypt=no;MARS_Connection=no"),
        ("extra_params=MARS_Connection%3Dyes", "MARS_Connection=yes"),
        ("driver=FreeTDS", "TDS_Version=7.4;ClientCharset=UTF-8"),
    ],
)
def test_several_results_at_once_are_off_where_the_driver_has_the_choice(
    query: str, extra: str
) -> None:
    assert options_of(query)["extra_params"] == extra


def test_microsofts_own_module_needs_no_driver_of_the_machine() -> None:
    pytest.importorskip("mssql_python")
    options = options_of(f"driver={MSSQL_PYTHON}&encrypt=no")
    assert (options["python_driver"], options["extra_params"]) == (MSSQL_PYTHON, "Encrypt=no")


def test_what_is_installed_here_is_taken() -> None:
    for driver in installed():
        assert options_of(f"driver={driver.replace(' ', '+')}")["driver"] == driver


@pytest.mark.parametrize("url", ["mssql://u:hunter2@host", "mssql:///name", "mssql://u@h:x/name"])
def test_an_address_without_a_database_stops_the_start(tmp_path: Path, url: str) -> None:
    sentence = refusal(tmp_path, DATABASE_URL=url)
    assert "ImproperlyConfigured: DATABASE_URL names no SQL Server database. Set" in sentence
    assert "hunter2" not in sentence


def test_a_driver_that_is_not_installed_stops_the_start_and_says_which_are(tmp_path: Path) -> None:
    wanted = "ODBC Driver 99 for SQL Server"
    result = start(tmp_path, DATABASE_URL=f"{BASE}?driver={wanted.replace(' ', '+')}")
    assert result.returncode != 0
    sentence = result.stderr.strip().splitlines()[-1]
    assert (
        f"{NAME} names the driver '{wanted}', which unixODBC does not know; it knows:" in sentence
    )
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("module", ["pyodbc", "mssql_python"])
def test_a_machine_that_cannot_speak_to_it_stops_the_start(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImproperlyConfigured, match="Install unixODBC") as caught:
        own_sqlserver(NAME, f"{BASE}?driver={MSSQL_PYTHON}")
    assert str(caught.value).startswith(f"{NAME} names a SQL Server, and this machine cannot speak")
    assert "hunter2" not in str(caught.value)
