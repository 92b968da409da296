"""What shadow mode found: how often paysync and the staff agree, and every disagreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Q, QuerySet

from reconciliation.models import ShadowComparison
from reconciliation.queries.amounts import from_mills, mills_sum
from reconciliation.queries.meter import share

Verdict = ShadowComparison.Verdict
#: What the agreement is a share of: payments that at least one side matched.
JUDGED = (Verdict.SAME, Verdict.DIFFERENT, Verdict.ONLY_STAFF, Verdict.ONLY_US)
DISAGREE = (Verdict.DIFFERENT, Verdict.ONLY_STAFF, Verdict.ONLY_US)
#: A place in the list: the business date and key of the last row of the page before.
Place = tuple[date, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comparisons. companies: by primary key. month: by any day in it; None is all."""

    companies: tuple[int, ...]
    month: date | None = None
    verdict: str = ""

    def rows(self) -> QuerySet[ShadowComparison]:
        found = ShadowComparison.objects.filter(company_id__in=self.companies)
        if self.month:
            found = found.filter(business_date__range=days_of(self.month))
        return found.order_by()


def days_of(month: date) -> tuple[date, date]:
    first = month.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(slots=True)
class Tally:
    """Payments and money by currency of one verdict."""

    verdict: Verdict
    count: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)

    @property
    def purses(self) -> list[tuple[str, Decimal]]:
        return sorted(self.money.items())


@dataclass(frozen=True, slots=True)
class Agreement:
    """All verdicts of a selection, with the share of payments on which both did the same."""

    tallies: tuple[Tally, ...]

    def of(self, verdict: Verdict) -> Tally:
        return next(one for one in self.tallies if one.verdict == verdict)

    @property
    def judged(self) -> int:
        return sum(self.of(verdict).count for verdict in JUDGED)

    @property
    def same(self) -> int:
        return self.of(Verdict.SAME).count

    @property
    def total(self) -> int:
        return sum(one.count for one in self.tallies)

    @property
    def rate(self) -> Decimal | None:
        return share(self.same, self.judged)

    @property
    def money_rates(self) -> list[tuple[str, Decimal | None]]:
        """The same by money, for each currency."""
        currencies = {name for verdict in JUDGED for name in self.of(verdict).money}
        return [(name, self._money_rate(name)) for name in sorted(currencies)]

    def _money_rate(self, currency: str) -> Decimal | None:
        nothing = Decimal(0)
        whole = sum((self.of(one).money.get(currency, nothing) for one in JUDGED), nothing)
        return share(self.of(Verdict.SAME).money.get(currency, nothing), whole)


def agreement(wanted: Wanted) -> Agreement:
    """Of the companies and month, whatever the verdict asked for. One query."""
    tallies = {verdict: Tally(verdict) for verdict in Verdict}
    rows = wanted.rows().values("verdict", "currency")
    for row in rows.annotate(count=Count("pk"), mills=mills_sum("amount")):
        into = tallies[Verdict(row["verdict"])]
        into.count += row["count"]
        into.money[row["currency"]] = from_mills(row["mills"])
    return Agreement(tuple(tallies.values()))


def months_of(companies: Sequence[int], most: int = 12) -> list[date]:
    """The newest months in which something was compared, newest first."""
    rows = Wanted(tuple(companies)).rows()
    return list(rows.dates("business_date", "month", order="DESC")[:most])


def last_compared(wanted: Wanted) -> object:
    """When the newest of these rows was compared; None of nothing."""
    return wanted.rows().aggregate(at=Max("compared_at"))["at"]


def comparisons(
    wanted: Wanted, *, after: Place | None = None, limit: int = 50
) -> list[ShadowComparison]:
    """Newest first. Without a verdict asked for: every disagreement."""
    verdicts = [wanted.verdict] if wanted.verdict else [one.value for one in DISAGREE]
    rows = wanted.rows().filter(verdict__in=verdicts)
    if after:
        day, pk = after
        rows = rows.filter(Q(business_date__lt=day) | Q(business_date=day, pk__lt=pk))
    rows = rows.select_related("company", "transaction").order_by("-business_date", "-pk")
    return list(rows[:limit])
