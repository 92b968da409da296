"""How a connection is doing, and the circuit breaker that lets it rest."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from paysync.domain.errors import CredentialError, ExternalError, RejectedError, UnavailableError
from paysync.domain.redaction import redact
from paysync.models import Connection, OutgoingCall
from paysync.services.alerts import close_alert, raise_alert

FAILURES_BEFORE_REST = 5
FIRST_REST_S = 30
LONGEST_REST_S = 15 * 60
SUCCESS_NOTED_EVERY = timedelta(seconds=30)
FIELDS = ["health", "failures", "resting_until", "last_ok_at", "last_error"]
Health = Connection.Health


def is_resting(connection: Connection, now: datetime) -> bool:
    """Whether no call may be made: after failures for a while, after a refusal until mended."""
    if connection.health == Health.REFUSED:
        return True
    return connection.resting_until is not None and now < connection.resting_until


def note_success(connection: Connection, now: datetime) -> None:
    """A call was answered: the connection works. Closes what was open about it."""
    is_known = connection.health == Health.OK and not connection.failures
    if is_known and connection.last_ok_at and now - connection.last_ok_at < SUCCESS_NOTED_EVERY:
        return  # one write a call would tell nobody anything
    connection.health, connection.failures, connection.resting_until = Health.OK, 0, None
    connection.last_ok_at, connection.last_error = now, ""
    with transaction.atomic():
        connection.save(update_fields=FIELDS)
        if not is_known:
            close_alert(f"connection:{connection.pk}:failing", actor="health")
            close_alert(f"connection:{connection.pk}:refused", actor="health")


def note_failure(
    connection: Connection, error: ExternalError, now: datetime, *, what: str = ""
) -> None:
    """A call failed: keep a line about it, count it, and rest when it goes on.

    A plain RejectedError is an answer: it is kept as a line but counts as no failure.
    """
    message = str(redact(str(error))[0])[:400]
    with transaction.atomic():
        OutgoingCall.objects.create(
            connection=connection,
            what=(what or error.system)[:120],
            error_code=error.code[:40],
            message=message,
            at=now,
        )
        if isinstance(error, CredentialError):
            refuse(connection, message, now)
        elif not isinstance(error, RejectedError):
            count_failure(connection, error, message, now)


def refuse(connection: Connection, message: str, now: datetime) -> None:
    """The log-in was refused: no more calls until a secret is changed, or the user is locked."""
    connection.health, connection.last_error = Health.REFUSED, message
    connection.failures += 1
    connection.save(update_fields=["health", "last_error", "failures"])
    raise_alert(
        "credentials_refused",
        f"connection:{connection.pk}:refused",
        f"{connection.name} refuses our credentials",
        advice="Store working credentials on the connection; calls then begin again.",
        connection=connection,
        now=now,
    )


def count_failure(
    connection: Connection, error: ExternalError, message: str, now: datetime
) -> None:
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    connection.failures = held.failures + 1  # other workers count on the same row
    connection.last_error = message
    if held.health == Health.REFUSED:
        connection.health = held.health
    else:
        connection.health = Health.FAILING
    connection.resting_until = later(held.resting_until, rest_until(connection, error, now))
    connection.save(update_fields=["health", "failures", "resting_until", "last_error"])
    if connection.failures >= FAILURES_BEFORE_REST:
        raise_alert(
            "connection_failing",
            f"connection:{connection.pk}:failing",
            f"{connection.name} failed {connection.failures} times in a row: {message}",
            advice="Nothing is lost: work waits and goes on by itself once it answers again.",
            connection=connection,
            now=now,
        )


def rest_until(connection: Connection, error: ExternalError, now: datetime) -> datetime | None:
    """When the next call may be made: our own doubling rest, or what the other side asks for."""
    rest_s = 0.0
    over = connection.failures - FAILURES_BEFORE_REST
    if over >= 0:
        rest_s = min(FIRST_REST_S * 2 ** min(over, 10), LONGEST_REST_S)
    if isinstance(error, UnavailableError) and error.retry_after_s:
        rest_s = max(rest_s, min(error.retry_after_s, 86_400.0))
    return now + timedelta(seconds=rest_s) if rest_s > 0 else None


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
