"""The audit trail and the alerts."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models import Q

from paysync.domain.errors import RuleError
from paysync.models.setup import Company, Connection

FINAL = "an audit entry is never edited and never deleted"


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Reads and inserts only."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise RuleError(FINAL)

    def delete(self) -> NoReturn:
        raise RuleError(FINAL)


class AuditEntry(models.Model):
    """Who did what to which record, written with the change itself. Never edited, never deleted.

    The chain (seal, previous_seal) is put on by a job off the write path; a sealed row is final.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150, help_text="A user name, or the job that did it.")
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)
    previous_seal = models.CharField(max_length=64, blank=True, editable=False)
    seal = models.CharField(max_length=64, null=True, blank=True, editable=False)  # noqa: DJ001

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name_plural = "audit entries"
        constraints: ClassVar = [
            # The condition is for SQL Server, where two NULLs are equal.
            models.UniqueConstraint(
                fields=["seal"], condition=Q(seal__isnull=False), name="a_seal_is_unique"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_by_subject"),
            models.Index(fields=["id"], condition=Q(seal__isnull=True), name="audit_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject_type} {self.subject_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RuleError(FINAL)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuleError(FINAL)


class Alert(models.Model):
    """Something a person must look at that belongs to no single payment."""

    code = models.CharField(max_length=60)
    message = models.CharField(max_length=400)
    advice = models.CharField(max_length=400, blank=True)
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts"
    )
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts"
    )
    key = models.CharField(max_length=120, help_text="At most one open alert of a key.")
    raised_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-last_seen_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(closed_at__isnull=True), name="one_open_alert_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.message
