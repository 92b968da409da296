"""The cent ledger: append-only, double-entry facts about gateway money."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from paysync.domain.ledger import Bucket
from reconciliation.models.transactions import GatewayTransaction


class JournalEntry(models.Model):
    """One event of one transaction. Its lines sum to zero; a correction is a new entry."""

    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="journal_entries"
    )
    event_key = models.CharField(
        max_length=80, unique=True, help_text="What happened, so that it is written once."
    )
    what = models.CharField(max_length=40)
    at = models.DateTimeField()
    on = models.DateField(help_text="The business day it counts for.")

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name_plural = "journal entries"

    def __str__(self) -> str:
        return self.event_key


class JournalLine(models.Model):
    """A signed amount in a bucket. The source (captured) is negative, the rest positive."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="lines")
    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="journal_lines"
    )
    bucket = models.CharField(max_length=16, choices=[(b.value, b.value) for b in Bucket])
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=15, decimal_places=3)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount=0), name="no_empty_journal_line")
        ]
        indexes: ClassVar = [models.Index(fields=["bucket", "currency"], name="line_by_bucket")]

    def __str__(self) -> str:
        return f"{self.bucket} {self.amount}"
