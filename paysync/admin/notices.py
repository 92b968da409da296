"""Notices: which e-mails went out, and which could not."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from paysync.admin.base import LedgerAdmin
from paysync.models import Notice
from paysync.templatetags.console import ago, badge


@admin.register(Notice)
class NoticeAdmin(LedgerAdmin):
    list_display = ("subject", "recipient", "state_shown", "made", "last_error")
    list_select_related = ("recipient",)
    list_filter = (("recipient", RelatedDropdownFilter),)
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
