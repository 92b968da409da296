"""Why a payment failed or came back, in plain words, for its page and for the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from paysync.domain.payments import Method, State
from reconciliation.domain.declines.declines import Explained, explain_decline
from reconciliation.domain.returns.kinds import ReturnCode
from reconciliation.domain.returns.returns import Again, explain, may_collect_again
from reconciliation.models import GatewayTransaction

FAILED = (State.DECLINED, State.FAILED)
#: A declined card's answer (certain); PayTrace's lists do not repeat the number.
NOT_APPROVED = 102


@dataclass(frozen=True, slots=True)
class Returned:
    """Why the bank sent it back, and whether it may be collected again."""

    code: ReturnCode
    again: Again | None


def decline_of(payment: GatewayTransaction) -> Explained | None:
    """None for a payment that did not fail."""
    if State(payment.state) not in FAILED:
        return None
    is_ach = payment.method == Method.ACH
    return explain_decline(
        None if is_ach or payment.state == State.FAILED else NOT_APPROVED,
        avs=payment.avs_response,
        csc=payment.csc_response,
        processor_text=payment.answer_text,
        ach_status=payment.status_text if is_ach else "",
    )


def return_of(payment: GatewayTransaction, now: datetime) -> Returned | None:
    """None for a payment that did not come back. Without a day of settlement nobody can say
    whether it may be collected again.
    """
    if payment.method != Method.ACH or State(payment.state) != State.RETURNED:
        return None
    code = explain(payment.return_code)
    if payment.settled_at is None or payment.returned_on is None:
        return Returned(code, None)
    again = may_collect_again(
        payment.return_code,
        settled_on=timezone.localdate(payment.settled_at),
        returned_on=payment.returned_on,
        today=timezone.localdate(now),
        retries=0,
    )
    return Returned(code, again)


def message_for_customer(payment: GatewayTransaction) -> str:
    """What the payer may be told of a payment that failed; "" for one that did not."""
    explained = decline_of(payment)
    if explained is not None:
        return explained.decline.for_customer
    if State(payment.state) == State.RETURNED:
        return "Your bank sent the payment back. Please contact us about another way to pay."
    return ""
