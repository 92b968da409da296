"""The console's pages of customers and their links."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from customers.domain.addresses import Address, standardize
from customers.domain.candidates import STRONG
from customers.models import Customer, CustomerLink, PayerAlias
from customers.queries.candidates import find_candidates, party_of
from paysync.admin.base import LedgerAdmin
from paysync.templatetags.console import ago, badge, counted

#: How the parts of an address are called.
LABELS = {
    **{f"line{n}": f"line {n}" for n in range(1, 6)},
    "city": "city", "state": "state", "postal_code": "postal code", "country": "country",
}  # fmt: skip


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
              "mail_shown", "national_parent_id", "links_shown", "alike_shown",
              "read_at")  # fmt: skip
    readonly_fields = ("address_shown", "mail_shown", "links_shown", "alike_shown", "is_on")

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

    @admin.display(description="As mail is addressed")
    def mail_shown(self, customer: Customer) -> SafeString | str:
        """The standard form with what it changes; Sage 500 keeps its own."""
        done = standardize(Address.of(customer.address))
        shown = done.address.as_dict() | {"postal_code": done.address.postal_shown}
        parts = [part for part in shown.values() if part]
        if not parts:
            return "–"
        if not done.is_us:
            return "not read as an address in the United States: it keeps its own form"
        rows = [(LABELS[one.field], one.before, one.after, one.why) for one in done.changes]
        changed = format_html_join("", "<li>{}: “{}” is “{}” ({})</li>", rows)
        return format_html("{}<ul>{}</ul>", ", ".join(parts), changed)

    @admin.display(description="May be the same as")
    def alike_shown(self, customer: Customer) -> SafeString | str:
        """Customers of the company that are much alike: Sage 500 may have somebody twice."""
        found = find_candidates(customer.company, party_of(customer))
        rows = [
            (reverse("admin:customers_customer_change", args=[one.customer.pk]), one.customer,
             one.candidate.sentence)
            for one in found
            if one.candidate.score >= STRONG
        ]  # fmt: skip
        lines = format_html_join("", '<li><a class="link" href="{}">{}</a><br>{}</li>', rows)
        return format_html("<ul>{}</ul>", lines) if rows else "nobody"

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


@admin.register(PayerAlias)
class PayerAliasAdmin(LedgerAdmin):
    """What people taught about payers. It suggests and never decides; deleting forgets it."""

    list_display = ("text", "kind", "customer", "company", "times", "taught_by", "when")
    list_select_related = ("customer", "company")
    list_filter = (("company", RelatedDropdownFilter), ("kind", ChoicesDropdownFilter))
    search_fields = ("text__istartswith", "=customer__customer_id", "=taught_by")
    search_help_text = "Text, Sage customer id or who taught it"
    ordering = ("-pk",)
    fields = ("text", "kind", "customer", "company", "times", "taught_by", "taught_at", "used_at")
    empty_text = "Nothing learned yet. Matching a payer that nobody knew teaches how it looks."
    actions: ClassVar = ("forget_selected",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("customer", "company")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("customers.delete_payeralias"))

    @admin.action(description="Forget", permissions=["delete"])
    def forget_selected(self, request: HttpRequest, queryset: Any) -> None:
        count = len(queryset)
        self.delete_queryset(request, queryset)
        messages.success(request, f"{counted(count, 'learned payer')} forgotten.")

    @admin.display(description="Taught", ordering="taught_at")
    def when(self, alias: PayerAlias) -> str:
        return ago(alias.taught_at)
