"""What people do about a payment without matching it: park, assign, note, set aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction as database
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from paysync.domain.errors import ConflictError, RuleError
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, ItemNote, ReconcilingItem, WorkStep
from reconciliation.services.items import change, objection_to
from reconciliation.services.leftovers import match_key
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.workbench.steps import (
    Deed,
    Kind,
    close_step,
    deed_of,
    name_of,
    payment_of,
    require_seen,
    touch,
    write_step,
)

State = ReconcilingItem.State
#: What parking, assigning and setting aside change of an item.
PARKED = ("due_on", "park_reason")
ASSIGNED = ("owner_id",)
RESOLVED = ("state", "resolved_at", "resolved_by", "resolution")


def park(
    payment_id: int, deed: Deed, *, due_on: date, reason: str, revision: int | None = None
) -> WorkStep:
    """Out of the list until that day. Raises RuleError without a reason or for a past day."""
    reason = " ".join(reason.split())
    if not reason:
        raise RuleError("Say what the payment waits for.")
    if len(reason) > 200:
        raise RuleError("The reason is longer than 200 characters: shorten it.")
    if due_on < timezone.localdate():
        raise RuleError("The due date lies in the past: choose today or a later day.")
    with database.atomic():
        row = lock_payment(payment_id)
        require_seen(row, revision)
        item = item_of(row, deed)
        before = values_of(item, PARKED)
        item.due_on, item.park_reason = due_on, reason
        change(item, list(PARKED), deed.actor, "item parked", {"to": str(due_on), "why": reason})
        title = f"Parked {name_of(row)} until {due_on:%b %-d}: {reason}"
        return noted(row, item, deed, Kind.PARK, title, before, PARKED)


def assign(
    payment_id: int, deed: Deed, *, owner: AbstractBaseUser | None, revision: int | None = None
) -> WorkStep:
    """Give the payment to a colleague, or to nobody."""
    with database.atomic():
        row = lock_payment(payment_id)
        require_seen(row, revision)
        item = item_of(row, deed)
        before = values_of(item, ASSIGNED)
        after = str(owner.get_username()) if owner else "nobody"
        item.owner_id = owner.pk if owner else None
        change(item, ["owner"], deed.actor, "item assigned", {"to": after})
        title = f"Assigned {name_of(row)} to {after}"
        return noted(row, item, deed, Kind.ASSIGN, title, before, ASSIGNED)


def set_aside(payment_id: int, deed: Deed, *, note: str, revision: int | None = None) -> WorkStep:
    """Close the payment's open item with a note: it stays unmatched, and nobody is asked again."""
    note = " ".join(note.split())
    if not note:
        raise RuleError("Write a note first: say what was decided and why.")
    if len(note) > 300:
        raise RuleError("The note is longer than 300 characters: shorten it.")
    with database.atomic():
        row = lock_payment(payment_id)
        require_seen(row, revision)
        item = item_of(row, deed)
        if objection := objection_to(item):
            raise RuleError(objection)
        before = values_of(item, RESOLVED)
        item.state, item.resolution = State.RESOLVED, note
        item.resolved_at, item.resolved_by = deed.now, deed.actor[:150]
        detail = {"reason": item.reason, "note": note}
        change(item, list(RESOLVED), deed.actor, "item resolved", detail)
        title = f"Set {name_of(row)} aside: {note}"
        return noted(row, item, deed, Kind.RESOLVE, title, before, RESOLVED)


def write_note(payment_id: int, deed: Deed, *, text: str) -> ItemNote:
    """A note on the payment's open item. It changes nothing, and is never edited."""
    text = text.strip()
    if not text:
        raise RuleError("The note is empty.")
    if len(text) > 1000:
        raise RuleError("The note is longer than 1,000 characters: shorten it.")
    with database.atomic():
        item = item_of(lock_payment(payment_id), deed)
        note = ItemNote.objects.create(item=item, author=deed.actor, text=text, written_at=deed.now)
        record(deed.actor, "note written", item, {"text": text})
    return note


def noted(
    row: GatewayTransaction, item: ReconcilingItem, deed: Deed, kind: Kind, title: str,
    before: dict[str, Any], names: Sequence[str],
) -> WorkStep:  # fmt: skip
    touch(row)
    detail = {"before": before, "after": values_of(item, names)}
    return write_step(deed, kind, row, title, detail, item.pk)


def values_of(item: ReconcilingItem, names: Sequence[str]) -> dict[str, Any]:
    """The values as JSON holds them."""
    values = {name: getattr(item, name) for name in names}
    return {
        name: value if value is None or isinstance(value, (int, str)) else value.isoformat()
        for name, value in values.items()
    }


def item_of(row: GatewayTransaction, deed: Deed) -> ReconcilingItem:
    """The payment's open item, locked; a new one where none is open."""
    key = match_key(row.pk)
    item = (
        ReconcilingItem.objects.select_for_update()
        .filter(company_id=row.company_id, key=key, state=State.OPEN)
        .first()
    )
    if item is not None:
        return item
    reason, sentence = why_again(row, deed)
    return ReconcilingItem.objects.create(
        company_id=row.company_id,
        key=key,
        reason=reason,
        sentence=sentence,
        transaction=row,
        currency=row.currency,
        amount=row.amount,
        opened_at=deed.now,
    )


def why_again(row: GatewayTransaction, deed: Deed) -> tuple[Reason, str]:
    if not row.needs_match:
        return Reason.OVERPAYMENT, f"Taken up by {deed.actor}: a part of it waits on account."
    reason = Reason.UNIDENTIFIED if row.customer_id is None else Reason.NEEDS_CONFIRMATION
    return reason, f"Taken up again by {deed.actor}."


def undo_change(step: WorkStep, deed: Deed) -> None:
    """The item has its former values again, unless somebody changed them since."""
    before, after = step.detail["before"], step.detail["after"]
    with database.atomic():
        row = lock_payment(payment_of(step))
        item = locked(ReconcilingItem.objects.all()).get(pk=item_id_of(step))
        if values_of(item, list(after)) != after:
            raise ConflictError(deed_of(row))
        require_room_for(item, before)
        for name, value in before.items():
            setattr(item, name, revived(name, value))
        item.save(update_fields=fields_of(before))
        touch(row)
        close_step(step, deed)


def item_id_of(step: WorkStep) -> int:
    if step.item_id is None:
        raise RuleError("This step is about no open item.")
    return int(step.item_id)


def require_room_for(item: ReconcilingItem, before: dict[str, object]) -> None:
    """Only one item of a key is open."""
    if before.get("state") != State.OPEN:
        return
    others = ReconcilingItem.objects.filter(company_id=item.company_id, key=item.key)
    if others.filter(state=State.OPEN).exclude(pk=item.pk).exists():
        raise ConflictError("A new item about this payment was opened since.")


def fields_of(names: Sequence[str] | dict[str, object]) -> list[str]:
    return ["owner" if name == "owner_id" else name for name in names]


def revived(name: str, value: object) -> date | datetime | object:
    """A value out of JSON as the column takes it."""
    if isinstance(value, str) and name == "due_on":
        return parse_date(value)
    if isinstance(value, str) and name == "resolved_at":
        return parse_datetime(value)
    return value
