"""GL mappings: drafted by one person, put in force by another."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget

from paysync.admin.base import ConsoleAdmin, actor_of, require_permission
from paysync.domain.errors import RuleError
from paysync.templatetags.console import badge
from reconciliation.models import CashAccount, GLAccount, GLMapping
from reconciliation.services.mappings import activate_mapping, check_mapping, draft_mapping

BRANDS = [
    ("", "Any"), ("visa", "Visa"), ("mastercard", "Mastercard"), ("amex", "American Express"),
    ("discover", "Discover"), ("ach", "ACH"),
]  # fmt: skip


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A draft. The accounts are picked from those that Sage 500 has."""

    card_brand = forms.ChoiceField(
        label="Card brand", choices=BRANDS, required=False, widget=UnfoldAdminSelectWidget()
    )

    class Meta:
        model = GLMapping
        fields = ("company", "merchant_account", "kind", "card_brand", "cash_account",
                  "gl_account", "valid_from")  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "gl_account" in self.fields:
            self.fields["gl_account"].required = False
            self.fields[
                "gl_account"
            ].help_text = (
                "For payments this may stay empty: Sage 500 debits the cash account's own."
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cash = cleaned.get("cash_account")
        if cash and not cleaned.get("gl_account") and cleaned.get("kind") == GLMapping.Kind.SALE:
            cleaned["gl_account"] = cash.gl_account
        if cash and not cleaned.get("gl_account"):
            self.add_error("gl_account", "Choose the GL account that this kind posts to.")
        if not self.errors:
            self.check(cleaned)
        return cleaned

    def check(self, cleaned: dict[str, Any]) -> None:
        try:
            check_mapping(GLMapping(**cleaned))
        except RuleError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(GLMapping)
class GLMappingAdmin(ConsoleAdmin):
    form = MappingForm
    list_display = ("company", "kind_shown", "brand", "whose", "posts_to",
                    "version", "valid_from", "force")  # fmt: skip
    list_select_related = ("company", "merchant_account", "cash_account", "gl_account")
    list_filter = (("company", RelatedDropdownFilter), ("kind", ChoicesDropdownFilter))
    search_fields = ("cash_account__cash_account_id", "gl_account__formatted")
    ordering = ("company", "-pk")
    change_form_template = "reconciliation/mapping.html"
    posts: ClassVar[dict[str, str]] = {"activate": "activate"}
    fieldsets = (
        ("Covers", {
            "fields": (("company", "merchant_account"), ("kind", "card_brand"), "valid_from"),
            "description": "The most specific mapping wins: merchant account and brand, then "
            "merchant account, then brand, then any. A draft counts once a second person has "
            "activated it.",
        }),
        ("Posts to", {"fields": (("cash_account", "gl_account"),)}),
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_accounts)
        name = "reconciliation_glmapping_check"
        return [path("check/", view, name=name), *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A version is never edited: a change is a new version."""
        return obj is None and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        names = ("view", "change")
        return any(user.has_perm(f"reconciliation.{name}_glmapping") for name in names)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"valid_from": timezone.localdate()} | given

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "cash_account":
            kwargs["queryset"] = CashAccount.objects.filter(is_active=True).select_related(
                "company", "gl_account"
            )
        if db_field.name == "gl_account":
            kwargs["queryset"] = GLAccount.objects.filter(is_active=True).select_related("company")
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name in {"cash_account", "gl_account"} and field:
            field.label_from_instance = account_label
        return field

    def save_model(self, request: HttpRequest, obj: GLMapping, form: Any, change: bool) -> None:
        """A new draft, through the service; it numbers the version and writes the audit entry."""
        draft = draft_mapping(
            company=obj.company,
            merchant_account=obj.merchant_account,
            kind=obj.kind,
            card_brand=obj.card_brand,
            cash_account=obj.cash_account,
            gl_account=obj.gl_account,
            valid_from=obj.valid_from,
            actor=actor_of(request),
        )
        obj.pk, obj.version = draft.pk, draft.version

    def changeform_view(self, request: HttpRequest, object_id: str | None = None,
                        form_url: str = "", extra_context: Any = None) -> HttpResponse:  # fmt: skip
        context = extra_context or {}
        if object_id and object_id.isdecimal():
            mapping = GLMapping.objects.select_related(*self.list_select_related).filter(
                pk=object_id
            )
            context |= self.standing(request, mapping.first())
        return super().changeform_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def standing(self, request: HttpRequest, mapping: GLMapping | None) -> dict[str, Any]:
        if mapping is None:
            return {}
        may = request.user.has_perm("reconciliation.change_glmapping")
        return {
            "mapping": mapping,
            "force": self.force(mapping),
            "found": accounts_found(mapping.cash_account, mapping.gl_account),
            "may_activate": may and not mapping.activated_by,
            "is_drafter": mapping.drafted_by == actor_of(request),
        }

    def check_accounts(self, request: HttpRequest) -> HttpResponse:
        """What Sage 500 has of the two accounts chosen in the form, as a part of the page."""
        require_permission(request, "reconciliation.add_glmapping")
        rows = CashAccount.objects.select_related("gl_account")
        cash = rows.filter(pk=number_in(request, "cash_account")).first()
        gl = GLAccount.objects.filter(pk=number_in(request, "gl_account")).first()
        if cash and not gl and request.GET.get("kind") == GLMapping.Kind.SALE:
            gl = cash.gl_account
        found = accounts_found(cash, gl)
        return render(request, "reconciliation/_accounts_found.html", {"found": found})

    def activate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self.act(
            request,
            object_id,
            "reconciliation.change_glmapping",
            lambda: activate_mapping(object_id, actor=actor_of(request)),
            "The mapping is in force. Payments that waited for it are matched in the next run.",
        )

    @admin.display(description="Kind", ordering="kind")
    def kind_shown(self, mapping: GLMapping) -> str:
        return mapping.get_kind_display()

    @admin.display(description="Brand", ordering="card_brand")
    def brand(self, mapping: GLMapping) -> str:
        return dict(BRANDS).get(mapping.card_brand, mapping.card_brand.capitalize())

    @admin.display(description="Cash account → GL account", ordering="cash_account")
    def posts_to(self, mapping: GLMapping) -> str:
        return f"{mapping.cash_account.cash_account_id} → {mapping.gl_account.formatted}"

    @admin.display(description="Merchant account")
    def whose(self, mapping: GLMapping) -> str:
        return str(mapping.merchant_account or "All")

    @admin.display(description="State")
    def force(self, mapping: GLMapping) -> SafeString:
        today = timezone.localdate()
        if not mapping.activated_by:
            return badge("Draft", "warn", "edit_note")
        if mapping.ended_on and mapping.ended_on <= today:
            return badge("Ended", "neutral", "history")
        if mapping.valid_from > today:
            return badge(f"From {mapping.valid_from:%b %-d}", "info", "event_upcoming")
        return badge("In force", "good", "verified")


def account_label(account: CashAccount | GLAccount) -> str:
    """The company first: several companies may have an account of the same number."""
    company = account.company.company_id
    if isinstance(account, CashAccount):
        gl = account.gl_account.formatted if account.gl_account else "no GL account"
        return f"{company} · {account} · {account.currency} → {gl}"
    return f"{company} · {account}"


def accounts_found(cash: CashAccount | None, gl: GLAccount | None) -> list[dict[str, Any]]:
    """What Sage 500 said of the accounts when it was last read."""
    rows: list[tuple[str, CashAccount | GLAccount | None]] = [
        ("cash account", cash), ("GL account", gl),
    ]  # fmt: skip
    return [
        {"kind": kind, "account": row, "is_active": row.is_active, "read_at": row.read_at}
        for kind, row in rows
        if row
    ]


def number_in(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0
