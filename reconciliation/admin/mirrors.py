"""What Sage 500 has, as last read: invoices, accounts, periods."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    RangeDateFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from paysync.admin.base import LedgerAdmin
from paysync.templatetags.console import ago, badge
from paysync.templatetags.money import amount
from reconciliation.models import CashAccount, FiscalPeriod, GLAccount, Invoice

TYPES = {501: "Invoice", 502: "Credit memo", 503: "Debit memo", 504: "Finance charge"}


class MirrorAdmin(LedgerAdmin):
    """A mirror row: only the job that reads Sage 500 writes it."""

    empty_text = "Sage 500 has not been read yet. It is read every ten minutes."

    @admin.display(description="Read", ordering="read_at")
    def read(self, row: Invoice | GLAccount | CashAccount | FiscalPeriod) -> str:
        return ago(row.read_at)


@admin.register(Invoice)
class InvoiceAdmin(MirrorAdmin):
    list_display = ("tran_id", "customer", "kind", "tran_date", "due_date", "money_total",
                    "money_balance", "money_payable", "state_shown")  # fmt: skip
    list_select_related = ("customer",)
    list_filter = (
        ("is_open", BooleanRadioFilter),
        ("company", RelatedDropdownFilter),
        ("due_date", RangeDateFilter),
        ("balance", RangeNumericFilter),
    )
    search_fields = ("=tran_id", "=tran_no", "=customer__customer_id", "=customer_po")
    search_help_text = "Invoice, customer id or purchase order"
    ordering = ("-pk",)
    fields = (("tran_id", "kind"), ("company", "customer"), ("tran_date", "due_date"),
              ("money_total", "money_balance", "money_payable"), ("customer_po", "state_shown"),
              "read_at")  # fmt: skip
    readonly_fields = ("kind", "money_total", "money_balance", "money_payable", "state_shown")

    @admin.display(description="Document", ordering="tran_type")
    def kind(self, invoice: Invoice) -> str:
        return TYPES.get(invoice.tran_type, f"Type {invoice.tran_type}")

    @admin.display(description="Total", ordering="total")
    def money_total(self, invoice: Invoice) -> SafeString:
        return amount(invoice.total, invoice.currency)

    @admin.display(description="Balance", ordering="balance")
    def money_balance(self, invoice: Invoice) -> SafeString:
        return amount(invoice.balance, invoice.currency)

    @admin.display(description="Payable", ordering="payable")
    def money_payable(self, invoice: Invoice) -> SafeString:
        return amount(invoice.payable, invoice.currency)

    @admin.display(description="State", ordering="is_open")
    def state_shown(self, invoice: Invoice) -> SafeString:
        if invoice.in_dispute:
            return badge("In dispute", "warn", "gavel")
        if invoice.is_open:
            return badge("Open", "info", "hourglass_top")
        return badge("Paid or closed", "good", "task_alt")


@admin.register(GLAccount)
class GLAccountAdmin(MirrorAdmin):
    list_display = ("formatted", "description", "company", "is_on", "read")
    list_select_related = ("company",)
    list_filter = (("company", RelatedDropdownFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("formatted__istartswith", "number__istartswith", "description")
    ordering = ("company", "formatted")
    fields = (("formatted", "description"), ("company", "is_on"), "read_at")
    readonly_fields = ("is_on",)

    @admin.display(description="State", ordering="is_active")
    def is_on(self, account: GLAccount | CashAccount) -> SafeString:
        if account.is_active:
            return badge("Active", "good")
        return badge("Inactive in Sage", "neutral", "block")


@admin.register(CashAccount)
class CashAccountAdmin(MirrorAdmin):
    list_display = ("cash_account_id", "description", "company", "currency", "gl_account",
                    "is_on", "read")  # fmt: skip
    list_select_related = ("company", "gl_account")
    list_filter = (("company", RelatedDropdownFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("cash_account_id__istartswith", "description")
    ordering = ("company", "cash_account_id")
    fields = (("cash_account_id", "description"), ("company", "currency"), ("gl_account", "is_on"),
              "read_at")  # fmt: skip
    readonly_fields = ("is_on",)

    @admin.display(description="State", ordering="is_active")
    def is_on(self, account: CashAccount) -> SafeString:
        if account.is_active:
            return badge("Active", "good")
        return badge("Inactive in Sage", "neutral", "block")


@admin.register(FiscalPeriod)
class FiscalPeriodAdmin(MirrorAdmin):
    list_display = ("name", "company", "start", "end", "is_on", "read")
    list_select_related = ("company",)
    list_filter = (("company", RelatedDropdownFilter), ("is_open", BooleanRadioFilter))
    ordering = ("-start", "company")
    fields = (("name", "company"), ("start", "end"), "is_on", "read_at")
    readonly_fields = ("name", "is_on")

    @admin.display(description="Period", ordering="start")
    def name(self, period: FiscalPeriod) -> str:
        return str(period)

    @admin.display(description="AR", ordering="is_open")
    def is_on(self, period: FiscalPeriod) -> SafeString:
        return (
            badge("Open", "good", "lock_open")
            if period.is_open
            else badge("Closed", "neutral", "lock")
        )
