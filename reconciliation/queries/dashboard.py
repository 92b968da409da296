"""What the console's first page shows: money by day, open items, the proof. A fixed number of
queries, whatever there is to count; every sum runs over an index and a bounded number of days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Value
from django.utils import timezone

from paysync.domain.ledger import ReceiptState
from paysync.domain.payments import MONEY_STATES, Kind
from paysync.models import Alert, Company, Connection, MerchantAccount, Secret
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    GLAccount,
    GLMapping,
    ProofRun,
    ReconcilingItem,
)
from reconciliation.queries.amounts import from_mills, mills_sum

DAYS = 14
#: Receipts that became due longer ago than this are not searched for today's postings.
POSTING_DAYS = 60
MONEY = sorted(state.value for state in MONEY_STATES)
#: Receipts that are not posted yet but still may be.
WAITING = sorted(
    state.value
    for state in (
        ReceiptState.DUE, ReceiptState.SENDING, ReceiptState.UNKNOWN, ReceiptState.SUBMITTED,
        ReceiptState.EDITED_IN_ERP, ReceiptState.HELD,
    )
)  # fmt: skip


# --- money ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Day:
    """One business date in one currency. posted: of what was captured that day."""

    on: date
    captured: Decimal = Decimal(0)
    posted: Decimal = Decimal(0)
    payments: int = 0

    @property
    def open(self) -> Decimal:
        return max(self.captured - self.posted, Decimal(0))


@dataclass(slots=True)
class Purse:
    """The money of one currency in one company (or of all, for the chart)."""

    company: Company | None
    currency: str
    captured: Decimal = Decimal(0)
    payments: int = 0
    posted: Decimal = Decimal(0)
    receipts: int = 0
    waiting: Decimal = Decimal(0)
    waiting_count: int = 0
    days: list[Day] = field(default_factory=list)


def active_companies() -> list[Company]:
    return list(Company.objects.filter(is_active=True).order_by("company_id"))


def purses(companies: Sequence[Company], today: date) -> list[Purse]:
    """One for each company and currency in which there was money lately, or waits. 4 queries."""
    found: dict[tuple[int, str], Purse] = {}
    by_pk = {company.pk: company for company in companies}

    def purse(row: dict[str, Any]) -> Purse:
        key = (row["company_id"], row["currency"])
        return found.setdefault(key, Purse(by_pk[key[0]], key[1], days=empty_days(today)))

    keys = list(by_pk)
    for row in captured_by_day(keys, today):
        day = day_of(purse(row), row["business_date"])
        day.captured, day.payments = from_mills(row["mills"]), row["count"]
    for row in posted_by_day(keys, today):
        day_of(purse(row), row["transaction__business_date"]).posted = from_mills(row["mills"])
    for row in posted_on(keys, today):
        into = purse(row)
        into.posted, into.receipts = from_mills(row["mills"]), row["count"]
    for row in waiting(keys):
        into = purse(row)
        into.waiting += from_mills(row["mills"])
        into.waiting_count += row["count"]
    for into in found.values():
        into.captured, into.payments = into.days[-1].captured, into.days[-1].payments
    return [found[key] for key in sorted(found, key=lambda k: (by_pk[k[0]].company_id, k[1]))]


def together(parts: Iterable[Purse], today: date) -> list[Purse]:
    """The purses of several companies as one for each currency."""
    found: dict[str, Purse] = {}
    for part in parts:
        into = found.setdefault(part.currency, Purse(None, part.currency, days=empty_days(today)))
        for name in ("captured", "payments", "posted", "receipts", "waiting", "waiting_count"):
            setattr(into, name, getattr(into, name) + getattr(part, name))
        for day, more in zip(into.days, part.days, strict=True):
            day.captured += more.captured
            day.posted += more.posted
            day.payments += more.payments
    return sorted(found.values(), key=lambda purse: -purse.captured - purse.waiting)


def empty_days(today: date) -> list[Day]:
    return [Day(today - timedelta(days=back)) for back in range(DAYS - 1, -1, -1)]


def day_of(purse: Purse, on: object) -> Day:
    return next((day for day in purse.days if day.on == on), Day(date.min))


def captured_by_day(companies: list[int], today: date) -> Iterable[Any]:
    first = today - timedelta(days=DAYS - 1)
    return (
        GatewayTransaction.objects.filter(
            company_id__in=companies,
            business_date__range=(first, today),
            kind=Kind.SALE,
            state__in=MONEY,
        )
        .order_by()
        .values("company_id", "currency", "business_date")
        .annotate(mills=mills_sum("amount"), count=Count("pk"))
    )


def posted_by_day(companies: list[int], today: date) -> Iterable[Any]:
    first = today - timedelta(days=DAYS - 1)
    return (
        CashReceipt.objects.filter(
            company_id__in=companies,
            transaction__business_date__range=(first, today),
            transaction__company_id__in=companies,
            state=ReceiptState.POSTED,
        )
        .order_by()
        .values("company_id", "currency", "transaction__business_date")
        .annotate(mills=mills_sum("amount"))
    )


def posted_on(companies: list[int], today: date) -> Iterable[Any]:
    """Receipts that Sage 500 counts on this day, whenever the customer paid."""
    return (
        CashReceipt.objects.filter(
            company_id__in=companies,
            state=ReceiptState.POSTED,
            due_at__gte=start_of(today - timedelta(days=POSTING_DAYS)),
            posted_on=today,
        )
        .order_by()
        .values("company_id", "currency")
        .annotate(mills=mills_sum("amount"), count=Count("pk"))
    )


def waiting(companies: list[int]) -> list[Any]:
    """What is captured and not posted: receipts under way, and payments without a match."""
    receipts = (
        CashReceipt.objects.filter(company_id__in=companies, state__in=WAITING)
        .order_by()
        .values("company_id", "currency")
        .annotate(mills=mills_sum("amount"), count=Count("pk"), what=Value("receipts"))
    )
    unmatched = (
        GatewayTransaction.objects.filter(company_id__in=companies, needs_match=True)
        .order_by()
        .values("company_id", "currency")
        .annotate(mills=mills_sum("amount"), count=Count("pk"), what=Value("payments"))
    )
    return list(receipts.union(unmatched, all=True))


# --- open items -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Age:
    """A bucket of ages in whole calendar days, both ends included; no end is for ever."""

    key: str
    title: str
    first: int
    last: int | None


AGES = (
    Age("0-1", "0–1 days", 0, 1),
    Age("2-7", "2–7 days", 2, 7),
    Age("8-30", "8–30 days", 8, 30),
    Age("30plus", "over 30 days", 31, None),
)


def start_of(day: date) -> datetime:
    """The first instant of a day in the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def age_bounds(key: str, today: date) -> tuple[datetime | None, datetime] | None:
    """The instants [start, end) at which items of that age were opened."""
    age = next((age for age in AGES if age.key == key), None)
    if age is None:
        return None
    end = start_of(today - timedelta(days=age.first - 1))
    return (None if age.last is None else start_of(today - timedelta(days=age.last)), end)


def of_age(key: str, today: date) -> Q:
    bounds = age_bounds(key, today)
    if bounds is None:
        return Q()
    start, end = bounds
    condition = Q(opened_at__lt=end)
    return condition & Q(opened_at__gte=start) if start else condition


@dataclass(slots=True)
class ReasonRow:
    """The open items of one reason: how many of each age, and the money they hold up."""

    reason: Reason
    ages: list[tuple[Age, int]]
    count: int = 0
    amounts: list[tuple[Decimal, str]] = field(default_factory=list)


def items_by_reason(companies: Sequence[Company], today: date) -> list[ReasonRow]:
    """The reasons that have open items, the most frequent first. One query."""
    ages = {f"age_{n}": Count("pk", filter=of_age(age.key, today)) for n, age in enumerate(AGES)}
    rows: Iterable[Any] = (
        ReconcilingItem.objects.filter(
            state=ReconcilingItem.State.OPEN, company_id__in=[c.pk for c in companies]
        )
        .order_by()
        .values("reason", "currency")
        .annotate(mills=mills_sum("amount"), count=Count("pk"), **ages)
    )
    found: dict[str, ReasonRow] = {}
    for row in rows:
        into = found.setdefault(
            row["reason"], ReasonRow(Reason(row["reason"]), [(age, 0) for age in AGES])
        )
        into.count += row["count"]
        into.ages = [(age, n + row[f"age_{i}"]) for i, (age, n) in enumerate(into.ages)]
        if row["currency"] and row["mills"]:
            into.amounts.append((from_mills(row["mills"]), row["currency"]))
    return sorted(found.values(), key=lambda row: (-row.count, row.reason.heading))


def age_totals(rows: Iterable[ReasonRow]) -> list[tuple[Age, int]]:
    listed = list(rows)
    return [(age, sum(row.ages[i][1] for row in listed)) for i, age in enumerate(AGES)]


# --- proof, alerts, first steps -------------------------------------------------------------------


def latest_proof() -> ProofRun | None:
    return ProofRun.objects.order_by("-pk").first()


def open_alerts(most: int = 5) -> list[Alert]:
    """The newest open alerts; one more than `most` where there are more."""
    rows = Alert.objects.filter(closed_at__isnull=True).select_related("connection")
    return list(rows.order_by("-last_seen_at")[: most + 1])


@dataclass(frozen=True, slots=True)
class SetUp:
    """Which of the first steps are done."""

    gateway: bool
    erp: bool
    credentials: bool
    company: bool
    merchant_account: bool
    accounts_read: bool
    mapping: bool
    payment: bool


def set_up() -> SetUp:
    """One small query for each table; only asked while there is no payment yet."""
    stored = Secret.objects.filter(connection=OuterRef("pk"))
    parts = {
        "gateway": Connection.objects.exclude(kind=Connection.Kind.SAGE500_HTTP),
        "erp": Connection.objects.filter(kind=Connection.Kind.SAGE500_HTTP),
        "company": Company.objects.all(),
        "merchant_account": MerchantAccount.objects.all(),
        "accounts_read": GLAccount.objects.all(),
        "mapping": GLMapping.objects.exclude(activated_by=""),
        "payment": GatewayTransaction.objects.all(),
    }
    bare = Connection.objects.filter(~Exists(stored), is_active=True)
    found = {name: rows.order_by("pk")[:1].exists() for name, rows in parts.items()}
    has_connections = found["gateway"] and found["erp"]
    return SetUp(credentials=has_connections and not bare.exists(), **found)
