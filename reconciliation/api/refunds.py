"""Refunds by API: asked for, decided and looked at, through the same lanes as in the console."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_q.tasks import async_task
from rest_framework.request import Request
from rest_framework.response import Response

from paysync.api.problems import problem
from paysync.domain.errors import RuleError
from reconciliation.api.answers import StaffView, body_of, money_in, text_in, who
from reconciliation.api.reading import plain
from reconciliation.models import GatewayTransaction, RefundReason, RefundRequest
from reconciliation.queries.cards import find_payments
from reconciliation.services import refunding
from reconciliation.tasks import REFUND

SEES = "reconciliation.view_refundrequest"
#: Of one list; older ones are in the console.
MOST = 100


class Refunds(StaffView):
    """`GET`: the newest. `POST`: ask for one."""

    def get(self, request: Request) -> Response:
        """`?state=` narrows it."""
        self.require(request, SEES)
        rows = RefundRequest.objects.select_related("transaction", "reason", "requested_by")
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        return Response({"refunds": [to_answer(row) for row in rows.order_by("-pk")[:MOST]]})

    def post(self, request: Request) -> Response:
        """{"payment": gateway id or key, "amount": "12.50", "reason", "note", "documents",
        "unlinked": true for a credit to the stored card of whoever paid}."""
        self.require(request, refunding.ASKS)
        body = body_of(request, "payment", "amount", "reason", "note", "documents", "unlinked")
        payment = one_payment(text_in(body, "payment", needed=True))
        documents = body.get("documents", [])
        if not isinstance(documents, list) or not all(isinstance(d, str) for d in documents):
            raise RuleError("documents is a list of document numbers.")
        if not isinstance(body.get("unlinked", False), bool):
            raise RuleError("unlinked is true or false.")
        made = refunding.request_refund(
            payment.pk,
            amount=money_in(body, "amount", payment.currency),
            reason_id=reason_of(text_in(body, "reason", needed=True)),
            note=text_in(body, "note"),
            documents=documents[:100],
            unlinked=body.get("unlinked", False),
            user=who(request),
            now=timezone.now(),
        )
        send_soon(made)
        return Response(to_answer(made), status=201)


class OneRefund(StaffView):
    """`GET`: what became of it."""

    def get(self, request: Request, pk: int) -> Response:
        self.require(request, SEES)
        return Response(to_answer(RefundRequest.objects.get(pk=pk)))


class RefundDeed(StaffView):
    """`POST …/approve/`, `…/reject/`, `…/cancel/`, with a note."""

    def post(self, request: Request, pk: int, deed: str) -> Response:
        if deed not in {"approve", "reject", "cancel"}:
            return problem(404, "not_found", "A refund is approved, rejected or cancelled.")
        note = text_in(body_of(request, "note"), "note")
        row = self.decide(request, pk, deed, note)
        send_soon(row)
        return Response(to_answer(row))

    def decide(self, request: Request, pk: int, deed: str, note: str) -> RefundRequest:
        user, now = who(request), timezone.now()
        if deed == "cancel":
            return refunding.cancel(pk, user=user, now=now)
        decide = refunding.approve if deed == "approve" else refunding.reject
        return decide(pk, user=user, now=now, note=note)


def send_soon(row: RefundRequest) -> None:
    """Wake the job that sends refunds; its schedule would find it anyway."""
    if row.state == "approved":
        account_id = row.transaction.merchant_account_id
        async_task(REFUND, account_id, task_name=f"refund account {account_id}")


def one_payment(name: str) -> GatewayTransaction:
    """Raises RuleError where none, or more than one, has this name."""
    found = find_payments(name)
    if not found:
        raise RuleError("No payment has this gateway id or key.")
    if len(found) > 1:
        keys = ", ".join(str(row.pk) for row in found)
        raise RuleError(f"Several payments have this gateway id: ask by key, one of {keys}.")
    return found[0]


def reason_of(title: str) -> int:
    pk = RefundReason.objects.filter(title=title, is_active=True).values_list("pk", flat=True)
    if not pk:
        offered = RefundReason.objects.filter(is_active=True).values_list("title", flat=True)
        raise RuleError(f"reason is one of: {', '.join(offered)}.")
    return int(pk[0])


def to_answer(row: RefundRequest) -> dict[str, Any]:
    return {
        "id": row.pk,
        "payment": row.transaction.gateway_id,
        "payment_key": row.transaction_id,
        "amount": plain(row.amount, row.currency),
        "currency": row.currency,
        "reason": row.reason.title,
        "unlinked": row.is_unlinked,
        "state": row.state,
        "approvals_needed": row.approvals_needed,
        "why": row.lane,
        "requested_by": row.requested_by.get_username(),
        "requested_at": row.requested_at,
        "expires_at": row.expires_at,
        "refund_gateway_id": row.refund_gateway_id or None,
        "message": row.last_message,
    }
