"""Rows of the books for tests: customers, invoices, mappings, gateway records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from customers.models import Customer
from paysync.domain.money import Money
from paysync.domain.payments import GatewayRecord, Kind, Method, State
from paysync.models import Company, MerchantAccount
from reconciliation.models import CashAccount, FiscalPeriod, GLAccount, GLMapping, Invoice

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
numbers = count(1)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def make_customer(company: Company, customer_id: str = "", **fields: Any) -> Customer:
    number = next(numbers)
    values = {
        "customer_id": customer_id or f"C{number:05d}",
        "erp_key": str(number),
        "name": f"Customer {number}",
        "read_at": NOW,
    }
    return Customer.objects.create(company=company, **(values | fields))


def make_invoice(company: Company, payable: str = "100.00", **fields: Any) -> Invoice:
    number = next(numbers)
    fields.setdefault("customer", None)
    customer = fields.pop("customer") or make_customer(company)
    values = {
        "erp_key": str(number),
        "tran_id": f"IN-{number:010d}",
        "tran_no": f"{number:010d}",
        "tran_type": 501,
        "tran_date": TODAY,
        "currency": "USD",
        "total": payable,
        "balance": payable,
        "payable": payable,
        "read_at": NOW,
    }
    row = Invoice.objects.create(company=company, customer=customer, **(values | fields))
    row.refresh_from_db()
    return row


def make_period(company: Company, *, is_open: bool = True, month: int = 11) -> FiscalPeriod:
    return FiscalPeriod.objects.create(
        company=company,
        year="2026",
        period=month,
        start=date(2026, month, 1),
        end=date(2026, month, 30),
        is_open=is_open,
        read_at=NOW,
    )


def make_mapping(company: Company, **fields: Any) -> GLMapping:
    number = next(numbers)
    gl_account = GLAccount.objects.create(
        company=company,
        erp_key=f"gl{number}",
        number="1010000",
        formatted="1010-000",
        read_at=NOW,
    )
    cash_account = CashAccount.objects.create(
        company=company,
        erp_key=f"cash{number}",
        cash_account_id=f"CARDS{number}",
        currency=fields.pop("currency", "USD"),
        gl_account=gl_account,
        read_at=NOW,
    )
    values = {
        "cash_account": cash_account,
        "gl_account": gl_account,
        "valid_from": date(2026, 1, 1),
        "drafted_by": "ada",
        "drafted_at": NOW,
        "activated_by": "bob",
        "activated_at": NOW,
    }
    return GLMapping.objects.create(company=company, **(values | fields))


def ready(account: MerchantAccount) -> Company:
    """The account's company, able to post: an open period, a mapping, automatic mode."""
    company = account.company
    company.mode = Company.Mode.AUTO
    company.save()
    make_period(company)
    make_mapping(company, merchant_account=account)
    return company


def sale(gateway_id: str = "", amount: str = "100.00", **fields: Any) -> GatewayRecord:
    """A captured card sale."""
    gateway_id = gateway_id or str(700_000_000 + next(numbers))
    values: dict[str, Any] = {
        "gateway_id": gateway_id,
        "kind": Kind.SALE,
        "method": Method.CARD,
        "state": State.CAPTURED,
        "amount": usd(amount),
        "created_at": NOW,
        "business_date": TODAY,
        "card_brand": "visa",
        "last4": "5439",
        "approval_code": "TAS401",
        "raw": {"transaction_id": gateway_id},
    }
    return GatewayRecord(**(values | fields))


def refund(original: str, amount: str, **fields: Any) -> GatewayRecord:
    return sale(amount=amount, kind=Kind.REFUND, original_id=original, **fields)
