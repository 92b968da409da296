"""Say in time that evidence is due."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction as database
from django.utils import timezone

from paysync.domain.money import Money
from paysync.models import Alert
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.notices import notify
from reconciliation.domain.banking_days import business_days_between
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute, DisputeEvent
from reconciliation.services.disputing.deciding import locked_case
from reconciliation.services.disputing.events import note
from reconciliation.services.disputing.opening import CHANGES

#: Business days before the deadline, each told once; -1: it has passed.
REMINDED_AT = (5, 2, 1, 0, -1)
#: Nothing was handed in yet.
WAITING = (DisputeState.OPENED, DisputeState.EVIDENCE_DUE)
MOST = 500
CODE = "dispute_due"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def alert_key(dispute_id: int) -> str:
    return f"{CODE}:{dispute_id}"


def remind(*, now: datetime) -> int:
    """Alert about cases whose deadline comes near or has passed; close what is done. Returns how
    many were told of.
    """
    today = timezone.localdate(now)
    close_done()
    rows = Dispute.objects.filter(state__in=WAITING, evidence_due_on__isnull=False)
    told = 0
    for pk, due, reminded in rows.order_by("evidence_due_on", "pk").values_list(
        "pk", "evidence_due_on", "reminded_on"
    )[:MOST]:
        if due is not None and is_to_be_told(due, reminded, today):
            told += tell(pk, today, now)
    return told


def is_to_be_told(due: date, reminded: date | None, today: date) -> bool:
    """Whether a step of REMINDED_AT was reached since the last reminder."""
    left = business_days_between(today, due)
    steps = [step for step in REMINDED_AT if left <= step]
    if not steps:
        return False
    if reminded is None:
        return True
    before = business_days_between(reminded, due)
    return any(before > step for step in steps)


@database.atomic
def tell(dispute_id: int, today: date, now: datetime) -> bool:
    with locked_case(dispute_id) as (dispute, _):
        due = dispute.evidence_due_on
        if dispute.state not in WAITING or due is None:
            return False
        left = business_days_between(today, due)
        when = "has passed" if left < 0 else f"is {due:%Y-%m-%d}, in {left} business days"
        money = Money.parse(dispute.amount, dispute.currency)
        dispute.reminded_on = today
        note(dispute, DisputeEvent.Kind.REMINDER, f"The deadline {when}.", "paysync", now)
        raise_alert(
            CODE,
            alert_key(dispute_id),
            f"The deadline for evidence in {dispute} over {money} {when}.",
            advice="Hand the evidence in, then say on the case's page that it is submitted.",
            company=dispute.company,
            now=now,
        )
        notify(
            people_of(dispute),
            key=f"{alert_key(dispute_id)}:{today}",
            subject=f"Evidence in {dispute} is due {due:%Y-%m-%d}",
            text=f"The deadline for evidence in {dispute} over {money} {when}.",
            path=f"/reconciliation/dispute/{dispute_id}/change/",
            now=now,
        )
    return True


def people_of(dispute: Dispute) -> list[User]:
    """The owner; where nobody owns the case, everybody who may work on it."""
    if dispute.owner is not None and dispute.owner.is_active:
        return [dispute.owner]
    found = User.objects.with_perm(CHANGES, backend=BACKEND).exclude(email="")
    return list(found.order_by("pk")[:MOST])


def close_done() -> None:
    """Alerts of cases that wait for nothing any more."""
    open_ones = Alert.objects.filter(code=CODE, closed_at__isnull=True)
    ids = [int(key.removeprefix(f"{CODE}:")) for key in open_ones.values_list("key", flat=True)]
    waiting = set(
        Dispute.objects.filter(pk__in=ids, state__in=WAITING).values_list("pk", flat=True)
    )
    for pk in ids:
        if pk not in waiting:
            close_alert(alert_key(pk), actor="paysync")
