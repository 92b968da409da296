"""What people do with open items: take one, park one, resolve one. Jobs use leftovers.py."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction as database
from django.utils import timezone

from paysync.domain.errors import RuleError
from paysync.domain.ledger import ReceiptState
from paysync.services.audit import record
from reconciliation.domain.reasons import Reason
from reconciliation.domain.refunds.states import RefundState
from reconciliation.models import ReceiptReversal, ReconcilingItem, RefundRequest
from reconciliation.services.reversing.wanted import ASKED, MAY_COUNT

#: Receipt states in which paysync itself is not finished with the receipt.
UNDECIDED = frozenset({ReceiptState.SENDING, ReceiptState.UNKNOWN})


def assign_item(item_id: int, *, owner: AbstractBaseUser | None, actor: str) -> ReconcilingItem:
    """Give an open item to a person, or to nobody. Raises RuleError once it is resolved."""
    with database.atomic():
        item = get_open(item_id)
        before = item.owner.get_username() if item.owner else ""
        after = owner.get_username() if owner else ""
        if before == after:
            return item
        item.owner_id = owner.pk if owner else None
        change(item, ["owner"], actor, "item assigned", {"from": before, "to": after})
    return item


def park_item(item_id: int, *, due_on: date | None, actor: str) -> ReconcilingItem:
    """Set the day an open item is due again, or take it away. Raises RuleError on a past day."""
    if due_on and due_on < timezone.localdate():
        raise RuleError("The due date lies in the past: choose today or a later day.")
    with database.atomic():
        item = get_open(item_id)
        before = item.due_on
        item.due_on = due_on
        change(item, ["due_on"], actor, "item parked", {"from": before, "to": due_on})
    return item


def resolve_item(item_id: int, *, actor: str, note: str) -> ReconcilingItem:
    """Close an open item with a note that says what was decided.

    Raises RuleError without a note, on an item that is closed already, and where paysync itself
    is not finished with the receipt.
    """
    note = " ".join(note.split())
    if not note:
        raise RuleError("Write a note first: say what was decided and why.")
    if len(note) > 300:
        raise RuleError("The note is longer than 300 characters: shorten it.")
    with database.atomic():
        item = get_open(item_id)
        objection = objection_to(item)
        if objection:
            raise RuleError(objection)
        item.state = ReconcilingItem.State.RESOLVED
        item.resolved_at = timezone.now()
        item.resolved_by = actor[:150]
        item.resolution = note
        fields = ["state", "resolved_at", "resolved_by", "resolution"]
        change(item, fields, actor, "item resolved", {"reason": item.reason, "note": note})
    return item


def get_open(item_id: int) -> ReconcilingItem:
    """The item, locked. Raises RuleError when it is resolved already."""
    item = ReconcilingItem.objects.select_for_update().get(pk=item_id)
    if item.state != ReconcilingItem.State.OPEN:
        raise RuleError(f"{item.resolved_by or 'paysync'} has resolved this item already.")
    return item


def change(
    item: ReconcilingItem, fields: list[str], actor: str, action: str, detail: dict[str, Any]
) -> None:
    item.save(update_fields=fields)
    record(actor, action, item, detail)


def objection_of_refund(item: ReconcilingItem) -> str:
    """A refund that may have been made is told of on its own page: a note would hide it."""
    asked = RefundRequest.objects.filter(
        transaction_id=item.transaction_id, state=RefundState.UNKNOWN
    )
    if item.reason == Reason.OUTCOME_UNKNOWN and asked.exists():
        return (
            "paysync is still asking PayTrace about this refund. If you looked it up, say so on "
            "the refund's page, which the payment names."
        )
    return ""


def objection_to(item: ReconcilingItem) -> str:
    """Why the item must stay open: paysync itself is not finished with its receipt. "" if not.

    Anything else a person may decide: the note then explains the money (decision 0006).
    """
    if item.receipt is None:
        return objection_of_refund(item)
    state = ReceiptState(item.receipt.state)
    reversals = ReceiptReversal.objects.filter(receipt=item.receipt, state__in=MAY_COUNT)
    if item.reason in ASKED and reversals.exists():
        return (
            "Sage 500 has, or may have, the reversal of this receipt: posting it closes the item."
        )
    if state in UNDECIDED:
        return "paysync is still asking Sage 500 about this receipt and closes the item itself."
    if state == ReceiptState.HELD and item.reason == Reason.PERIOD_CLOSED:
        return "The receipt still waits for its period: the item closes once it goes out."
    return ""
