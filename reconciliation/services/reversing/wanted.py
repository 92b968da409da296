"""Which posted receipts are to be reversed, and what is planned for each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

from django.db.models import Count, QuerySet
from django.utils import timezone

from paysync.domain.ledger import (
    TAKE_ORDER,
    ReceiptState,
    ReversalState,
    reversal_key,
)
from paysync.models import Company
from paysync.services.bulk import insert_missing
from reconciliation.domain.disputes.states import OPEN_DISPUTES
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, Dispute, ReceiptReversal, ReconcilingItem
from reconciliation.services.journal import balances_of
from reconciliation.services.leftovers import apply_key, close_items
from reconciliation.services.planning import Calendar

#: Open items whose receipt is to be reversed.
ASKED = (Reason.MONEY_WENT_BACK, Reason.TO_REVERSE)
#: Sage 500 has it or may have it.
MAY_COUNT = [ReversalState.SENDING, ReversalState.UNKNOWN, ReversalState.SUBMITTED]
#: After these a new reversal is made when it is wanted (again); after others people have decided.
AGAIN = frozenset({ReversalState.WITHDRAWN})


def asking_items() -> QuerySet[ReconcilingItem]:
    return ReconcilingItem.objects.filter(
        state=ReconcilingItem.State.OPEN,
        reason__in=[reason.value for reason in ASKED],
        receipt__state=ReceiptState.POSTED,
    )


def wanted(receipt_ids: Collection[int]) -> set[int]:
    """Those of at most 500 posted receipts that are to be reversed as a whole.

    Somebody undid the match, or nothing is left of the payment and no dispute of it is undecided: a
    win would give the money back to where the receipt counts it.
    """
    items = asking_items().filter(receipt_id__in=list(receipt_ids))
    found = [
        (item.reason, item.receipt)
        for item in items.select_related("receipt__transaction")
        if item.receipt
    ]
    undone = {receipt.pk for reason, receipt in found if reason == Reason.TO_REVERSE}
    return undone | whole_money_gone([one for _, one in found if one.pk not in undone])


def whole_money_gone(receipts: Sequence[CashReceipt]) -> set[int]:
    payments = {receipt.transaction_id: receipt.transaction for receipt in receipts}
    balances = balances_of(list(payments.values()))
    undecided = set(
        Dispute.objects.filter(
            transaction_id__in=list(payments), state__in=[state.value for state in OPEN_DISPUTES]
        ).values_list("transaction_id", flat=True)
    )
    return {
        receipt.pk
        for receipt in receipts
        if receipt.transaction_id not in undecided
        and not any(balances.get(receipt.transaction_id, {}).get(b) for b in TAKE_ORDER)
    }


def submitted(company_id: int, *, size: int = 500) -> Iterator[list[ReceiptReversal]]:
    """The reversals that Sage 500 has from us and has not posted, part by part."""
    rows = ReceiptReversal.objects.filter(
        receipt__company=company_id, state=ReversalState.SUBMITTED
    )
    last = 0
    rows = rows.select_related("receipt__transaction", "receipt__match")
    while part := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        last = part[-1].pk
        yield part


def plan_reversals(company: Company, now: datetime, *, size: int = 500) -> int:
    """Note a reversal for each receipt that wants one and has none. Returns how many are new."""
    had = ReceiptReversal.objects.exclude(state__in=[state.value for state in AGAIN])
    items = asking_items().filter(company=company).exclude(receipt_id__in=had.values("receipt_id"))
    day, _ = Calendar.load(company.pk).post_date(company, timezone.localdate(now))
    noted, last = 0, 0
    while part := list(
        items.filter(receipt_id__gt=last)
        .order_by("receipt_id")
        .values_list("receipt_id", flat=True)
        .distinct()[:size]
    ):
        last = part[-1]
        noted += note_reversals(company, wanted(part), day, now)
    return noted


def note_reversals(company: Company, receipt_ids: Collection[int], day: date, now: datetime) -> int:
    receipts = CashReceipt.objects.filter(pk__in=list(receipt_ids)).annotate(
        made=Count("reversals")
    )
    rows = [
        planned(receipt, receipt.made + 1, day, now)
        for receipt in receipts.select_related("transaction").order_by("pk")
    ]
    insert_missing(rows)
    keys = [apply_key(row.receipt_id) for row in rows]
    close_items(company, keys, "It is to be reversed after all.", now=now)
    return len(rows)


def planned(receipt: CashReceipt, sequence: int, day: date, now: datetime) -> ReceiptReversal:
    key = reversal_key(receipt.idempotency_key, sequence)
    digest = base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()
    return ReceiptReversal(
        receipt=receipt,
        sequence=sequence,
        idempotency_key=key,
        tran_no=f"R{digest[:9]}",
        comment=f"PTR {receipt.transaction.gateway_id}"[:50],
        tran_date=day,
        post_date=day,
        due_at=now,
        made_at=now,
    )
