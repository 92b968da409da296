"""What each answer of the ERP means for a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from paysync.domain.ledger import ErpReceipt, ReceiptState, SubmitCode, SubmitResult
from reconciliation.domain.backoff import delay_s
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, ErpBatch
from reconciliation.services.outcomes import hold, note_outcome, submitted
from reconciliation.services.posting.run import Patience
from reconciliation.services.posting.tries import GIVEN_UP, UNKNOWN, give_up, is_worn_out

REJECTED = {
    SubmitCode.PERIOD_CLOSED: Reason.PERIOD_CLOSED,
    SubmitCode.BALANCE_CHANGED: Reason.BALANCE_CHANGED,
    SubmitCode.KEY_REUSED: Reason.ERP_REJECTED,
    SubmitCode.VALIDATION_ERROR: Reason.ERP_REJECTED,
}
#: Validation reasons of the wrapper that have a reason of their own.
NAMED = {
    "inactive_customer": Reason.INACTIVE_CUSTOMER,
    "currency_mismatch": Reason.CURRENCY_MISMATCH,
    "bad_text": Reason.BAD_TEXT,
    "bad_amount": Reason.BAD_AMOUNT,
}


def to_result(found: ErpReceipt) -> SubmitResult:
    return SubmitResult(
        SubmitCode.ALREADY_THERE,
        found.receipt_key,
        found.batch_key,
        found.batch_id,
        found.tran_id,
        message="found by a look-up",
    )


def unreadable(found: ErpReceipt) -> str:
    """What people are told of a receipt that Sage 500 has and nobody can read."""
    return f"Sage 500 has something under its key that cannot be read: {found.message}"


def settle(
    row: CashReceipt,
    result: SubmitResult,
    now: datetime,
    patience: Patience,
    batches: dict[str, ErpBatch],
) -> str:
    """Write down the ERP's answer."""
    if result.code in {SubmitCode.CREATED, SubmitCode.ALREADY_THERE}:
        submitted(row, result, now, batches)
        return "submitted"
    if result.code in {SubmitCode.RETRYABLE, SubmitCode.BATCH_NOT_OPEN}:
        try_later(row, result.message, now, None, result.code)
        return "retry"
    if result.code in REJECTED:
        return refused(row, result, now)
    message = result.message or "Sage 500 answered with an error"
    note_unknown(row, message, now, patience.look_up_after_s, result.code)
    return UNKNOWN


def refused(row: CashReceipt, result: SubmitResult, now: datetime) -> str:
    """A clear no. One that would go by itself is given up when it comes again and again."""
    reason = NAMED.get(result.reason, REJECTED[result.code])
    message = result.message or result.reason
    if reason == Reason.PERIOD_CLOSED and is_worn_out(row, with_this=True):
        give_up(row, message, now, result.code)
        return GIVEN_UP
    hold(row, reason, message, now=now, code=result.code)
    return reason.value


def note_unknown(
    row: CashReceipt,
    message: str,
    now: datetime,
    look_up_after_s: float,
    code: SubmitCode | None = None,
) -> None:
    """It may have happened: look it up soon, send nothing meanwhile."""
    note_outcome(
        row,
        ReceiptState.UNKNOWN,
        UNKNOWN,
        message,
        now,
        code=code,
        due_at=now + timedelta(seconds=look_up_after_s),
        item=Reason.OUTCOME_UNKNOWN,
    )


def try_later(
    row: CashReceipt,
    message: str,
    now: datetime,
    retry_after_s: float | None,
    code: SubmitCode | None = None,
) -> None:
    """Nothing happened over there: due again after a pause.

    Held after too many tries that the ERP answered; an outage alone never gives up a receipt.
    """
    if code is not None and is_worn_out(row, with_this=True):
        give_up(row, message, now, code)
        return
    pause = max(delay_s(row.attempts_made, row.pk), retry_after_s or 0)
    note_outcome(
        row,
        ReceiptState.DUE,
        "not sent",
        message,
        now,
        code=code,
        due_at=now + timedelta(seconds=pause),
    )


def put_back(rows: Sequence[CashReceipt], now: datetime) -> None:
    """Claimed but not sent: due again at once."""
    for row in rows:
        note_outcome(row, ReceiptState.DUE, "not sent", "Claimed, but not sent now.", now)
