"""Keep the mirror of ERP customers up to date."""

from __future__ import annotations

from datetime import datetime

from customers.models import Customer
from paysync.domain.ledger import ErpCustomer
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.bulk import chunks, upsert

FIELDS = (
    "erp_key",
    "name",
    "email",
    "phone",
    "address",
    "national_parent_id",
    "is_active",
    "update_counter",
)


def normalize_id(text: str) -> str:
    """A Sage CustID as a key: blanks trimmed, upper case (Sage compares it that way)."""
    return text.strip().upper()


def to_row(company: Company, customer: ErpCustomer, now: datetime) -> Customer:
    return Customer(
        company=company,
        customer_id=normalize_id(customer.customer_id),
        erp_key=customer.key,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        address=customer.address,
        national_parent_id=normalize_id(customer.national_parent_id),
        is_active=customer.is_active,
        update_counter=customer.update_counter,
        read_at=now,
    )


def refresh_customers(
    company: Company,
    *,
    erp: ErpLedger,
    now: datetime,
    since: datetime | None = None,
    set_aside: list[str] | None = None,
) -> int:
    """Read the customers changed since `since` (all when None). Returns how many were read."""
    read = 0
    for part in chunks(erp.customers(company.company_id, since, set_aside=set_aside)):
        rows = {row.customer_id: row for row in (to_row(company, c, now) for c in part)}
        upsert(
            Customer,
            list(rows.values()),
            scope={"company": company},
            key="customer_id",
            fields=FIELDS,
        )
        read += len(part)
    return read
