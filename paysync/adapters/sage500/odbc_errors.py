"""What a driver says of a failure -> whose turn it is.

Drivers speak in SQLSTATEs and in the server's numbers. Microsoft's Python driver tells neither,
only the words that stand for a SQLSTATE; FreeTDS tells most failures as 42000. So all count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.texts import storable

SYSTEM = "sage500"
LONGEST_TEXT = 300


class Stage(StrEnum):
    """What was going on. A write is one from the moment it may have left this machine."""

    CONNECT = "connect"
    READ = "read"
    WRITE = "write"


class PassingError(UnavailableError):
    """It may work at once: a deadlock, a lock, a dropped line."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A driver's error: SQLSTATEs, the server's error numbers, its words."""

    states: frozenset[str]
    numbers: frozenset[int]
    text: str

    @property
    def is_of_the_line(self) -> bool:
        """The line broke. FreeTDS may have no word for it; what a server says has a number."""
        wordless = not self.numbers and "HY000" in self.states
        return wordless or self.has(LINE, LINE_STATES)

    def has(self, numbers: frozenset[int], states: frozenset[str] = frozenset()) -> bool:
        return bool(self.numbers & numbers) or bool(self.states & states)


#: Log-in refused, password expired or to be changed, database closed to this log-in.
LOGIN = frozenset({4060, 4064, 18452, 18456, 18470, 18486, 18487, 18488})
LOGIN_STATES = frozenset({"28000"})
NO_DRIVER_STATES = frozenset({"IM002", "IM003", "IM004"})
PERMISSION = frozenset({229, 230, 262, 297, 300, 916})
#: No such column, table, procedure or function; or other parameters than ours.
SCHEMA = frozenset({201, 207, 208, 213, 2812, 4121, 8144, 8145, 8146})
SCHEMA_STATES = frozenset({"42S02", "42S22"})
#: A value that does not fit: truncated, out of range, not convertible.
VALUE = frozenset({220, 232, 241, 242, 245, 2628, 8114, 8115, 8152})
VALUE_STATES = frozenset({"22001", "22003", "22007", "22008", "22018"})
#: Deadlock victim, lock time-out, update conflict under row versions: rolled back, may be repeated.
BUSY = frozenset({1205, 1222, 3960, 3961})
BUSY_STATES = frozenset({"40001"})
#: FreeTDS: reading, writing, end of file, connection dead.
LINE = frozenset({20004, 20006, 20017, 20047})
LINE_STATES = frozenset({"08S01", "08S02", "08003", "08007", "01002"})
TIMEOUT_STATES = frozenset({"HYT00", "HYT01"})

NUMBER = re.compile(r"\((\d{1,9})\)(?: \(SQL\w+\))?(?=;|$)")
STATE = re.compile(r"\[([0-9A-Z]{5})\]")
#: The words of Microsoft's Python driver that stand for a SQLSTATE we ask for.
WORDS = {
    "Communication link failure": "08S01",
    "Client unable to establish connection": "08001",
    "Connection not open": "08003",
    "Connection failure during transaction": "08007",
    "Server rejected the connection": "08004",
    "Invalid authorization specification": "28000",
    "Serialization failure": "40001",
    "Base table or view not found": "42S02",
    "Column not found": "42S22",
    "String data, right-truncated": "22001",
    "Numeric value out of range": "22003",
    "Invalid character value for cast specification": "22018",
    "Timeout expired": "HYT00",
    "Connection timeout expired": "HYT01",
}
#: English texts of numbers that share their SQLSTATE with others, for a driver without numbers.
PHRASES = {
    "permission was denied": 229,
    "Lock request time out period exceeded": 1222,
    "Could not find stored procedure": 2812,
    "Login failed for user": 18456,
}


def failure_of(error: BaseException) -> Failure:
    """Read a driver's error, or Django's around one."""
    error = error.__cause__ or error
    words = str(getattr(error, "driver_error", ""))
    text = str(error.args[-1] if error.args else error)
    states = set(STATE.findall(text))
    if error.args and isinstance(error.args[0], str) and len(error.args[0]) == 5:
        states.add(error.args[0])
    if words in WORDS:
        states.add(WORDS[words])
    numbers = {int(found) for found in NUMBER.findall(text)} - {0}
    numbers |= set() if numbers else {n for phrase, n in PHRASES.items() if phrase in text}
    shown = storable(" ".join(text.split()))[:LONGEST_TEXT]
    return Failure(frozenset(states), frozenset(numbers), shown)


def error_of(failure: Failure, stage: Stage, what: str) -> ExternalError:
    """The error for the caller. A write that ended in an error we do not know: outcome unknown.

    What the server itself refused as a whole (rights, names, values, deadlock) was not done: the
    wrappers leave no transaction open, and the connection is dropped with whatever it held.
    """
    if failure.has(LOGIN, LOGIN_STATES):
        return CredentialError(SYSTEM, f"the log-in is refused: {failure.text}")
    if stage is Stage.CONNECT:
        return error_of_connecting(failure)
    refused = refusal_of(failure, what)
    if refused is not None:
        return refused
    if failure.has(BUSY, BUSY_STATES):
        return PassingError(SYSTEM, f"{what}: locked by others: {failure.text}")
    if stage is Stage.WRITE:
        return OutcomeUnknownError(SYSTEM, f"{what}: {failure.text}")
    if failure.is_of_the_line:
        return PassingError(SYSTEM, f"{what}: the line is down: {failure.text}")
    return UnavailableError(SYSTEM, f"{what}: {failure.text}")


def error_of_connecting(failure: Failure) -> ExternalError:
    if failure.states & NO_DRIVER_STATES or "Can't open lib" in failure.text:
        advice = "install the driver that SAGE500_DATABASE_URL names, or name another"
        return RejectedError(SYSTEM, f"{advice}: {failure.text}", reason="no_driver")
    return UnavailableError(SYSTEM, f"not reached: {failure.text}")


def refusal_of(failure: Failure, what: str) -> RejectedError | None:
    """A no of the server that a repetition does not change, with what a person can do."""
    if failure.has(PERMISSION):
        advice = "grant it as `manage.py sage500_sql --print` shows"
        return RejectedError(
            SYSTEM, f"{what}: not permitted: {failure.text}; {advice}", reason="permission"
        )
    if failure.has(SCHEMA, SCHEMA_STATES):
        advice = "run `manage.py preflight` and `manage.py sage500_sql --check`"
        return RejectedError(
            SYSTEM, f"{what}: not the tables or wrappers we expect: {failure.text}; {advice}",
            reason="schema",
        )  # fmt: skip
    if failure.has(VALUE, VALUE_STATES):
        return RejectedError(
            SYSTEM, f"{what}: a value does not fit: {failure.text}", reason="value"
        )
    return None
