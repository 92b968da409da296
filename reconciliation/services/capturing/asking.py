"""Ask for an authorization to be captured."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database

from paysync.domain.errors import RuleError
from paysync.domain.money import Money
from paysync.domain.payments import Kind, Method, State
from paysync.services.audit import record
from reconciliation.domain.captures import require_capture
from reconciliation.models import Capture
from reconciliation.queries.refundable import is_being_captured, spoken_for
from reconciliation.services.matching.applying import lock_payment

ASKS = "reconciliation.add_capture"


def request_capture(
    payment_id: int, *, amount: Money, user: AbstractUser, now: datetime
) -> Capture:
    """Ask for `amount` of an authorized card payment to be taken; it is sent by the next job.

    Raises PermissionDenied, or RuleError with the reason. The payment is locked: it is captured or
    given up, never both.
    """
    if not user.has_perm(ASKS):
        raise PermissionDenied
    with database.atomic():
        row = lock_payment(payment_id)
        if row.kind != Kind.SALE or row.method != Method.CARD or row.state != State.AUTHORIZED:
            raise RuleError(f"The payment is {row.state}: only an authorization is captured.")
        require_capture(amount, Money.parse(row.amount, row.currency))
        if is_being_captured(row):
            raise RuleError("Somebody has asked for its capture already.")
        if spoken_for([row]).exists():
            raise RuleError("Somebody has asked to give it up: take that request back first.")
        capture = Capture.objects.create(
            transaction=row,
            amount=amount.amount,
            currency=amount.currency,
            asked_by_id=user.pk,
            asked_at=now,
            due_at=now,
        )
        detail = {"payment": row.gateway_id, "amount": str(amount)}
        record(str(user.get_username()), "capture requested", capture, detail)
    return capture
