"""Captures of authorizations that people asked for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from reconciliation.domain.captures import LIVE_CAPTURES, CaptureState
from reconciliation.models.transactions import GatewayTransaction


class Capture(models.Model):
    """How much of one authorization is to be taken. Never edited but along its states."""

    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="captures"
    )
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    currency = models.CharField(max_length=3)
    state = models.CharField(
        max_length=7,
        choices=[(state.value, state.value.capitalize()) for state in CaptureState],
        default=CaptureState.DUE,
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="captures"
    )
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When it is sent, or asked about, next.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When the last try began.")
    last_message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="capture_amount_gt_0"),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state__in=sorted(LIVE_CAPTURES)),
                name="one_live_capture_per_payment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=sorted(LIVE_CAPTURES)),
                name="captures_due",
            ),
        ]

    def __str__(self) -> str:
        return f"capture of payment {self.transaction}"
