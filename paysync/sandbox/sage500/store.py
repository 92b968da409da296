"""The twin's own SQLite database: one connection, one writer, amounts as whole mills."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from paysync.sandbox.sage500.translate import schema

Row = sqlite3.Row
Values = Mapping[str, Any] | Sequence[Any]

TAKE_KEYS = """
    INSERT INTO tciSurrogateKey (TableName, NextKey) VALUES (:name, 1 + :count)
        ON CONFLICT (TableName) DO UPDATE SET NextKey = NextKey + :count
    RETURNING NextKey"""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


class Store:
    """Sage's database as the twin has it. Safe to use from many threads."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = Row
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -65536"):
            self._db.execute(f"PRAGMA {pragma}")
        if not self._db.execute(TABLES).fetchone():
            for statement in schema():
                self._db.execute(statement)
        self._db.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def write(self) -> Iterator[None]:
        """All or nothing. Inside another `write` it is part of that one."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._end("ROLLBACK")
                raise
            self._end("COMMIT")

    def _end(self, word: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._db.execute(word)

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, values: Values = ()) -> Row | None:
        with self._lock:
            found: Row | None = self._db.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row, None without one."""
        found = self.row(sql, values)
        return None if found is None else found[0]

    def execute(self, sql: str, values: Values = ()) -> int:
        """Run a write; returns the number of rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Values]) -> None:
        with self._lock:
            self._db.executemany(sql, rows)

    def take_keys(self, table: str, count: int = 1) -> int:
        """The first of `count` fresh keys, as spGetNextBlockSurrogateKey gives them."""
        with self._lock:
            found = self._db.execute(TAKE_KEYS, {"name": table, "count": count}).fetchall()
            return int(found[0][0]) - count

    def wipe(self) -> None:
        """Empty every table."""
        with self._lock:
            self._db.execute("PRAGMA foreign_keys = OFF")
            with self.write():
                for (name,) in self.rows(TABLES):
                    self._db.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names of our own
            self._db.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        with self._lock:
            self._db.close()


def json_list(values: Iterable[object]) -> str:
    """For `IN (SELECT value FROM json_each(?))`: a list as one parameter."""
    return json.dumps(list(values))
