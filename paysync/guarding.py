"""How a job meets what may fail: an outside system, a missing credential, one key among many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.utils import timezone

from paysync import wiring
from paysync.domain.errors import ExternalError, RecordError
from paysync.models import Company, Connection, MerchantAccount
from paysync.ports import ErpLedger, PaymentGateway
from paysync.services import health
from paysync.services.alerts import close_alert, raise_alert

logger = logging.getLogger(__name__)
T = TypeVar("T")


class IncompleteError(RecordError):
    """A connection lacks something that only a person can fill in; nobody was asked."""


def gateway_for(account: MerchantAccount) -> PaymentGateway:
    """The adapter of a merchant account. Raises IncompleteError, which is alerted already."""
    key = f"incomplete:{account.connection_id}:{account.pk}"
    return complete(account.connection, key, lambda: wiring.gateway_for(account))


def ledger_for(company: Company) -> ErpLedger:
    """The adapter of a company's ERP. Raises IncompleteError, which is alerted already."""
    connection = company.erp_connection
    return complete(connection, f"incomplete:{connection.pk}", lambda: wiring.ledger_for(company))


def complete(connection: Connection, key: str, build: Callable[[], T]) -> T:
    """Build an adapter. What is missing raises an alert, which closes once nothing is."""
    try:
        adapter = build()
    except RecordError as error:
        raise_alert(
            "connection_incomplete",
            key,
            f"{connection.name} cannot be called. {error}",
            advice="A finance admin opens it under Connections and fills in what is missing; "
            "a missing vault key is put back by the operator.",
            connection=connection,
            now=timezone.now(),
        )
        raise IncompleteError(str(error)) from error
    close_alert(key, actor="paysync")
    return adapter


def guarded(connection: Connection, call: Callable[[], T], *, job: str) -> T | None:
    """Make a call to an outside system unless it rests; note how it went. None when it failed.

    job: whose reading stops when an answer is not readable, and goes on when one is.
    """
    now = timezone.now()
    if health.is_resting(connection, now):
        logger.info("connection rests", extra={"connection": connection.slug})
        return None
    alert = f"unreadable:{connection.pk}:{job}"
    try:
        result = call()
    except IncompleteError as error:
        logger.warning("not called", extra={"connection": connection.slug, "error": str(error)})
        return None
    except ExternalError as error:
        health.note_failure(connection, error, timezone.now())
        logger.warning("call failed", extra={"connection": connection.slug, "error": str(error)})
        return None
    except RecordError as error:  # one record stops the reading: a person has to look
        raise_alert(
            "unreadable",
            alert,
            f"{connection.name} sent a record that is not readable: {error}"[:400],
            advice="Show it to an engineer. Reading goes on once it is mended.",
            connection=connection,
            now=timezone.now(),
        )
        return None
    health.note_success(connection, timezone.now())
    close_alert(alert, actor="paysync")
    return result


def each(job: str, keys: Iterable[int], call: Callable[[int], None]) -> None:
    """Run `call` for every key. One that fails unexpectedly is alerted and stops no other."""
    for pk in keys:
        alert = f"job:{job}:{pk}"
        try:
            call(pk)
        except Exception:
            logger.exception("job failed", extra={"job": job, "key": pk})
            raise_alert(
                "job_failed",
                alert,
                f"The job {job} failed for record {pk}.",
                advice="Show the worker's log to an engineer; the job is tried again.",
                now=timezone.now(),
            )
        else:
            close_alert(alert, actor="paysync")
