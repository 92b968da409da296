"""Undo what a person did at the workbench: newest first, a bulk action as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser

from paysync.domain.errors import PaySyncError, RuleError
from reconciliation.models import WorkStep
from reconciliation.services.matching import propose
from reconciliation.services.workbench.linking import undo_link
from reconciliation.services.workbench.steps import Deed, Kind, payment_of
from reconciliation.services.workbench.tending import undo_change
from reconciliation.services.workbench.unmatching import LedgerOf, undo_match, undo_unmatch


@dataclass(frozen=True, slots=True)
class Undoing:
    """What came of undoing one step: an empty `problem` means it is undone."""

    step: WorkStep
    problem: str = ""


def last_group(user: AbstractBaseUser) -> UUID | None:
    """The newest thing this person did that is not undone."""
    rows = WorkStep.objects.filter(user_id=user.pk, undone_at__isnull=True)
    return rows.order_by("-pk").values_list("group", flat=True).first()


def undo(group: UUID, deed: Deed, *, ledger_of: LedgerOf) -> list[Undoing]:
    """Undo all steps of a group, the newest first. One that cannot be undone stops no other.

    Only the person's own steps. Raises RuleError where there is nothing to undo.
    """
    steps = list(
        WorkStep.objects.filter(group=group, user_id=deed.user.pk, undone_at__isnull=True)
        .select_related("company", "transaction", "item")
        .order_by("-pk")
    )
    if not steps:
        raise RuleError("There is nothing of yours to undo here.")
    done = [undo_step(step, deed, ledger_of) for step in steps]
    decide_anew([one.step for one in done if not one.problem], deed.now)
    return done


def decide_anew(steps: Sequence[WorkStep], now: datetime) -> None:
    """Suggestions for payments that wait again and have none, company by company."""
    by_company: dict[int, list[int]] = {}
    for step in steps:
        if step.kind == Kind.LINK or (step.kind == Kind.MATCH and not step.detail.get("offered")):
            by_company.setdefault(step.company_id, []).append(payment_of(step))
    for keys in by_company.values():
        propose(keys, now=now)


def undo_step(step: WorkStep, deed: Deed, ledger_of: LedgerOf) -> Undoing:
    try:
        UNDO[Kind(step.kind)](step, deed, ledger_of)
    except PaySyncError as error:
        return Undoing(step, str(error))
    return Undoing(step)


UNDO: dict[Kind, Callable[[WorkStep, Deed, LedgerOf], None]] = {
    Kind.MATCH: undo_match,
    Kind.UNMATCH: undo_unmatch,
    Kind.LINK: lambda step, deed, _: undo_link(step, deed),
    Kind.PARK: lambda step, deed, _: undo_change(step, deed),
    Kind.ASSIGN: lambda step, deed, _: undo_change(step, deed),
    Kind.RESOLVE: lambda step, deed, _: undo_change(step, deed),
}
