"""Shadow mode: what paysync would have done beside what the staff did in Sage 500."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from paysync.models import Company
from reconciliation.models.transactions import GatewayTransaction


class ShadowComparison(models.Model):
    """One payment of a company in shadow mode, compared with the receipt that staff posted."""

    class Verdict(models.TextChoices):
        SAME = "same", "Same as the staff"
        DIFFERENT = "different", "Different invoices or amounts"
        ONLY_STAFF = "only_staff", "The staff matched it, paysync did not"
        ONLY_US = "only_us", "paysync matched it, no receipt found"
        WAITING = "waiting", "Neither has matched it yet"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="comparisons")
    transaction = models.OneToOneField(
        GatewayTransaction, on_delete=models.CASCADE, related_name="comparison"
    )
    business_date = models.DateField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    ours = models.JSONField(default=list, help_text="[[TranID, amount], …] as paysync decided.")
    theirs = models.JSONField(default=list, help_text="[[TranID, amount], …] as Sage 500 shows.")
    erp_tran_id = models.CharField(max_length=13, blank=True)
    explanation = models.CharField(max_length=300)
    compared_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-business_date", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["company", "business_date", "verdict"], name="comparisons_by_day")
        ]

    def __str__(self) -> str:
        return self.explanation
