"""Who hears of a refund by e-mail: approvers when it waits, whoever asked when it fails, and both
when nobody knows whether it was made.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User

from paysync.domain.money import Money
from paysync.services.notices import notify
from reconciliation.models import RefundRequest

APPROVES = "reconciliation.approve_refundrequest"
BACKEND = "django.contrib.auth.backends.ModelBackend"
#: A site has fewer approvers than this.
MOST = 1000


def tell_approvers(
    request: RefundRequest, now: datetime, *, but: Collection[int] = (), event: str = "requested"
) -> None:
    """Everybody who may decide it hears that it waits; whoever asked, or has decided, does not."""
    waiting = approvers([request.requested_by_id, *but])
    subject = f"A refund of {money_of(request)} waits for approval"
    write(request, waiting, subject, f"{request.lane} It expires "
          f"{request.expires_at:%Y-%m-%d %H:%M} UTC.", event, now)  # fmt: skip


def tell_of_unknown(request: RefundRequest, why: str, now: datetime) -> None:
    """Approvers may have to say what happened: they hear with whoever asked, of each try anew."""
    people = [request.requested_by, *approvers([request.requested_by_id])]
    subject = f"The refund of {money_of(request)} is not known to be made"
    write(request, people, subject, f"{why}. paysync keeps asking.",
          f"unknown:{request.attempts_made}", now)  # fmt: skip


def approvers(but: Collection[int]) -> list[User]:
    people = User.objects.with_perm(APPROVES, backend=BACKEND).exclude(email="")
    return list(people.exclude(pk__in=but).order_by("pk")[:MOST])


def tell_requester(request: RefundRequest, now: datetime, event: str, text: str) -> None:
    subject = f"The refund of {money_of(request)} is {event}"
    write(request, [request.requested_by], subject, text, event, now)


def write(
    request: RefundRequest,
    people: Collection[User],
    subject: str,
    text: str,
    event: str,
    now: datetime,
) -> None:
    row = request.transaction
    payer = row.customer.name if row.customer else row.billing_name or "unknown payer"
    lines = (
        subject + ".",
        "",
        f"Payment: {row.gateway_id} of {payer}",
        f"Reason: {request.reason.title}",
        f"Asked for by: {request.requested_by.get_username()}",
        *([f"Note: {request.note}"] if request.note else []),
        "",
        text,
    )
    notify(
        people,
        key=f"refund:{request.pk}:{event}",
        subject=subject,
        text="\n".join(lines),
        path=f"/reconciliation/refundrequest/{request.pk}/change/",
        now=now,
    )


def money_of(request: RefundRequest) -> Money:
    return Money.parse(request.amount, request.currency)
