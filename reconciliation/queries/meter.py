"""How much paysync does by itself, counted so that nobody can flatter the figure.

The whole is every payment that holds or held money (authorized, declined and voided ones never
did). A match counts as paysync's own only where the engine made it. Docs: "The honest meter".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncMonth

from paysync.domain.payments import MONEY_STATES, Kind
from reconciliation.models import Application, GatewayTransaction, Match
from reconciliation.queries.amounts import from_mills, mills_sum

#: Who acts when no person does (the services' ENGINE).
PAYSYNC = "paysync"
MONEY = sorted(state.value for state in MONEY_STATES)
BY_A_PERSON = ~Q(actor=PAYSYNC) | (Q(ended_at__isnull=False) & ~Q(ended_by=PAYSYNC))


def share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """A part of a whole in percent, one digit, rounded down: 99.96 is not 100. None of nothing."""
    if not whole:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), rounding=ROUND_FLOOR)


@dataclass(slots=True)
class Money:
    """The money of one currency: all of it, and what paysync matched by itself."""

    currency: str
    amount: Decimal = Decimal(0)
    matched: Decimal = Decimal(0)

    @property
    def rate(self) -> Decimal | None:
        return share(self.matched, self.amount)


@dataclass(slots=True)
class Reading:
    """The counts of one company and month (or rule, or all). Rates are percent."""

    key: Any
    payments: int = 0
    matched: int = 0
    untouched: int = 0
    lines: int = 0
    lines_matched: int = 0
    made: int = 0
    undone: int = 0
    money: dict[str, Money] = field(default_factory=dict)

    @property
    def payment_rate(self) -> Decimal | None:
        return share(self.matched, self.payments)

    @property
    def line_rate(self) -> Decimal | None:
        return share(self.lines_matched, self.lines)

    @property
    def untouched_rate(self) -> Decimal | None:
        return share(self.untouched, self.payments)

    @property
    def precision(self) -> Decimal | None:
        return share(self.made - self.undone, self.made)

    def purse(self, currency: str) -> Money:
        return self.money.setdefault(currency, Money(currency))

    @property
    def purses(self) -> list[Money]:
        return [self.money[currency] for currency in sorted(self.money)]

    def add(self, other: Reading) -> None:
        for name in ("payments", "matched", "untouched", "lines", "lines_matched", "made",
                     "undone"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for currency, money in other.money.items():
            into = self.purse(currency)
            into.amount += money.amount
            into.matched += money.matched


@dataclass(frozen=True, slots=True)
class Span:
    """Which companies (by primary key) and business days, first and last included."""

    companies: tuple[int, ...]
    first: date
    last: date

    def of(self, prefix: str = "") -> Q:
        """The population, seen from a table that reaches the payment by `prefix`."""
        wanted = {
            "company_id__in": self.companies,
            "business_date__range": (self.first, self.last),
            "kind": Kind.SALE.value,
            "state__in": MONEY,
        }
        return Q(**{f"{prefix}{name}": value for name, value in wanted.items()})


def by_month(span: Span) -> list[Reading]:
    """A reading for each company and month in which there was a payment. Six queries."""
    found: dict[tuple[int, date], Reading] = {}

    def reading(row: dict[str, Any]) -> Reading:
        key = (row["company"], row["month"])
        return found.setdefault(key, Reading(key))

    for row in counted(GatewayTransaction.objects.filter(span.of()), "", "amount"):
        into = reading(row)
        into.payments += row["count"]
        into.purse(row["currency"]).amount += from_mills(row["mills"])
    active = own_matches(span).filter(ended_at__isnull=True)
    for row in counted(active, "transaction__", "applied", "unapplied"):
        into = reading(row)
        into.matched += row["count"]
        into.purse(row["currency"]).matched += from_mills(row["mills"])
    for row in counted(active.exclude(Exists(by_a_person())), "transaction__"):
        reading(row).untouched += row["count"]
    lines = Application.objects.filter(span.of("match__transaction__"), match__ended_at=None)
    for row in counted(lines, "match__transaction__"):
        reading(row).lines += row["count"]
    for row in counted(lines.filter(match__actor=PAYSYNC), "match__transaction__"):
        reading(row).lines_matched += row["count"]
    for key, made, undone in precision(own_matches(span), months("transaction__")):
        into = reading(dict(zip(("company", "month"), key, strict=True)))
        into.made, into.undone = made, undone
    return sorted(found.values(), key=lambda one: one.key)


def by_rule(span: Span) -> list[Reading]:
    """What each rule matched, how much of it a person undid, and the money of it. Two queries."""
    found: dict[str, Reading] = {}
    for (rule,), made, undone in precision(own_matches(span), {"rule_code": "rule"}):
        found[rule] = Reading(rule, made=made, undone=undone)
    active = own_matches(span).filter(ended_at__isnull=True)
    rows = active.order_by().values("rule", "currency")
    for row in rows.annotate(count=Count("pk"), mills=mills_sum("applied")):
        into = found.setdefault(row["rule"], Reading(row["rule"]))
        into.matched += row["count"]
        into.purse(row["currency"]).matched += from_mills(row["mills"])
    return sorted(found.values(), key=lambda one: (-one.made, one.key))


def together(readings: Iterable[Reading], key: Any = None) -> Reading:
    total = Reading(key)
    for one in readings:
        total.add(one)
    return total


def own_matches(span: Span) -> QuerySet[Match]:
    return Match.objects.filter(span.of("transaction__"), actor=PAYSYNC)


def by_a_person() -> QuerySet[Match]:
    """Anything a person did to the same payment: matched it, or undid a match of it."""
    return Match.objects.filter(BY_A_PERSON, transaction=OuterRef("transaction_id"))


def months(prefix: str) -> dict[str, Any]:
    return {
        "company": f"{prefix}company_id",
        "month": TruncMonth(f"{prefix}business_date"),
    }


def counted(rows: QuerySet[Any], prefix: str, *amounts: str) -> Iterator[dict[str, Any]]:
    """Rows by company, month and currency of their payment, with the sum of some amounts."""
    grouped = (
        rows.order_by()
        .annotate(month=TruncMonth(f"{prefix}business_date"))
        .values(f"{prefix}company_id", f"{prefix}currency", "month")
        .annotate(count=Count("pk"), **{f"mills_{name}": mills_sum(name) for name in amounts})
    )
    for row in grouped:
        yield {
            "company": row[f"{prefix}company_id"],
            "currency": row[f"{prefix}currency"],
            "month": row["month"],
            "count": row["count"],
            "mills": sum(row[f"mills_{name}"] or 0 for name in amounts),
        }


def precision(
    matches: QuerySet[Match], by: dict[str, Any]
) -> Iterator[tuple[tuple[Any, ...], int, int]]:
    """(key, matches made, of these undone by a person) of each group. One query.

    What paysync ended itself (the money went back) was not wrong.
    """
    wrong = Q(ended_at__isnull=False) & ~Q(ended_by=PAYSYNC)
    expressions = {name: one for name, one in by.items() if not isinstance(one, str)}
    names = [one if isinstance(one, str) else name for name, one in by.items()]
    rows = (
        matches.order_by()
        .annotate(**expressions)
        .values(*names)
        .annotate(made=Count("pk"), undone=Count("pk", filter=wrong))
    )
    for row in rows:
        yield tuple(row[name] for name in names), row["made"], row["undone"]
