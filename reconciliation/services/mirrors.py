"""Bring the mirrors of one company up to date with what the ERP says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from customers.models import Customer
from customers.services.mirror import normalize_id, refresh_customers
from paysync.domain import ledger
from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.models import Alert, Company
from paysync.ports import ErpLedger
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.bulk import chunks, update_rows, upsert
from reconciliation.models import CashAccount, FiscalPeriod, GLAccount, Invoice

#: Clocks differ: an incremental reading asks for this much more than it needs.
OVERLAP = timedelta(minutes=10)
#: While rows are set aside, everything is read this often: what mends a row may change another.
READ_AGAIN = timedelta(hours=1)

INVOICE_FIELDS = (
    "customer_id", "erp_key", "tran_no", "tran_type", "tran_date", "due_date", "customer_po",
    "currency", "total", "balance", "payable", "discount", "discount_until", "is_open",
    "in_dispute", "update_counter",
)  # fmt: skip


def refresh_company(
    company: Company, *, erp: ErpLedger, now: datetime, since: datetime | None = None
) -> int:
    """Read accounts, periods, customers and invoices. `since`: only what changed since then.

    A full reading (`since` None) also closes invoices that Sage no longer lists as open.
    Returns how many records were read. Customers come before the invoices that name them. A
    customer or invoice that cannot be used is set aside, with one alert for all of them.
    """
    whole = since is None or is_read_again_due(company, now)
    asked = None if since is None or whole else since - OVERLAP
    set_aside: list[str] = []
    read = refresh_accounts(company, erp=erp, now=now)
    read += refresh_customers(company, erp=erp, now=now, since=asked, set_aside=set_aside)
    read += refresh_invoices(company, erp=erp, now=now, since=asked, set_aside=set_aside)
    tell_set_aside(company, set_aside, whole=whole, now=now)
    return read


def alert_key(company: Company) -> str:
    return f"erp_rows_set_aside:{company.pk}"


def is_read_again_due(company: Company, now: datetime) -> bool:
    """Whether rows are set aside, and it is time to read everything again."""
    return Alert.objects.filter(
        key=alert_key(company), closed_at__isnull=True, last_seen_at__lte=now - READ_AGAIN
    ).exists()


def tell_set_aside(
    company: Company, set_aside: Sequence[str], *, whole: bool, now: datetime
) -> None:
    """One alert for all rows set aside. Only a clean reading of everything proves them mended."""
    if set_aside:
        named = "; ".join(set_aside[:3])
        raise_alert(
            "erp_rows_set_aside",
            alert_key(company),
            f"{len(set_aside)} rows of {company.company_id} in Sage 500 are not used: {named}",
            advice="Correct them in Sage 500. All is read again every hour until none is left.",
            company=company,
            now=now,
        )
    elif whole:
        close_alert(alert_key(company), actor="paysync")


def refresh_accounts(company: Company, *, erp: ErpLedger, now: datetime) -> int:
    """GL accounts, cash accounts and fiscal periods: small, so always read whole."""
    gl_rows = [to_gl_account(company, a, now) for a in erp.gl_accounts(company.company_id)]
    upsert(
        GLAccount,
        gl_rows,
        scope={"company": company},
        key="erp_key",
        fields=("number", "formatted", "description", "is_active"),
    )
    gl_keys = dict(GLAccount.objects.filter(company=company).values_list("erp_key", "pk"))
    cash_rows = [
        to_cash_account(company, a, gl_keys, now) for a in erp.cash_accounts(company.company_id)
    ]
    upsert(
        CashAccount,
        cash_rows,
        scope={"company": company},
        key="cash_account_id",
        fields=("erp_key", "description", "currency", "gl_account_id", "is_active"),
    )
    periods = erp.fiscal_periods(company.company_id)
    for period in periods:
        FiscalPeriod.objects.update_or_create(
            company=company,
            year=period.year,
            period=period.period,
            defaults={
                "start": period.start,
                "end": period.end,
                "is_open": period.is_open,
                "read_at": now,
            },
        )
    return len(gl_rows) + len(cash_rows) + len(periods)


def to_gl_account(company: Company, account: ledger.ErpGLAccount, now: datetime) -> GLAccount:
    return GLAccount(
        company=company,
        erp_key=account.key,
        number=account.number,
        formatted=account.formatted,
        description=account.description,
        is_active=account.is_active,
        read_at=now,
    )


def to_cash_account(
    company: Company, account: ledger.ErpCashAccount, gl_keys: dict[str, int], now: datetime
) -> CashAccount:
    return CashAccount(
        company=company,
        erp_key=account.key,
        cash_account_id=account.cash_account_id,
        description=account.description,
        currency=account.currency,
        gl_account_id=gl_keys.get(account.gl_account_key),
        is_active=account.is_active,
        read_at=now,
    )


def refresh_invoices(
    company: Company,
    *,
    erp: ErpLedger,
    now: datetime,
    since: datetime | None,
    set_aside: list[str],
) -> int:
    """Mirror the invoices. `read_at` is the instant before the reading began, never later;
    `changed_at` that of writing, and only where something of the invoice is new.
    """
    read = 0
    began = time.monotonic()
    for part in chunks(erp.open_invoices(company.company_id, since, set_aside=set_aside)):
        rows = to_invoices(company, part, set_aside, now)
        at = now + timedelta(seconds=time.monotonic() - began)
        upsert(
            Invoice,
            rows,
            scope={"company": company},
            key="tran_id",
            fields=INVOICE_FIELDS,
            changed={"changed_at": at},
        )
        read += len(part)
    if since is None:
        close_unlisted(company, erp, now, set_aside)
    return read


def to_invoices(
    company: Company, part: Sequence[ledger.Invoice], set_aside: list[str], now: datetime
) -> list[Invoice]:
    """Rows of the mirror, one an ID. An invoice of a customer we do not know is set aside."""
    payers = payers_of(company, part)
    rows: dict[str, Invoice] = {}
    for invoice in part:
        payer = payers.get(normalize_id(invoice.customer_id))
        if payer is None:
            named = f"invoice {invoice.tran_id} names unknown customer {invoice.customer_id}"
            set_aside.append(named)
            continue
        row = to_invoice(company, invoice, payer, now)
        rows[row.tran_id] = row
    return list(rows.values())


def payers_of(company: Company, part: Sequence[ledger.Invoice]) -> dict[str, int]:
    wanted = {normalize_id(invoice.customer_id) for invoice in part}
    known = Customer.objects.filter(company=company, customer_id__in=wanted)
    return dict(known.values_list("customer_id", "pk"))


def to_invoice(company: Company, invoice: ledger.Invoice, payer: int, now: datetime) -> Invoice:
    return Invoice(
        company=company,
        customer_id=payer,
        erp_key=invoice.key,
        tran_id=invoice.tran_id.strip().upper(),
        tran_no=invoice.tran_no.strip(),
        tran_type=invoice.tran_type,
        tran_date=invoice.tran_date,
        due_date=invoice.due_date,
        customer_po=invoice.customer_po[:15],
        currency=invoice.total.currency,
        total=invoice.total.amount,
        balance=invoice.balance.amount,
        payable=invoice.payable.amount,
        discount=invoice.discount.amount if invoice.discount else Decimal(0),
        discount_until=invoice.discount_until,
        is_open=invoice.is_open,
        in_dispute=invoice.in_dispute,
        update_counter=invoice.update_counter,
        read_at=now,
    )


def close_unlisted(company: Company, erp: ErpLedger, now: datetime, set_aside: list[str]) -> None:
    """Invoices open here that the whole reading did not list: ask for each, and follow it.

    An answer nobody can read leaves its invoices as they are.
    """
    stale = Invoice.objects.filter(company=company, is_open=True, read_at__lt=now).order_by("pk")
    for part in chunks(list(stale)):
        try:
            payable = erp.payable_now(company.company_id, [row.tran_id for row in part])
        except RecordError as error:
            set_aside.append(str(error))
            continue
        follow_payable(part, payable, now)


def follow_payable(rows: Sequence[Invoice], payable: dict[str, Money], now: datetime) -> None:
    """What is not payable any more is closed."""
    by_id = {tran_id.strip().upper(): money for tran_id, money in payable.items()}
    for row in rows:
        money = by_id.get(row.tran_id)
        is_open, amount = bool(money), money.amount if money else Decimal(0)
        if (row.is_open, row.payable) != (is_open, amount):
            row.is_open, row.payable, row.changed_at = is_open, amount, now
        row.read_at = now
    update_rows(Invoice, rows, ("is_open", "payable", "read_at", "changed_at"))
