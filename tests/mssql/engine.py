"""The T-SQL server that SAGE500_TEST_URL names: connections, databases, scripts.

    SAGE500_TEST_URL=mssql://sa:password@127.0.0.1:1433/sage500test?driver=FreeTDS

driver: "ODBC Driver 18 for SQL Server" (the default) or "FreeTDS", as `tests.tds.drivers` knows
them. The log-in must be able to make databases. The server's certificate is not checked: it is a
server for tests.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from paysync.adapters.sage500.script import batches_of
from tests.tds.drivers import FREETDS, MICROSOFT

VARIABLE = "SAGE500_TEST_URL"
#: A server for tests: no certificate to check.
UNCHECKED = "Encrypt=optional;TrustServerCertificate=yes"
DATABASE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")

#: The likely collation of a site (inferred: reference 2.23).
COLLATION = "SQL_Latin1_General_CP1_CI_AS"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and how we log in."""

    host: str
    port: int
    user: str
    password: str
    database: str
    driver: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Raises ValueError for what is no such URL."""
        parts = urlsplit(url)
        driver = parse_qs(parts.query).get("driver", [MICROSOFT])[0]
        name = parts.path.strip("/")
        if parts.scheme != "mssql" or not parts.hostname or not DATABASE_NAME.fullmatch(name):
            raise ValueError(f"{VARIABLE} is not mssql://user:password@host:port/database")
        return cls(
            parts.hostname,
            parts.port or 1433,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            name,
            driver,
        )

    def odbc(self, database: str) -> str:
        """The connection string for this driver."""
        place = {
            MICROSOFT: f"SERVER={self.host},{self.port};{UNCHECKED}",
            FREETDS: f"SERVER={self.host};PORT={self.port};TDS_Version=7.4;ClientCharset=UTF-8",
        }[self.driver]
        login = f"UID={quoted(self.user)};PWD={quoted(self.password)}"
        return f"DRIVER={{{self.driver}}};{place};DATABASE={database};{login}"

    def url(self, database: str) -> str:
        """The same server with another database, as settings and adapters take it."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        query = f"driver={quote(self.driver)}"
        return f"mssql://{login}@{self.host}:{self.port}/{database}?{query}"


class Engine:
    """One T-SQL server. It makes and drops databases; each connection is the caller's to close."""

    def __init__(self, address: Address) -> None:
        self.address = address

    @classmethod
    def from_environment(cls) -> Engine | None:
        url = os.environ.get(VARIABLE, "")
        return cls(Address.of(url)) if url else None

    @cached_property
    def is_babelfish(self) -> bool:
        """Babelfish lacks XML methods and row lock hints: some objects need a stand-in there."""
        with closing(self.connect("master")) as connection:
            found = connection.execute("SELECT CAST(SERVERPROPERTY('Babelfish') AS int)").fetchone()
        return bool(found[0])

    @cached_property
    def version(self) -> str:
        with closing(self.connect("master")) as connection:
            return str(connection.execute("SELECT @@VERSION").fetchone()[0])

    def connect(self, database: str | None = None, *, timeout_s: int = 60) -> Any:
        """A pyodbc connection in autocommit. timeout_s: the longest one statement may take."""
        import pyodbc  # only where a server is named

        text = self.address.odbc(database or self.address.database)
        connection = pyodbc.connect(text, autocommit=True, timeout=10)
        connection.timeout = timeout_s
        return connection

    def exists(self, database: str) -> bool:
        with closing(self.connect("master")) as connection:
            return connection.execute("SELECT DB_ID(?)", database).fetchone()[0] is not None

    def create(self, database: str) -> None:
        with closing(self.connect("master")) as connection:
            connection.execute(f"CREATE DATABASE {checked(database)} COLLATE {COLLATION}")

    def drop(self, database: str) -> None:
        """Throw out whoever is connected, then drop it."""
        name = checked(database)
        with closing(self.connect("master")) as connection:
            if not self.is_babelfish:
                connection.execute(f"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
            connection.execute(f"DROP DATABASE {name}")


def quoted(value: str) -> str:
    """A value of a connection string; in braces only if need be, for FreeTDS keeps them."""
    is_plain = value.isascii() and value.isidentifier()
    return value if is_plain else "{" + value.replace("}", "}}") + "}"


def checked(database: str) -> str:
    """A name becomes SQL text, so it must be plain."""
    if not DATABASE_NAME.fullmatch(database):
        raise ValueError(f"{database!r} is no plain database name")
    return database


def run_script(connection: Any, script: str) -> None:
    """Run every batch, each to its end. Raises pyodbc.Error with the batch's first line noted."""
    for batch in batches_of(script):
        try:
            run(connection, batch)
        except Exception as error:
            error.add_note(f"in the batch that begins: {batch.strip().splitlines()[0]}")
            raise


def run(connection: Any, batch: str) -> None:
    """Run one batch and look at all its results: an error may hide behind the first."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(batch)
        while cursor.nextset():
            pass
