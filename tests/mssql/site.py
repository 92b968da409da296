"""One site of Sage 500 on a T-SQL server: a database of its own, made once, reset for each test.

It is made of `tables.sql`, the stand-ins, our wrappers and the rows of a data set as the twin loads
it. It stays when the tests end, and is used again while the scripts are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from paysync.adapters.sage500.preflight.expected import TABLES_FILE
from paysync.sandbox import sage500
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.store import Store
from tests.mssql.engine import Engine, run, run_script
from tests.mssql.rows import insert_statements
from tests.mssql.wrappers import wrapper_script

STANDINS = Path(sage500.__file__).parent / "standins"
#: Raised when `build` itself changes, so that no database of the old way is used again.
RECIPE = "1"
#: When the loaded rows were last changed: before any moment at which a test can run.
LOADED_AT = datetime(2021, 1, 4, 8)
#: Not emptied by a reset: what is installed, and the stand-ins' code lists.
KEPT = frozenset({"version", "tsmlistvalidation", "tsmlocalstring", "tsmlogicallocktype"})
#: Schemas with tables of the site; `seed` holds a copy of the loaded rows, `standin` our own marks.
SITE_SCHEMAS = ("dbo", "ptx", "standin")

#: First of all, so that a database half made is known as ours.
OURS = """
    CREATE SCHEMA tests;
    GO
    CREATE TABLE tests.Built (Sha256 varchar(64) NOT NULL);
    INSERT INTO tests.Built (Sha256) VALUES ('');
    GO
    CREATE SCHEMA seed;
    GO
    """
BUILT = "SELECT Sha256 FROM tests.Built"
MARK_BUILT = "UPDATE tests.Built SET Sha256 = ?"
TABLES = """
    SELECT LOWER(s.name), LOWER(t.name)
      FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id ORDER BY 1, 2"""
PARENTS = """
    SELECT LOWER(s.name), LOWER(c.name), LOWER(r.name), LOWER(p.name)
      FROM sys.foreign_keys f
      JOIN sys.tables c ON c.object_id = f.parent_object_id
      JOIN sys.schemas s ON s.schema_id = c.schema_id
      JOIN sys.tables p ON p.object_id = f.referenced_object_id
      JOIN sys.schemas r ON r.schema_id = p.schema_id"""
FOREIGN_KEYS = """
    SELECT s.name, t.name, f.name
      FROM sys.foreign_keys f
      JOIN sys.tables t ON t.object_id = f.parent_object_id
      JOIN sys.schemas s ON s.schema_id = t.schema_id"""
COLUMNS = """
    SELECT LOWER(TABLE_NAME), COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS
     WHERE TABLE_SCHEMA = 'seed' ORDER BY TABLE_NAME, ORDINAL_POSITION"""

Table = tuple[str, str]


class SageSite:
    """The database of one site. `connect` is for whoever looks at it or works on it."""

    def __init__(self, engine: Engine, database: str, more: tuple[str, ...] = ()) -> None:
        """more: scripts to run after ours, such as procedures of the site's own."""
        self.engine = engine
        self._more = more
        self.database = database
        self._loaded = ""
        self._reset = ""
        self._kept: Any = None

    @property
    def url(self) -> str:
        """As SAGE500_DATABASE_URL takes it."""
        return self.engine.address.url(self.database)

    def connect(self, *, timeout_s: int = 60) -> Any:
        return self.engine.connect(self.database, timeout_s=timeout_s)

    @property
    def connection(self) -> Any:
        """One connection for all the tests' own work: a new one costs half a second of warming."""
        if self._kept is not None:
            try:
                self._kept.execute("SELECT 1").fetchone()
            except Exception:  # somebody cut it
                self._kept = None
        if self._kept is None:
            self._kept = self.connect()
        return self._kept

    def build(self) -> None:
        """Make the database, unless it is there and of the same scripts.

        Raises RuntimeError before it would drop a database that no test made.
        """
        scripts = [*site_scripts(self.engine), *self._more]
        digest = hashlib.sha256("\0".join([RECIPE, *scripts]).encode()).hexdigest()
        if self.engine.exists(self.database):
            if self._built() == digest:
                return
            self.engine.drop(self.database)
        self.engine.create(self.database)
        with closing(self.connect()) as connection:
            for script in scripts:
                run_script(connection, script)
            if self.engine.is_babelfish:
                drop_foreign_keys(connection)
            connection.execute(MARK_BUILT, digest)

    def load(self, data: Mapping[str, Any], now: datetime = LOADED_AT) -> None:
        """Empty the site, then fill it with the data set. The same data again is only reset."""
        wanted = hashlib.sha256(repr((json.dumps(data, sort_keys=True), now)).encode()).hexdigest()
        if wanted != self._loaded:
            store = Store(":memory:")
            load(store, data, now)
            self.copy(store)
            store.close()
            self._loaded = wanted
        else:
            self.reset()

    def copy(self, store: Store) -> None:
        """Empty the site, then take over all rows of the twin's store, and remember them."""
        self._loaded = ""
        connection = self.connection
        run(connection, "\n".join([*seeds_dropped(connection), *emptied(connection)]))
        for statement in insert_statements(store):
            run(connection, statement)
        for table in list(filled_tables(connection)):
            run(connection, f"SELECT * INTO seed.{table} FROM dbo.{table}")  # noqa: S608
        self._reset = reset_script(connection)

    def reset(self) -> None:
        """Back to the rows as they were loaded, whatever a test did to them."""
        run(self.connection, self._reset)

    def _built(self) -> str:
        with closing(self.connect()) as connection:
            try:
                return str(connection.execute(BUILT).fetchone()[0])
            except Exception as error:
                raise RuntimeError(
                    f"the database {self.database} was not made by the tests: name one in "
                    "SAGE500_TEST_URL that they may drop"
                ) from error


def site_scripts(engine: Engine) -> Iterator[str]:
    """Everything a site consists of, in order, but its rows."""
    yield OURS
    for path in (TABLES_FILE, *sorted(STANDINS.glob("*.sql"))):
        yield path.read_text()
    yield wrapper_script(engine.is_babelfish)


def drop_foreign_keys(connection: Any) -> None:
    """For Babelfish 4.4 only. A connection plans the check of a foreign key once; when it has to
    plan again, as after anybody's new schema, it looks for the table under a wrong name.
    """
    for schema, table, name in connection.execute(FOREIGN_KEYS).fetchall():
        run(connection, f"ALTER TABLE {schema}.{table} DROP CONSTRAINT {name}")


def seeds_dropped(connection: Any) -> Iterator[str]:
    for schema, table in connection.execute(TABLES).fetchall():
        if schema == "seed":
            yield f"DROP TABLE seed.{table};"


def tables_by_parent(connection: Any) -> list[Table]:
    """The tables a test can change, parents before children where keys tell."""
    order: TopologicalSorter[Table] = TopologicalSorter()
    for schema, table in connection.execute(TABLES).fetchall():
        order.add((schema, table))
    for schema, child, parent_schema, parent in connection.execute(PARENTS).fetchall():
        if (schema, child) != (parent_schema, parent):
            order.add((schema, child), (parent_schema, parent))
    return [
        (schema, table)
        for schema, table in order.static_order()
        if schema in SITE_SCHEMAS and table not in KEPT
    ]


def emptied(connection: Any) -> list[str]:
    tables = reversed(tables_by_parent(connection))
    return [f"DELETE FROM {schema}.{table};" for schema, table in tables]  # noqa: S608


def filled_tables(connection: Any) -> Iterator[str]:
    for schema, table in tables_by_parent(connection):
        sql = f"SELECT TOP (1) 1 FROM {schema}.{table}"  # noqa: S608 - names of the catalogue
        if schema == "dbo" and connection.execute(sql).fetchone():
            yield table


def reset_script(connection: Any) -> str:
    """Empty every table and bring the loaded rows back, in one transaction."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(COLUMNS).fetchall():
        columns.setdefault(table, []).append(column)
    lines = ["SET NOCOUNT ON;", "SET XACT_ABORT ON;", "BEGIN TRANSACTION;", *emptied(connection)]
    for schema, table in tables_by_parent(connection):
        if schema == "dbo" and table in columns:
            names = ", ".join(columns[table])
            copied = f"SELECT {names} FROM seed.{table};"  # noqa: S608 - names of the catalogue
            lines.append(f"INSERT INTO dbo.{table} ({names}) {copied}")
    return "\n".join([*lines, "COMMIT TRANSACTION;"])


@cache
def the_site() -> SageSite | None:
    """The site of this process, built; None where no server is named. Each worker has its own."""
    engine = Engine.from_environment()
    if engine is None:
        return None
    site = SageSite(engine, database_of(engine))
    site.build()
    return site


def database_of(engine: Engine, suffix: str = "") -> str:
    """A database of this process for the tests. suffix: which, where there are several."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return "_".join(part for part in (engine.address.database, suffix, worker) if part)
