"""Cash not applied: whose money waits, and for how long. Read from the cent ledger alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from paysync.domain.ledger import Bucket
from reconciliation.models import GatewayTransaction, JournalLine
from reconciliation.queries.amounts import from_mills, mills_sum


@dataclass(frozen=True, slots=True)
class Age:
    """Whole days since the payment's business date, both ends included; no end is for ever."""

    key: str
    title: str
    first: int
    last: int | None

    def days(self, today: date) -> tuple[date, date]:
        """The business dates of that age, first and last."""
        oldest = date.min if self.last is None else today - timedelta(days=self.last)
        newest = date.max if self.first == 0 else today - timedelta(days=self.first)
        return oldest, newest

    def holds(self, days: int) -> bool:
        return (self.first == 0 or days >= self.first) and (self.last is None or days <= self.last)


AGES = (
    Age("0-7", "0–7 days", 0, 7),
    Age("8-30", "8–30 days", 8, 30),
    Age("31-60", "31–60 days", 31, 60),
    Age("61-90", "61–90 days", 61, 90),
    Age("90plus", "over 90 days", 91, None),
)
#: What each state means to finance.
STANDINGS = {
    Bucket.UNIDENTIFIED: ("Unidentified", "Nobody knows yet who paid."),
    Bucket.UNAPPLIED: (
        "Unapplied",
        "The payer is known, the purpose is not; not yet in Sage 500.",
    ),
    Bucket.POSTED_UNAPPLIED: (
        "On account",
        "Posted to the payer's account in Sage 500, unapplied.",
    ),
}


@dataclass(slots=True)
class Standing:
    """The money of one state, merchant account and currency, by age."""

    company: str
    account: str
    currency: str
    bucket: Bucket
    scope: tuple[int, int]
    ages: dict[str, Decimal] = field(default_factory=lambda: {age.key: Decimal(0) for age in AGES})

    @property
    def total(self) -> Decimal:
        return sum(self.ages.values(), Decimal(0))

    @property
    def title(self) -> str:
        return STANDINGS[self.bucket][0]

    @property
    def cells(self) -> list[tuple[Age, Decimal]]:
        return [(age, self.ages[age.key]) for age in AGES]


@dataclass(frozen=True, slots=True)
class Held:
    """One payment with money in one of the states."""

    payment: GatewayTransaction
    bucket: Bucket
    amount: Decimal


def standings(companies: Sequence[int], today: date) -> list[Standing]:
    """Every state that holds money, by company, merchant account and currency. One query."""
    found: dict[tuple[Any, ...], Standing] = {}
    rows = (
        lines(companies)
        .values(
            "transaction__company_id", "transaction__company__company_id",
            "transaction__merchant_account_id", "transaction__merchant_account__name",
            "currency", "bucket", "transaction__business_date",
        )
        .annotate(mills=mills_sum("amount"))
    )  # fmt: skip
    for row in rows:
        if row["mills"]:
            into = standing_of(found, row)
            age = age_of((today - row["transaction__business_date"]).days)
            into.ages[age.key] += from_mills(row["mills"])
    order = list(STANDINGS)
    return sorted(
        (one for one in found.values() if any(one.ages.values())),
        key=lambda one: (one.company, one.account, one.currency, order.index(one.bucket)),
    )


def standing_of(found: dict[tuple[Any, ...], Standing], row: Mapping[str, Any]) -> Standing:
    scope = (row["transaction__company_id"], row["transaction__merchant_account_id"])
    key = (*scope, row["currency"], row["bucket"])
    if key not in found:
        found[key] = Standing(
            row["transaction__company__company_id"],
            row["transaction__merchant_account__name"],
            row["currency"],
            Bucket(row["bucket"]),
            scope,
        )
    return found[key]


def age_of(days: int) -> Age:
    """A payment dated tomorrow (another zone) is as young as one of today."""
    return next(age for age in AGES if age.holds(max(days, 0)))


def lines(companies: Sequence[int]) -> QuerySet[JournalLine]:
    buckets = [bucket.value for bucket in STANDINGS]
    rows = JournalLine.objects.filter(bucket__in=buckets, transaction__company_id__in=companies)
    return rows.order_by()


def held_payments(
    companies: Sequence[int],
    *,
    today: date,
    bucket: Bucket | None = None,
    age: Age | None = None,
    account: int | None = None,
    after: tuple[date, int, str] | None = None,
    limit: int = 50,
) -> list[Held]:
    """Payments that hold such money, the oldest first. after: the last one of the page before."""
    rows = lines(companies)
    if bucket:
        rows = rows.filter(bucket=bucket.value)
    if account:
        rows = rows.filter(transaction__merchant_account_id=account)
    if age:
        rows = rows.filter(transaction__business_date__range=age.days(today))
    if after:
        day, pk, last = after
        same_day = Q(transaction__business_date=day)
        rows = rows.filter(
            Q(transaction__business_date__gt=day)
            | same_day & Q(transaction_id__gt=pk)
            | same_day & Q(transaction_id=pk, bucket__gt=last)
        )
    sums = (
        rows.values("transaction_id", "transaction__business_date", "bucket")
        .annotate(mills=mills_sum("amount"))
        .filter(mills__gt=0)
        .order_by("transaction__business_date", "transaction_id", "bucket")[:limit]
    )
    return list(with_payments(sums))


def with_payments(sums: Iterable[Mapping[str, Any]]) -> Iterator[Held]:
    payments = GatewayTransaction.objects.select_related("customer", "company").in_bulk(
        [row["transaction_id"] for row in sums]
    )
    for row in sums:
        yield Held(payments[row["transaction_id"]], Bucket(row["bucket"]), from_mills(row["mills"]))
