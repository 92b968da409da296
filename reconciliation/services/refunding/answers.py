"""What became of a refund that was sent, written down: one short transaction each."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction as database

from paysync.domain.money import Money
from paysync.services.audit import record
from reconciliation.domain.reasons import Reason
from reconciliation.domain.refunds.states import RefundState
from reconciliation.models import RefundRequest
from reconciliation.services.leftovers import Finding, close_items, open_items
from reconciliation.services.refunding.deciding import end, go
from reconciliation.services.refunding.telling import tell_of_unknown, tell_requester

#: An unknown outcome is asked about after these, then hourly. Source: design §5.
LOOK_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
HOURLY = timedelta(hours=1)


def refund_key(request_id: int) -> str:
    """The key of "this refund does not get on"."""
    return f"refunding:{request_id}"


def done(request: RefundRequest, gateway_id: str, message: str, now: datetime) -> None:
    """The gateway did it. Booking follows, and may be repeated."""
    with database.atomic():
        request.refund_gateway_id = gateway_id[:40]
        request.last_message = message[:300]
        end(request, RefundState.DONE, now)
        request.save(update_fields=["refund_gateway_id"])
        record("paysync", f"{request.way} done", request, {"gateway": gateway_id})
        close_items(request.company, [refund_key(request.pk)], "It is done.", now=now)


def fail(request: RefundRequest, why: str, now: datetime) -> None:
    """A clear no: nothing left, and a person has to know."""
    with database.atomic():
        request.last_message = why[:300]
        end(request, RefundState.FAILED, now)
        record("paysync", "refund failed", request, {"why": why[:300]})
        tell(request, Reason.REFUND_FAILED, f"{name_of(request)} failed: {why}", now)
        tell_requester(request, now, "refused", why)


def note_unknown(request: RefundRequest, why: str, now: datetime, looks: int = 0) -> None:
    """It may have happened: asked about, never sent again, and nothing else of the payment goes."""
    with database.atomic():
        if request.state != RefundState.UNKNOWN:
            go(request, RefundState.UNKNOWN)
            tell_of_unknown(request, why, now)
        request.last_message = why[:300]
        request.due_at = now + (LOOK_AFTER[looks] if looks < len(LOOK_AFTER) else HOURLY)
        request.save(update_fields=["state", "last_message", "due_at"])
        sentence = f"It is not known whether {lower(name_of(request))} was made: {why}"
        tell(request, Reason.OUTCOME_UNKNOWN, sentence, now)


def back_to_approved(
    request: RefundRequest, why: str, now: datetime, pause: timedelta = timedelta(0)
) -> None:
    """Nothing was done: sent again later, as long as the approval holds."""
    with database.atomic():
        go(request, RefundState.APPROVED)
        request.last_message = why[:300]
        request.due_at, request.claimed_by = now + pause, ""
        request.save(update_fields=["state", "last_message", "due_at", "claimed_by"])
        close_items(
            request.company,
            [refund_key(request.pk)],
            "Looked up: nothing was done.",
            now=now,
            only=Reason.OUTCOME_UNKNOWN,
        )


def tell(request: RefundRequest, reason: Reason, sentence: str, now: datetime) -> None:
    money = Money.parse(request.amount, request.currency)
    finding = Finding(refund_key(request.pk), reason, sentence, money, request.transaction)
    open_items(request.company, [finding], now=now)


def name_of(request: RefundRequest) -> str:
    what = "The void" if request.way == "void" else "The refund"
    money = Money.parse(request.amount, request.currency)
    return f"{what} of {money} of payment {request.transaction.gateway_id}"


def lower(text: str) -> str:
    return text[:1].lower() + text[1:]
