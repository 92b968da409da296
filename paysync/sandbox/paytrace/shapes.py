"""How the twin shows its payments: V1's documented export, and V3 as far as anyone knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from paysync.sandbox.paytrace.store import Payment

#: Status code and message of a card payment (§8.4).
STATUS = {
    "authorized": ("N", "Authorization Only"),
    "captured": ("Y", "Pending Settlement"),
    "voided": ("N", "Voided"),
    "declined": ("N", "Declined"),
}
FIRST_DIGITS = {"Visa": "4", "MasterCard": "5", "Amex": "3", "Discover": "6"}
COUNTED = ("captured", "settled", "SETTLED")


def number_of(cents: int) -> int | float:
    """An amount as the gateway prints it: a bare number, 110 or 110.5."""
    return cents // 100 if cents % 100 == 0 else float(Decimal(cents) / 100)


def us_stamp(epoch: int, zone: ZoneInfo) -> str:
    """4/10/2026 4:06:30 PM: the gateway's own clock, no zone (§9.1)."""
    moment = datetime.fromtimestamp(epoch, zone)
    return f"{moment:%-m/%-d/%Y %-I:%M:%S %p}"


def iso_stamp(epoch: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(epoch, zone).replace(tzinfo=None).isoformat()


def status_of(payment: Payment) -> tuple[str, str]:
    if payment["status"] == "settled":
        return (f"GB{payment['batch_number']}",) * 2
    return STATUS[payment["status"]]


def address(payment: Payment, zip_name: str) -> dict[str, str]:
    return {
        "name": payment["billing_name"],
        "street_address": "",
        "street_address2": "",
        "city": "",
        "state": "",
        zip_name: "",
        "country": "US",
    }


def v1_entry(payment: Payment, zone: ZoneInfo) -> dict[str, Any]:
    """One row of a V1 export, quirks included. `card_type`, `original_id`: our invention."""
    status_code, status_message = status_of(payment)
    settled = payment["settled"]
    return {
        "transaction_id": int(payment["id"]),
        "credit_card": {
            "masked_number": f"************{payment['last4']}",
            "expiration_month": 12,
            "expiration_year": 29,
            "card_type": payment["brand"],
        },
        "transaction_type": payment["kind"],
        "description": payment["description"],
        "amount": number_of(payment["cents"]),
        "invoice_id": payment["invoice"],
        "shipping_address": {**address(payment, "zip"), "name": "", "county": ""},
        "billing_address": address(payment, "zip"),
        "receipt_emailed_to": "",
        "tax_amount": "0.00",
        "customer_reference_id": payment["customer_ref"],
        "approval_code": payment["approval_code"],
        "approval_message": payment["approval_message"],
        "avs_response": "No Match" if payment["approval_code"] else "0",
        "csc_response": "Match",
        "status_code": status_code,
        "status_message": status_message,
        "created": {
            "through": "API",
            "at": us_stamp(payment["created"], zone),
            "by": payment["created_by"],
            "from_ip": "203.0.113.9",
        },
        "settled": us_stamp(settled, zone) if settled else "",
        "customer_id": payment["customer_id"],
        "original_id": payment["original_id"],
    }


def v3_entry(payment: Payment, zone: ZoneInfo) -> dict[str, Any]:
    """A V3 card record: V1's fields under V3's names (§7.1); the real shape is unknown."""
    entry = v1_entry(payment, zone)
    digit = FIRST_DIGITS.get(payment["brand"], "x")
    billing = address(payment, "postal_code")
    entry |= {
        "transaction_id": payment["id"],
        "invoice_number": entry.pop("invoice_id"),
        "billing_name": payment["billing_name"],
        "billing_address": billing,
        "card_masked": f"{digit}xxxxxxxxxxx{payment['last4']}",
    }
    del entry["credit_card"]["masked_number"], entry["shipping_address"]
    return entry


def ach_entry(payment: Payment, zone: ZoneInfo) -> dict[str, Any]:
    """A V3 ACH record; beyond id, amount and status the names are ours (§7.5)."""
    settled = payment["settled"]
    return {
        "transaction_id": payment["id"],
        "amount": f"{Decimal(payment['cents']) / 100:.2f}",
        "reversible_amount": f"{Decimal(payment['cents']) / 100:.2f}",
        "transaction_status": payment["status"],
        "transaction_type": payment["kind"].title(),
        "created_at": iso_stamp(payment["created"], zone),
        "settled_at": iso_stamp(settled, zone) if settled else None,
        "invoice_number": payment["invoice"],
        "description": payment["description"],
        "billing_name": payment["billing_name"],
        "customer_id": payment["customer_id"],
        "idempotency_key": payment["idempotency_key"],
        "return_code": payment["return_code"],
        "bank_account": {"masked_account_number": f"xxxxxx{payment['last4']}"},
        "original_id": payment["original_id"],
    }


def batch_entry(batch: Payment, payments: Sequence[Payment], zone: ZoneInfo) -> dict[str, Any]:
    """A batch, under the legacy names in lower case: the JSON names are unknown (§9.1)."""
    sales = [p["cents"] for p in payments if p["kind"] == "SALE"]
    refunds = [p["cents"] for p in payments if p["kind"] == "REFUND"]
    return {
        "batch_number": int(batch["number"]),
        "when": us_stamp(batch["settled"], zone),
        "transaction_count": len(payments),
        "net_amount": number_of(sum(sales) - sum(refunds)),
        "sales_count": len(sales),
        "sales_amount": number_of(sum(sales)),
        "refund_count": len(refunds),
        "refund_amount": number_of(sum(refunds)),
    }


def truth(payment: Payment) -> dict[str, Any]:
    """A payment as it is, for proofs: all columns, amounts as text, instants as ISO UTC."""
    shown = {name: value for name, value in payment.items() if name not in ("cents", "hidden")}
    shown["amount"] = f"{Decimal(payment['cents']) / 100:.2f}"
    shown["is_money"] = payment["status"] in (*COUNTED, "ACCEPTED", "ORIGINATED")
    for name in ("created", "settled"):
        if payment[name] is not None:
            shown[name] = datetime.fromtimestamp(payment[name], UTC).isoformat()
    return shown
