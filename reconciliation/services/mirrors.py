"""Bring the mirrors of one company up to date with what the ERP says."""

from __future__ import annotations

from datetime import datetime, timedelta

from customers.models import Customer
from customers.services.mirror import normalize_id, refresh_customers
from paysync.domain import ledger
from paysync.domain.errors import RecordError
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.bulk import chunks, upsert
from reconciliation.models import CashAccount, FiscalPeriod, GLAccount, Invoice

#: Clocks differ: an incremental reading asks for this much more than it needs.
OVERLAP = timedelta(minutes=10)

INVOICE_FIELDS = (
    "customer_id", "erp_key", "tran_no", "tran_type", "tran_date", "due_date", "customer_po",
    "currency", "total", "balance", "payable", "is_open", "in_dispute", "update_counter",
)  # fmt: skip


def refresh_company(
    company: Company, *, erp: ErpLedger, now: datetime, since: datetime | None = None
) -> int:
    """Read accounts, periods, customers and invoices. `since`: only what changed since then.

    A full reading (`since` None) also closes invoices that Sage no longer lists as open.
    Returns how many records were read. Customers come before the invoices that name them.
    """
    asked = since - OVERLAP if since else None
    read = refresh_accounts(company, erp=erp, now=now)
    read += refresh_customers(company, erp=erp, now=now, since=asked)
    read += refresh_invoices(company, erp=erp, now=now, since=asked)
    return read


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
    company: Company, *, erp: ErpLedger, now: datetime, since: datetime | None
) -> int:
    """Mirror the invoices. `read_at` is the instant before the reading began, never later."""
    read = 0
    for part in chunks(erp.open_invoices(company.company_id, since)):
        wanted = {normalize_id(invoice.customer_id) for invoice in part}
        payers = dict(
            Customer.objects.filter(company=company, customer_id__in=wanted).values_list(
                "customer_id", "pk"
            )
        )
        rows = {i.tran_id: to_invoice(company, i, payers, now) for i in part}
        upsert(
            Invoice,
            list(rows.values()),
            scope={"company": company},
            key="tran_id",
            fields=INVOICE_FIELDS,
        )
        read += len(part)
    if since is None:
        close_unlisted(company, erp, now)
    return read


def to_invoice(
    company: Company, invoice: ledger.Invoice, payers: dict[str, int], now: datetime
) -> Invoice:
    """Raises RecordError when the customer is unknown, though customers are read first."""
    customer = payers.get(normalize_id(invoice.customer_id))
    if customer is None:
        raise RecordError(f"invoice {invoice.tran_id} names unknown customer {invoice.customer_id}")
    return Invoice(
        company=company,
        customer_id=customer,
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
        is_open=invoice.is_open,
        in_dispute=invoice.in_dispute,
        update_counter=invoice.update_counter,
        read_at=now,
    )


def close_unlisted(company: Company, erp: ErpLedger, now: datetime) -> None:
    """Invoices open here that the whole reading did not list: ask for each, and follow it."""
    stale = Invoice.objects.filter(company=company, is_open=True, read_at__lt=now)
    for part in chunks(list(stale.values_list("tran_id", flat=True))):
        payable = erp.payable_now(company.company_id, part)
        for tran_id in part:
            money = payable.get(tran_id)
            Invoice.objects.filter(company=company, tran_id=tran_id).update(
                is_open=bool(money), payable=money.amount if money else 0, read_at=now
            )
