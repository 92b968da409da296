"""Ask for money to go back: how much may, who has to agree, and that nobody is quicker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database
from django.utils import timezone

from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.money import Money
from paysync.domain.payments import Kind, Method, State
from paysync.models import Company, Connection
from paysync.services.audit import record
from reconciliation.domain.refunds.lanes import Facts, Lane, Policy, lane_for
from reconciliation.domain.refunds.refundable import reopening
from reconciliation.domain.refunds.states import PENDING, RefundState
from reconciliation.domain.refunds.ways import can_be_asked_for
from reconciliation.models import (
    Dispute,
    GatewayTransaction,
    RefundPolicy,
    RefundReason,
    RefundRequest,
)
from reconciliation.queries.refundable import applied_of, is_being_captured, refundable_of
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.refunding.telling import tell_approvers

ASKS = "reconciliation.add_refundrequest"
NOTE_LENGTH = 300


def request_refund(
    payment_id: int,
    *,
    amount: Money,
    reason_id: int,
    user: AbstractUser,
    now: datetime,
    note: str = "",
    documents: Sequence[str] = (),
    seen_left: Money | None = None,
    unlinked: bool = False,
) -> RefundRequest:
    """Ask for `amount` of a payment to go back; approved at once where no approval is needed.

    documents: which of its documents open again first. seen_left: what could be given back when the
    person looked. unlinked: a credit to the stored card of whoever paid, which the payment does not
    limit. Raises PermissionDenied; RuleError, with the parts, where that much cannot go
    back; ConflictError where somebody else asked meanwhile. The payment is locked: two requests at
    one moment never exceed what there is.
    """
    if not user.has_perm(ASKS):
        raise PermissionDenied
    note = " ".join(note.split())
    if len(note) > NOTE_LENGTH:
        raise RuleError(f"The note is longer than {NOTE_LENGTH} characters: shorten it.")
    with database.atomic():
        row = lock_payment(payment_id)
        reason = RefundReason.objects.filter(pk=reason_id, is_active=True).first()
        if reason is None:
            raise RuleError("Choose one of the reasons.")
        if unlinked:
            require_unlinked(row, amount, documents)
        else:
            require_left(row, amount, documents, seen_left)
        policy = policy_of(row.company)
        lane = lane_for(facts_of(row, amount, now, unlinked=unlinked), policy)
        request = RefundRequest.objects.create(
            company=row.company,
            transaction=row,
            amount=amount.amount,
            currency=amount.currency,
            reason=reason,
            note=note,
            documents=list(documents),
            is_unlinked=unlinked,
            state=RefundState.REQUESTED if lane.approvals else RefundState.APPROVED,
            approvals_needed=lane.approvals,
            lane=lane.why[:200],
            requested_by_id=user.pk,
            requested_at=now,
            expires_at=now + timedelta(hours=policy.expires_hours),
            due_at=now,
        )
        record(
            str(user.get_username()),
            "refund requested",
            request,
            {
                "payment": row.gateway_id,
                "amount": str(amount),
                "reason": reason.title,
                "unlinked": unlinked,
            },
        )
        if lane.approvals:
            tell_approvers(request, now)
    return request


def require_left(
    row: GatewayTransaction, amount: Money, documents: Sequence[str], seen_left: Money | None
) -> None:
    """Raise unless that much of the payment can go back."""
    require_payment(row)
    if is_being_captured(row):
        raise RuleError("The payment is being captured: ask once that is done.")
    parts = refundable_of(row)
    if seen_left is not None and parts.left < seen_left and parts.left < amount:
        raise ConflictError(f"Meanwhile less can be given back: {parts}.")
    parts.require(amount)
    applied, unapplied = applied_of(row)
    if documents:
        reopening(applied, unapplied, amount, documents)


def require_unlinked(row: GatewayTransaction, amount: Money, documents: Sequence[str]) -> None:
    """Raise RuleError unless the merchant account lets money go out that no payment limits."""
    if problem := objection_to_unlinked(row):
        raise RuleError(problem)
    if amount.currency != row.currency or amount.amount <= 0:
        raise RuleError(f"The amount is more than zero, in {row.currency}.")
    if documents:
        raise RuleError("A credit without a payment opens no document again.")


def objection_to_unlinked(row: GatewayTransaction) -> str:
    """Why nobody can be credited on the strength of this payment; "" where it can be asked for."""
    account = row.merchant_account
    if not account.unlinked_credits:
        return f"Credits without a payment are switched off for {account}."
    if account.connection.kind != Connection.Kind.PAYTRACE_V1:
        return "Only PayTrace V1 documents how to credit a stored card."
    if row.kind != Kind.SALE or row.method != Method.CARD or not row.gateway_customer_id:
        return "The payment names no stored card in PayTrace."
    return ""


def require_payment(row: GatewayTransaction) -> None:
    if row.kind != Kind.SALE:
        raise RuleError("This is a refund itself: there is nothing to give back.")
    if not can_be_asked_for(State(row.state)):
        raise RuleError(f"The payment is {row.state}: there is no money to give back.")


def policy_of(company: Company) -> Policy:
    """What holds at the company; as shipped where it has nothing of its own."""
    row = RefundPolicy.objects.filter(company=company).first()
    if row is None:
        return Policy()
    return Policy(row.free_up_to, row.one_up_to, row.free_per_day, row.free_days, row.expires_hours)


def facts_of(
    row: GatewayTransaction, amount: Money, now: datetime, *, unlinked: bool = False
) -> Facts:
    today = timezone.localdate(now)
    return Facts(
        amount=amount.amount,
        count_today=requests_today(row, now) + 1,
        age_days=max((today - row.business_date).days, 0),
        is_unlinked=unlinked,
        is_disputed=Dispute.objects.filter(transaction=row).exists(),
    )


def requests_today(row: GatewayTransaction, now: datetime) -> int:
    """How often money was asked for today for whoever paid; of an unknown payer, this payment."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = RefundRequest.objects.filter(
        company=row.company,
        requested_at__gte=midnight,
        state__in=[state.value for state in (*PENDING, RefundState.DONE)],
    )
    if row.customer_id is not None:
        return rows.filter(transaction__customer_id=row.customer_id).count()
    if row.gateway_customer_id:
        return rows.filter(transaction__gateway_customer_id=row.gateway_customer_id).count()
    return rows.filter(transaction=row).count()


def lane_of(
    row: GatewayTransaction, amount: Money, now: datetime, *, unlinked: bool = False
) -> Lane:
    """The lane that a request of that amount would take now."""
    return lane_for(facts_of(row, amount, now, unlinked=unlinked), policy_of(row.company))
