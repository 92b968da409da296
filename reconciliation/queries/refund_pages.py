"""What the refund pages show: what a refund would do, and the story of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from paysync.domain.errors import RecordError, RuleError
from paysync.domain.money import Money
from paysync.domain.payments import Method, State
from reconciliation.domain.refunds.lanes import Lane
from reconciliation.domain.refunds.refundable import Applied, Refundable, Reopened, reopening
from reconciliation.domain.refunds.ways import Chosen, Way, choose_way
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    GLMapping,
    RefundDecision,
    RefundReason,
    RefundRequest,
)
from reconciliation.queries.accounts import accounts_for
from reconciliation.queries.refundable import applied_of, refundable_of, spoken_for
from reconciliation.services.refunding import lane_of
from reconciliation.services.refunding.asking import objection_to_unlinked, require_unlinked
from reconciliation.services.releasing import LIVE, RECALLABLE


@dataclass(frozen=True, slots=True)
class Effect:
    """What a refund of `amount` would do, as far as it can be told now. problem: why it cannot be
    asked for; then the rest says nothing.
    """

    amount: Money | None
    problem: str = ""
    chosen: Chosen | None = None
    lane: Lane | None = None
    opened: Sequence[Reopened] = ()
    ledger: str = ""


@dataclass(frozen=True, slots=True)
class Cockpit:
    """A payment with what may still go back, and what a refund would do."""

    payment: GatewayTransaction
    parts: Refundable
    applied: Sequence[Applied]
    on_account: Money
    requests: Sequence[RefundRequest]
    reasons: Sequence[RefundReason]
    effect: Effect
    may_credit: bool


def find_cockpit(
    payment_id: int,
    typed: str,
    documents: Sequence[str],
    now: datetime,
    *,
    unlinked: bool = False,
) -> Cockpit | None:
    """typed: the amount as a person wrote it; "" means all that is left."""
    row = (
        GatewayTransaction.objects.select_related(
            "company", "customer", "merchant_account__connection"
        )
        .filter(pk=payment_id)
        .first()
    )
    if row is None:
        return None
    parts = refundable_of(row)
    applied, on_account = applied_of(row)
    return Cockpit(
        payment=row,
        parts=parts,
        applied=applied,
        on_account=on_account,
        requests=list(spoken_for([row]).select_related("requested_by", "reason")),
        reasons=list(RefundReason.objects.filter(is_active=True)),
        effect=credit_effect(row, typed, now)
        if unlinked
        else effect_of(row, parts, applied, on_account, typed, documents, now),
        may_credit=not objection_to_unlinked(row),
    )


def effect_of(
    row: GatewayTransaction,
    parts: Refundable,
    applied: Sequence[Applied],
    on_account: Money,
    typed: str,
    documents: Sequence[str],
    now: datetime,
) -> Effect:
    try:
        amount = read_amount(typed, row.currency) if typed.strip() else parts.left
        parts.require(amount)
        opened = () if parts.is_held else reopening(applied, on_account, amount, documents)
    except RuleError as error:
        return Effect(None, str(error))
    is_whole = parts.is_untouched and amount == parts.captured
    return Effect(
        amount=amount,
        chosen=choose_way(State(row.state), Method(row.method), is_whole=is_whole),
        lane=lane_of(row, amount, now),
        opened=opened,
        ledger=in_ledger(row),
    )


def credit_effect(row: GatewayTransaction, typed: str, now: datetime) -> Effect:
    """What a credit to whoever paid would do: nothing to this payment."""
    try:
        amount = read_amount(typed, row.currency)
        require_unlinked(row, amount, ())
    except RuleError as error:
        return Effect(None, str(error))
    why = "It goes to the stored card of whoever paid, linked to no payment."
    return Effect(
        amount=amount,
        chosen=Chosen(Way.CREDIT, why),
        lane=lane_of(row, amount, now, unlinked=True),
        ledger="An open item asks a person to enter it. "
        + accounts_for(row, GLMapping.Kind.REFUND),
    )


def read_amount(typed: str, currency: str) -> Money:
    """An amount as people write it. Raises RuleError for anything else."""
    try:
        return Money.parse(typed.replace(",", "").replace("$", "").strip(), currency)
    except RecordError as error:
        raise RuleError(f"“{typed[:30]}” is no amount: write it like 1,234.56.") from error


def in_ledger(row: GatewayTransaction) -> str:
    """What Sage 500 will show, in one sentence."""
    live = [state.value for state in LIVE]
    receipt = CashReceipt.objects.filter(transaction=row, state__in=live).first()
    if receipt is None:
        return "No receipt counts this payment: nothing has to be undone in Sage 500."
    name = receipt.erp_tran_id or receipt.tran_no
    if receipt.state in RECALLABLE:
        return (
            f"Receipt {name} is not in Sage 500 yet: it is taken back here, and what is left of "
            "the payment is matched anew."
        )
    return (
        f"Receipt {name} is in Sage 500 ({receipt.state.replace('_', ' ')}): an open item asks a "
        f"person to put it right there, with every reference. "
        f"{accounts_for(row, GLMapping.Kind.REFUND)}"
    )


@dataclass(frozen=True, slots=True)
class RefundStory:
    """A request with who decided what."""

    request: RefundRequest
    decisions: Sequence[RefundDecision]
    given: int

    @property
    def amount(self) -> Money:
        return Money.parse(self.request.amount, self.request.currency)


def find_refund_story(request_id: int) -> RefundStory | None:
    row = (
        RefundRequest.objects.select_related(
            "transaction__customer", "company", "reason", "requested_by", "refund"
        )
        .filter(pk=request_id)
        .first()
    )
    if row is None:
        return None
    decisions = list(row.decisions.select_related("approver"))
    given = sum(one.verdict == RefundDecision.Verdict.APPROVED for one in decisions)
    return RefundStory(row, decisions, given)


def with_approvals(rows: QuerySet[RefundRequest]) -> QuerySet[RefundRequest]:
    """Requests with `given`: how many have approved each."""
    approved = Q(decisions__verdict=RefundDecision.Verdict.APPROVED)
    return rows.annotate(given=Count("decisions", filter=approved))
