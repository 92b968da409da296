"""Write down what came of a receipt: its state, its attempt, its open item, in one transaction."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction as database

from paysync.domain.ledger import ReceiptState, SubmitCode, SubmitResult, require_edge
from paysync.domain.money import Money
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, ErpBatch, PostingAttempt
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    left_key,
    open_items,
    receipt_key,
)

logger = logging.getLogger(__name__)


def note_outcome(
    row: CashReceipt,
    state: ReceiptState,
    outcome: str,
    message: str,
    now: datetime,
    *,
    code: SubmitCode | None = None,
    due_at: datetime | None = None,
    item: Reason | None = None,
) -> None:
    """Move a receipt along a listed edge, complete its open attempt, open or close its item.

    item: the reason of the open item; None closes the one there is.
    """
    require_edge(ReceiptState(row.state), state)
    changes: dict[str, Any] = {
        "last_error": message[:400],
        "due_at": due_at or row.due_at,
        "held_because": item.value if state == ReceiptState.HELD and item else "",
    }
    with database.atomic():
        if not move_on(row, state, changes):
            return
        end_attempt(row, outcome, message, now, code)
        tell(row, item, message, now)


def move_on(row: CashReceipt, state: ReceiptState, changes: dict[str, Any]) -> bool:
    """Write the new state unless another worker has taken the receipt over meanwhile.

    A worker that was taken for dead and comes back must not overwrite what was found out since.
    """
    updated = CashReceipt.objects.filter(
        pk=row.pk, state=row.state, attempts_made=row.attempts_made
    ).update(state=state, **changes)
    if not updated:
        logger.warning("receipt was taken over", extra={"receipt_id": row.pk, "state": state})
        return False
    row.state = state
    for name, value in changes.items():
        setattr(row, name, value)
    return True


def end_attempt(
    row: CashReceipt, outcome: str, message: str, now: datetime, code: SubmitCode | None
) -> None:
    """Complete the try. What Sage 500 answered stays, also when a look-up ends the try again."""
    changes: dict[str, Any] = {"ended_at": now, "outcome": outcome[:30], "message": message[:400]}
    if code is not None:
        changes["code"] = code
    PostingAttempt.objects.filter(receipt=row, number=row.attempts_made).update(**changes)


def tell(row: CashReceipt, item: Reason | None, message: str, now: datetime) -> None:
    key = receipt_key(row.pk)
    if item is None:
        close_items(row.company, [key], "The receipt got on.", now=now)
        return
    finding = Finding(
        key, item, f"Receipt {row.tran_no}: {message}", Money(row.amount, row.currency),
        row.transaction, row,
    )  # fmt: skip
    open_items(row.company, [finding], now=now)
    if item == Reason.MONEY_WENT_BACK:  # held after a look: Sage 500 does not have the receipt
        close_items(row.company, [left_key(row.pk)], "It is not in Sage 500.", now=now)


def hold(
    row: CashReceipt,
    reason: Reason,
    message: str,
    *,
    now: datetime,
    code: SubmitCode | None = None,
) -> None:
    """A clear no: the receipt waits for a person, or for its cause to go away."""
    note_outcome(row, ReceiptState.HELD, "held", message, now, code=code, item=reason)


def submitted(
    row: CashReceipt,
    result: SubmitResult,
    now: datetime,
    batches: dict[str, ErpBatch] | None = None,
) -> None:
    """The ERP has it: keep its keys and its batch.

    batches: those a group of receipts has met so far, by key, so that each is looked up once.
    """
    require_edge(ReceiptState(row.state), ReceiptState.SUBMITTED)
    with database.atomic():
        changes: dict[str, Any] = {
            "submitted_at": now,
            "erp_key": result.receipt_key,
            "erp_tran_id": result.tran_id,
            "erp_batch": batch_of(row, result, now, {} if batches is None else batches),
            "last_error": "",
            "held_because": "",
        }
        is_first_try = row.state == ReceiptState.SENDING and row.attempts_made == 1
        if move_on(row, ReceiptState.SUBMITTED, changes):
            end_attempt(row, "submitted", result.message, now, result.code)
            if not is_first_try:  # a first try has no open item to close
                tell(row, None, "", now)


def batch_of(
    row: CashReceipt, result: SubmitResult, now: datetime, batches: dict[str, ErpBatch]
) -> ErpBatch | None:
    if not result.batch_key:
        return None
    if result.batch_key in batches:
        return batches[result.batch_key]
    batch, _ = ErpBatch.objects.get_or_create(
        company_id=row.company_id,
        erp_key=result.batch_key,
        defaults={
            "batch_id": result.batch_id,
            "cash_account_id": row.cash_account_id,
            "post_date": row.post_date,
            "first_seen_at": now,
        },
    )
    batches[result.batch_key] = batch
    return batch
