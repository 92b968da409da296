"""The cent ledger against itself, and each payment explained."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from paysync.domain.ledger import LIVE_RECEIPT_STATES, Bucket
from paysync.domain.payments import MONEY_STATES, Kind
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    JournalEntry,
    JournalLine,
    Match,
    ReconcilingItem,
)
from reconciliation.queries.amounts import mills_sum
from reconciliation.services.leftovers import RESOLVED_BY_US
from reconciliation.services.proof.result import NAMED, Proof

#: How long a payment may wait for its first match run.
MATCH_GRACE = timedelta(hours=1)


def check_balances(proof: Proof) -> None:
    """1 and 9: per transaction no bucket is negative, and captured equals what was charged."""
    rows = (
        JournalLine.objects.order_by()
        .values("transaction_id", "transaction__gateway_id", "bucket")
        .annotate(mills=mills_sum("amount"))
    )
    for row in rows.filter(~Q(bucket=Bucket.CAPTURED), mills__lt=0):
        proof.broken(
            1, "negative bucket", row["transaction__gateway_id"],
            f"{row['bucket']} holds {row['mills'] / 1000:.3f}",
        )  # fmt: skip
    captured = dict(rows.filter(bucket=Bucket.CAPTURED).values_list("transaction_id", "mills"))
    sales = GatewayTransaction.objects.filter(kind=Kind.SALE, amount__gt=0)
    money = [state.value for state in MONEY_STATES]
    for pk, gateway_id, state, amount in sales.values_list("pk", "gateway_id", "state", "amount"):
        proof.checked += 1
        held = -captured.get(pk, 0)
        if (state in money or held) and held != int(round(amount * 1000)):
            proof.broken(
                1,
                "captured differs",
                gateway_id,
                f"charged {amount}, in the ledger {held / 1000:.3f}",
            )


def check_entries(proof: Proof) -> None:
    """4: every journal entry sums to zero per currency."""
    sums = (
        JournalLine.objects.order_by()
        .values("entry__event_key", "currency")
        .annotate(mills=mills_sum("amount"))
        .exclude(mills=0)
    )
    for row in sums:
        proof.broken(
            4, "entry not balanced", row["entry__event_key"], f"off by {row['mills']} thousandths"
        )
    for entry in JournalEntry.objects.filter(lines__isnull=True)[:NAMED]:
        proof.broken(4, "entry without lines", entry.event_key, "it has no lines")


def check_explained(proof: Proof) -> None:
    """Every payment with money has an active match or an open item; every match a receipt.

    A payment that has only just been recorded waits for the next match run: it gets an hour.
    """
    active = Match.objects.filter(transaction=OuterRef("pk"), ended_at__isnull=True)
    item = ReconcilingItem.objects.filter(open_or_decided(), transaction=OuterRef("pk"))
    money = [state.value for state in MONEY_STATES]
    too_long = proof.at - MATCH_GRACE
    lost = GatewayTransaction.objects.filter(kind=Kind.SALE, state__in=money).exclude(
        Exists(active)
        | Exists(item)
        | Q(needs_match=True, first_seen_at__gt=too_long)
        | Q(pk__in=refunded())
    )
    for row in lost:
        proof.missing += 1
        proof.broken(5, "payment not explained", row.gateway_id, "no match and no open item")
    receipts = CashReceipt.objects.filter(match=OuterRef("pk"))
    live = receipts.filter(state__in=sorted(LIVE_RECEIPT_STATES))
    told = ReconcilingItem.objects.filter(open_or_decided(), receipt__match=OuterRef("pk"))
    for match in Match.objects.filter(ended_at__isnull=True).exclude(Exists(live) | Exists(told)):
        proof.missing += 1
        proof.broken(5, "match without receipt", match.pk, "no live receipt and no open item")


def open_or_decided() -> Q:
    """Items that a person has to decide, or has decided."""
    return Q(state=ReconcilingItem.State.OPEN) | ~Q(resolved_by=RESOLVED_BY_US)


def refunded() -> Iterable[int]:
    """Payments of which nothing is left to explain: it all went back."""
    held = [Bucket.UNIDENTIFIED, Bucket.UNAPPLIED]
    rows = (
        JournalLine.objects.filter(transaction__needs_match=False)
        .order_by()
        .values("transaction_id")
        .annotate(
            held=mills_sum("amount", filter=Q(bucket__in=held)),
            gone=mills_sum("amount", filter=Q(bucket__in=[Bucket.REFUNDED, Bucket.CHARGED_BACK])),
        )
    )
    return [r["transaction_id"] for r in rows.filter(gone__gt=0) if not r["held"]]
