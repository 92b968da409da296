"""Answers of a preflight: is this company of the ERP ready for what we mean to write?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from paysync.models.setup import Company


class PreflightRun(models.Model):
    """One preflight of one company. Its worst finding decides whether anything is written."""

    class Level(models.TextChoices):
        PASS = "pass", "Ready"
        WARN = "warn", "Ready, with warnings"
        BLOCK = "block", "Blocked: nothing is written"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="preflights")
    at = models.DateTimeField()
    level = models.CharField(max_length=5, choices=Level.choices)
    findings = models.JSONField(
        default=list, help_text="Each with code, level, message and advice."
    )
    asked_by = models.CharField(max_length=150)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "preflight"
        indexes: ClassVar = [models.Index(fields=["company", "-at"], name="preflight_by_company")]

    def __str__(self) -> str:
        return f"{self.company} {self.at:%Y-%m-%d %H:%M}"
