"""Companies and merchant accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from paysync.admin.base import ConsoleAdmin
from paysync.models import Company, Connection, MerchantAccount
from paysync.templatetags.console import ago, badge

MODES = {
    Company.Mode.SHADOW: ("Shadow", "neutral", "visibility"),
    Company.Mode.PROPOSE: ("Propose", "info", "front_hand"),
    Company.Mode.AUTO: ("Automatic", "good", "bolt"),
}


def active(is_active: bool) -> SafeString:
    return badge("Active", "good") if is_active else badge("Switched off", "neutral", "toggle_off")


@admin.register(Company)
class CompanyAdmin(ConsoleAdmin):
    list_display = ("company_id", "name", "currency", "how", "posts_on", "erp_connection", "is_on")
    list_display_links = ("company_id", "name")
    list_select_related = ("erp_connection",)
    list_filter = (("mode", ChoicesDropdownFilter),)
    search_fields = ("company_id", "name")
    fieldsets = (
        ("Company", {
            "fields": (("company_id", "name"), ("currency", "erp_connection"), "is_active"),
            "description": "A company of Sage 500 whose payments paysync accounts for.",
        }),
        ("How receipts go out", {
            "fields": ("mode", "post_on", "closed_period", "reverses_receipts"),
            "description": "Start in shadow: paysync matches and shows, and sends nothing. "
            "Go to propose once the matches look right, to automatic once releasing is routine.",
        }),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Company | None = None) -> list[str]:
        """The id ties a company to its books: it never changes."""
        return ["company_id"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "erp_connection":
            gateways = [Connection.Kind.PAYTRACE_V3, Connection.Kind.PAYTRACE_V1]
            kwargs["queryset"] = Connection.objects.exclude(kind__in=gateways)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description="Mode", ordering="mode")
    def how(self, company: Company) -> SafeString:
        return badge(*MODES[Company.Mode(company.mode)])

    @admin.display(description="Sent", ordering="post_on")
    def posts_on(self, company: Company) -> str:
        return company.get_post_on_display()

    @admin.display(description="State", ordering="is_active")
    def is_on(self, company: Company) -> SafeString:
        return active(company.is_active)


@admin.register(MerchantAccount)
class MerchantAccountAdmin(ConsoleAdmin):
    list_display = ("name", "company", "connection", "merchant_id", "currency", "read", "is_on")
    list_select_related = ("company", "connection")
    search_fields = ("name", "merchant_id")
    fieldsets = (
        ("Merchant account", {
            "fields": (("name", "merchant_id"), ("company", "connection"), "currency",
                       "is_active"),
            "description": "A PayTrace account that collects for one company.",
        }),
        ("Reading", {"fields": ("polls_from", "read")}),
        ("Money out", {"fields": ("unlinked_credits",)}),
    )  # fmt: skip
    readonly_fields = ("read",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "connection":
            kwargs["queryset"] = Connection.objects.exclude(kind=Connection.Kind.SAGE500_HTTP)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description="Read until", ordering="polled_until")
    def read(self, account: MerchantAccount) -> str:
        return ago(account.polled_until) if account.polled_until else "not read yet"

    @admin.display(description="State", ordering="is_active")
    def is_on(self, account: MerchantAccount) -> SafeString:
        return active(account.is_active)
