"""Shadow mode: what paysync would have done, payment by payment, beside what the staff did."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import LedgerAdmin
from reconciliation.models import ShadowComparison
from reconciliation.queries.shadow import days_of
from reconciliation.views.scope import first_of_month

SHOWN_MONTHS = 24


class MonthFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    """The month of the payment."""

    title = "month"
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = timezone.localdate()
        months = [first_of_month(today, back) for back in range(SHOWN_MONTHS)]
        return [(f"{month:%Y-%m}", f"{month:%B %Y}") for month in months]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ShadowComparison]
    ) -> QuerySet[ShadowComparison]:
        known = {value for value, _ in self.lookup_choices}
        if self.value() not in known:
            return queryset
        month = date.fromisoformat(f"{self.value()}-01")
        return queryset.filter(business_date__range=days_of(month))


@admin.register(ShadowComparison)
class ShadowComparisonAdmin(LedgerAdmin):
    list_before_template = "reconciliation/_shadow_report_link.html"
    list_display = ("business_date", "company", "transaction", "verdict", "explanation")
    list_select_related = ("company", "transaction")
    list_filter = (
        ("company", RelatedDropdownFilter),
        ("verdict", ChoicesDropdownFilter),
        MonthFilter,
    )
    ordering = ("-business_date", "-pk")
