"""Take a reversal back that nobody wants any more: the money came back before it was posted."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction as database

from paysync.domain.errors import ExternalError, RecordError
from paysync.domain.ledger import (
    TAKE_ORDER,
    ErpReceipt,
    ErpReceiptState,
    ReversalState,
    SubmitCode,
)
from paysync.domain.money import Money
from paysync.models import Company
from paysync.ports import ErpLedger
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, ReceiptReversal
from reconciliation.queries.applications import applications_of
from reconciliation.services.journal import balances_of
from reconciliation.services.leftovers import Finding, apply_key, open_items
from reconciliation.services.lookups import find_receipts
from reconciliation.services.reversing.answers import move_on
from reconciliation.services.reversing.wanted import submitted, wanted

logger = logging.getLogger(__name__)
TAKEN_BACK = frozenset({SubmitCode.CREATED, SubmitCode.ALREADY_THERE})
#: Documents that the sentence names before it counts the rest.
NAMED = 4


def take_back_unwanted(company: Company, *, erp: ErpLedger, now: datetime) -> int:
    """Returns how many were taken back. Safe to repeat: one of them stays until Sage 500 has said
    that it is gone, and one that is posted by now ends the match as any other.
    """
    taken = 0
    for part in submitted(company.pk):
        still = wanted([row.receipt_id for row in part])
        for row in part:
            if row.receipt_id not in still:
                taken += take_back(row, erp, now)
    return taken


def take_back(row: ReceiptReversal, erp: ErpLedger, now: datetime) -> bool:
    """One that fails holds up no other, and is asked again by the next run."""
    key = row.receipt.idempotency_key
    try:
        if erp.withdraw_receipt(row.idempotency_key).code not in TAKEN_BACK:
            return False
        found = find_receipts([key], erp).get(key)
    except (ExternalError, RecordError) as error:
        logger.info("not taken back", extra={"reversal": row.pk, "error": str(error)})
        return False
    return let_go(row, found, now)


def let_go(row: ReceiptReversal, seen: ErpReceipt | None, now: datetime) -> bool:
    """The reversal is not in Sage 500, and nobody wants it any more.

    seen: its receipt there. Whoever took its applications back, because it was to be reversed, is
    asked to apply it again where its money counts again.
    """
    with database.atomic():
        if not move_on(row, ReversalState.WITHDRAWN, ""):
            return False
        receipt = row.receipt
        if seen is not None and counts_again(receipt) and is_unapplied(receipt, seen):
            ask_to_apply_again(receipt, now)
    return True


def counts_again(receipt: CashReceipt) -> bool:
    held = balances_of([receipt.transaction]).get(receipt.transaction_id, {})
    return any(held.get(bucket) for bucket in TAKE_ORDER)


def is_unapplied(receipt: CashReceipt, seen: ErpReceipt) -> bool:
    """More of it is on account there than was sent so."""
    if seen.state != ErpReceiptState.POSTED or seen.reversed_by or seen.unapplied is None:
        return False
    return seen.unapplied > Money(receipt.match.unapplied, receipt.currency)


def ask_to_apply_again(receipt: CashReceipt, now: datetime) -> None:
    parts = applications_of([receipt.match_id]).get(receipt.match_id, [])
    listed = ", ".join(f"{one.invoice_tran_id} by {one.amount}" for one in parts[:NAMED])
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    sentence = (
        f"Receipt {receipt.erp_tran_id or receipt.tran_no} counts again, but its applications were "
        f"taken back in Sage 500 while it was to be reversed. Apply it to {listed}{more}."
    )
    money = Money(receipt.amount, receipt.currency)
    row = receipt.transaction
    key = apply_key(receipt.pk)
    open_items(
        row.company, [Finding(key, Reason.TO_APPLY_AGAIN, sentence, money, row, receipt)], now=now
    )
