"""What people do at the workbench: proposals they see, notes, undo, who looks at what."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from paysync.models import Company
from reconciliation.models.matching import ReconcilingItem
from reconciliation.models.transactions import GatewayTransaction


class Proposal(models.Model):
    """What the engine offers for a payment that waits. Replaced by each run, gone once matched."""

    transaction = models.OneToOneField(
        GatewayTransaction, on_delete=models.CASCADE, related_name="proposal"
    )
    card = models.JSONField(help_text="The explain card: docs/reconciliation.md says its shape.")
    strategy = models.CharField(max_length=30, blank=True)
    score = models.IntegerField(default=0)
    solutions = models.PositiveSmallIntegerField(default=0)
    rule_version = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.solutions} proposals for {self.transaction}"


class ItemNote(models.Model):
    """What somebody wrote about an open item. Never edited."""

    item = models.ForeignKey(ReconcilingItem, on_delete=models.PROTECT, related_name="notes")
    author = models.CharField(max_length=150)
    text = models.CharField(max_length=1000)
    written_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]


class WorkStep(models.Model):
    """One thing a person did at the workbench, with what undoing it needs. The undo stack.

    group: steps of one bulk action share it and are undone together.
    """

    class Kind(models.TextChoices):
        MATCH = "match", "Matched"
        UNMATCH = "unmatch", "Match undone"
        LINK = "link", "Customer linked"
        PARK = "park", "Parked"
        ASSIGN = "assign", "Assigned"
        RESOLVE = "resolve", "Resolved"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="work_steps")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="work_steps"
    )
    group = models.UUIDField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    transaction = models.ForeignKey(
        GatewayTransaction, null=True, blank=True, on_delete=models.PROTECT,
        related_name="work_steps",
    )  # fmt: skip
    item = models.ForeignKey(
        ReconcilingItem, null=True, blank=True, on_delete=models.PROTECT, related_name="work_steps"
    )
    title = models.CharField(max_length=200, help_text="What was done, for people.")
    detail = models.JSONField(default=dict, help_text="What undoing it needs.")
    done_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["user", "id"], condition=Q(undone_at__isnull=True), name="steps_to_undo"
            ),
            models.Index(fields=["group"], name="steps_by_group"),
        ]

    def __str__(self) -> str:
        return self.title


class Presence(models.Model):
    """Who has a payment open at the workbench right now: a hint, never a lock."""

    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.CASCADE, related_name="presences"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presences"
    )
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-seen_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["transaction", "user"], name="one_presence_per_payment_and_user"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.transaction}"
