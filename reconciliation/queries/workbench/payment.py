"""One payment at the workbench, with everything that helps to decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q

from reconciliation.models import (
    Application,
    CashReceipt,
    GatewayTransaction,
    ItemNote,
    Match,
    ReconcilingItem,
)
from reconciliation.queries.workbench.paging import match_items
from reconciliation.queries.workbench.rows import waiting

EARLIER = 5


@dataclass(frozen=True, slots=True)
class Work:
    """A payment at the workbench, with everything that helps to decide about it."""

    payment: GatewayTransaction
    item: ReconcilingItem | None
    notes: list[ItemNote]
    match: Match | None
    receipt: CashReceipt | None
    earlier: list[GatewayTransaction]

    @property
    def card(self) -> dict[str, Any]:
        """The explain card: of the match, or of what is proposed."""
        if self.match is not None:
            return dict(self.match.card)
        proposal = getattr(self.payment, "proposal", None)
        return dict(proposal.card) if proposal else {}


def find_work(pk: int) -> Work | None:
    payment = (
        GatewayTransaction.objects.select_related(
            "company", "customer", "merchant_account", "proposal"
        )
        .filter(pk=pk)
        .first()
    )
    if payment is None:
        return None
    item = match_items().filter(transaction=payment).first()
    match = active_match(payment)
    return Work(
        payment=payment,
        item=item,
        notes=list(ItemNote.objects.filter(item__transaction=payment).order_by("-pk")[:20]),
        match=match,
        receipt=receipt_of(match),
        earlier=earlier_of(payment) if payment.customer_id is not None else [],
    )


def active_match(payment: GatewayTransaction) -> Match | None:
    if payment.needs_match:
        return None
    return (
        Match.objects.filter(transaction=payment, ended_at__isnull=True)
        .select_related("customer")
        .prefetch_related(paid_documents())
        .first()
    )


def receipt_of(match: Match | None) -> CashReceipt | None:
    if match is None:
        return None
    return CashReceipt.objects.filter(match=match).order_by("-sequence").first()


def paid_documents() -> Prefetch[str]:
    rows = Application.objects.select_related("invoice").order_by("pk")
    return Prefetch("applications", rows, to_attr="all_applications")


def earlier_of(payment: GatewayTransaction) -> list[GatewayTransaction]:
    """What this payer paid before, with the documents; of an unknown payer what else waits under
    the same name or gateway customer (that reads everything that waits: not for every page).
    """
    if payment.customer_id is not None:
        rows = GatewayTransaction.objects.filter(customer_id=payment.customer_id)
    elif payment.gateway_customer_id or payment.billing_name:
        alike = Q(gateway_customer_id=payment.gateway_customer_id)
        if not payment.gateway_customer_id:
            alike = Q(billing_name=payment.billing_name)
        rows = waiting().filter(alike, company_id=payment.company_id)
    else:
        return []
    active = Match.objects.filter(ended_at__isnull=True).prefetch_related(paid_documents())
    rows = rows.exclude(pk=payment.pk).order_by("-created_at", "-pk")
    return list(
        rows.prefetch_related(Prefetch("matches", active, to_attr="active_matches"))[:EARLIER]
    )
