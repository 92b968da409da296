"""What filters, forms and the undo page offer."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from reconciliation.domain.reasons import Reason
from reconciliation.models import WorkStep
from reconciliation.queries.dashboard import AGES

MOST_PEOPLE = 200
MOST_STEPS = 50


def people(permission: str = "reconciliation.change_reconcilingitem") -> list[User]:
    """Who may be given work."""
    rows = User.objects.with_perm(permission).filter(is_active=True, is_staff=True)
    return list(rows.order_by("first_name", "username").distinct()[:MOST_PEOPLE])


def reasons() -> list[Reason]:
    """The reasons for which a payment can wait for a match."""
    return sorted(WAITS_FOR, key=lambda reason: reason.heading)


WAITS_FOR = frozenset(Reason) - {
    Reason.PERIOD_CLOSED, Reason.BALANCE_CHANGED, Reason.ERP_REJECTED, Reason.OUTCOME_UNKNOWN,
    Reason.BATCH_INTERRUPTED, Reason.DELETED_IN_ERP, Reason.EDITED_IN_ERP, Reason.MONEY_WENT_BACK,
    Reason.TO_REVERSE, Reason.STATE_CONFLICT, Reason.UNREADABLE, Reason.CREDIT_TO_APPLY,
}  # fmt: skip


def ages() -> list[tuple[str, str]]:
    return [(age.key, age.title) for age in AGES]


@dataclass(slots=True)
class Group:
    """Steps that were done together, and are undone together."""

    group: str
    steps: list[WorkStep]

    @property
    def is_undone(self) -> bool:
        return all(step.undone_at for step in self.steps)


def last_steps(user_id: int, most: int = MOST_STEPS) -> list[Group]:
    """What a person did last, the newest first."""
    rows = WorkStep.objects.filter(user_id=user_id).select_related("transaction")
    groups: list[Group] = []
    for step in rows.order_by("-pk")[:most]:
        key = str(step.group)
        if groups and groups[-1].group == key:
            groups[-1].steps.append(step)
        else:
            groups.append(Group(key, [step]))
    return groups
