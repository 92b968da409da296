"""Authorizations that nobody captures: an open item before one is expected to lapse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from paysync.domain.money import Money
from paysync.domain.payments import Kind, Method, State
from paysync.models import Company
from reconciliation.domain.captures import WARN_BEFORE, CaptureState, holds_until
from reconciliation.domain.reasons import Reason
from reconciliation.models import Capture, GatewayTransaction, ReconcilingItem
from reconciliation.services.leftovers import Finding, close_items, open_items

#: Read, and written, at a time.
SIZE = 500


def hold_key(payment_id: int) -> str:
    """The key of "this authorization is not captured"."""
    return f"hold:{payment_id}"


def watch_authorizations(company: Company, *, now: datetime) -> int:
    """Tell of those that are about to lapse; what is captured or given up closes its item.

    Returns how many items are new.
    """
    close_decided(company, now)
    old = now - timedelta(days=settings.AUTHORIZATION_DAYS) + WARN_BEFORE
    rows = GatewayTransaction.objects.filter(
        company=company,
        state=State.AUTHORIZED,
        kind=Kind.SALE,
        method=Method.CARD,
        amount__gt=0,
        created_at__lte=old,
    ).order_by("pk")
    told, last = 0, 0
    while part := list(rows.filter(pk__gt=last)[:SIZE]):
        last = part[-1].pk
        told += tell_of(part, now)
    return told


def close_decided(company: Company, now: datetime) -> None:
    decided = ReconcilingItem.objects.filter(
        company=company, state=ReconcilingItem.State.OPEN, reason=Reason.TO_CAPTURE
    ).exclude(transaction__state=State.AUTHORIZED)
    keys = list(decided.values_list("key", flat=True))
    close_items(company, keys, "It is captured, or given up.", now=now)


def tell_of(rows: Sequence[GatewayTransaction], now: datetime) -> int:
    """Open, or refresh, the item of each. Returns how many are new."""
    if not rows:
        return 0
    failed = dict(
        Capture.objects.filter(transaction__in=rows, state=CaptureState.FAILED)
        .order_by("pk")
        .values_list("transaction_id", "last_message")
    )
    findings = [
        Finding(
            hold_key(row.pk),
            Reason.TO_CAPTURE,
            sentence_of(row, failed.get(row.pk, ""), now),
            Money.parse(row.amount, row.currency),
            row,
        )
        for row in rows
    ]
    return open_items(rows[0].company, findings, now=now)


def sentence_of(row: GatewayTransaction, failed: str, now: datetime) -> str:
    days = settings.AUTHORIZATION_DAYS
    until = holds_until(row.created_at, days)
    verb = "is" if now < until else "was"
    no = f" The last capture failed: {failed}" if failed else ""
    return (
        f"{Money.parse(row.amount, row.currency)} of payment {row.gateway_id} is authorized and "
        f"not captured; it {verb} expected to hold until {timezone.localdate(until):%Y-%m-%d} "
        f"({days} days, inferred).{no}"
    )
