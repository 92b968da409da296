"""Undo a match whose receipt is in Sage 500: take the receipt back there first.

As with sending, the try is written down before the call, and an outcome that nobody knows is kept
as such and asked about. Taking back is safe to repeat: the ERP says when it was done already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction as database
from django.db.models import QuerySet

from paysync.domain.errors import (
    ConflictError,
    ExternalError,
    OutcomeUnknownError,
    RecordError,
    RuleError,
)
from paysync.domain.ledger import ErpReceiptState, ReceiptState, SubmitCode, SubmitResult
from paysync.domain.money import Money
from paysync.ports import ErpLedger
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import Application, CashReceipt, GatewayTransaction, PostingAttempt
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
    require_match,
    unmatch,
    wait_again,
)

#: How a try that takes a receipt back is told from one that sends it; the person's name follows.
WORKER = "undo: "
#: A try that did not end within this time lost its worker.
LEASE = timedelta(minutes=2)
TAKEN_BACK = frozenset({SubmitCode.CREATED, SubmitCode.ALREADY_THERE})
#: The ERP's clear answers that nothing was taken back.
REFUSED = frozenset({SubmitCode.BATCH_NOT_OPEN, SubmitCode.VALIDATION_ERROR, SubmitCode.RETRYABLE})


class Undone(StrEnum):
    """What came of undoing a match: done; not known yet; a person reverses it in Sage 500."""

    DONE = "done"
    UNKNOWN = "unknown"
    TO_REVERSE = "to_reverse"


@dataclass(frozen=True, slots=True)
class Asked:
    """A try to take a receipt back, written down before the call. may_be_done: it was asked for
    before, and nobody knows what came of it.
    """

    receipt: CashReceipt
    number: int
    actor: str
    reason: str
    may_be_done: bool = False


def reverse_key(receipt_id: int) -> str:
    """The key of "reverse this receipt in Sage 500"."""
    return f"reverse:{receipt_id}"


def withdraw_and_unmatch(
    transaction_id: int,
    *,
    ledger: ErpLedger,
    actor: str,
    reason: str,
    now: datetime,
    expected_revision: int | None = None,
) -> Undone:
    """Undo a match, wherever its receipt is.

    Not in the ERP: taken back here. In a batch that is still open: withdrawn there, then undone.
    Posted: the match stays, and an item tells a person to reverse the receipt. Raises ConflictError
    where somebody else was quicker, RuleError where it cannot be undone now, and ExternalError
    where the ERP was not reached; then nothing has changed.
    """
    asked = claim(transaction_id, actor, reason, now, expected_revision)
    if isinstance(asked, Undone):
        return asked
    return take_back(asked, ledger, now)


def claim(
    transaction_id: int, actor: str, reason: str, now: datetime, expected_revision: int | None
) -> Asked | Undone:
    """What needs no call is done at once; else the try is committed before any call."""
    with database.atomic():
        row = locked(GatewayTransaction.objects.all()).get(pk=transaction_id)
        require_match(row, expected_revision)
        receipt = live_receipt(row)
        if receipt is not None and receipt.state == ReceiptState.SUBMITTED:
            return new_try(receipt, actor, reason, now)
        if receipt is not None and receipt.state == ReceiptState.POSTED:
            ask_to_reverse(row, receipt, actor, reason, now)
            return Undone.TO_REVERSE
        if receipt is not None and receipt.state == ReceiptState.EDITED_IN_ERP:
            raise RuleError(
                f"Receipt {receipt.erp_tran_id or receipt.tran_no} was changed in Sage 500: "
                "delete it there, then undo the match."
            )
        unmatch(transaction_id, actor=actor, reason=reason, now=now)
    return Undone.DONE


def new_try(receipt: CashReceipt, actor: str, reason: str, now: datetime) -> Asked:
    """Raises ConflictError while another try to take it back is under way."""
    running = tries().filter(receipt=receipt, ended_at__isnull=True).order_by("number").last()
    if running is not None and running.started_at > now - LEASE:
        raise ConflictError(f"{running.worker.removeprefix(WORKER)} is undoing this match already.")
    lost = tries().filter(receipt=receipt, ended_at__isnull=True)
    had_lost = lost.update(ended_at=now, outcome="lost, asked again") > 0
    receipt.attempts_made += 1
    receipt.save(update_fields=["attempts_made"])
    PostingAttempt.objects.create(
        receipt=receipt,
        number=receipt.attempts_made,
        worker=f"{WORKER}{actor}"[:80],
        started_at=now,
        message=reason[:400],
    )
    # a lost try may have got through: then this one stays open until that is known
    return Asked(receipt, receipt.attempts_made, actor, reason, may_be_done=had_lost)


def tries() -> QuerySet[PostingAttempt]:
    return PostingAttempt.objects.filter(worker__startswith=WORKER)


def take_back(asked: Asked, ledger: ErpLedger, now: datetime) -> Undone:
    """Look, then take back; each answer is written down at once."""
    key = asked.receipt.idempotency_key
    try:
        found = find_receipts([key], ledger).get(key)
    except (ExternalError, RecordError) as error:
        give_up(asked, "not asked", str(error), now)
        raise
    if found is not None and found.state == ErpReceiptState.WITHDRAWN:
        return finish(asked, now)
    try:
        result = ledger.withdraw_receipt(key)
    except OutcomeUnknownError as error:
        return note_unknown(asked, str(error), now)
    except (ExternalError, RecordError) as error:
        give_up(asked, "not taken back", str(error), now)
        raise
    if result.code in TAKEN_BACK:
        return finish(asked, now)
    if result.code in REFUSED:
        refuse(asked, result, now)
    return note_unknown(asked, result.message or "Sage 500 answered with an error", now)


def refuse(asked: Asked, result: SubmitResult, now: datetime) -> None:
    """A clear no: the match stays as it is."""
    why = result.message or result.reason or "Sage 500 refused it"
    end_try(asked, "not taken back", why, now)
    close_items(asked.receipt.company, [receipt_key(asked.receipt.pk)], "Answered.", now=now)
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


def finish(asked: Asked, now: datetime) -> Undone:
    """The ERP has taken the receipt back: the match ends, whatever was seen of it meanwhile."""
    with database.atomic():
        row = locked(GatewayTransaction.objects.all()).get(pk=asked.receipt.transaction_id)
        receipt = CashReceipt.objects.select_for_update().get(pk=asked.receipt.pk)
        if receipt.state == ReceiptState.SUBMITTED:
            receipt.state = ReceiptState.WITHDRAWN
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
        close_items(row.company, [receipt_key(receipt.pk)], "Taken back.", now=now)
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


def resume_withdrawals(company_id: int, *, ledger: ErpLedger, now: datetime) -> int:
    """Ask about tries whose outcome is not known, or whose worker is gone. Returns how many ended.

    Call it before the receipts are followed: a receipt that is gone from its batch because we took
    it back is not one that somebody deleted.
    """
    ended = 0
    failed: list[Exception] = []
    lost = tries().filter(
        receipt__company_id=company_id, ended_at__isnull=True, started_at__lte=now - LEASE
    )
    for found in lost.select_related("receipt__company", "receipt__transaction").order_by("pk"):
        actor = found.worker.removeprefix(WORKER)
        asked = Asked(found.receipt, found.number, actor, found.message, may_be_done=True)
        try:
            ended += take_back(asked, ledger, now) == Undone.DONE
        except RuleError:  # a clear no ends the try; the person sees the match as it was
            ended += 1
        except (ExternalError, RecordError) as error:  # one that fails holds up no other
            failed.append(error)
    if failed:
        raise failed[0]
    return ended


def is_being_taken_back(receipt: CashReceipt) -> bool:
    """Whether a try to take it back has an outcome that nobody knows yet."""
    return tries().filter(receipt=receipt, ended_at__isnull=True).exists()


def its_try(asked: Asked) -> QuerySet[PostingAttempt]:
    return PostingAttempt.objects.filter(receipt=asked.receipt, number=asked.number)


def end_try(asked: Asked, outcome: str, message: str, now: datetime) -> None:
    its_try(asked).update(ended_at=now, outcome=outcome[:30], message=message[:400])


def give_up(asked: Asked, outcome: str, message: str, now: datetime) -> None:
    """This call did nothing over there. One before it may have: then the try stays open."""
    if not asked.may_be_done:
        end_try(asked, outcome, message, now)


def name_of(receipt: CashReceipt) -> str:
    return receipt.erp_tran_id or receipt.tran_no


def ask_to_reverse(
    row: GatewayTransaction, receipt: CashReceipt, actor: str, reason: str, now: datetime
) -> None:
    """Every reference a clerk needs to reverse the receipt in Sage 500."""
    batch = receipt.erp_batch.batch_id if receipt.erp_batch else "unknown"
    paid = Application.objects.filter(match=receipt.match).order_by("pk")
    tran_ids = list(paid.values_list("invoice__tran_id", flat=True)[:4])
    sentence = (
        f"Reverse receipt {name_of(receipt)} (batch {batch}, posted {receipt.posted_on}) of "
        f"{receipt.customer.customer_id}, {Money(receipt.amount, receipt.currency)}, "
        f"for {', '.join(tran_ids) or 'on account'}; {actor}: {reason}"
    )
    money = Money(receipt.amount, receipt.currency)
    finding = Finding(reverse_key(receipt.pk), Reason.TO_REVERSE, sentence, money, row, receipt)
    open_items(row.company, [finding], now=now)
