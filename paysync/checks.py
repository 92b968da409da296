"""What `migrate` and `check --database default` ask of a SQL Server before they trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from paysync.mssql_url import COLLATION

ASKED = """
    SELECT CASE WHEN N'a' = N'A' OR N'e' = NCHAR(233) THEN 1 ELSE 0 END,
           CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)),
           (SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = DB_NAME())"""


@register(Tags.database)
def check_sql_server(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Our own database keeps letters apart, and its readers do not wait for its writers."""
    if "default" not in (databases or ()) or connections["default"].vendor != "microsoft":
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(ASKED)
        [(merges, collation, has_snapshots)] = cursor.fetchall()
    found: list[CheckMessage] = []
    if merges:
        found.append(
            Error(
                f"The database has the collation {collation}, which takes some texts for equal "
                "that are not: two ids of PayTrace could become one payment.",
                hint=f"Make an empty one: CREATE DATABASE paysync COLLATE {COLLATION}",
                id="paysync.E001",
            )
        )
    if not has_snapshots:
        found.append(
            Warning(
                "READ_COMMITTED_SNAPSHOT is off: pages and jobs wait for each other's writes.",
                hint="With nobody connected: ALTER DATABASE paysync SET READ_COMMITTED_SNAPSHOT ON",
                id="paysync.W001",
            )
        )
    return found
