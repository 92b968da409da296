"""Approve, reject or withdraw a request; what nobody decides in time ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database

from paysync.domain.errors import ConflictError, RuleError
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.refunds.states import RefundState, require_edge
from reconciliation.models import RefundDecision, RefundRequest
from reconciliation.services.refunding.asking import ASKS, NOTE_LENGTH, policy_of
from reconciliation.services.refunding.telling import tell_approvers, tell_requester

APPROVES = "reconciliation.approve_refundrequest"
Verdict = RefundDecision.Verdict


def approve(request_id: int, *, user: AbstractUser, now: datetime, note: str = "") -> RefundRequest:
    """One person's yes. The last that is needed makes it go out.

    Raises PermissionDenied; RuleError for the requester himself, for who has decided already, and
    for what has expired; ConflictError where it is decided otherwise.
    """
    with database.atomic():
        request = decide(request_id, user, now, Verdict.APPROVED, note)
        given = request.decisions.filter(verdict=Verdict.APPROVED).count()
        if given >= request.approvals_needed:
            go(request, RefundState.APPROVED)
            request.due_at = now
            hours = policy_of(request.company).expires_hours
            request.expires_at = now + timedelta(hours=hours)
            request.save(update_fields=["state", "due_at", "expires_at"])
        else:
            tell_approvers(request, now, but=[user.pk], event="second approval")
    return request


def reject(request_id: int, *, user: AbstractUser, now: datetime, note: str) -> RefundRequest:
    """One person's no ends it. The note says why: whoever asked reads it."""
    if not note.strip():
        raise RuleError("Say why: whoever asked for it reads this.")
    with database.atomic():
        request = decide(request_id, user, now, Verdict.REJECTED, note)
        request.last_message = " ".join(note.split())
        end(request, RefundState.REJECTED, now)
        tell_requester(request, now, "rejected", request.last_message)
    return request


def decide(
    request_id: int, user: AbstractUser, now: datetime, verdict: Verdict, note: str
) -> RefundRequest:
    """Write the decision down. Call in a transaction."""
    if not user.has_perm(APPROVES):
        raise PermissionDenied
    note = " ".join(note.split())
    if len(note) > NOTE_LENGTH:
        raise RuleError(f"The note is longer than {NOTE_LENGTH} characters: shorten it.")
    request = get_request(request_id)
    if request.requested_by_id == user.pk:
        raise RuleError("You asked for this refund: somebody else has to decide it.")
    if request.state != RefundState.REQUESTED:
        raise ConflictError(f"This request is {request.state} already.")
    if request.expires_at <= now:
        raise RuleError("This request has expired: it has to be made anew.")
    if request.decisions.filter(approver_id=user.pk).exists():
        raise RuleError("You have approved it already: a second person has to.")
    RefundDecision.objects.create(
        request=request,
        requester_id=request.requested_by_id,
        approver_id=user.pk,
        verdict=verdict,
        note=note,
        at=now,
    )
    record(str(user.get_username()), f"refund {verdict.value}", request, {"note": note})
    return request


def cancel(request_id: int, *, user: AbstractUser, now: datetime) -> RefundRequest:
    """Whoever asked, or an approver, takes it back before it goes out."""
    with database.atomic():
        request = get_request(request_id)
        may = user.has_perm(ASKS) and request.requested_by_id == user.pk
        if not may and not user.has_perm(APPROVES):
            raise PermissionDenied
        if request.state not in {RefundState.REQUESTED, RefundState.APPROVED}:
            raise ConflictError(f"This request is {request.state} already.")
        end(request, RefundState.CANCELLED, now)
        record(str(user.get_username()), "refund cancelled", request, {})
    return request


def expire_requests(*, now: datetime) -> int:
    """End what was not decided, or not sent, in time. Returns how many."""
    late = RefundRequest.objects.filter(
        state__in=[RefundState.REQUESTED, RefundState.APPROVED], expires_at__lte=now
    )
    ended = 0
    for pk in list(late.order_by("pk").values_list("pk", flat=True)[:500]):
        with database.atomic():
            request = get_request(pk)
            if request.expires_at > now or request.state not in {
                RefundState.REQUESTED,
                RefundState.APPROVED,
            }:
                continue
            end(request, RefundState.EXPIRED, now)
            record("paysync", "refund expired", request, {})
            tell_requester(request, now, "expired", "Nobody decided it, or sent it, in time.")
            ended += 1
    return ended


def get_request(request_id: int) -> RefundRequest:
    """The request, locked."""
    return locked(RefundRequest.objects.all()).get(pk=request_id)


def go(request: RefundRequest, state: RefundState) -> None:
    require_edge(RefundState(request.state), state)
    request.state = state


def end(request: RefundRequest, state: RefundState, now: datetime) -> None:
    go(request, state)
    request.ended_at = now
    request.save(update_fields=["state", "ended_at", "last_message"])
