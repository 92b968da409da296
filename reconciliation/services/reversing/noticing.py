"""See that a receipt is reversed in Sage 500, by whomever: the item that asked for it closes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database

from paysync.domain.ledger import (
    Bucket,
    ErpReceipt,
    ErpReceiptState,
    ReceiptState,
    ReversalState,
    move,
)
from paysync.domain.money import Money
from paysync.ports import ErpLedger
from reconciliation.models import CashReceipt, ReceiptReversal
from reconciliation.services.following import go
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import (
    apply_key,
    close_items,
    left_key,
    receipt_key,
    reverse_key,
)
from reconciliation.services.lookups import find_receipts
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.releasing import end_match, wait_again
from reconciliation.services.reversing.answers import DELETED, move_on
from reconciliation.services.reversing.wanted import MAY_COUNT, asking_items, submitted

#: Who ends such a match: not paysync, so that the engine does not make it again by itself.
SAGE = "Sage 500"
#: Of one run; the next one asks for the rest.
MOST = 500
GONE = frozenset({ErpReceiptState.DELETED, ErpReceiptState.WITHDRAWN, ErpReceiptState.NOT_FOUND})


def follow_reversals(company_id: int, *, erp: ErpLedger, now: datetime) -> int:
    """Ask about posted receipts that an open item wants reversed, or that a reversal of ours names.
    Returns how many now are.

    No other posted receipt is asked about: posting is final, and there are millions of them.
    """
    follow_ours(company_id, erp=erp)
    waiting = list(CashReceipt.objects.filter(pk__in=longest_unasked(company_id)))
    if not waiting:
        return 0
    found = find_receipts([row.idempotency_key for row in waiting], erp)
    CashReceipt.objects.filter(pk__in=[row.pk for row in waiting]).update(followed_at=now)
    return sum(
        reverse(row.pk, seen, now)
        for row in waiting
        if (seen := found.get(row.idempotency_key)) and is_reversed(seen)
    )


def longest_unasked(company_id: int) -> list[int]:
    """Those to be asked about, the longest not asked about first. Found from the few items and
    reversals there are, not from all receipts.
    """
    items = asking_items().filter(company=company_id)
    ours = ReceiptReversal.objects.filter(
        receipt__company=company_id,
        receipt__state=ReceiptState.POSTED,
        state__in=[*MAY_COUNT, ReversalState.POSTED],
    )
    asked = {
        *items.values_list("receipt_id", "receipt__followed_at"),
        *ours.values_list("receipt_id", "receipt__followed_at"),
    }
    first = sorted(asked, key=lambda one: (one[1] is not None, one[1], one[0]))
    return [pk for pk, _ in first[:MOST] if pk is not None]


def follow_ours(company_id: int, *, erp: ErpLedger) -> None:
    """What became of the reversals that Sage 500 has from us."""
    for part in submitted(company_id):
        found = find_receipts([row.idempotency_key for row in part], erp)
        for row in part:
            seen = found.get(row.idempotency_key)
            if seen is None or seen.state in GONE:
                move_on(row, ReversalState.DELETED_IN_ERP, DELETED.format(row))
            elif seen.state == ErpReceiptState.POSTED:
                move_on(row, ReversalState.POSTED, row.last_error)


def is_reversed(seen: ErpReceipt) -> bool:
    return seen.state == ErpReceiptState.POSTED and bool(seen.reversed_by)


def reverse(receipt_id: int, seen: ErpReceipt, now: datetime) -> bool:
    """The receipt counts no more: its match ends, and what of the payment is still here waits."""
    with database.atomic():
        payment_id = CashReceipt.objects.values_list("transaction_id", flat=True).get(pk=receipt_id)
        row = lock_payment(payment_id)
        receipt = CashReceipt.objects.select_for_update().get(pk=receipt_id)
        if receipt.state != ReceiptState.POSTED:
            return False
        go(receipt, ReceiptState.REVERSED)
        receipt.last_error = ""
        receipt.save(update_fields=["state", "last_error"])
        held, zero = balances_of([row]).get(row.pk, {}), Money.zero(row.currency)
        lines = (
            *move(Bucket.POSTED, Bucket.APPLIED, held.get(Bucket.POSTED, zero)),
            *move(
                Bucket.POSTED_UNAPPLIED, Bucket.UNAPPLIED, held.get(Bucket.POSTED_UNAPPLIED, zero)
            ),
        )
        key = f"reversed:{receipt.pk}"
        write_entries([Draft(row, key, "reversed in Sage", now.date(), lines)], now=now)
        reason = f"receipt {receipt.erp_tran_id or receipt.tran_no} is reversed"
        end_match(row, None, SAGE, reason, now=now)
        told = f"Reversed in Sage 500 by {seen.reversed_by}."
        keys = [key_of(receipt.pk) for key_of in (left_key, receipt_key, reverse_key, apply_key)]
        close_items(row.company, keys, told, now=now)
        wait_again(row, SAGE, f"{reason} by {seen.reversed_by}.", now)
    return True
