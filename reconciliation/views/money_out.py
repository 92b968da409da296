"""Money out as a report: refunds, disputes, returns and declines, with charts and as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from paysync.admin.base import require_permission
from paysync.domain.desk.problems import safe_cell
from reconciliation.queries.money_out import (
    Group,
    Span,
    at_risk,
    by_customer,
    by_month,
    by_person,
    by_reason,
    win_rates,
)
from reconciliation.views.cash import Echo
from reconciliation.views.scope import chosen_companies, first_of_month, months_asked, shell

PERMISSION = "reconciliation.view_refundrequest"
SHOWN_MONTHS = 6
KINDS = {"refund": "Refunds", "dispute": "Disputes", "return": "ACH returns",
         "decline": "Failed payments"}  # fmt: skip
#: What left, or may leave: a failed payment was never here.
LEFT = ("refund", "dispute", "return")
WIDTH, HEIGHT, TOP, FOOT = 720, 180, 8, 20
HEAD = ("table", "kind", "title", "currency", "count", "amount")


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a month's bar, in units of the drawing."""

    what: str
    title: str
    x: int
    y: int
    width: int
    height: int
    label: str


def money_out(request: HttpRequest) -> HttpResponse:
    require_permission(request, PERMISSION)
    companies, company = chosen_companies(request)
    count = months_asked(request, SHOWN_MONTHS)
    span = span_of([company] if company else companies, count)
    months = by_month(span)
    context = shell(
        request,
        "Money out",
        companies=companies,
        company=company,
        count=count,
        choices=(3, 6, 12, 24),
        first=span.first,
        kinds=KINDS,
        months=months,
        charts=charts(months, month_titles(span)),
        reasons=apart(by_reason(span)),
        customers=apart(by_customer(span)),
        people=apart(by_person(span)),
        rates=win_rates(span),
        risks=at_risk(span.companies, span.last),
        size=(WIDTH, HEIGHT),
    )
    return render(request, "reconciliation/money_out.html", context)


def money_out_as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every table of the page, one row a group."""
    require_permission(request, PERMISSION)
    companies, company = chosen_companies(request)
    span = span_of([company] if company else companies, months_asked(request, SHOWN_MONTHS))
    response = StreamingHttpResponse(csv_lines(span), content_type="text/csv; charset=utf-8")
    name = f"money-out-{span.first:%Y-%m-%d}-{span.last:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def span_of(companies: Sequence[Any], months: int) -> Span:
    today = timezone.localdate()
    return Span(tuple(one.pk for one in companies), first_of_month(today, months - 1), today)


def apart(groups: list[Group]) -> list[tuple[str, list[Group]]]:
    """By kind, with the kind's title, without the empty ones."""
    found = [(title, [one for one in groups if one.what == what]) for what, title in KINDS.items()]
    return [(title, ones) for title, ones in found if ones]


def csv_lines(span: Span) -> Iterator[str]:
    writer = csv.writer(Echo(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow(HEAD)
    tables = {"month": by_month(span), "reason": by_reason(span), "customer": by_customer(span),
              "person": by_person(span)}  # fmt: skip
    for table, groups in tables.items():
        for one in groups:
            row = (table, one.what, safe_cell(one.title), one.currency, one.count, one.amount)
            yield writer.writerow(row)
    for risk in at_risk(span.companies, span.last):
        row = ("at risk", "dispute", risk.title, risk.currency, risk.count, risk.amount)
        yield writer.writerow(row)
    for rate in win_rates(span):
        won = ("win rate", "dispute", "won", rate.currency, rate.won, rate.won_amount)
        ended = ("win rate", "dispute", "ended", rate.currency, rate.ended, rate.ended_amount)
        yield writer.writerow(won) + writer.writerow(ended)


def month_titles(span: Span) -> list[str]:
    """Every month of the span, the empty ones too, such as 2026-11."""
    found, day = [], span.last
    while day >= span.first:
        found.append(f"{day:%Y-%m}")
        day = day.replace(day=1) - timedelta(days=1)
    return found[::-1]


def charts(
    months: list[Group], titles: list[str]
) -> list[tuple[str, list[Bar], list[tuple[int, str]]]]:
    """One chart a currency: (currency, pieces of the bars, labels of the months)."""
    currencies = sorted({one.currency for one in months if one.what in LEFT})
    return [
        (code, *drawn([one for one in months if one.currency == code], titles))
        for code in currencies
    ]


def drawn(months: list[Group], titles: list[str]) -> tuple[list[Bar], list[tuple[int, str]]]:
    sums = {(one.title, one.what): one.amount for one in months}
    tallest = max(
        (sum((sums.get((t, w), Decimal(0)) for w in LEFT), Decimal(0)) for t in titles),
        default=Decimal(0),
    )
    if not tallest:
        return [], []
    step = WIDTH // len(titles)
    bars, labels = [], []
    for place, title in enumerate(titles):
        floor = HEIGHT - FOOT
        if len(titles) <= 12 or place % 3 == 0:
            labels.append((place * step + 4, title))
        for what in LEFT:
            amount = sums.get((title, what), Decimal(0))
            height = int(amount * (HEIGHT - FOOT - TOP) / tallest)
            if height:
                floor -= height
                label = f"{title}, {KINDS[what].lower()}: {amount:,.2f}"
                bar = Bar(
                    what, title, place * step + 4, floor, max(min(step - 12, 60), 6), height, label
                )
                bars.append(bar)
    return bars, labels
