"""Receipts, what they apply, and what they wait for."""

from __future__ import annotations

from django.db.models import Count, Exists, F, OuterRef, Subquery

from paysync.domain.ledger import LIVE_RECEIPT_STATES, Bucket, ReceiptState
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    Application,
    CashReceipt,
    JournalLine,
    Match,
    ReconcilingItem,
)
from reconciliation.queries.amounts import from_mills, mills_sum
from reconciliation.services.proof.money import open_or_decided
from reconciliation.services.proof.result import Proof

#: Not handed over yet, or just now: what such a receipt says must still be there.
MAY_GO_OUT = [ReceiptState.DUE, ReceiptState.HELD, ReceiptState.SENDING]


def check_receipts(proof: Proof) -> None:
    """6 and 8: one live receipt per payment; an unknown one has no successor."""
    twice = (
        CashReceipt.objects.filter(state__in=sorted(LIVE_RECEIPT_STATES))
        .order_by()
        .values("transaction__gateway_id", "transaction_id", "kind")
        .annotate(count=Count("pk"))
        .filter(count__gt=1)
    )
    for row in twice:
        proof.duplicates += row["count"] - 1
        proof.broken(6, "two live receipts", row["transaction__gateway_id"], f"{row['count']} live")
    later = CashReceipt.objects.filter(
        transaction=OuterRef("transaction"), sequence__gt=OuterRef("sequence")
    )
    open_question = [ReceiptState.UNKNOWN, ReceiptState.SENDING]
    for receipt in CashReceipt.objects.filter(Exists(later), state__in=open_question):
        proof.broken(8, "successor of an unknown", receipt.idempotency_key, "sent past it")


def check_applications(proof: Proof) -> None:
    """10: applications add up to their match, and with the rest to the payment's receipt."""
    rows = (
        Match.objects.order_by()
        .annotate(mills=mills_sum("applications__amount"))
        .values_list("pk", "applied", "mills")
    )
    for pk, applied, mills in rows:
        if int(round(applied * 1000)) != (mills or 0):
            proof.broken(10, "applications differ", f"match {pk}", f"{applied} against {mills}")
    for receipt in CashReceipt.objects.exclude(
        amount=F("match__applied") + F("match__unapplied")
    ).select_related("match")[:1000]:
        if round(receipt.amount, 3) != round(receipt.match.applied + receipt.match.unapplied, 3):
            proof.broken(10, "receipt differs", receipt.idempotency_key, "not the match's amount")
    over = Application.objects.filter(amount__gt=F("match__transaction__amount"))
    for row in over.values_list("match__transaction__gateway_id", "amount"):
        proof.broken(10, "applied more than paid", row[0], f"{row[1]}")


def check_held_money(proof: Proof) -> None:
    """10: no receipt that may still go out is for more than its payment holds.

    One statement, so that a refund booked meanwhile is seen with its receipt or not at all.
    """
    held = JournalLine.objects.filter(
        transaction=OuterRef("transaction"), bucket__in=[Bucket.APPLIED, Bucket.UNAPPLIED]
    )
    sums = held.order_by().values("transaction").annotate(mills=mills_sum("amount"))
    told = ReconcilingItem.objects.filter(
        open_or_decided(), receipt=OuterRef("pk"), reason=Reason.MONEY_WENT_BACK
    )
    going = CashReceipt.objects.filter(state__in=MAY_GO_OUT).exclude(Exists(told))
    rows = going.order_by().annotate(mills=Subquery(sums.values("mills")))
    for key, amount, mills in rows.values_list("idempotency_key", "amount", "mills"):
        if int(round(amount * 1000)) > (mills or 0):
            message = f"for {amount:.3f}, the payment holds {from_mills(mills)}"
            proof.broken(10, "receipt over its payment", key, message)


def check_periods(proof: Proof) -> None:
    """12: nothing that waits for a period is forgotten."""
    item = ReconcilingItem.objects.filter(open_or_decided(), receipt=OuterRef("pk"))
    waiting = CashReceipt.objects.filter(
        state=ReceiptState.HELD, held_because="period_closed"
    ).exclude(Exists(item))
    for receipt in waiting:
        proof.broken(12, "forgotten for a period", receipt.idempotency_key, "held without an item")
