"""Which cash account and GL account a kind of transaction goes to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from paysync.models import Company, MerchantAccount
from reconciliation.models.mirrors import CashAccount, GLAccount


class GLMapping(models.Model):
    """(company, merchant account, kind, card brand) → accounts. A change is a new version."""

    class Kind(models.TextChoices):
        SALE = "sale", "Payment"
        REFUND = "refund", "Refund"
        CHARGEBACK = "chargeback", "Chargeback"
        FEE = "fee", "Fee"
        WRITE_OFF = "write_off", "Write-off"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="gl_mappings")
    merchant_account = models.ForeignKey(
        MerchantAccount,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="gl_mappings",
        help_text="Empty: every merchant account of the company.",
    )
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.SALE)
    card_brand = models.CharField(
        max_length=20, blank=True, help_text="visa, mastercard, amex, discover or ach; empty: any."
    )
    cash_account = models.ForeignKey(
        CashAccount, on_delete=models.PROTECT, related_name="gl_mappings"
    )
    gl_account = models.ForeignKey(
        GLAccount,
        on_delete=models.PROTECT,
        related_name="gl_mappings",
        verbose_name="GL account",
        help_text="For payments: the cash account's own GL account, which Sage 500 debits.",
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    valid_from = models.DateField()
    drafted_by = models.CharField(max_length=150, editable=False)
    drafted_at = models.DateTimeField(editable=False)
    activated_by = models.CharField(max_length=150, blank=True, editable=False)
    activated_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_on = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["company", "kind", "merchant_account", "card_brand", "-version"]
        verbose_name = "GL mapping"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(activated_by="") | ~Q(activated_by=F("drafted_by")),
                name="gl_mapping_activated_by_another_person",
            )
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_kind_display()}, {self.card_brand or 'any brand'}, version {self.version}"
        )
