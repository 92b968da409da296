"""Shadow mode: how often paysync and the staff agree, and every disagreement explained."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from paysync.admin.base import require_permission
from paysync.domain.desk.problems import safe_cell
from paysync.models import Company
from reconciliation.models import ShadowComparison
from reconciliation.queries.shadow import (
    Place,
    Verdict,
    Wanted,
    agreement,
    comparisons,
    last_compared,
    months_of,
)
from reconciliation.views.cash import Echo
from reconciliation.views.scope import chosen_companies, shell

PERMISSION = "reconciliation.view_shadowcomparison"
PAGE = 50
#: A printed page holds so many rows; the CSV has them all.
PRINTED = 500
MOST_ROWS = 50_000
HEAD = (
    "company", "business_date", "gateway_id", "verdict", "amount", "currency", "paysync", "staff",
    "receipt", "explanation",
)  # fmt: skip


def shadow(request: HttpRequest) -> HttpResponse:
    require_permission(request, PERMISSION)
    companies, company = chosen_companies(request)
    wanted = wanted_of(request, companies, company)
    is_print = "print" in request.GET
    limit = PRINTED if is_print else PAGE
    rows = comparisons(wanted, after=read_place(request.GET.get("after", "")), limit=limit + 1)
    page = rows[:limit]
    context = shell(
        request,
        "Shadow mode",
        companies=companies,
        company=company,
        wanted=wanted,
        verdict=Verdict(wanted.verdict).label if wanted.verdict else "",
        found=agreement(wanted),
        months=months_of(wanted.companies),
        compared_at=last_compared(wanted),
        in_shadow=[one for one in companies if one.mode == Company.Mode.SHADOW],
        verdicts=Verdict.choices,
        rows=page,
        next=place_of(page[-1]) if len(rows) > limit else "",
        narrowed=without(request, "after", "print"),
        of_scope=without(request, "after", "print", "verdict"),
        of_company=without(request, "after", "print", "month"),
        is_print=is_print,
    )
    return render(request, "reconciliation/shadow.html", context)


def shadow_as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same list as a file, at most MOST_ROWS rows; it says so where there are more."""
    require_permission(request, PERMISSION)
    wanted = wanted_of(request, *chosen_companies(request))
    response = StreamingHttpResponse(csv_lines(wanted), content_type="text/csv; charset=utf-8")
    name = f"shadow-mode-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_lines(wanted: Wanted) -> Iterator[str]:
    writer = csv.writer(Echo(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow(HEAD)
    after: Place | None = None
    count = 0
    while rows := comparisons(wanted, after=after, limit=500):
        for one in rows:
            yield writer.writerow(cells(one))
        count += len(rows)
        if count >= MOST_ROWS:
            yield writer.writerow((f"More than {MOST_ROWS} rows: choose a month or a verdict.",))
            return
        after = (rows[-1].business_date, rows[-1].pk)


def cells(one: ShadowComparison) -> tuple[Any, ...]:
    return (
        one.company.company_id, one.business_date, safe_cell(one.transaction.gateway_id),
        one.verdict, one.amount, one.currency, safe_cell(applied(one.ours)),
        safe_cell(applied(one.theirs)), safe_cell(one.erp_tran_id), safe_cell(one.explanation),
    )  # fmt: skip


def applied(links: list[list[str]]) -> str:
    return "; ".join(f"{tran_id} {amount}" for tran_id, amount in links)


def wanted_of(request: HttpRequest, companies: list[Company], company: Company | None) -> Wanted:
    """What the list is narrowed to. What the address says wrongly is left out."""
    shown = [company] if company else companies
    wanted = Wanted(tuple(one.pk for one in shown), read_month(request.GET.get("month", "")))
    verdict = request.GET.get("verdict", "")
    return replace(wanted, verdict=verdict) if verdict in Verdict.values else wanted


def without(request: HttpRequest, *names: str) -> str:
    """The query of the address but for these names."""
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()


def read_month(text: str) -> date | None:
    """ "2026-11", or nothing."""
    return read_day(f"{text}-01") if len(text) == 7 else None


def read_day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 1900 < day.year < 9999 else None


def place_of(one: ShadowComparison) -> str:
    return f"{one.business_date}~{one.pk}"


def read_place(text: str) -> Place | None:
    """Where the page before ended. A place nobody can read is the beginning."""
    day, _, pk = text.partition("~")
    found = read_day(day)
    return (found, int(pk)) if found and pk.isdecimal() and len(pk) <= 18 else None
