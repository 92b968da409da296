"""A company with many open invoices, and payments of them, straight into the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

from django.db import transaction as database
from django.utils import timezone

from customers.models import Customer
from paysync.models import Company, Connection, MerchantAccount
from paysync.services.bulk import chunks, insert_rows
from reconciliation.models import (
    CashAccount,
    FiscalPeriod,
    GatewayTransaction,
    GLAccount,
    GLMapping,
    Invoice,
    JournalEntry,
    JournalLine,
)

#: Invoices of one customer.
EACH = 25
PART = 20_000
#: What is paid, of a hundred payments: the exact rules alone, or what a desk sees.
EXACT = {"id": 100}
MIXED = {"id": 70, "spelling": 10, "amount": 8, "two": 5, "part": 4, "nothing": 3}


@dataclass(frozen=True, slots=True)
class Site:
    """Where the payments are made."""

    company: Company
    account: MerchantAccount


def make_site() -> Site:
    now = timezone.now()
    erp = Connection.objects.create(
        slug="erp", name="ERP", kind=Connection.Kind.SAGE500_HTTP, base_url="http://127.0.0.1:9"
    )
    gateway = Connection.objects.create(
        slug="gateway", name="Gateway", kind=Connection.Kind.PAYTRACE_V3,
        base_url="http://127.0.0.1:9",
    )  # fmt: skip
    company = Company.objects.create(
        company_id="BEN", name="Benchmark", erp_connection=erp, mode=Company.Mode.AUTO
    )
    account = MerchantAccount.objects.create(
        name="Cards", company=company, connection=gateway, merchant_id="90001"
    )
    gl_account = GLAccount.objects.create(
        company=company, erp_key="1", number="1010", formatted="1010", read_at=now
    )
    cash = CashAccount.objects.create(
        company=company, erp_key="1", cash_account_id="CARDS", currency="USD",
        gl_account=gl_account, read_at=now,
    )  # fmt: skip
    today = timezone.localdate()
    GLMapping.objects.create(
        company=company, cash_account=cash, gl_account=gl_account, drafted_by="ada",
        drafted_at=now, activated_by="bob", activated_at=now,
        valid_from=today - timedelta(days=400),
    )  # fmt: skip
    FiscalPeriod.objects.create(
        company=company, year="2026", period=1, start=today - timedelta(days=40),
        end=today + timedelta(days=40), is_open=True, read_at=now,
    )  # fmt: skip
    return Site(company, account)


def make_invoices(site: Site, count: int) -> None:
    now, today, draw = timezone.now(), timezone.localdate(), Random(1)
    customers = [
        Customer(
            company=site.company, customer_id=f"C{number:08d}", erp_key=str(number),
            name=f"Customer {number}", read_at=now,
        )
        for number in range(max(count // EACH, 1))
    ]  # fmt: skip
    for part in chunks(customers, PART):
        insert_rows(part, by=("customer_id",), among=Customer.objects.all())
    for numbers in chunks(range(1, count + 1), PART):
        rows = []
        for number in numbers:
            amount = Decimal(draw.randint(1_000, 900_000)) / 100
            tran_date = today - timedelta(days=draw.randint(0, 90))
            rows.append(
                Invoice(
                    company=site.company, customer=customers[number // EACH % len(customers)],
                    erp_key=str(number), tran_id=f"IN-{number:010d}", tran_no=f"{number:010d}",
                    tran_type=501, tran_date=tran_date, due_date=tran_date + timedelta(days=30),
                    currency="USD", total=amount, balance=amount, payable=amount, read_at=now,
                    changed_at=now,
                )
            )  # fmt: skip
        insert_rows(rows, by=("tran_id",), among=Invoice.objects.all())


def make_payments(site: Site, count: int, mix: dict[str, int]) -> None:
    """Payments in hand: captured, and in the ledger as such. Each pays invoices of its own."""
    draw = Random(2)
    kinds = [kind for kind, share in mix.items() for _ in range(share)]
    invoices = iter(
        Invoice.objects.order_by("pk").values_list("tran_id", "payable", "customer_id").iterator()
    )
    for numbers in chunks(range(count), PART):
        rows = [to_payment(site, number, draw.choice(kinds), invoices) for number in numbers]
        with database.atomic():
            insert_rows(rows, by=("gateway_id",), among=GatewayTransaction.objects.all())
            capture(rows)


Named = Iterator[tuple[str, Decimal, int]]


def to_payment(site: Site, number: int, kind: str, invoices: Named) -> GatewayTransaction:
    tran_id, amount, payer = next(invoices)
    reference = {"spelling": f"inv {int(tran_id[3:])}", "amount": ""}.get(kind, tran_id)
    description = ""
    if kind == "two":
        other, more, _ = next_of(payer, invoices) or ("", Decimal(0), payer)
        reference, amount = f"{tran_id} {other}".strip(), amount + more
    elif kind == "part":
        amount = (amount / 2).quantize(Decimal("0.01"))
    elif kind == "nothing":
        reference, amount = "", amount + Decimal("0.01")
    now = timezone.now()
    return GatewayTransaction(
        merchant_account=site.account, company=site.company, gateway_id=str(700_000_000 + number),
        api_version="v3", environment="sandbox", kind="sale", method="card", state="captured",
        currency="USD", amount=amount, created_at=now, business_date=timezone.localdate(now),
        invoice_reference=reference, description=description, card_brand="visa", last4="1111",
        approval_code="TAS401", customer_id=payer, needs_match=True, first_seen_at=now,
        updated_at=now,
    )  # fmt: skip


def next_of(payer: int, invoices: Named) -> tuple[str, Decimal, int] | None:
    """The next invoice, where it is the payer's, as it mostly is."""
    found = next(invoices)
    return found if found[2] == payer else None


def capture(rows: list[GatewayTransaction]) -> None:
    entries = [
        JournalEntry(
            transaction=row, event_key=f"capture:{row.pk}", what="captured", at=row.created_at,
            on=row.business_date,
        )
        for row in rows
    ]  # fmt: skip
    insert_rows(entries, by=("event_key",), among=JournalEntry.objects.all())
    lines = [
        JournalLine(
            entry=entry, transaction=row, bucket=bucket, currency="USD", amount=row.amount * sign
        )
        for entry, row in zip(entries, rows, strict=True)
        for bucket, sign in (("captured", -1), ("unidentified", 1))
    ]
    insert_rows(lines, by=("entry_id", "bucket"), among=JournalLine.objects.all())
