"""How much paysync does: four rates and the precision, by month, rule and company."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from paysync.admin.base import require_permission
from reconciliation.queries.meter import Reading, Span, by_month, by_rule, together
from reconciliation.views.scope import chosen_companies, first_of_month, months_asked, shell

SHOWN_MONTHS = 6
WIDTH, HEIGHT, LEFT, TOP = 720, 180, 34, 8
#: The lines of the chart: name of the rate, title, class; each has a mark of its own shape too.
LINES = (
    ("payment_rate", "Payments", "payments"),
    ("line_rate", "Invoice lines", "lines"),
    ("untouched_rate", "Touchless, never corrected", "untouched"),
    ("precision", "Precision", "precision"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One rate over the months, in units of the drawing. points: (x, y, percent)."""

    title: str
    name: str
    points: tuple[tuple[int, int, Decimal], ...]

    @property
    def path(self) -> str:
        return " ".join(f"{x},{y}" for x, y, _ in self.points)


def meter(request: HttpRequest) -> HttpResponse:
    require_permission(request, "reconciliation.view_match")
    companies, company = chosen_companies(request)
    shown = [company] if company else companies
    today = timezone.localdate()
    count = months_asked(request, SHOWN_MONTHS)
    span = Span(tuple(one.pk for one in shown), first_of_month(today, count - 1), today)
    readings = by_month(span)
    months = without_gaps(by_key(readings, 1))
    labels = {one.pk: one for one in companies}
    context = shell(
        request,
        "How much paysync does",
        companies=companies,
        company=company,
        total=together(readings),
        months=months,
        by_company=[(labels[one.key], one) for one in by_key(readings, 0)],
        rules=by_rule(span),
        lines=lines_of(months),
        ticks=[(LEFT + x, month.key) for x, month in zip(places(months), months, strict=True)],
        grid=[(y_of(Decimal(value)), value) for value in (0, 50, 100)],
        width=WIDTH,
        height=HEIGHT + 34,
        first=span.first,
        count=count,
        choices=(3, 6, 12, 24),
    )
    return render(request, "reconciliation/meter.html", context)


def by_key(readings: Sequence[Reading], part: int) -> list[Reading]:
    """The readings of (company, month) put together by one part of their key."""
    keys = sorted({one.key[part] for one in readings})
    return [together([one for one in readings if one.key[part] == key], key) for key in keys]


def places(months: Sequence[Reading]) -> list[int]:
    """Where each month stands, from left to right."""
    step = (WIDTH - LEFT - 42) // max(len(months) - 1, 1)
    return [number * step for number in range(len(months))]


def y_of(percent: Decimal) -> int:
    return TOP + HEIGHT - int(percent * HEIGHT / 100)


def without_gaps(months: Sequence[Reading]) -> list[Reading]:
    """With an empty reading for each month in between that had no payment."""
    found: dict[date, Reading] = {one.key: one for one in months}
    if not found:
        return []
    first, day, filled = min(found), max(found), []
    while day >= first:
        filled.append(found.get(day, Reading(day)))
        day = first_of_month(day, 1)
    return filled[::-1]


def lines_of(months: Sequence[Reading]) -> list[Line]:
    """A line for each rate, for money one in each currency; months without it are left out."""
    found = [line_of(months, title, css, attrgetter(name)) for name, title, css in LINES]
    money = [
        line_of(months, f"Money, {purse.currency}", "money", money_rate(purse.currency))
        for purse in together(months).purses
    ]
    return [*found[:2], *money, *found[2:]]


def money_rate(currency: str) -> Callable[[Reading], Decimal | None]:
    return lambda month: month.money[currency].rate if currency in month.money else None


def line_of(
    months: Sequence[Reading], title: str, css: str, rate_of: Callable[[Reading], Decimal | None]
) -> Line:
    points = [
        (LEFT + x, y_of(rate), rate)
        for x, month in zip(places(months), months, strict=True)
        if (rate := rate_of(month)) is not None
    ]
    return Line(title, css, tuple(points))
