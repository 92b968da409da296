"""ERP customers as we last read them, and their links to gateway customers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from paysync.models import Company, MerchantAccount


class Customer(models.Model):
    """A mirror row: what Sage 500 said of a customer when we last read it."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="customers")
    customer_id = models.CharField(max_length=12, help_text="Sage 500 CustID, upper case.")
    erp_key = models.CharField(max_length=20)
    name = models.CharField(max_length=40)
    email = models.CharField(max_length=256, blank=True)
    phone = models.CharField(max_length=25, blank=True)
    address = models.JSONField(default=dict, blank=True)
    national_parent_id = models.CharField(max_length=12, blank=True)
    is_active = models.BooleanField(default=True)
    update_counter = models.IntegerField(default=0)
    read_at = models.DateTimeField(help_text="When we read it.")

    class Meta:
        ordering: ClassVar = ["company", "customer_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "customer_id"], name="one_customer_per_company_and_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.name}"


class CustomerLink(models.Model):
    """A gateway customer is this ERP customer: said by a key or a person, never guessed."""

    class MadeBy(models.TextChoices):
        KEY = "key", "Same id in both systems"
        PERSON = "person", "A person"

    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.PROTECT, related_name="customer_links"
    )
    gateway_customer_id = models.CharField(max_length=50)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="links")
    made_by = models.CharField(max_length=6, choices=MadeBy.choices)
    actor = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["gateway_customer_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_account", "gateway_customer_id"],
                name="one_link_per_gateway_customer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gateway_customer_id} is {self.customer}"
