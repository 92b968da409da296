"""The processor's fee for a dispute: booked by itself, never out of the customer's payment."""

from __future__ import annotations

from datetime import datetime

from paysync.domain.money import Money
from reconciliation.domain.reasons import Reason
from reconciliation.models import Dispute, DisputeEvent, GLMapping
from reconciliation.services.disputing.events import note
from reconciliation.services.leftovers import Finding, open_items
from reconciliation.services.mappings import find_mapping


def add_fee(dispute: Dispute, fee: Money, actor: str, now: datetime) -> None:
    """One more fee. An open item says what to book in Sage 500, and where to.

    Call in a transaction, with the dispute locked.
    """
    dispute.fee += fee.amount
    dispute.save(update_fields=["fee"])
    event = note(dispute, DisputeEvent.Kind.FEE, f"Fee of {fee}.", actor, now, amount=fee.amount)
    sentence = f"Fee of {fee} for {dispute}: {accounts_of(dispute, now)}"
    finding = Finding(f"fee:{event.pk}", Reason.FEE_TO_BOOK, sentence, fee, dispute.transaction)
    open_items(dispute.company, [finding], now=now)


def accounts_of(dispute: Dispute, now: datetime) -> str:
    """Where the fee belongs by the GL mapping, or that nobody has said so."""
    mapping = find_mapping(
        dispute.company_id,
        dispute.merchant_account_id or 0,
        GLMapping.Kind.FEE,
        dispute.brand,
        now.date(),
    )
    if mapping is None:
        return "no GL mapping of the kind Fee is in force, so the account is yours to choose."
    cash = mapping.cash_account
    return f"debit {mapping.gl_account.formatted}, credit cash account {cash.cash_account_id}."
