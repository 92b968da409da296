"""Ask the ERP to take a receipt back, and write down each answer at once."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from django.db import transaction as database

from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
    RuleError,
)
from paysync.domain.ledger import ErpReceiptState, ReceiptState, SubmitCode, SubmitResult
from paysync.domain.money import Money
from paysync.ports import ErpLedger
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    left_key,
    open_items,
    receipt_key,
)
from reconciliation.services.lookups import find_receipts
from reconciliation.services.releasing import (
    active_match,
    end_match,
    live_receipt,
    wait_again,
)
from reconciliation.services.withdrawing.tries import (
    Asked,
    Undone,
    end_try,
    give_up,
    its_try,
    name_of,
)

TAKEN_BACK = frozenset({SubmitCode.CREATED, SubmitCode.ALREADY_THERE})
#: The ERP has the receipt no more, and what that makes of ours.
GONE = {
    ErpReceiptState.WITHDRAWN: ReceiptState.WITHDRAWN,
    ErpReceiptState.DELETED: ReceiptState.DELETED_IN_ERP,
    ErpReceiptState.NOT_FOUND: ReceiptState.DELETED_IN_ERP,
}
#: The ERP's clear answers that nothing was taken back.
REFUSED = frozenset({SubmitCode.BATCH_NOT_OPEN, SubmitCode.VALIDATION_ERROR, SubmitCode.RETRYABLE})


def take_back(asked: Asked, ledger: ErpLedger, now: datetime) -> Undone:
    """Look, then take back; each answer is written down at once."""
    key = asked.receipt.idempotency_key
    try:
        found = find_receipts([key], ledger).get(key)
    except (ExternalError, RecordError) as error:
        give_up(asked, "not asked", str(error), now)
        raise
    state = found.state if found is not None else ErpReceiptState.NOT_FOUND
    if state in GONE:
        return finish(asked, now, GONE[state])
    if state == ErpReceiptState.POSTED:
        refuse(asked, SubmitResult(SubmitCode.BATCH_NOT_OPEN, message="it is posted"), now)
    try:
        result = ledger.withdraw_receipt(key)
    except OutcomeUnknownError as error:
        return note_unknown(asked, str(error), now)
    except (ExternalError, RecordError) as error:
        if isinstance(error, RejectedError) and not isinstance(error, CredentialError):
            # it lay there a moment ago: no earlier try has taken it either
            refuse(asked, SubmitResult(SubmitCode.ERROR, message=str(error)), now)
        give_up(asked, "not taken back", str(error), now)
        raise
    if result.code in TAKEN_BACK:
        return finish(asked, now)
    if result.code in REFUSED:
        refuse(asked, result, now)
    return note_unknown(asked, result.message or "Sage 500 answered with an error", now)


def refuse(asked: Asked, result: SubmitResult, now: datetime) -> NoReturn:
    """A clear no: the match stays as it is."""
    why = result.message or result.reason or "Sage 500 refused it"
    end_try(asked, "not taken back", why, now)
    key = receipt_key(asked.receipt.pk)
    close_items(asked.receipt.company, [key], "Answered.", now=now, only=Reason.OUTCOME_UNKNOWN)
    if result.code == SubmitCode.BATCH_NOT_OPEN:
        raise RuleError(
            f"It is too late to take receipt {name_of(asked.receipt)} back: {why}. "
            "Once it is posted it can be reversed."
        )
    raise RuleError(f"Receipt {name_of(asked.receipt)} was not taken back: {why}.")


def note_unknown(asked: Asked, why: str, now: datetime) -> Undone:
    """It may have been taken back: the try stays open until that is known."""
    receipt = asked.receipt
    with database.atomic():
        its_try(asked).update(outcome="undo unknown")
        sentence = f"It is not known whether receipt {name_of(receipt)} was taken back: {why}"
        open_items(
            receipt.company,
            [
                Finding(
                    receipt_key(receipt.pk),
                    Reason.OUTCOME_UNKNOWN,
                    sentence,
                    Money(receipt.amount, receipt.currency),
                    receipt.transaction,
                    receipt,
                )
            ],
            now=now,
        )
    return Undone.UNKNOWN


def finish(asked: Asked, now: datetime, state: ReceiptState = ReceiptState.WITHDRAWN) -> Undone:
    """The ERP has the receipt no more: the match ends, whatever was seen of it meanwhile."""
    with database.atomic():
        row = locked(GatewayTransaction.objects.all()).get(pk=asked.receipt.transaction_id)
        receipt = CashReceipt.objects.select_for_update().get(pk=asked.receipt.pk)
        if receipt.state == ReceiptState.SUBMITTED:
            receipt.state = state
            receipt.last_error = f"Taken back: {asked.reason}."[:400]
            receipt.save(update_fields=["state", "last_error"])
        match = active_match(row)
        if match is not None and match.pk == receipt.match_id:
            later = live_receipt(row)  # somebody may have sent it again meanwhile
            if end_match(row, later, asked.actor, asked.reason, now=now):
                wait_again(row, asked.actor, asked.reason, now)
            elif later is not None:
                tell_sent_again(row, receipt, later, now)
        end_try(asked, "taken back", asked.reason, now)
        keys = [receipt_key(receipt.pk), left_key(receipt.pk)]
        close_items(row.company, keys, "Taken back.", now=now)
    return Undone.DONE


def tell_sent_again(
    row: GatewayTransaction, receipt: CashReceipt, later: CashReceipt, now: datetime
) -> None:
    """The match stays: a later receipt of it is, or may be, in Sage 500."""
    sentence = (
        f"Receipt {name_of(receipt)} was taken back, but receipt {name_of(later)} of the same "
        "match was sent since: undo the match again."
    )
    money = Money(later.amount, later.currency)
    finding = Finding(left_key(later.pk), Reason.STATE_CONFLICT, sentence, money, row, later)
    open_items(row.company, [finding], now=now)
