"""What people and reports say of a dispute: its state, deadline, owner, answer, fee."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database

from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.money import Money
from paysync.domain.redaction import redact
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.disputes.facts import check_deadline
from reconciliation.domain.disputes.states import (
    OPEN_DISPUTES,
    DisputeState,
    Turn,
    require_dispute_edge,
    told,
    turn,
)
from reconciliation.models import Dispute, DisputeEvent, GatewayTransaction
from reconciliation.services.disputing.events import note
from reconciliation.services.disputing.fees import add_fee
from reconciliation.services.disputing.money import give_back
from reconciliation.services.disputing.opening import CHANGES, take_and_tell
from reconciliation.services.matching.applying import lock_payment

DECIDES = "reconciliation.decide_dispute"
NOTE_LENGTH = 400
ANSWER_LENGTH = 4000
MOST_FEE = Money.parse("1000000.00").amount
Kind = DisputeEvent.Kind


@contextmanager
def locked_case(
    dispute_id: int, revision: int | None = None
) -> Iterator[tuple[Dispute, GatewayTransaction | None]]:
    """The dispute and its payment, locked in the order in which all money is.

    Raises ConflictError where the case is not as the person saw it (`revision`).
    """
    with database.atomic():
        payment_id = Dispute.objects.values_list("transaction_id", flat=True).get(pk=dispute_id)
        row = lock_payment(payment_id) if payment_id else None
        dispute = locked(Dispute.objects.all()).get(pk=dispute_id)
        if dispute.transaction_id != payment_id:
            raise ConflictError("The case was given its payment a moment ago: look again.")
        if revision is not None and dispute.revision != revision:
            last = dispute.events.order_by("-pk").first()
            who = f" by {last.actor}: {last.text}" if last else "."
            raise ConflictError(f"The case was changed meanwhile{who}")
        dispute.revision += 1
        yield dispute, row
        dispute.save()


def require(user: AbstractUser, permission: str) -> str:
    """The name for the timeline. Raises PermissionDenied."""
    if not user.has_perm(permission):
        raise PermissionDenied
    return str(user.get_username())


def one_line(text: str, most: int = NOTE_LENGTH) -> str:
    """A note without anything that looks like card data. Raises RuleError where it is too long."""
    text = " ".join(text.split())
    if len(text) > most:
        raise RuleError(f"The note is longer than {most} characters: shorten it.")
    return str(redact(text)[0])


def change_state(
    dispute_id: int,
    state: DisputeState,
    *,
    user: AbstractUser,
    now: datetime,
    text: str = "",
    revision: int | None = None,
) -> Dispute:
    """Move a case along. A loss rewinds what the payment paid, a win replays it; any number of
    times.

    Who may say how it ended needs more than who works on it. Raises PermissionDenied, StateError
    for an edge that is not listed, ConflictError.
    """
    actor = require(user, CHANGES if state in OPEN_DISPUTES else DECIDES)
    text = one_line(text)
    with locked_case(dispute_id, revision) as (dispute, row):
        move_to(dispute, row, state, actor, now, text)
    return dispute


def move_to(
    dispute: Dispute,
    row: GatewayTransaction | None,
    state: DisputeState,
    actor: str,
    now: datetime,
    text: str = "",
) -> None:
    old = DisputeState(dispute.state)
    require_dispute_edge(old, state)
    dispute.state = state
    dispute.ended_at = None if state in OPEN_DISPUTES else now
    dispute.save(update_fields=["state", "ended_at"])
    said = f"{told(state).capitalize()}. {text}".strip()
    note(dispute, Kind.STATE, said, actor, now)
    record(actor, f"dispute {told(state)}", dispute, {"from": old, "note": text})
    if row is None:
        return
    match turn(old, state):
        case Turn.REWIND:
            take_and_tell(dispute, row, now)
        case Turn.REPLAY:
            give_back(dispute, row, now)
        case Turn.NOTHING:
            pass


def set_deadline(
    dispute_id: int, due: date, *, user: AbstractUser, now: datetime, revision: int | None = None
) -> Dispute:
    actor = require(user, CHANGES)
    with locked_case(dispute_id, revision) as (dispute, _):
        check_deadline(dispute.opened_on, due)
        dispute.evidence_due_on, dispute.is_due_estimated = due, False
        dispute.reminded_on = None
        note(dispute, Kind.CHANGED, f"Evidence is due {due:%Y-%m-%d}.", actor, now)
        record(actor, "dispute deadline", dispute, {"due": due})
    return dispute


def set_owner(
    dispute_id: int, owner: AbstractUser | None, *, user: AbstractUser, now: datetime
) -> Dispute:
    actor = require(user, CHANGES)
    if owner is not None and not owner.has_perm("reconciliation.view_dispute"):
        raise RuleError(f"{owner.get_username()} may not see disputes.")
    with locked_case(dispute_id) as (dispute, _):
        dispute.owner_id = owner.pk if owner else None
        name = owner.get_username() if owner else "nobody"
        note(dispute, Kind.CHANGED, f"Given to {name}.", actor, now)
        record(actor, "dispute assigned", dispute, {"to": name})
    return dispute


def write_answer(
    dispute_id: int, text: str, *, user: AbstractUser, now: datetime, revision: int | None = None
) -> Dispute:
    """What we answer to the claim. Card data is taken out of it."""
    actor = require(user, CHANGES)
    text = text.strip()
    if len(text) > ANSWER_LENGTH:
        raise RuleError(f"The answer is longer than {ANSWER_LENGTH} characters: shorten it.")
    with locked_case(dispute_id, revision) as (dispute, _):
        dispute.representment = str(redact(text)[0])
        note(dispute, Kind.CHANGED, "The answer was written anew.", actor, now)
        record(actor, "dispute answer", dispute, {"characters": len(text)})
    return dispute


def add_note(dispute_id: int, text: str, *, user: AbstractUser, now: datetime) -> Dispute:
    actor = require(user, CHANGES)
    text = one_line(text)
    if not text:
        raise RuleError("Write something first.")
    with locked_case(dispute_id) as (dispute, _):
        note(dispute, Kind.NOTE, text, actor, now)
    return dispute


def charge_fee(dispute_id: int, fee: Money, *, user: AbstractUser, now: datetime) -> Dispute:
    """A fee of the processor. Raises RuleError for another currency or an amount that cannot be."""
    actor = require(user, CHANGES)
    with locked_case(dispute_id) as (dispute, _):
        if fee.currency != dispute.currency:
            raise RuleError(f"The case is in {dispute.currency}, the fee in {fee.currency}.")
        if not 0 < fee.amount < MOST_FEE:
            raise RuleError("A fee is more than zero, and less than a million.")
        add_fee(dispute, fee, actor, now)
        record(actor, "dispute fee", dispute, {"fee": str(fee)})
    return dispute
