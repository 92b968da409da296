"""The rows of the workbench benchmark: payments that wait, with what is suggested for each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.sites import make_account, make_company, make_gateway
from customers.models import Customer
from paysync.models import Company, MerchantAccount
from paysync.services.bulk import chunks
from reconciliation.demo.site import new_credentials
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    CashAccount,
    FiscalPeriod,
    GatewayTransaction,
    GLAccount,
    GLMapping,
    Invoice,
    JournalEntry,
    JournalLine,
    Proposal,
    ReconcilingItem,
)

REASONS = (Reason.AMBIGUOUS, Reason.UNIDENTIFIED, Reason.UNKNOWN_INVOICE, Reason.NO_EXACT_AMOUNT,
           Reason.NEEDS_CONFIRMATION)  # fmt: skip
PORTION = 2_000


def insert(rows: list[Any]) -> list[Any]:
    done: list[Any] = []
    for part in chunks(rows, PORTION):
        done += type(part[0]).objects.bulk_create(part)
    return done


def make_customers(company: Company, many: int, now: datetime) -> list[Customer]:
    return insert([
        Customer(company=company, customer_id=f"CUST{n:06d}", erp_key=str(n),
                 name=f"Customer {n} Works", read_at=now)
        for n in range(many)
    ])  # fmt: skip


def make_invoices(company: Company, customers: list[Customer], many: int, now: datetime) -> None:
    draw, today = Random(2), now.date()
    for part in chunks(range(many), PORTION):
        rows = []
        for n in part:
            amount = Decimal(draw.randrange(500, 900_000)) / 100
            day = today - timedelta(days=draw.randrange(90))
            rows.append(
                Invoice(
                    company=company, customer=customers[n % len(customers)], erp_key=str(n),
                    tran_id=f"IN-{n:010d}", tran_no=f"{n:010d}", tran_type=501, tran_date=day,
                    due_date=day + timedelta(days=30), currency="USD", total=amount,
                    balance=amount, payable=amount, read_at=now,
                )
            )  # fmt: skip
        Invoice.objects.bulk_create(rows)


def make_payments(
    account: MerchantAccount, customers: list[Customer], many: int, now: datetime
) -> None:
    """Waiting payments, half of them of known payers, each with its money in the ledger."""
    draw = Random(3)
    invoices = list(Invoice.objects.order_by("pk").values_list("pk", "tran_id", "payable",
                                                               "customer_id")[:many])  # fmt: skip
    for part in chunks(range(many), PORTION):
        rows = GatewayTransaction.objects.bulk_create(
            to_payment(account, customers, n, invoices[n % len(invoices)], now, draw) for n in part
        )
        keep_money(rows, now)
        keep_suggestions(rows, part, invoices, now, draw)


def to_payment(
    account: MerchantAccount, customers: list[Customer], n: int, invoice: Any, now: datetime,
    draw: Random,
) -> GatewayTransaction:  # fmt: skip
    at = now - timedelta(minutes=draw.randrange(60 * 24 * 60))
    return GatewayTransaction(
        merchant_account=account, company_id=account.company_id, gateway_id=str(800_000_000 + n),
        api_version="paytrace_v3", environment="sandbox", kind="sale", method="card",
        state="settled", currency="USD", amount=invoice[2], created_at=at,
        business_date=at.date(), invoice_reference=f"REF {n}", billing_name=f"Payer {n % 5000}",
        card_brand="visa", last4=f"{n % 10_000:04d}", needs_match=True, match_tried_at=now,
        customer_id=invoice[3] if n % 2 else None, first_seen_at=at, updated_at=at,
    )  # fmt: skip


def keep_money(rows: list[GatewayTransaction], now: datetime) -> None:
    entries = JournalEntry.objects.bulk_create(
        JournalEntry(transaction=row, event_key=f"capture:{row.pk}", what="captured", at=now,
                     on=row.business_date)
        for row in rows
    )  # fmt: skip
    JournalLine.objects.bulk_create(
        JournalLine(entry=entry, transaction=row, bucket=bucket, currency="USD", amount=amount)
        for row, entry in zip(rows, entries, strict=True)
        for bucket, amount in (
            ("captured", -row.amount), ("unapplied" if row.customer_id else "unidentified",
                                        row.amount))
    )  # fmt: skip


def keep_suggestions(
    rows: list[GatewayTransaction], places: list[int], invoices: list[Any], now: datetime,
    draw: Random,
) -> None:  # fmt: skip
    ReconcilingItem.objects.bulk_create(
        ReconcilingItem(
            company_id=row.company_id, key=f"match:{row.pk}", reason=draw.choice(REASONS),
            sentence="Several invoices fit.", transaction=row, currency="USD", amount=row.amount,
            opened_at=now,
        )
        for row in rows
    )  # fmt: skip
    Proposal.objects.bulk_create(
        Proposal(transaction=row, card=card_for(row, invoices[place % len(invoices)]),
                 strategy="customer_and_exact_amount", score=80, solutions=1, made_at=now)
        for row, place in zip(rows, places, strict=True)
    )  # fmt: skip


def card_for(row: GatewayTransaction, invoice: Any) -> dict[str, Any]:
    pk, tran_id, payable, customer_id = invoice
    amount = f"{payable:.2f}"
    share = {"document": pk, "tran_id": tran_id, "amount": amount, "discount": "0.00",
             "write_off": "0.00", "open_before": amount, "open_after": "0.00"}  # fmt: skip
    return {
        "schema": 1, "outcome": "suggest", "sentence": "Several invoices fit.",
        "reason": "ambiguous", "rule": None, "stopped": ["The payer is not known for sure."],
        "near_misses": [], "rivals": {"count": 1, "counted_all": True, "gave_up": False},
        "payment": {"amount": amount, "currency": "USD", "reference": row.invoice_reference,
                    "payer": row.billing_name},
        "solutions": [{
            "rank": 1, "strategy": "customer_and_exact_amount", "score": 80, "shares": [share],
            "customer": {"id": customer_id, "label": "CUST", "name": "Customer"}, "credits": [],
            "unapplied": "0.00", "lost_because": "",
            "signals": [{"code": "amount", "weight": 40, "text": "the amount is exact"}],
        }],
    }  # fmt: skip


def make_ready(account: MerchantAccount, now: datetime) -> None:
    """What a receipt needs: an open period and a mapping."""
    company, today = account.company, now.date()
    FiscalPeriod.objects.create(company=company, year=str(today.year), period=1, is_open=True,
                                start=date(today.year - 1, 1, 1), end=date(today.year, 12, 31),
                                read_at=now)  # fmt: skip
    gl_account = GLAccount.objects.create(company=company, erp_key="1", number="1010000",
                                          formatted="1010-000", read_at=now)  # fmt: skip
    cash = CashAccount.objects.create(company=company, erp_key="1", cash_account_id="CARDS",
                                      currency="USD", gl_account=gl_account,
                                      read_at=now)  # fmt: skip
    GLMapping.objects.create(
        company=company, merchant_account=account, cash_account=cash, gl_account=gl_account,
        valid_from=date(today.year - 1, 1, 1), drafted_by="ada", drafted_at=now,
        activated_by="bob", activated_at=now,
    )  # fmt: skip


def make_site(payments: int, invoices: int) -> None:
    """Waiting payments, their suggestions and open items, and open invoices."""
    now, credentials = timezone.now(), new_credentials()
    company = make_company("http://127.0.0.1:9", credentials, "SOA")
    gateway = make_gateway("http://127.0.0.1:9", credentials, "bench")
    account = make_account(company, gateway, "cards", now)
    make_ready(account, now)
    customers = make_customers(account.company, max(invoices // 20, 1), now)
    make_invoices(account.company, customers, invoices, now)
    make_payments(account, customers, payments, now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
