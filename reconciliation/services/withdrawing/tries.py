"""A try to take a receipt back: written down before the call, open until its end is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet

from paysync.domain.errors import ConflictError
from reconciliation.models import CashReceipt, PostingAttempt

#: How a try that takes a receipt back is told from one that sends it; the person's name follows.
WORKER = "undo: "
#: A try that did not end within this time lost its worker.
LEASE = timedelta(minutes=2)


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
