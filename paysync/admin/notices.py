"""Notices: which e-mails went out, and which could not."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from paysync.admin.base import LedgerAdmin
from paysync.models import Notice
from paysync.templatetags.console import ago, badge


class StateFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waits", "Not sent yet"), ("sent", "Sent"), ("given_up", "Given up")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "waits":
            return queryset.filter(sent_at__isnull=True, given_up_at__isnull=True)
        if self.value() == "sent":
            return queryset.filter(sent_at__isnull=False)
        if self.value() == "given_up":
            return queryset.filter(sent_at__isnull=True, given_up_at__isnull=False)
        return queryset


@admin.register(Notice)
class NoticeAdmin(LedgerAdmin):
    list_display = ("subject", "recipient", "state_shown", "made", "last_error")
    list_select_related = ("recipient",)
    list_filter = (
        StateFilter,
        ("recipient", RelatedDropdownFilter),
    )
    search_fields = ("=key", "=address")
    ordering = ("-pk",)
    fields = ("subject", "recipient", "address", "text", "path", "made_at", "sent_at",
              "given_up_at", "attempts", "last_error")  # fmt: skip
    empty_text = "E-mails about refunds to approve and deadlines of disputes appear here."

    @admin.display(description="State")
    def state_shown(self, row: Notice) -> SafeString:
        if row.sent_at:
            return badge("Sent", "good", "task_alt")
        if row.given_up_at:
            return badge("Given up", "bad", "error")
        if not settings.SENDS_MAIL:
            return badge("Not sent: no mail server is set", "neutral", "mail_off")
        return badge("Waits", "wait", "hourglass_empty")

    @admin.display(description="Made", ordering="pk")
    def made(self, row: Notice) -> str:
        return ago(row.made_at)
