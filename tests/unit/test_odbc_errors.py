"""What a driver says of a failure decides whose turn it is. Texts as the drivers wrote them."""

from __future__ import annotations

import pytest
from django.db.utils import OperationalError

from paysync.adapters.sage500.odbc_errors import (
    PassingError,
    Stage,
    error_of,
    failure_of,
)
from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
)

MS = "[Microsoft][ODBC Driver 18 for SQL Server]"


class DriverError(Exception):
    """Like pyodbc's: SQLSTATE, then the text."""


class PythonDriverError(Exception):
    """Like mssql_python's: words for the SQLSTATE, no number."""

    def __init__(self, driver_error: str, ddbc_error: str) -> None:
        self.driver_error, self.ddbc_error = driver_error, ddbc_error
        super().__init__(f"Driver Error: {driver_error}; DDBC Error: {ddbc_error}")


def pyodbc_error(
    state: str, number: int, text: str = "said", by: str = f"{MS}[SQL Server]"
) -> Exception:
    return DriverError(state, f"[{state}] {by}{text} ({number}) (SQLExecDirectW)")


def told(error: Exception, stage: Stage) -> ExternalError:
    return error_of(failure_of(error), stage, "reading")


# --- reading the driver's words -------------------------------------------------------------------


def test_state_and_number_are_found_in_what_pyodbc_says() -> None:
    failure = failure_of(pyodbc_error("40001", 1205, "deadlock (1) victim"))
    assert failure.states == {"40001"} and failure.numbers == {1205}
    assert "deadlock (1) victim" in failure.text


def test_every_message_of_a_failed_login_counts() -> None:
    text = (
        f'[28000] {MS}[SQL Server]Login failed for user "u". (18456) (SQLDriverConnect); '
        f'[28000] {MS}[SQL Server]Cannot open database "x" requested by the login. (4060)'
    )
    assert failure_of(DriverError("28000", text)).numbers == {18456, 4060}


def test_an_error_that_django_wrapped_is_read_by_its_cause() -> None:
    wrapped = OperationalError("wrapped")
    wrapped.__cause__ = pyodbc_error("08S01", 10054)
    assert failure_of(wrapped).numbers == {10054}


def test_a_driver_without_numbers_is_read_by_its_words() -> None:
    failure = failure_of(PythonDriverError("Communication link failure", "[Microsoft]TCP Provider"))
    assert failure.states == {"08S01"} and not failure.numbers
    denied = "[Microsoft][SQL Server]The SELECT permission was denied on the object 'tarInvoice'"
    failure = failure_of(PythonDriverError("Syntax error or access violation", denied))
    assert failure.numbers == {229}


def test_a_long_text_is_cut() -> None:
    assert len(failure_of(DriverError("42000", "x" * 5000)).text) == 300


def test_a_text_is_told_as_a_database_stores_it() -> None:
    assert failure_of(DriverError("42000", "a\x00b \U0001f642")).text == "a\ufffdb \ufffd"


# --- whose turn it is -----------------------------------------------------------------------------


NO_LIBRARY = "[01000] [unixODBC][Driver Manager]Can't open lib 'x' : file not found (0)"


@pytest.mark.parametrize(
    "error",
    [
        pyodbc_error("28000", 18456),
        pyodbc_error("42000", 18456, by="[FreeTDS][SQL Server]"),
        pyodbc_error("42000", 18487),
        pyodbc_error("42000", 4060),
        PythonDriverError("Invalid authorization specification", "[Microsoft]no"),
    ],
)
def test_a_refused_login_stops_everything(error: Exception) -> None:
    assert isinstance(told(error, Stage.CONNECT), CredentialError)


@pytest.mark.parametrize(
    "error",
    [
        pyodbc_error("HYT00", 0, "Login timeout expired", MS),
        pyodbc_error("08001", 10061, by=MS),
        pyodbc_error("08S01", 20009, by="[FreeTDS]"),
        PythonDriverError("Client unable to establish connection", "[Microsoft]no"),
    ],
)
def test_a_server_that_is_not_there_is_unavailable(error: Exception) -> None:
    assert type(told(error, Stage.CONNECT)) is UnavailableError


@pytest.mark.parametrize(
    "error",
    [DriverError("01000", NO_LIBRARY), DriverError("IM002", "[IM002] [unixODBC]no such name (0)")],
)
def test_a_driver_that_is_not_installed_says_so(error: Exception) -> None:
    found = told(error, Stage.CONNECT)
    assert isinstance(found, RejectedError) and found.reason == "no_driver"
    assert "SAGE500_DATABASE_URL" in str(found)


@pytest.mark.parametrize("stage", [Stage.READ, Stage.WRITE])
@pytest.mark.parametrize(
    ("number", "reason", "advice"),
    [
        (229, "permission", "sage500_sql --print"),
        (230, "permission", "sage500_sql --print"),
        (916, "permission", "sage500_sql --print"),
        (207, "schema", "preflight"),
        (208, "schema", "preflight"),
        (2812, "schema", "sage500_sql --check"),
        (201, "schema", "sage500_sql --check"),
        (8144, "schema", "sage500_sql --check"),
        (8152, "value", "does not fit"),
        (2628, "value", "does not fit"),
        (8115, "value", "does not fit"),
        (8114, "value", "does not fit"),
        (245, "value", "does not fit"),
    ],
)
def test_a_no_of_the_server_is_rejected_with_what_to_do(
    stage: Stage, number: int, reason: str, advice: str
) -> None:
    found = told(pyodbc_error("42000", number), stage)
    assert isinstance(found, RejectedError) and not isinstance(found, CredentialError)
    assert found.reason == reason and advice in str(found)


@pytest.mark.parametrize("stage", [Stage.READ, Stage.WRITE])
@pytest.mark.parametrize("number", [1205, 1222, 3960])
def test_what_others_locked_may_be_repeated(stage: Stage, number: int) -> None:
    assert isinstance(told(pyodbc_error("42000", number), stage), PassingError)


@pytest.mark.parametrize(
    "error",
    [
        pyodbc_error("08S01", 10054, "Communication link failure", MS),
        pyodbc_error("08S01", 20004, "Read from the server failed", "[FreeTDS]"),
        pyodbc_error("HYT00", 0, "Query timeout expired", MS),
        pyodbc_error("42000", 50000, "a trigger said no"),
        pyodbc_error("42000", 33557097),
        pyodbc_error("23000", 2627),
        PythonDriverError("Communication link failure", "[Microsoft]TCP Provider"),
        DriverError("HY000", "The driver did not supply an error!"),
    ],
)
def test_a_write_that_ended_in_anything_else_is_unknown_and_a_read_may_be_repeated(
    error: Exception,
) -> None:
    assert type(told(error, Stage.WRITE)) is OutcomeUnknownError
    assert isinstance(told(error, Stage.READ), UnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        pyodbc_error("08S01", 10054),
        pyodbc_error("01000", 20017, "Unexpected EOF from the server", "[FreeTDS][SQL Server]"),
        DriverError("HY000", "[HY000] [FreeTDS][SQL Server]Unknown error (0) (SQLExecDirectW)"),
        PythonDriverError("Communication link failure", "[Microsoft]TCP Provider"),
    ],
)
def test_a_line_that_went_down_is_worth_another_try_at_once(error: Exception) -> None:
    assert isinstance(told(error, Stage.READ), PassingError)


def test_a_server_that_is_slow_is_not_asked_again_at_once() -> None:
    assert not isinstance(told(pyodbc_error("HYT00", 0), Stage.READ), PassingError)
