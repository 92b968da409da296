"""Filters of the list of refunds."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter

from reconciliation.queries.refund_waiting import APPROVES, decidable_by


class WaitsFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    """What I may decide now; only for who may decide at all."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "Me")] if request.user.has_perm(APPROVES) else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "me" or request.user.pk is None:
            return queryset
        return decidable_by(queryset, request.user.pk, timezone.now())
