"""What people taught paysync about payers: it suggests, it never decides."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from customers.models.customers import Customer
from paysync.models import Company


class PayerAlias(models.Model):
    """A payer seen with this text was, by a person's choice, this customer. Deleting forgets it."""

    class Kind(models.TextChoices):
        NAME = "name", "Billing name"
        GATEWAY_CUSTOMER = "gateway", "Gateway customer"
        REMITTANCE = "text", "Remittance text"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="payer_aliases")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.CharField(max_length=100, help_text="In capitals, without marks and blanks.")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="payer_aliases")
    times = models.PositiveIntegerField(default=1, help_text="How often somebody chose so.")
    taught_by = models.CharField(max_length=150)
    taught_at = models.DateTimeField()
    used_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["company", "kind", "text"]
        verbose_name_plural = "payer aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "kind", "text", "customer"],
                name="one_alias_per_text_and_customer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.text} is {self.customer}"
