"""The explain card of a payment: of its match, or of what is offered while it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciliation.models import GatewayTransaction, Match, Proposal
from reconciliation.services.releasing import PAYER_KNOWN


@dataclass(frozen=True, slots=True)
class CardOf:
    """match: None while the payment waits. card: None until the engine has looked at it."""

    payment: GatewayTransaction
    match: Match | None
    card: dict[str, Any] | None


def find_payments(name: str) -> list[GatewayTransaction]:
    """The payments of this gateway id (one of each method and merchant account at most); where
    there is none, the one of this primary key.
    """
    rows = GatewayTransaction.objects.select_related("company", "customer")
    found = list(rows.filter(gateway_id=name).order_by("pk")[:10])
    if not found and name.isascii() and name.isdecimal() and len(name) < 19:
        found = list(rows.filter(pk=int(name)))
    return found


def card_of_payment(payment: GatewayTransaction) -> CardOf:
    match = Match.objects.filter(transaction=payment, ended_at__isnull=True).first()
    if match is not None:
        card = {key: value for key, value in match.card.items() if key != PAYER_KNOWN}
        return CardOf(payment, match, card or None)
    offered = Proposal.objects.filter(transaction=payment).first()
    return CardOf(payment, None, offered.card if offered else None)
