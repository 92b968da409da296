"""SAGE500_DATABASE_URL: what it becomes, what stops the start, and a site without unixODBC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from paysync.domain.errors import RuleError
from paysync.models import Company
from paysync.mssql_url import sqlserver
from paysync.routers import SageRouter
from tests.unit.test_settings import refusal, start

NAME = "SAGE500_DATABASE_URL"
BASE = "mssql://ptx_app:p%40ss%3B@sql1:1433/mas500_app"


def settings_of(query: str = "", base: str = BASE) -> dict[str, Any]:
    return sqlserver(NAME, f"{base}?{query}" if query else base, query_timeout_s=30)


# --- what it becomes ------------------------------------------------------------------------------


def test_a_url_names_host_database_and_login() -> None:
    found = settings_of()
    parts = ("ENGINE", "HOST", "PORT", "NAME", "USER", "PASSWORD")
    assert [found[part] for part in parts] == [
        "mssql", "sql1", "1433", "mas500_app", "ptx_app", "p@ss;",
    ]  # fmt: skip
    assert found["OPTIONS"]["query_timeout"] == 30
    assert found["OPTIONS"]["connection_timeout"] > 0


def test_the_login_may_be_left_to_the_vault() -> None:
    found = settings_of(base="mssql://sql1/mas500_app")
    assert (found["USER"], found["PASSWORD"], found["PORT"]) == ("", "", "")


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {"driver": "ODBC Driver 18 for SQL Server", "extra_params": ""}),
        (
            "driver=ODBC+Driver+17+for+SQL+Server&encrypt=yes&trust_server_certificate=yes",
            {
                "driver": "ODBC Driver 17 for SQL Server",
                "extra_params": "Encrypt=yes;TrustServerCertificate=yes",
            },
        ),
        (
            "driver=FreeTDS&encrypt=yes",
            {
                "driver": "FreeTDS",
                "host_is_server": True,
                "extra_params": "TDS_Version=7.4;ClientCharset=UTF-8;Encryption=require",
            },
        ),
        (
            "driver=mssql_python&encrypt=strict&extra_params=PacketSize%3D4096",
            {"python_driver": "mssql_python", "extra_params": "Encrypt=strict;PacketSize=4096"},
        ),
    ],
)
def test_each_driver_is_told_what_it_needs(query: str, options: dict[str, Any]) -> None:
    assert settings_of(query)["OPTIONS"].items() >= options.items()


# --- what stops the start -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "nonsense", "postgres://u:hunter2@host/name", "mssql://u:hunter2@host",
        "mssql://u:hunter2@host:port/name", "mssql:///name", "mssql://u:hunter2@[host/name",
    ],
)  # fmt: skip
def test_a_url_that_names_no_sql_server_stops_the_start_and_is_not_shown(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        sqlserver(NAME, url, query_timeout_s=30)
    assert str(caught.value).startswith(f"{NAME} names no SQL Server database. Set {NAME} to mssql")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("driver=Oracle", "names the driver 'Oracle'. driver may be ODBC Driver 18 for SQL Server"),
        ("driver=", "names the driver ''"),
        ("Driver=FreeTDS", "has the option 'Driver', which does not exist"),
        ("encrypt=maybe", "has encrypt=maybe; it may be: no, strict, yes."),
        ("trust_server_certificate=true", "it may be: no, yes."),
    ],
)
def test_an_option_that_does_not_exist_stops_the_start(query: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=NAME) as caught:
        settings_of(query)
    assert said in str(caught.value)


def test_a_wrong_driver_stops_django_with_a_sentence(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, **{NAME: f"{BASE}?driver=Oracle"})
    assert f"ImproperlyConfigured: {NAME} names the driver 'Oracle'." in sentence


# --- Sage's database is none of Django's ----------------------------------------------------------

WITHOUT_PYODBC = """
import sys; sys.modules['pyodbc'] = None
import django; django.setup()
from django.core.management import call_command
from django.db import connections, close_old_connections
call_command('check')
call_command('migrate', verbosity=0)
close_old_connections()
from paysync.models import Company
print(Company.objects.count(), sorted(connections), 'mssql' in sys.modules)
"""


def test_django_works_without_unixodbc_until_sage_is_asked(tmp_path: Path) -> None:
    script = tmp_path / "without.py"
    script.write_text(WITHOUT_PYODBC)
    result = start(tmp_path, f"exec(open({str(script)!r}).read())", **{NAME: BASE})
    assert result.stdout.strip().splitlines()[-1:] == ["0 ['default', 'sage500'] False"], (
        result.stderr
    )


def test_without_the_url_there_is_no_such_database(tmp_path: Path) -> None:
    result = start(tmp_path, "from django.db import connections; print(sorted(connections))")
    assert result.stdout.strip() == "['default']", result.stderr


def held_in(alias: str) -> Company:
    found = Company(company_id="SOA")
    found._state.db = alias
    return found


def test_no_model_is_migrated_to_written_to_or_joined_with_sage() -> None:
    router = SageRouter()
    assert router.allow_migrate("sage500", "paysync") is False
    assert router.allow_migrate("default", "paysync") is None
    assert router.db_for_write(Company, instance=held_in("default")) is None
    assert router.db_for_write(Company) is None
    with pytest.raises(RuleError, match="wrappers"):
        router.db_for_write(Company, instance=held_in("sage500"))
    assert router.allow_relation(held_in("sage500"), held_in("default")) is False
    assert router.allow_relation(held_in("default"), held_in("default")) is None
