"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file: threads on one in-memory database do not wait for each other's locks."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        folder = tmp_path_factory.mktemp("database")
        database.setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """On SQL Server, readers of the test database wait for no writer: docs/sql-server.md."""
    if connection.vendor != "microsoft":
        return
    asked = "SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = DB_NAME()"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(asked)
        [(has_snapshots,)] = cursor.fetchall()
        if not has_snapshots:
            cursor.execute(
                "ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE"
            )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI every service is there, so a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("In CI nothing may be skipped, see above.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
