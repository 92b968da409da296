"""Ask again, one by one, for open payments: a list by day of creation shows no late change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from paysync.domain.errors import CredentialError, RecordError, RejectedError
from paysync.domain.payments import EDGES, Method, Page, State
from paysync.domain.redaction import redact
from paysync.models import MerchantAccount
from paysync.ports import PaymentGateway
from paysync.services.alerts import close_alert, raise_alert
from reconciliation.models import GatewayTransaction
from reconciliation.services.polling import poll_window, record_page

logger = logging.getLogger(__name__)

#: States that end in another one sooner or later. A settled payment may rest; see below.
OPEN = tuple(state.value for state in State if EDGES[state] and state != State.SETTLED)
#: How long after it was made a payment is asked for (chosen): longer than any of the rest.
OPEN_FOR = timedelta(days=90)
#: A bank may return an unauthorized debit for 60 days after settlement (inferred from the rules
#: of ACH); five more for weekends and for the gateway's own delay (chosen).
RETURNS_FOR = timedelta(days=65)
#: One payment is not asked for more often than this (chosen): banks work by the day.
ASK_EVERY = timedelta(hours=6)
#: At most so many a run (chosen), and a run of all accounts takes no longer than `PATIENCE_S`.
ROWS_A_RUN = 100
PATIENCE_S = 120.0


@dataclass(slots=True)
class Recheck:
    """What one run asked for and what came of it."""

    asked: int = 0
    moved: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"by id: {self.asked} asked for, {self.moved} moved on, {self.failed} not given"


def recheck_open(
    account_id: int,
    *,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
    lookback: timedelta,
    patience_s: float = PATIENCE_S,
    limit: int = ROWS_A_RUN,
) -> Recheck:
    """Ask for the open payments that polling no longer lists, the longest unasked first.

    Each is claimed before it is asked for: a worker that dies, an outage, or a payment that
    fails every time costs that one its turn and nobody else. A payment that the gateway does
    not give (RejectedError, RecordError) is noted and alerted; any other ExternalError ends the
    run.
    """
    account = MerchantAccount.objects.select_related("company", "connection").get(pk=account_id)
    started, run = clock(), Recheck()
    before = poll_window(account, started, lookback).start
    due = open_payments(account, started).filter(is_due(started), created_at__lt=before)
    for row in due.order_by(F("looked_at").asc(nulls_first=True), "pk")[:limit]:
        now = clock()
        if (now - started).total_seconds() > patience_s:
            break
        if claim(row, now):
            ask(account, row, gateway, run, now)
    tell(account, clock())
    return run


def open_payments(account: MerchantAccount, now: datetime) -> QuerySet[GatewayTransaction]:
    """Those whose state may still change: not yet ended, or ACH that may still be returned."""
    settled_lately = Q(settled_at__isnull=True) | Q(settled_at__gte=now - RETURNS_FOR)
    returnable = Q(state=State.SETTLED, method=Method.ACH) & settled_lately
    return GatewayTransaction.objects.filter(
        Q(state__in=OPEN) | returnable,
        merchant_account=account,
        created_at__gte=now - OPEN_FOR,
    )


def is_due(now: datetime) -> Q:
    return Q(looked_at__isnull=True) | Q(looked_at__lte=now - ASK_EVERY)


def claim(row: GatewayTransaction, now: datetime) -> bool:
    """Take the payment's turn, in one statement. False: another worker has just asked."""
    mine = GatewayTransaction.objects.filter(is_due(now), pk=row.pk)
    return bool(mine.update(looked_at=now))


def ask(
    account: MerchantAccount,
    row: GatewayTransaction,
    gateway: PaymentGateway,
    run: Recheck,
    now: datetime,
) -> None:
    run.asked += 1
    try:
        record = gateway.get_transaction(row.gateway_id, Method(row.method))
    except CredentialError:
        raise
    except (RejectedError, RecordError) as error:
        run.failed += 1
        logger.warning("payment not given", extra={"payment": row.pk, "error": str(error)})
        note(row, str(redact(str(error))[0])[:200])
        return
    run.moved += record_page(account, Page((record,)), now=now).moved
    note(row, "")


def note(row: GatewayTransaction, error: str) -> None:
    if row.look_error != error:
        GatewayTransaction.objects.filter(pk=row.pk).update(look_error=error)


def tell(account: MerchantAccount, now: datetime) -> None:
    """Raise an alert while open payments are not given by their id; close it once all are."""
    key = f"recheck:{account.pk}"
    missed = open_payments(account, now).exclude(look_error="")
    first = missed.order_by("created_at", "pk").first()
    if first is None:
        close_alert(key, actor="paysync")
        return
    raise_alert(
        "recheck_failing",
        key,
        f"{account}: {missed.count()} open payments cannot be asked for by their id, "
        f"{first.gateway_id} first: {first.look_error}",
        advice="Look them up in PayTrace: what becomes of them is not seen here.",
        company=account.company,
        connection=account.connection,
        now=now,
    )
