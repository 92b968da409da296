"""Rows for tests. Each factory takes only what a test is about; the rest is filled in."""

from __future__ import annotations

from itertools import count
from typing import Any

from paysync.models import Company, Connection, MerchantAccount

numbers = count(1)


def make_connection(**fields: Any) -> Connection:
    """A PayTrace V3 connection of the sandbox, unless told otherwise."""
    number = next(numbers)
    values = {
        "slug": f"paytrace-{number}",
        "name": f"PayTrace {number}",
        "kind": Connection.Kind.PAYTRACE_V3,
        "base_url": "http://127.0.0.1:9",
    }
    return Connection.objects.create(**(values | fields))


def make_company(**fields: Any) -> Company:
    """A company with a Sage 500 connection of its own."""
    number = next(numbers)
    if "erp_connection" not in fields:
        fields["erp_connection"] = make_connection(
            slug=f"sage-{number}", name=f"Sage {number}", kind=Connection.Kind.SAGE500_HTTP
        )
    values = {"company_id": f"{number % 1000:03d}", "name": f"Company {number}"}
    return Company.objects.create(**(values | fields))


def make_merchant_account(**fields: Any) -> MerchantAccount:
    """A merchant account with a company and a PayTrace connection."""
    number = next(numbers)
    fields["company"] = fields.get("company") or make_company()
    fields["connection"] = fields.get("connection") or make_connection()
    values = {"name": f"Merchant account {number}", "merchant_id": str(100_000 + number)}
    return MerchantAccount.objects.create(**(values | fields))
