"""What a payment holds, and whether a match of it could be posted."""

from __future__ import annotations

from dataclasses import replace

from paysync.domain.ledger import Bucket
from paysync.domain.money import Money
from reconciliation.domain.matching import is_representable
from reconciliation.domain.matching.results import Decision, Outcome
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, GLMapping
from reconciliation.queries.amounts import to_minor
from reconciliation.services.mappings import MappingTable
from reconciliation.services.planning import brand_of, comment_of

#: Where money lies that waits for an explanation.
WAITING = (Bucket.UNIDENTIFIED, Bucket.UNAPPLIED)


def held_money(row: GatewayTransaction, balances: dict[Bucket, Money]) -> Money:
    """What of the payment still waits for an explanation (a refund may have taken a part)."""
    zero = Money.zero(row.currency)
    return balances.get(Bucket.UNIDENTIFIED, zero) + balances.get(Bucket.UNAPPLIED, zero)


def held_minor(currency: str, balances: dict[Bucket, Money]) -> int:
    """The same in minor units."""
    return sum(to_minor(balances[b].amount, currency) for b in WAITING if b in balances)


def find_mapping(row: GatewayTransaction, table: MappingTable) -> GLMapping | None:
    return table.find(
        row.merchant_account_id, GLMapping.Kind.SALE, brand_of(row), row.business_date
    )


def objection_to(row: GatewayTransaction, table: MappingTable) -> tuple[Reason, str] | None:
    """Why no receipt of this payment could be posted, if there is a reason."""
    mapping = find_mapping(row, table)
    if mapping is None:
        return (
            Reason.NO_GL_MAPPING,
            f"No active GL mapping covers {brand_of(row) or 'cards'} of this merchant account "
            f"on {row.business_date}.",
        )
    if mapping.cash_account.currency != row.currency:
        return (
            Reason.CURRENCY_MISMATCH,
            f"Cash account {mapping.cash_account.cash_account_id} is in "
            f"{mapping.cash_account.currency}, the payment in {row.currency}.",
        )
    if not is_representable(comment_of(row)):
        return Reason.BAD_TEXT, "The approval code has characters that Sage 500 cannot hold."
    return None


def check_postable(decision: Decision, row: GatewayTransaction, table: MappingTable) -> Decision:
    """Turn a match that could not be posted into a suggestion that says why."""
    objection = objection_to(row, table) if decision.outcome == Outcome.AUTO else None
    if objection is None:
        return decision
    payer = decision.customer_id or decision.solutions[0].customer_id
    return replace(held_back(decision, *objection), customer_id=payer)


def held_back(decision: Decision, reason: Reason, sentence: str) -> Decision:
    """The decision as a suggestion: this is why it is not applied by itself."""
    return replace(
        decision,
        outcome=Outcome.SUGGEST,
        reason=reason,
        sentence=sentence,
        stopped=(*decision.stopped, sentence),
    )
