"""For tests that start worker processes on the database of the test."""

from __future__ import annotations

from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


def url_of_test_database() -> str:
    """The address of the database this test runs on, for child processes."""
    values = connection.settings_dict
    if values["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{values['NAME']}"
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    host = f"{values['HOST'] or 'localhost'}:{values['PORT'] or 5432}"
    return f"postgres://{values['USER']}{password}@{host}/{values['NAME']}"
