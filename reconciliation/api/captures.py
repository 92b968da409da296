"""Captures by API: as much of an authorization as is told, as on the payment's page."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_q.tasks import async_task
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation.api.answers import StaffView, body_of, money_in, who
from reconciliation.api.reading import plain
from reconciliation.api.refunds import one_payment
from reconciliation.models import Capture
from reconciliation.services import capturing
from reconciliation.tasks import REFUND

SEES = "reconciliation.view_capture"


class PaymentCaptures(StaffView):
    """`GET`: what was asked for. `POST` {"amount": "12.50"}: ask for it."""

    def get(self, request: Request, name: str) -> Response:
        self.require(request, SEES)
        rows = Capture.objects.filter(transaction=one_payment(name)).select_related("asked_by")
        return Response({"captures": [to_answer(row) for row in rows]})

    def post(self, request: Request, name: str) -> Response:
        self.require(request, capturing.ASKS)
        body, payment = body_of(request, "amount"), one_payment(name)
        made = capturing.request_capture(
            payment.pk,
            amount=money_in(body, "amount", payment.currency),
            user=who(request),
            now=timezone.now(),
        )
        account_id = payment.merchant_account_id
        async_task(REFUND, account_id, task_name=f"capture account {account_id}")
        return Response(to_answer(made), status=201)


def to_answer(row: Capture) -> dict[str, Any]:
    return {
        "id": row.pk,
        "payment_key": row.transaction_id,
        "amount": plain(row.amount, row.currency),
        "currency": row.currency,
        "state": row.state,
        "asked_by": row.asked_by.get_username(),
        "asked_at": row.asked_at,
        "message": row.last_message,
    }
