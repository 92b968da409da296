"""What the dispute pages show: the story of a case, and what a person may choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from reconciliation.domain.banking_days import business_days_between
from reconciliation.domain.disputes.codes import Brand, DisputeCode, codes_of, explain_dispute
from reconciliation.domain.disputes.states import (
    DISPUTE_EDGES,
    OPEN_DISPUTES,
    DisputeState,
    told,
)
from reconciliation.models import (
    Application,
    Dispute,
    DisputeDocument,
    DisputeEvent,
    GLMapping,
    ReconcilingItem,
)
from reconciliation.queries.accounts import accounts_for

#: Events of one page; a case that flips daily for years has no more.
MOST_EVENTS = 300
MOST_OWNERS = 200
WAITING = frozenset({DisputeState.OPENED, DisputeState.EVIDENCE_DUE})


@dataclass(frozen=True, slots=True)
class Next:
    """A state that may follow. ends: whether it says how the case ended."""

    state: str
    title: str
    ends: bool


@dataclass(frozen=True, slots=True)
class CaseStory:
    """A case with everything that explains it. days_left: in business days, None: none waits."""

    dispute: Dispute
    code: DisputeCode
    events: list[DisputeEvent]
    documents: list[DisputeDocument]
    items: list[ReconcilingItem]
    paid: list[Application]
    following: list[Next]
    days_left: int | None
    accounts: str


def find_case(pk: int, now: datetime) -> CaseStory | None:
    dispute = (
        Dispute.objects.select_related(
            "company", "merchant_account", "transaction__customer", "owner", "match"
        )
        .filter(pk=pk)
        .first()
    )
    if dispute is None:
        return None
    events = DisputeEvent.objects.filter(dispute=dispute).order_by("-pk")[:MOST_EVENTS]
    keys = Q(key__in=[f"dispute:{pk}", f"back:{pk}"])
    if dispute.transaction_id:
        keys |= Q(transaction_id=dispute.transaction_id)
    items = ReconcilingItem.objects.filter(keys, company=dispute.company)
    parts = Application.objects.filter(match=dispute.match_id).select_related("invoice")
    return CaseStory(
        dispute=dispute,
        code=explain_dispute(Brand(dispute.brand), dispute.reason_code),
        events=list(events),
        documents=list(dispute.documents.all()),
        items=list(items.order_by("state", "pk")[:50]),
        paid=list(parts.order_by("pk")) if dispute.match_id else [],
        following=following(DisputeState(dispute.state)),
        days_left=days_left(dispute, now),
        accounts=accounts_for(dispute.transaction, GLMapping.Kind.CHARGEBACK)
        if dispute.transaction
        else "",
    )


def following(state: DisputeState) -> list[Next]:
    order = list(DisputeState)
    found = sorted(DISPUTE_EDGES[state], key=order.index)
    return [Next(one.value, told(one).capitalize(), one not in OPEN_DISPUTES) for one in found]


def days_left(dispute: Dispute, now: datetime) -> int | None:
    if dispute.evidence_due_on is None or DisputeState(dispute.state) not in WAITING:
        return None
    return business_days_between(timezone.localdate(now), dispute.evidence_due_on)


def possible_owners() -> list[User]:
    """Who may work on cases: by their groups, or as superusers."""
    may = Q(
        groups__permissions__codename="change_dispute",
        groups__permissions__content_type__app_label="reconciliation",
    )
    rows = User.objects.filter(may | Q(is_superuser=True), is_active=True)
    return list(rows.distinct().order_by("username")[:MOST_OWNERS])


def offered_codes() -> list[DisputeCode]:
    """What the form offers: the codes of all brands in use."""
    return [code for brand in Brand for code in codes_of(brand)]
