"""What the reports share: who may see them, which companies, which months."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from paysync.models import Company

MOST_MONTHS = 36


def chosen_companies(request: HttpRequest) -> tuple[list[Company], Company | None]:
    """All active companies, and the one asked for by its Sage id, if there is such a one."""
    companies = list(Company.objects.filter(is_active=True).order_by("company_id"))
    wanted = request.GET.get("company", "")
    return companies, next((one for one in companies if one.company_id == wanted), None)


def months_asked(request: HttpRequest, default: int) -> int:
    """How many months the page shows; what is no number from 1 to MOST_MONTHS is the default."""
    text = request.GET.get("months", "")
    if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST_MONTHS:
        return int(text)
    return default


def first_of_month(day: date, back: int = 0) -> date:
    """The first day of the month `back` months before the one of `day`."""
    first = day.replace(day=1)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def shell(request: HttpRequest, title: str, **context: Any) -> dict[str, Any]:
    """The context of a page inside the console's shell."""
    return {**admin.site.each_context(request), "title": title, **context}
