"""The console's pages of customers and their links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter

from customers.models import Customer, CustomerLink
from paysync.admin.base import LedgerAdmin
from paysync.templatetags.console import ago, badge


@admin.register(Customer)
class CustomerAdmin(LedgerAdmin):
    list_display = ("customer_id", "name", "company", "email", "phone", "is_on", "read")
    list_display_links = ("customer_id", "name")
    list_select_related = ("company",)
    list_filter = (("company", RelatedDropdownFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("customer_id__istartswith", "name__icontains", "email__iexact")
    search_help_text = "Customer id, name or e-mail"
    ordering = ("customer_id", "pk")
    fields = (("customer_id", "name"), ("company", "is_on"), ("email", "phone"), "address_shown",
              "national_parent_id", "links_shown", "read_at")  # fmt: skip
    readonly_fields = ("address_shown", "links_shown", "is_on")

    @admin.display(description="State", ordering="is_active")
    def is_on(self, customer: Customer) -> SafeString:
        if customer.is_active:
            return badge("Active", "good")
        return badge("Inactive in Sage", "warn", "person_off")

    @admin.display(description="Read", ordering="read_at")
    def read(self, customer: Customer) -> str:
        return ago(customer.read_at)

    @admin.display(description="Address")
    def address_shown(self, customer: Customer) -> str:
        return ", ".join(str(part) for part in customer.address.values() if part) or "–"

    @admin.display(description="Gateway customers")
    def links_shown(self, customer: Customer) -> SafeString | str:
        """Who this is in PayTrace."""
        rows = customer.links.select_related("merchant_account").order_by("pk")[:50]
        lines = [(row.gateway_customer_id, row.merchant_account.name, row.actor) for row in rows]
        found = format_html_join("", "<li>{} at {}, linked by {}</li>", lines)
        return format_html_join("", "<ul>{}</ul>", [(found,)]) if lines else "none linked yet"


@admin.register(CustomerLink)
class CustomerLinkAdmin(LedgerAdmin):
    list_display = ("gateway_customer_id", "customer", "merchant_account", "made", "actor",
                    "when")  # fmt: skip
    list_select_related = ("customer", "merchant_account")
    list_filter = (("merchant_account", RelatedDropdownFilter),)
    search_fields = ("=gateway_customer_id", "=customer__customer_id")
    search_help_text = "Gateway customer id or Sage customer id"
    ordering = ("-pk",)
    fields = ("gateway_customer_id", "customer", "merchant_account", "made", "actor", "made_at")
    readonly_fields = ("made",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("customer", "merchant_account")

    @admin.display(description="Made by", ordering="made_by")
    def made(self, row: CustomerLink) -> SafeString:
        if row.made_by == CustomerLink.MadeBy.KEY:
            return badge("Same id", "info", "key")
        return badge("A person", "neutral", "person")

    @admin.display(description="When", ordering="made_at")
    def when(self, row: CustomerLink) -> str:
        return ago(row.made_at)
