"""Alerts and the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters.admin import DropdownFilter

from paysync.admin.base import LedgerAdmin, StoryAdmin, actor_of, link
from paysync.models import Alert, AuditEntry
from paysync.services.alerts import close_alert
from paysync.templatetags.console import ago, badge, pretty


class OpenFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    """Open alerts unless somebody asks for the closed ones."""

    title = "state"
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("closed", "Closed"), ("all", "All")]

    def value(self) -> str:
        return super().value() or "open"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "open")


@admin.register(Alert)
class AlertAdmin(StoryAdmin):
    list_display = ("message", "state_shown", "raised", "last_seen", "times", "about")
    list_select_related = ("connection", "company")
    list_filter = (OpenFilter,)
    search_fields = ("message", "code")
    ordering = ("-last_seen_at", "-pk")
    empty_text = "No alert: nothing outside a single payment needs a person."
    change_form_template = "paysync/alert.html"
    posts: ClassVar[dict[str, str]] = {"close": "close"}

    def story(self, request: HttpRequest, object_id: int) -> dict[str, Any]:
        alert = Alert.objects.select_related("connection", "company").filter(pk=object_id).first()
        return {"alert": alert, "may_close": request.user.has_perm("paysync.change_alert")}

    def close(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def call() -> None:
            close_alert(Alert.objects.get(pk=object_id).key, actor=actor_of(request))

        done = "The alert is closed. It opens again if the cause comes back."
        return self.act(request, object_id, "paysync.change_alert", call, done)

    @admin.display(description="State")
    def state_shown(self, alert: Alert) -> SafeString:
        if alert.closed_at:
            return badge("Closed", "neutral", "task_alt")
        return badge("Open", "bad", "notifications_active")

    @admin.display(description="First", ordering="raised_at")
    def raised(self, alert: Alert) -> str:
        return ago(alert.raised_at)

    @admin.display(description="Last", ordering="last_seen_at")
    def last_seen(self, alert: Alert) -> str:
        return ago(alert.last_seen_at)

    @admin.display(description="About")
    def about(self, alert: Alert) -> str:
        return str(alert.connection or alert.company or "–")


@admin.register(AuditEntry)
class AuditEntryAdmin(LedgerAdmin):
    list_display = ("at", "actor", "action", "subject", "in_short", "sealed")
    list_display_links = ("at",)
    search_fields = ("=actor", "=action", "=subject_id")
    search_help_text = "A user, an action or a record's number"
    ordering = ("-pk",)
    fields = (("at", "actor"), ("action", "subject"), "detail_shown", "sealed", "seal",
              "previous_seal")  # fmt: skip
    readonly_fields = ("subject", "detail_shown", "sealed")

    @admin.display(description="Record")
    def subject(self, entry: AuditEntry) -> str:
        return subject_link(entry)

    @admin.display(description="Detail")
    def in_short(self, entry: AuditEntry) -> str:
        parts = [f"{name}: {value}" for name, value in entry.detail.items()]
        text = ", ".join(parts)
        return text if len(text) <= 80 else f"{text[:79]}…"

    @admin.display(description="Detail")
    def detail_shown(self, entry: AuditEntry) -> SafeString:
        return format_html('<pre class="payload">{}</pre>', pretty(entry.detail))

    @admin.display(description="Chain")
    def sealed(self, entry: AuditEntry) -> SafeString:
        if entry.seal:
            return badge("Sealed", "good", "verified")
        return badge("Sealed shortly", "wait")


def subject_link(entry: AuditEntry) -> str:
    """The record's kind and number, linked where the console has a page of it."""
    try:
        model = apps.get_model(entry.subject_type)
        url = reverse(f"admin:{entry.subject_type.replace('.', '_')}_change",
                      args=[entry.subject_id])  # fmt: skip
    except (LookupError, ValueError, NoReverseMatch):
        return f"{entry.subject_type} {entry.subject_id}"
    return link(url, f"{capfirst(str(model._meta.verbose_name))} {entry.subject_id}")
