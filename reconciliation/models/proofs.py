"""Results of the proof and of the daily completeness run, kept to be shown."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from paysync.models import MerchantAccount


class ProofRun(models.Model):
    """One run of the proof: every invariant, and each violation by record."""

    at = models.DateTimeField()
    seconds = models.DecimalField(max_digits=8, decimal_places=3)
    holds = models.BooleanField()
    checked = models.PositiveIntegerField(help_text="Records looked at.")
    violations = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return "holds" if self.holds else f"{len(self.violations)} violations"


class CompletenessCheck(models.Model):
    """A gateway day listed again: N held, 0 missing, k late."""

    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.CASCADE, related_name="completeness_checks"
    )
    day = models.DateField()
    at = models.DateTimeField()
    listed = models.PositiveIntegerField()
    held = models.PositiveIntegerField()
    missing = models.PositiveIntegerField(help_text="Listed, not held, and could not be recorded.")
    late = models.PositiveIntegerField(help_text="Found only by this run.")
    vanished = models.JSONField(default=list, help_text="Held by us, no longer listed.")

    class Meta:
        ordering: ClassVar = ["-day", "merchant_account"]

    def __str__(self) -> str:
        return f"{self.day}: {self.held} held, {self.missing} missing, {self.late} late"
