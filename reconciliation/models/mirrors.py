"""What the ERP says, as we last read it. Mirrors are written by the refresh job alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from paysync.models import Company


class Invoice(models.Model):
    """An AR document of Sage 500."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="invoices")
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="invoices"
    )
    erp_key = models.CharField(max_length=20)
    tran_id = models.CharField(max_length=13, help_text="For instance IN-0000012345.")
    tran_no = models.CharField(max_length=10)
    tran_type = models.IntegerField(help_text="501 invoice, 502 credit memo, 503 debit memo …")
    tran_date = models.DateField()
    due_date = models.DateField(null=True, blank=True)
    customer_po = models.CharField(max_length=15, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=15, decimal_places=3)
    balance = models.DecimalField(max_digits=15, decimal_places=3)
    payable = models.DecimalField(
        max_digits=15, decimal_places=3, help_text="Balance less applications pending in Sage."
    )
    discount = models.DecimalField(
        max_digits=15,
        decimal_places=3,
        default=0,
        help_text="What may still be taken of the early-payment discount.",
    )
    discount_until = models.DateField(null=True, blank=True, help_text="Its last day.")
    is_open = models.BooleanField(default=True)
    in_dispute = models.BooleanField(default=False)
    update_counter = models.IntegerField(default=0)
    read_at = models.DateTimeField(help_text="When the reading that brought it began.")
    changed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a reading last brought something new of it."
    )

    class Meta:
        ordering: ClassVar = ["tran_date", "tran_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "tran_id"], name="one_invoice_per_company_and_id"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "is_open", "customer"], name="open_invoices"),
            models.Index(fields=["company", "tran_no"], name="invoice_by_number"),
            models.Index(fields=["company", "changed_at"], name="invoices_by_change"),
            models.Index(
                fields=["company", "customer_po"],
                condition=Q(is_open=True),
                name="open_invoices_by_po",
            ),
            models.Index(
                fields=["company", "payable"],
                condition=Q(is_open=True),
                name="open_invoices_by_amount",
            ),
        ]

    def __str__(self) -> str:
        return self.tran_id


class GLAccount(models.Model):
    """A general-ledger account of Sage 500. The number is stored as Sage shows it."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="gl_accounts")
    erp_key = models.CharField(max_length=20)
    number = models.CharField(max_length=100)
    formatted = models.CharField(max_length=114)
    description = models.CharField(max_length=40, blank=True)
    is_active = models.BooleanField(default=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["company", "formatted"]
        verbose_name = "GL account"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "erp_key"], name="one_gl_account_per_company_and_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.formatted} {self.description}".strip()


class CashAccount(models.Model):
    """A cash account of Sage 500: one per batch of receipts."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="cash_accounts")
    erp_key = models.CharField(max_length=20)
    cash_account_id = models.CharField(max_length=15)
    description = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    gl_account = models.ForeignKey(
        GLAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="cash_accounts"
    )
    is_active = models.BooleanField(default=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["company", "cash_account_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "cash_account_id"], name="one_cash_account_per_company_and_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.cash_account_id} {self.description}".strip()


class FiscalPeriod(models.Model):
    """A fiscal period, open for AR or not, when we last looked."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="fiscal_periods")
    year = models.CharField(max_length=5)
    period = models.PositiveSmallIntegerField()
    start = models.DateField()
    end = models.DateField()
    is_open = models.BooleanField()
    read_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["company", "start"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "year", "period"],
                name="one_fiscal_period_per_company_and_number",
            )
        ]

    def __str__(self) -> str:
        return f"{self.year}/{self.period:02d}"
