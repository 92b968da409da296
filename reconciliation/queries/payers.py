"""What of a payment tells who paid it."""

from __future__ import annotations

from customers.queries.aliases import Looks
from reconciliation.models import GatewayTransaction

#: The columns that looks_of() reads.
LOOKS = ("billing_name", "gateway_customer_id", "customer_reference", "description")


def looks_of(row: GatewayTransaction) -> Looks:
    return Looks(
        name=row.billing_name,
        gateway_customer=row.gateway_customer_id or row.customer_reference,
        remittance=row.description,
    )
