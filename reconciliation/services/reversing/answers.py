"""What each answer of the ERP means for a reversal, and what people read about it meanwhile."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction as database

from paysync.domain.ledger import (
    ErpReceipt,
    ErpReceiptState,
    ReversalNo,
    ReversalState,
    SubmitCode,
    SubmitResult,
    require_reversal_edge,
)
from reconciliation.domain.backoff import delay_s
from reconciliation.models import ErpBatch, ReceiptReversal
from reconciliation.services.posting.answers import to_result
from reconciliation.services.posting.tries import MOST_TRIES
from reconciliation.services.reversing.wanted import asking_items

logger = logging.getLogger(__name__)

HOUR, DAY, SOON = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
ENDED = frozenset({ErpReceiptState.DELETED, ErpReceiptState.WITHDRAWN})
AGAIN = frozenset({SubmitCode.RETRYABLE, SubmitCode.BATCH_NOT_OPEN})

CLOSED = "The period of {} is closed for AR: paysync hands the reversal over once it is open."
NOT_REHEARSED = (
    "Nobody has rehearsed here that paysync reverses receipts: reverse it in Sage 500 yourself. "
    "paysync asks again tomorrow."
)
STILL_APPLIED = (
    "Take the applications of receipt {} back in Sage 500 first. paysync then reverses the receipt "
    "itself, within the hour."
)
HANDED_OVER = (
    "paysync has handed over the reversal {}{}: post that batch in Sage 500, and do not reverse "
    "the receipt yourself. The item closes by itself."
)
UNKNOWN = (
    "It is not known whether Sage 500 has the reversal {}: paysync asks again, enter nothing yet. "
    "({})"
)
REFUSED = "Sage 500 took no reversal: {}. Reverse the receipt there yourself."
DELETED = (
    "The reversal {} is gone from Sage 500, and paysync makes no other: reverse the receipt there "
    "yourself, or say in a note why it stays."
)
LATER = "The reversal is not handed over yet: {}. paysync tries again by itself."


def settle(row: ReceiptReversal, result: SubmitResult, now: datetime) -> bool:
    """Write down the ERP's answer. Whether it has the reversal now."""
    message = result.message or result.reason or "Sage 500 gave no reason"
    if result.code in {SubmitCode.CREATED, SubmitCode.ALREADY_THERE}:
        return note_submitted(row, result, now)
    if result.code == SubmitCode.PERIOD_CLOSED:
        wait(row, CLOSED.format(row.post_date), HOUR, now)
    elif result.reason == ReversalNo.STILL_APPLIED:
        receipt = row.receipt
        wait(row, STILL_APPLIED.format(receipt.erp_tran_id or receipt.tran_no), HOUR, now)
    elif result.reason == ReversalNo.NOT_REHEARSED:
        wait(row, NOT_REHEARSED, DAY, now)
    elif result.code == SubmitCode.VALIDATION_ERROR:
        refuse(row, message)
    elif row.failures + 1 >= MOST_TRIES:
        refuse(row, f"given up after {MOST_TRIES} tries, {message}")
    elif result.code in AGAIN:
        try_later(row, message, now, answered=True)
    else:  # an error over there, or its key is taken: a look tells
        note_unknown(row, message, now, answered=True)
    return False


def note_found(row: ReceiptReversal, seen: ErpReceipt, now: datetime) -> bool:
    """An earlier try got through, whatever became of it since."""
    if seen.state == ErpReceiptState.UNREADABLE:
        note_unknown(row, seen.message, now)
        return False
    if seen.state in ENDED:
        move_on(row, ReversalState.DELETED_IN_ERP, DELETED.format(row))
        return False
    return note_submitted(row, to_result(seen), now)


def note_submitted(row: ReceiptReversal, result: SubmitResult, now: datetime) -> bool:
    batch = batch_of(row, result, now)
    where = f" (batch {batch})" if batch else ""
    text = HANDED_OVER.format(result.tran_id or row.tran_no, where)
    changes = {
        "submitted_at": now,
        "erp_key": result.receipt_key,
        "erp_tran_id": result.tran_id,
        "erp_batch": batch,
        "failures": 0,
    }
    return move_on(row, ReversalState.SUBMITTED, text, **changes)


def batch_of(row: ReceiptReversal, result: SubmitResult, now: datetime) -> ErpBatch | None:
    if not result.batch_key:
        return None
    batch, _ = ErpBatch.objects.get_or_create(
        company_id=row.receipt.company_id,
        erp_key=result.batch_key,
        defaults={
            "batch_id": result.batch_id,
            "cash_account_id": row.receipt.cash_account_id,
            "post_date": row.post_date,
            "first_seen_at": now,
        },
    )
    return batch


def wait(row: ReceiptReversal, text: str, pause: timedelta, now: datetime) -> None:
    """A clear no that goes away: by a person, or in time."""
    move_on(row, ReversalState.DUE, text, due_at=now + pause, failures=0)


def try_later(row: ReceiptReversal, why: str, now: datetime, *, answered: bool = False) -> None:
    """Nothing happened over there. answered: not so in an outage, which gives up nothing."""
    failures = row.failures + answered
    pause = timedelta(seconds=delay_s(failures or 1, row.pk))
    text = LATER.format(why.rstrip("."))
    move_on(row, ReversalState.DUE, text, due_at=now + pause, failures=failures)


def note_unknown(row: ReceiptReversal, why: str, now: datetime, *, answered: bool = False) -> None:
    """It may have happened: looked up before anything is sent again."""
    text = UNKNOWN.format(row, why)
    changes = {"due_at": now + SOON, "failures": row.failures + answered}
    move_on(row, ReversalState.UNKNOWN, text, **changes)


def refuse(row: ReceiptReversal, why: str) -> None:
    """A clear no that stays: a person reverses the receipt."""
    move_on(row, ReversalState.REFUSED, REFUSED.format(why.rstrip(".")))


def move_on(
    row: ReceiptReversal,
    state: ReversalState,
    text: str,
    **changes: Any,
) -> bool:
    """Along a listed edge, with what the open item says about it. False: another run has it now."""
    require_reversal_edge(ReversalState(row.state), state)
    with database.atomic():
        mine = ReceiptReversal.objects.filter(pk=row.pk, state=row.state, claimed_at=row.claimed_at)
        if not mine.update(state=state, last_error=text[:400], **changes):
            logger.warning("reversal was taken over", extra={"reversal": row.pk, "state": state})
            return False
        asking_items().filter(receipt_id=row.receipt_id).update(progress=text[:300])
    row.state = state
    return True
