"""A scratch database, made on import, before anything asks for the settings.

SQLite in a temporary folder; where DATABASE_URL is set, that database, which must be unused: it is
migrated before and emptied after. Import this before any model.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import django
from django.core.management import call_command
from django.db import connection, connections

ROOT = Path(__file__).resolve().parent.parent
IS_THEIRS = "DATABASE_URL" in os.environ
#: Tables with rows in them that nobody would want emptied.
PRECIOUS = ("paysync_company", "auth_user", "paysync_inboundevent")

_folder = tempfile.TemporaryDirectory(prefix="paysync-bench-")
FOLDER = Path(_folder.name)

os.environ.setdefault("ENV_FILE", str(ROOT / "tests" / "test.env"))
os.environ.setdefault("DATABASE_URL", f"sqlite:///{FOLDER / 'bench.sqlite3'}")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ["DJANGO_SETTINGS_MODULE"] = "paysync.settings"
django.setup()


@contextmanager
def scratch_database() -> Iterator[Path]:
    """Migrate the scratch database. Yields the folder for logs and twins; all of it goes after."""
    signal.signal(signal.SIGTERM, leave)
    try:
        refuse_used()
        call_command("migrate", verbosity=0)
        try:
            yield FOLDER
        finally:
            if IS_THEIRS:
                call_command("flush", interactive=False, verbosity=0)
    finally:
        connections.close_all()
        _folder.cleanup()


def refuse_used() -> None:
    """Ends the program when the database named by DATABASE_URL is in use."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for table in PRECIOUS:
            if table not in tables:
                continue
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            if cursor.fetchone()[0]:
                sys.exit(
                    f"DATABASE_URL names a database with rows in {table}. "
                    "A benchmark empties its database: name an unused one."
                )


def leave(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends us as an exception would, so that everything is cleaned up."""
    sys.exit(128 + number)
