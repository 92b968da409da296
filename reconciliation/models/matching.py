"""Matches with their applications, and what is left over."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from paysync.models import Company, InboundEvent
from reconciliation.domain.reasons import Reason
from reconciliation.models.mirrors import Invoice
from reconciliation.models.transactions import GatewayTransaction


class Match(models.Model):
    """Why a payment pays what it pays. Undone by ending it, never by editing it."""

    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="matches"
    )
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="matches"
    )
    rule = models.CharField(max_length=40)
    rule_version = models.PositiveIntegerField(help_text="Of the rule set; 0: as shipped.")
    card = models.JSONField(default=dict, help_text="The explain card of the moment.")
    signals = models.JSONField(default=list)
    sentence = models.CharField(max_length=300)
    actor = models.CharField(max_length=150)
    currency = models.CharField(max_length=3)
    applied = models.DecimalField(max_digits=15, decimal_places=3)
    unapplied = models.DecimalField(max_digits=15, decimal_places=3)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "matches"
        indexes: ClassVar = [
            models.Index(fields=["made_at"], name="matches_by_time"),
            models.Index(
                fields=["transaction"],
                condition=Q(ended_at__isnull=True, unapplied__gt=0),
                name="matches_with_money_over",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(ended_at__isnull=True),
                name="one_active_match_per_payment",
            ),
            models.CheckConstraint(
                condition=Q(applied__gte=0) & Q(unapplied__gte=0), name="match_amounts_gte_0"
            ),
        ]

    def __str__(self) -> str:
        return self.sentence


class Application(models.Model):
    """How much of a payment pays which invoice. Written with its match, never edited."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="applications")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="applications")
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    discount = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    write_off = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    write_off_account = models.CharField(
        max_length=100, blank=True, help_text="GL number the residue belongs to."
    )
    short_pay_reason = models.CharField(
        max_length=40, blank=True, help_text="Why less was paid than was due, where one was given."
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["match", "invoice"], name="one_application_per_match_and_invoice"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(discount__gte=0) & Q(write_off__gte=0),
                name="application_amount_gt_0",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} to {self.invoice}"


class CreditUse(models.Model):
    """A credit memo counted in a match: a person applies it to the invoice in Sage 500."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="credits")
    memo = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_uses")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credits_used")
    amount = models.DecimalField(max_digits=15, decimal_places=3)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["match", "memo", "invoice"], name="one_credit_use_per_match_and_pair"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credit_use_amount_gt_0"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.memo} to {self.invoice}"


class ReconcilingItem(models.Model):
    """One thing left over that a person must decide, with its reason and one sentence."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="items")
    key = models.CharField(max_length=80, help_text="What it is about; one open item of a key.")
    reason = models.CharField(max_length=30, choices=Reason.choices())
    sentence = models.CharField(max_length=300)
    progress = models.CharField(
        max_length=300, blank=True, help_text="What paysync does about it, and whom it waits for."
    )
    transaction = models.ForeignKey(
        GatewayTransaction, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )
    receipt = models.ForeignKey(
        "reconciliation.CashReceipt",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="items",
    )
    event = models.ForeignKey(
        InboundEvent, null=True, blank=True, on_delete=models.PROTECT, related_name="items"
    )
    currency = models.CharField(max_length=3, blank=True)
    amount = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reconciling_items",
    )
    due_on = models.DateField(null=True, blank=True)
    park_reason = models.CharField(max_length=200, blank=True, help_text="What it waits for.")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True)
    resolution = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-pk"]
        verbose_name = "open item"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "key"],
                condition=Q(state="open"),
                name="one_open_item_per_company_and_key",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "company", "reason"], name="items_by_reason"),
            models.Index(
                fields=["due_on"], condition=Q(state="open"), name="open_items_by_due_day"
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
