"""What went out, and why: refunds, disputes, returns and declines, by month, reason and person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from paysync.domain.payments import MONEY_STATES, Kind, State
from reconciliation.domain.banking_days import business_days_between
from reconciliation.domain.disputes.codes import Brand, explain_dispute
from reconciliation.domain.disputes.states import MONEY_IS_BACK, OPEN_DISPUTES, DisputeState
from reconciliation.domain.refunds.states import RefundState
from reconciliation.domain.returns.returns import explain
from reconciliation.models import Dispute, GatewayTransaction, RefundRequest
from reconciliation.queries.amounts import from_mills, mills_sum
from reconciliation.queries.failures import FAILED, decline_of

#: Rows of one table; the rest are together in the last.
MOST_GROUPS = 20
ELSEWHERE = "Made in PayTrace itself"
NOBODY = "Payer not known"


@dataclass(frozen=True, slots=True)
class Group:
    """So many things of one kind. what: refund, dispute, return or decline."""

    what: str
    title: str
    currency: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Risk:
    """Open claims whose evidence is due so soon."""

    title: str
    currency: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class WinRate:
    """Of the cases that ended in the span. rate: percent of the count, None where none ended."""

    currency: str
    won: int
    ended: int
    won_amount: Decimal
    ended_amount: Decimal

    @property
    def rate(self) -> Decimal:
        return Decimal(self.won * 100) / self.ended


@dataclass(frozen=True, slots=True)
class Span:
    """Of these companies, from the first day on, up to and with the last, by local days."""

    companies: tuple[int, ...]
    first: date
    last: date

    @property
    def instants(self) -> tuple[datetime, datetime]:
        zone = timezone.get_current_timezone()
        start = datetime.combine(self.first, time.min, zone)
        end = datetime.combine(self.last, time.max, zone)
        return start.astimezone(UTC), end.astimezone(UTC)


# --- the rows -------------------------------------------------------------------------------------


def refunds_done(span: Span) -> QuerySet[RefundRequest]:
    """Refunds and voids that people asked for here and that were made."""
    return RefundRequest.objects.filter(
        company__in=span.companies, state=RefundState.DONE, ended_at__range=span.instants
    ).order_by()


def refunds_elsewhere(span: Span) -> QuerySet[GatewayTransaction]:
    """Refunds that nobody asked for here."""
    return GatewayTransaction.objects.filter(
        company__in=span.companies,
        kind=Kind.REFUND,
        state__in=[state.value for state in MONEY_STATES],
        business_date__range=(span.first, span.last),
        asked_for_by__isnull=True,
    ).order_by()


def disputes_opened(span: Span) -> QuerySet[Dispute]:
    return Dispute.objects.filter(
        company__in=span.companies, opened_on__range=(span.first, span.last)
    ).order_by()


def returned(span: Span) -> QuerySet[GatewayTransaction]:
    return GatewayTransaction.objects.filter(
        company__in=span.companies,
        kind=Kind.SALE,
        state=State.RETURNED,
        returned_on__range=(span.first, span.last),
    ).order_by()


def declined(span: Span) -> QuerySet[GatewayTransaction]:
    return GatewayTransaction.objects.filter(
        company__in=span.companies,
        kind=Kind.SALE,
        state__in=[state.value for state in FAILED],
        business_date__range=(span.first, span.last),
    ).order_by()


# --- the tables -----------------------------------------------------------------------------------


def by_reason(span: Span) -> list[Group]:
    """Each kind by what caused it, in one query each."""
    refunds = summed(refunds_done(span), "reason__title")
    elsewhere = summed(refunds_elsewhere(span), "kind")
    claims = summed(disputes_opened(span), "brand", "reason_code")
    returns = summed(returned(span), "return_code")
    return [
        *merged("refund", ((row["reason__title"], row) for row in refunds)),
        *merged("refund", ((ELSEWHERE, row) for row in elsewhere)),
        *merged("dispute", ((claim_title(row), row) for row in claims)),
        *merged("return", ((return_title(row["return_code"]), row) for row in returns)),
        *declines(span),
    ]


def declines(span: Span) -> list[Group]:
    """By the reason that each is explained with; of a bank's words there are only so many."""
    names = ("state", "method", "answer_text", "avs_response", "csc_response", "status_text")
    rows = summed(declined(span), *names)

    def reason(row: dict[str, Any]) -> str:
        told = decline_of(GatewayTransaction(**{name: row[name] for name in names}))
        return told.decline.for_staff if told else ""

    return merged("decline", ((reason(row), row) for row in rows))


def by_customer(span: Span) -> list[Group]:
    name = "transaction__customer__name"
    refunds, claims = summed(refunds_done(span), name), summed(disputes_opened(span), name)
    returns = summed(returned(span), "customer__name")
    return [
        *merged("refund", ((row[name] or NOBODY, row) for row in refunds)),
        *merged("dispute", ((row[name] or NOBODY, row) for row in claims)),
        *merged("return", ((row["customer__name"] or NOBODY, row) for row in returns)),
    ]


def by_person(span: Span) -> list[Group]:
    """Who asked for refunds, and who works on the disputes."""
    refunds = summed(refunds_done(span), "requested_by__username")
    claims = summed(disputes_opened(span), "owner__username")
    return [
        *merged("refund", ((row["requested_by__username"], row) for row in refunds)),
        *merged("dispute", ((row["owner__username"] or "nobody", row) for row in claims)),
    ]


def by_month(span: Span) -> list[Group]:
    """title: the month, such as 2026-11; every kind that there is, the oldest first."""
    month = TruncMonth("ended_at", tzinfo=timezone.get_current_timezone())
    sources: list[tuple[str, Any]] = [
        ("refund", summed(refunds_done(span).annotate(month=month), "month")),
        ("refund", summed(refunds_elsewhere(span).annotate(month=TruncMonth("business_date")),
                          "month")),
        ("dispute", summed(disputes_opened(span).annotate(month=TruncMonth("opened_on")), "month")),
        ("return", summed(returned(span).annotate(month=TruncMonth("returned_on")), "month")),
        ("decline", summed(declined(span).annotate(month=TruncMonth("business_date")), "month")),
    ]  # fmt: skip
    kinds: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for what, rows in sources:
        kinds[what] += [(f"{row['month']:%Y-%m}", row) for row in rows]
    found = [one for what, rows in kinds.items() for one in merged(what, rows, most=1000)]
    return sorted(found, key=lambda one: (one.title, one.what, one.currency))


def win_rates(span: Span) -> list[WinRate]:
    """By currency, of the cases that ended in the span."""
    rows = Dispute.objects.filter(company__in=span.companies, ended_at__range=span.instants)
    found: dict[str, list[Any]] = {}
    for row in summed(rows.order_by(), "state"):
        one = found.setdefault(row["currency"], [0, 0, Decimal(0), Decimal(0)])
        amount = from_mills(row["mills"])
        one[1] += row["count"]
        one[3] += amount
        if DisputeState(row["state"]) in MONEY_IS_BACK:
            one[0] += row["count"]
            one[2] += amount
    return [WinRate(currency, *parts) for currency, parts in sorted(found.items())]


RISKS = ((-1, "Deadline passed"), (1, "Today or tomorrow"), (5, "Within 5 business days"),
         (10, "Within 10 business days"), (10**6, "Later"))  # fmt: skip
WAITS = "Evidence submitted, waits for the bank"


def at_risk(companies: Sequence[int], today: date) -> list[Risk]:
    """Open claims by how soon their evidence is due; those handed in wait for the bank."""
    rows = Dispute.objects.filter(
        company__in=companies, state__in=[state.value for state in OPEN_DISPUTES]
    )
    sums: dict[tuple[str, str], list[Any]] = {}
    for row in summed(rows.order_by(), "state", "evidence_due_on"):
        title = WAITS
        if row["state"] != DisputeState.SUBMITTED:
            due = row["evidence_due_on"]
            left = business_days_between(today, due) if due else 10**6
            title = next(title for limit, title in RISKS if left <= limit)
        one = sums.setdefault((title, row["currency"]), [0, Decimal(0)])
        one[0] += row["count"]
        one[1] += from_mills(row["mills"])
    order = [title for _, title in RISKS] + [WAITS]
    found = [Risk(title, currency, *parts) for (title, currency), parts in sums.items()]
    return sorted(found, key=lambda one: (order.index(one.title), one.currency))


# --- adding up ------------------------------------------------------------------------------------


def summed(rows: QuerySet[Any], *by: str) -> Iterator[dict[str, Any]]:
    """Count and thousandths by these columns and the currency."""
    names = [name for name in by if name != "currency"]
    grouped = rows.values(*names, code=F("currency"))
    for row in grouped.annotate(count=Count("pk"), mills=mills_sum("amount")):
        yield {**row, "currency": row["code"]}


def merged(
    what: str, rows: Iterable[tuple[str, dict[str, Any]]], *, most: int = MOST_GROUPS
) -> list[Group]:
    """The largest groups first; beyond `most` they are one."""
    sums: dict[tuple[str, str], list[Any]] = {}
    for title, row in rows:
        one = sums.setdefault((title, row["currency"]), [0, Decimal(0)])
        one[0] += row["count"]
        one[1] += from_mills(row["mills"])
    found = [Group(what, title, currency, *parts) for (title, currency), parts in sums.items()]
    found.sort(key=lambda one: (-one.amount, one.title))
    return found[:most] + others_of(what, found[most:])


def others_of(what: str, groups: list[Group]) -> list[Group]:
    """The groups as one, by currency."""
    currencies = sorted({one.currency for one in groups})
    alike = [[one for one in groups if one.currency == code] for code in currencies]
    return [
        Group(what, "All others", ones[0].currency, sum(one.count for one in ones),
              sum((one.amount for one in ones), Decimal(0)))
        for ones in alike
    ]  # fmt: skip


def claim_title(row: dict[str, Any]) -> str:
    code = explain_dispute(Brand(row["brand"]), row["reason_code"])
    if not code.code:
        return "No reason told"
    return f"{row['brand'].capitalize()} {code.code}: {code.title}"


def return_title(code: str) -> str:
    return f"{code}: {explain(code).title}" if code else "No code told"
