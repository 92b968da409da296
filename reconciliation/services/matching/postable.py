"""What a payment holds, and whether a match of it could be posted."""

from __future__ import annotations

from paysync.domain.ledger import Bucket
from paysync.domain.money import Money
from reconciliation.domain.matching import Decision, LeftOver, is_representable
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, GLMapping
from reconciliation.services.mappings import MappingTable
from reconciliation.services.planning import brand_of, comment_of


def held_money(row: GatewayTransaction, balances: dict[Bucket, Money]) -> Money:
    """What of the payment still waits for an explanation (a refund may have taken a part)."""
    zero = Money.zero(row.currency)
    return balances.get(Bucket.UNIDENTIFIED, zero) + balances.get(Bucket.UNAPPLIED, zero)


def find_mapping(row: GatewayTransaction, table: MappingTable) -> GLMapping | None:
    return table.find(
        row.merchant_account_id, GLMapping.Kind.SALE, brand_of(row), row.business_date
    )


def check_postable(decision: Decision, row: GatewayTransaction, table: MappingTable) -> Decision:
    """Turn a match that could not be posted into a left-over that says why."""
    if isinstance(decision, LeftOver):
        return decision
    mapping = find_mapping(row, table)
    if mapping is None:
        return LeftOver(
            decision.payment_id,
            Reason.NO_GL_MAPPING,
            f"No active GL mapping covers {brand_of(row) or 'cards'} of this merchant account "
            f"on {row.business_date}.",
            decision.customer_id,
        )
    if mapping.cash_account.currency != row.currency:
        return LeftOver(
            decision.payment_id,
            Reason.CURRENCY_MISMATCH,
            f"Cash account {mapping.cash_account.cash_account_id} is in "
            f"{mapping.cash_account.currency}, the payment in {row.currency}.",
            decision.customer_id,
        )
    if not is_representable(comment_of(row)):
        return LeftOver(
            decision.payment_id,
            Reason.BAD_TEXT,
            "The approval code has characters that Sage 500 cannot hold.",
            decision.customer_id,
        )
    return decision
