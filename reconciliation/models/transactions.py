"""Gateway transactions and every state seen of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from paysync.domain.payments import Kind, Method, State
from paysync.models import Company, InboundEvent, MerchantAccount


def choices(values: type[Kind] | type[Method] | type[State]) -> list[tuple[str, str]]:
    """Model choices of a domain enumeration."""
    return [(value.value, value.value.capitalize()) for value in values]


class GatewayTransaction(models.Model):
    """One PayTrace transaction. Amount and ids are what the gateway said first; states move on."""

    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.PROTECT, related_name="transactions"
    )
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="transactions")
    gateway_id = models.CharField(max_length=40, help_text="PayTrace transaction id, as text.")
    api_version = models.CharField(max_length=12, help_text="Connection kind that gave it.")
    environment = models.CharField(max_length=12)
    kind = models.CharField(max_length=8, choices=choices(Kind))
    method = models.CharField(max_length=4, choices=choices(Method))
    state = models.CharField(max_length=12, choices=choices(State))
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(
        max_digits=15, decimal_places=3, help_text="What was really charged or given back."
    )
    created_at = models.DateTimeField(help_text="When the gateway made it.")
    business_date = models.DateField(help_text="The gateway's day in its own zone.")
    settled_at = models.DateTimeField(null=True, blank=True)
    batch_number = models.CharField(max_length=12, blank=True)
    invoice_reference = models.CharField(max_length=60, blank=True)
    customer_reference = models.CharField(max_length=60, blank=True)
    gateway_customer_id = models.CharField(max_length=50, blank=True)
    billing_name = models.CharField(max_length=100, blank=True)
    description = models.CharField(max_length=255, blank=True)
    card_brand = models.CharField(max_length=20, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    status_text = models.CharField(
        max_length=100, blank=True, help_text="What the gateway calls its state."
    )
    answer_text = models.CharField(max_length=120, blank=True, help_text="The bank's own words.")
    avs_response = models.CharField(max_length=60, blank=True)
    csc_response = models.CharField(max_length=60, blank=True)
    return_code = models.CharField(
        max_length=3, blank=True, help_text="Why the bank sent an ACH payment back, such as R01."
    )
    returned_on = models.DateField(null=True, blank=True, help_text="The day we heard of it.")
    approval_code = models.CharField(max_length=20, blank=True)
    original_id = models.CharField(max_length=40, blank=True)
    customer = models.ForeignKey(
        "customers.Customer",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transactions",
        help_text="Who paid, once known.",
    )
    needs_match = models.BooleanField(
        default=False, help_text="It holds money that no active match explains."
    )
    match_tried_at = models.DateTimeField(
        null=True, blank=True, help_text="When the engine last decided about it in vain."
    )
    revision = models.PositiveIntegerField(
        default=0, help_text="Counts what people and matching did to it: two at once are told."
    )
    first_seen_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the gateway was last asked for this one by its id."
    )
    look_error = models.CharField(
        max_length=200, blank=True, help_text="Why it was not given then; empty when it was."
    )

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = "payment"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant_account", "method", "gateway_id"],
                name="one_row_per_gateway_transaction",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(needs_match=False),
                name="only_positive_amounts_are_matched",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["company", "created_at"],
                condition=Q(needs_match=True),
                name="payments_to_match",
            ),
            models.Index(fields=["company", "business_date"], name="payments_by_day"),
            models.Index(fields=["gateway_id"], name="payment_by_gateway_id"),
            models.Index(
                fields=["merchant_account", "state", "method", "created_at"],
                name="payments_by_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id}"


class StateObservation(models.Model):
    """A state seen at some time, whether it moved us or was old news. Never edited."""

    class Effect(models.TextChoices):
        FIRST = "first", "First seen"
        FORWARD = "forward", "Moved on"
        OLDER = "older", "Old news"
        CONFLICT = "conflict", "Contradicts what we hold"

    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="observations"
    )
    state = models.CharField(max_length=12, choices=choices(State))
    effect = models.CharField(max_length=8, choices=Effect.choices)
    event = models.ForeignKey(
        InboundEvent, null=True, blank=True, on_delete=models.PROTECT, related_name="observations"
    )
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.state} ({self.effect})"
