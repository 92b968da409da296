"""What a program may see of invoices, with what is open of each at this moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from customers.models import Customer
from paysync.domain.callers import Caller
from paysync.domain.ledger import PAYABLE_TYPES, Bucket
from paysync.domain.payments import Kind
from paysync.models import Company
from reconciliation.models import GatewayTransaction, Invoice, JournalLine
from reconciliation.queries.amounts import from_mills, mills_sum
from reconciliation.queries.open_documents import oldest
from reconciliation.queries.promises import promised

#: Payments of a statement: those of so many days, and at most so many rows of either kind.
STATEMENT_DAYS, STATEMENT_ROWS = 90, 500
#: Days overdue at which a column of a statement begins.
COLUMNS = (("days_1_30", 30), ("days_31_60", 60), ("days_61_90", 90))


@dataclass(frozen=True, slots=True)
class Live:
    """An invoice now. pending: taken of it here, and not yet visible in Sage 500. payable: what may
    still be paid.
    """

    invoice: Invoice
    pending: Decimal
    payable: Decimal

    @property
    def status(self) -> str:
        if self.payable > 0:
            return "open"
        return "pending" if self.pending > 0 and self.invoice.is_open else "paid"


def visible_invoices(caller: Caller) -> QuerySet[Invoice]:
    rows = Invoice.objects.select_related("customer", "company")
    rows = rows.filter(company__in=caller.companies)
    return rows if caller.customer is None else rows.filter(customer=caller.customer)


def with_status(rows: QuerySet[Invoice], status: str) -> QuerySet[Invoice]:
    """As Sage 500 has it: what is pending here is still open there."""
    if status == "open":
        return rows.filter(is_open=True, payable__gt=0)
    if status == "paid":
        return rows.filter(Q(is_open=False) | Q(payable__lte=0), tran_type__in=PAYABLE_TYPES)
    return rows


def live(rows: Iterable[Invoice]) -> list[Live]:
    """Each as it is now, in the order given. A few queries for each company."""
    listed = list(rows)
    by_company: dict[Company, list[int]] = defaultdict(list)
    for row in listed:
        by_company[row.company].append(row.pk)
    taken: dict[int, Decimal] = {}
    for company, ids in by_company.items():
        taken |= pending_of(company, ids)
    return [
        Live(row, taken.get(row.pk, Decimal(0)), max(payable_of(row, taken), Decimal(0)))
        for row in listed
    ]


def payable_of(row: Invoice, taken: dict[int, Decimal]) -> Decimal:
    if not row.is_open or row.tran_type not in PAYABLE_TYPES:
        return Decimal(0)
    return row.payable - taken.get(row.pk, Decimal(0))


def pending_of(company: Company, ids: Sequence[int]) -> dict[int, Decimal]:
    """By invoice: what is taken of it that Sage 500 does not show yet."""
    return dict(promised(company, ids).taken)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a customer owes. Amounts by currency; ages by column, overdue days counted from the due
    date. on_account: paid and not used for any invoice yet.
    """

    invoices: list[Live]
    payments: list[GatewayTransaction]
    totals: dict[str, dict[str, Decimal]]
    is_whole: bool


def statement_of(customer: Customer, today: date) -> Statement:
    """The open invoices, oldest due first, and the payments of the last 90 days, newest first: of
    either as many as are shown. The totals are of all that is open.
    """
    rows = Invoice.objects.select_related("customer", "company").filter(
        customer=customer, is_open=True
    )
    invoices = live(oldest(rows))
    since = today - timedelta(days=STATEMENT_DAYS)
    paid = GatewayTransaction.objects.filter(
        customer=customer, kind=Kind.SALE, business_date__gte=since
    )
    payments = list(paid.order_by("-created_at", "-pk")[: STATEMENT_ROWS + 1])
    return Statement(
        invoices[:STATEMENT_ROWS],
        payments[:STATEMENT_ROWS],
        totals_of(invoices, on_account(customer), today),
        max(len(invoices), len(payments)) <= STATEMENT_ROWS,
    )


def on_account(customer: Customer) -> dict[str, Decimal]:
    """By currency."""
    lines = JournalLine.objects.filter(
        transaction__customer=customer, bucket__in=[Bucket.UNAPPLIED, Bucket.POSTED_UNAPPLIED]
    )
    sums = lines.order_by().values("currency").annotate(mills=mills_sum("amount"))
    return {row["currency"]: from_mills(row["mills"]) for row in sums}


def totals_of(
    invoices: Iterable[Live], unused: dict[str, Decimal], today: date
) -> dict[str, dict[str, Decimal]]:
    names = ("due", "pending", "credits", "current", *(name for name, _ in COLUMNS), "days_over_90")
    totals: dict[str, dict[str, Decimal]] = defaultdict(
        lambda: dict.fromkeys((*names, "on_account"), Decimal(0))
    )
    for one in invoices:
        sums = totals[one.invoice.currency]
        if one.invoice.tran_type not in PAYABLE_TYPES:
            sums["credits"] += abs(one.invoice.balance)
            continue
        sums["due"] += one.payable
        sums["pending"] += one.pending
        sums[column_of(one.invoice, today)] += one.payable
    for currency, amount in unused.items():
        totals[currency]["on_account"] = amount
    return dict(totals)


def column_of(invoice: Invoice, today: date) -> str:
    late = (today - (invoice.due_date or invoice.tran_date)).days
    if late <= 0:
        return "current"
    return next((name for name, last in COLUMNS if late <= last), "days_over_90")
