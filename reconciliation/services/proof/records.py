"""The audit trail is whole, and no card number is kept."""

from __future__ import annotations

from paysync.domain.redaction import redact
from paysync.models import InboundEvent
from paysync.services.audit import verify_chain
from reconciliation.models import GatewayTransaction
from reconciliation.services.proof.result import Proof


def check_audit(proof: Proof) -> None:
    """15: the audit chain is whole."""
    for problem in verify_chain():
        proof.broken(15, "audit chain", "audit", problem)


def check_no_card_data(proof: Proof, scan_events: int) -> None:
    """16: no card number in what came in last, nor in any text of a payment."""
    newest = InboundEvent.objects.order_by("-pk").values_list("pk", "payload")[:scan_events]
    for pk, payload in newest.iterator():
        if redact(payload)[1]:
            proof.broken(16, "card data", f"inbox event {pk}", "holds a card number or code")
    texts = GatewayTransaction.objects.order_by("-pk").values_list(
        "gateway_id", "invoice_reference", "customer_reference", "billing_name", "description"
    )[:scan_events]
    for gateway_id, *values in texts.iterator():
        if redact(" | ".join(values))[1]:
            proof.broken(16, "card data", gateway_id, "holds a card number or code")
