"""What a person does at the workbench, one step each: the undo stack, and who was here first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import AbstractUser
from django.db.models import F
from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.money import Money
from paysync.services.audit import record
from reconciliation.models import GatewayTransaction, Match, WorkStep
from reconciliation.services.releasing import last_deed

Kind = WorkStep.Kind


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something and when. Steps of one group are undone together."""

    user: AbstractUser
    now: datetime
    group: UUID = field(default_factory=uuid4)

    @property
    def actor(self) -> str:
        return str(self.user.get_username())


def write_step(
    deed: Deed, kind: Kind, row: GatewayTransaction, title: str, detail: dict[str, Any],
    item_id: int | None = None,
) -> WorkStep:  # fmt: skip
    return WorkStep.objects.create(
        company_id=row.company_id,
        user_id=deed.user.pk,
        group=deed.group,
        kind=kind,
        transaction=row,
        item_id=item_id,
        title=title[:200],
        detail=detail,
        done_at=deed.now,
    )


def close_step(step: WorkStep, deed: Deed) -> None:
    """The step is undone. Raises ConflictError where another window was quicker."""
    rows = WorkStep.objects.filter(pk=step.pk, undone_at__isnull=True)
    if not rows.update(undone_at=deed.now, undone_by=deed.actor[:150]):
        raise ConflictError("This is undone already.")
    record(deed.actor, "step undone", step, {"title": step.title})


def payment_of(step: WorkStep) -> int:
    if step.transaction_id is None:
        raise RuleError("This step is about no payment.")
    return int(step.transaction_id)


def name_of(row: GatewayTransaction) -> str:
    """A payment in a sentence: its amount, its payer, its number at the gateway."""
    payer = row.customer.name if row.customer else row.billing_name or "unknown payer"
    return f"{Money(row.amount, row.currency)} of {payer[:40]} ({row.gateway_id})"


def require_seen(row: GatewayTransaction, revision: int | None) -> None:
    """Raise ConflictError, with who did what, where the payment is not as the person saw it."""
    if revision is not None and row.revision != revision:
        raise ConflictError(deed_of(row))


def require_waiting(row: GatewayTransaction) -> None:
    if not row.needs_match:
        raise ConflictError(deed_of(row))


def touch(row: GatewayTransaction) -> None:
    """Count a change, so that whoever looked at the payment before is told."""
    row.revision += 1
    GatewayTransaction.objects.filter(pk=row.pk).update(revision=F("revision") + 1)


def deed_of(row: GatewayTransaction) -> str:
    """The last thing that anybody did to the payment, as a sentence."""
    step = WorkStep.objects.filter(transaction=row).select_related("user").order_by("-pk").first()
    match = Match.objects.filter(transaction=row).order_by("-pk").first()
    matched_at = (match.ended_at or match.made_at) if match else None
    if step is None or (matched_at and matched_at > (step.undone_at or step.done_at)):
        return last_deed(row) or "This payment was changed meanwhile: look at it again."
    who = step.undone_by or step.user.get_full_name() or step.user.get_username()
    at = timezone.localtime(step.undone_at or step.done_at)
    verb = " undid" if step.undone_at else ""
    return f"{who}{verb}, {at:%H:%M}: {step.title}"[:400]
