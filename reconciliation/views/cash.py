"""Cash not applied: unidentified, unapplied and on account, by age, down to each payment."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from paysync.admin.base import require_permission
from paysync.domain.desk.problems import safe_cell
from paysync.domain.ledger import Bucket
from paysync.models import MerchantAccount
from reconciliation.queries.cash import (
    AGES,
    STANDINGS,
    Age,
    Held,
    held_payments,
    standings,
)
from reconciliation.views.scope import chosen_companies, shell

PERMISSION = "reconciliation.view_journalline"
PAGE = 50
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed to. What the address says wrongly is left out."""

    companies: tuple[int, ...]
    bucket: Bucket | None
    age: Age | None
    account: MerchantAccount | None
    after: tuple[date, int, str] | None
    today: date

    def held(self, limit: int, after: tuple[date, int, str] | None) -> list[Held]:
        return held_payments(
            self.companies,
            today=self.today,
            bucket=self.bucket,
            age=self.age,
            account=self.account.pk if self.account else None,
            after=after,
            limit=limit,
        )


def cash_not_applied(request: HttpRequest) -> HttpResponse:
    require_permission(request, PERMISSION)
    companies, company = chosen_companies(request)
    asked = asked_of(request, [one.pk for one in ([company] if company else companies)])
    rows = asked.held(PAGE + 1, asked.after)
    page = rows[:PAGE]
    narrowed = request.GET.copy()
    narrowed.pop("after", None)
    context = shell(
        request,
        "Cash not applied",
        companies=companies,
        company=company,
        standings=standings(asked.companies, asked.today),
        ages=AGES,
        states=STANDINGS.values(),
        asked=asked,
        state_asked=STANDINGS[asked.bucket][0] if asked.bucket else "",
        rows=[(one, STANDINGS[one.bucket][0], days(one, asked.today)) for one in page],
        next=place_of(page[-1]) if len(rows) > PAGE else "",
        narrowed=narrowed.urlencode(),
    )
    return render(request, "reconciliation/cash.html", context)


def cash_as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same list as a file, at most MOST_ROWS payments; it says so where there are more."""
    require_permission(request, PERMISSION)
    companies, company = chosen_companies(request)
    asked = asked_of(request, [one.pk for one in ([company] if company else companies)])
    response = StreamingHttpResponse(csv_lines(asked), content_type="text/csv; charset=utf-8")
    name = f"cash-not-applied-{asked.today:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class Echo:
    """Gives back what is written to it: a csv.writer's file that streams."""

    def write(self, text: str) -> str:
        return text


HEAD = ("company", "state", "days", "business_date", "gateway_id", "payer", "amount", "currency")


def csv_lines(asked: Asked) -> Iterator[str]:
    writer = csv.writer(Echo(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow(HEAD)
    after, count = None, 0
    while rows := asked.held(500, after):
        for one in rows:
            yield writer.writerow(cells(one, asked.today))
        count += len(rows)
        if count >= MOST_ROWS:
            yield writer.writerow((f"More than {MOST_ROWS} rows: choose a state or an age.",))
            return
        last = rows[-1]
        after = (last.payment.business_date, last.payment.pk, last.bucket.value)


def cells(one: Held, today: date) -> tuple[Any, ...]:
    payment = one.payment
    who = str(payment.customer) if payment.customer else payment.billing_name
    return (
        payment.company.company_id, one.bucket.value, days(one, today), payment.business_date,
        safe_cell(payment.gateway_id), safe_cell(who), one.amount, payment.currency,
    )  # fmt: skip


def days(one: Held, today: date) -> int:
    return max((today - one.payment.business_date).days, 0)


def asked_of(request: HttpRequest, companies: list[int]) -> Asked:
    bucket = request.GET.get("state", "")
    account = request.GET.get("account", "")
    found = None
    if account.isdecimal() and len(account) < 10:
        found = MerchantAccount.objects.filter(pk=int(account), company__in=companies).first()
    return Asked(
        tuple(companies),
        Bucket(bucket) if bucket in {one.value for one in STANDINGS} else None,
        next((age for age in AGES if age.key == request.GET.get("age", "")), None),
        found,
        read_place(request.GET.get("after", "")),
        timezone.localdate(),
    )


def place_of(one: Held) -> str:
    return f"{one.payment.business_date}~{one.payment.pk}~{one.bucket.value}"


def read_place(text: str) -> tuple[date, int, str] | None:
    """Where the page before ended. A place nobody can read is the beginning."""
    parts = text.split("~")
    if len(parts) != 3 or not parts[1].isdecimal() or len(parts[1]) > 18:
        return None
    try:
        day = parse_date(parts[0])
    except ValueError:
        return None
    return (day, int(parts[1]), parts[2]) if day else None
