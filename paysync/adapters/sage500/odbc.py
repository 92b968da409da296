"""One connection to Sage's database: short statements, each in a transaction of its own.

A connection that failed is closed and opened again at the next call. A read is repeated where that
may help; a write never.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from paysync.adapters.sage500.odbc_errors import (
    SYSTEM,
    PassingError,
    Stage,
    error_of,
    failure_of,
)
from paysync.domain.errors import (
    ExternalError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
)

#: What each new connection is told. The ANSI settings are those that filtered indexes and XML ask
#: of whoever writes; without ANSI_WARNINGS a text too long would be cut in silence.
SESSION = """
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL,
        QUOTED_IDENTIFIER ON;
    SET NUMERIC_ROUNDABORT OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCK_TIMEOUT """


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait, and how often a read is tried."""

    lock_timeout_ms: int = 5000
    read_timeout_s: float = 30
    submit_timeout_s: float = 60
    read_attempts: int = 3
    retry_wait_s: float = 0.2
    retry_max_wait_s: float = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A result set. columns: name -> place."""

    columns: Mapping[str, int]
    rows: Sequence[Sequence[Any]]


class SageDatabase:
    """Reads and calls over a Django connection. For one thread, as Django's connections are.

    Below Django's cursor, which would rewrite the text of a statement: parameters stay `?`.
    """

    def __init__(self, connection: BaseDatabaseWrapper, limits: Limits | None = None) -> None:
        self._connection: Any = connection
        self._limits = limits or Limits()
        self._open: Any = None
        self._reader: Any = None

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT. Raises an ExternalError, or RecordError for what is unreadable."""
        return [tuple(row) for row in self.fetch(sql, params, "a read").rows]

    def fetch(self, sql: str, params: Sequence[Any], what: str) -> Found:
        """A whole result set, read again when a lock or the line was in the way."""
        limits = self._limits
        retrying = Retrying(
            stop=stop_after_attempt(limits.read_attempts),
            wait=wait_random_exponential(limits.retry_wait_s, limits.retry_max_wait_s),
            retry=retry_if_exception_type(PassingError),
            reraise=True,
        )
        return retrying(self._fetch_once, sql, params, what)

    def call(
        self, sql: str, params: Sequence[Any], columns: Sequence[str], what: str
    ) -> dict[str, Any]:
        """Send a batch that writes, once. Returns the row whose columns are `columns`.

        Raises UnavailableError when it did not leave, OutcomeUnknownError when it may have.
        """
        connection = self._connected()
        try:
            cursor = self._cursor(connection, self._limits.submit_timeout_s)
            cursor.execute(sql, tuple(params))
            answer = answer_in(cursor, columns)
            cursor.close()
        except self._connection.Database.Error as error:
            self.close()
            raise error_of(failure_of(error), Stage.WRITE, what) from error
        except Exception as error:  # an answer the driver cannot read proves nothing either
            self.close()
            raise OutcomeUnknownError(SYSTEM, f"{what}: {error!r}") from error
        except BaseException:  # stopped half way: whoever comes next must not get this answer
            self.close()
            raise
        if answer is None:
            self.close()
            raise OutcomeUnknownError(SYSTEM, f"{what}: no answer came back")
        return answer

    def close(self) -> None:
        """Drop the connection, with whatever hangs on it. The next call opens a new one."""
        self._open = self._reader = None
        with suppress(Exception):  # it may be dead already
            self._connection.close()
        self._connection.connection = None

    def _fetch_once(self, sql: str, params: Sequence[Any], what: str) -> Found:
        connection = self._connected()
        try:
            if self._reader is None:  # kept: a driver prepares the same text only once
                self._reader = self._cursor(connection, self._limits.read_timeout_s)
            self._reader.execute(sql, tuple(params))
            columns = {name[0]: place for place, name in enumerate(self._reader.description)}
            return Found(columns, self._reader.fetchall())
        except self._connection.Database.Error as error:
            self.close()
            raise error_of(failure_of(error), Stage.READ, what) from error
        except Exception as error:  # text that the driver cannot decode, for instance
            self.close()
            raise RecordError(f"{what}: the answer cannot be read: {error!r}"[:400]) from error
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Any:
        """The driver's connection, told our settings once."""
        found = self._connection.connection
        if found is not None and found is self._open:
            return found
        try:
            if found is None:
                self._connection.connect()
            self._open, self._reader = self._connection.connection, None
            self._open.autocommit = True
            cursor = self._cursor(self._open, self._limits.read_timeout_s)
            cursor.execute(f"{SESSION}{int(self._limits.lock_timeout_ms)};")
            cursor.close()
        except ImproperlyConfigured as error:
            raise RejectedError(SYSTEM, str(error), reason="no_driver") from error
        except Exception as error:
            self.close()
            raise error_while_connecting(error) from error
        return self._open

    @staticmethod
    def _cursor(connection: Any, timeout_s: float) -> Any:
        connection.timeout = math.ceil(timeout_s)  # counts for the cursors made from now on
        return connection.cursor()


def error_while_connecting(error: Exception) -> ExternalError:
    return error_of(failure_of(error), Stage.CONNECT, "connecting")


def answer_in(cursor: Any, columns: Sequence[str]) -> dict[str, Any] | None:
    """The answer among all result sets: site procedures may return some of their own."""
    answer = None
    while True:
        found = [name[0] for name in cursor.description or ()]
        if found == list(columns):
            row = cursor.fetchone()
            answer = dict(zip(columns, row, strict=True)) if row is not None else None
        if not cursor.nextset():
            return answer
