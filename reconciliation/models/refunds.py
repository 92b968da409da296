"""Money out: who asked for it, who agreed, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from paysync.models import Company
from reconciliation.domain.refunds.states import PENDING, UNDER_WAY, RefundState
from reconciliation.domain.refunds.ways import Way
from reconciliation.models.transactions import GatewayTransaction


class RefundReason(models.Model):
    """Why money goes back, from a list that an administrator keeps."""

    title = models.CharField(max_length=60, unique=True)
    is_active = models.BooleanField(default=True, help_text="Offered to who asks for a refund.")

    class Meta:
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class RefundPolicy(models.Model):
    """How many people have to agree at a company. Without one, what is shipped holds."""

    company = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="refund_policy")
    free_up_to = models.DecimalField(
        max_digits=15, decimal_places=3, default=0, help_text="Goes without approval."
    )
    one_up_to = models.DecimalField(
        max_digits=15, decimal_places=3, default=5000, help_text="Beyond it two have to approve."
    )
    free_per_day = models.PositiveSmallIntegerField(
        default=2, help_text="So many requests of one customer a day go without approval."
    )
    free_days = models.PositiveSmallIntegerField(
        default=90, help_text="An older payment always needs an approval."
    )
    expires_hours = models.PositiveSmallIntegerField(
        default=72, help_text="What is not decided, or not sent, by then has to be asked for anew."
    )

    class Meta:
        ordering: ClassVar = ["company"]
        verbose_name_plural = "refund policies"

    def __str__(self) -> str:
        return f"Refunds of {self.company}"


class RefundRequest(models.Model):
    """One amount of one payment that is to go back. Never edited but along its states."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="refund_requests")
    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="refund_requests"
    )
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    currency = models.CharField(max_length=3)
    reason = models.ForeignKey(RefundReason, on_delete=models.PROTECT, related_name="requests")
    note = models.CharField(max_length=300, blank=True)
    documents = models.JSONField(
        default=list, help_text="Documents that people chose to open again first, in order."
    )
    is_unlinked = models.BooleanField(
        default=False, help_text="A credit to whoever paid: the payment does not limit it."
    )
    state = models.CharField(
        max_length=9,
        choices=[(state.value, state.value.capitalize()) for state in RefundState],
        default=RefundState.REQUESTED,
    )
    approvals_needed = models.PositiveSmallIntegerField()
    lane = models.CharField(max_length=200, help_text="Why so many have to approve it.")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="refund_requests"
    )
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    way = models.CharField(
        max_length=6, blank=True, choices=[(way.value, way.value.capitalize()) for way in Way]
    )
    due_at = models.DateTimeField(help_text="When it is sent, or asked about, next.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=80, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When the last try began.")
    refund_gateway_id = models.CharField(
        max_length=40, blank=True, help_text="The gateway's id of the refund."
    )
    refund = models.OneToOneField(
        GatewayTransaction,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="asked_for_by",
        help_text="The refund as it was booked.",
    )
    last_message = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [("approve_refundrequest", "Can approve refund requests")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_gt_0"),
            models.CheckConstraint(
                condition=Q(approvals_needed__lte=2), name="refund_approvals_lte_2"
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state__in=sorted(UNDER_WAY)),
                name="one_refund_under_way_per_payment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "state", "due_at"], name="refunds_due"),
            models.Index(
                fields=["transaction"],
                condition=Q(state__in=sorted(PENDING)),
                name="pending_refunds",
            ),
        ]

    def __str__(self) -> str:
        return f"Refund {self.pk} of payment {self.transaction}"


class RefundDecision(models.Model):
    """One person's yes or no. requester: who asked, so that the database keeps the two apart."""

    class Verdict(models.TextChoices):
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    request = models.ForeignKey(RefundRequest, on_delete=models.PROTECT, related_name="decisions")
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="refund_decisions"
    )
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "approver"], name="one_decision_per_request_and_person"
            ),
            models.CheckConstraint(
                condition=~Q(approver=F("requester")), name="nobody_approves_his_own_refund"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.approver}"
