"""E-mails to people of the site: written with the change that they tell of, sent by a job."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """One e-mail to one person about one event."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices"
    )
    address = models.EmailField(max_length=254, help_text="The person's at that time.")
    key = models.CharField(max_length=80, help_text="What happened; one notice a person.")
    subject = models.CharField(max_length=120)
    text = models.TextField(max_length=2000)
    path = models.CharField(max_length=200, blank=True, help_text="The page that it is about.")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "recipient"], name="one_notice_per_event")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="notices_due",
            )
        ]

    def __str__(self) -> str:
        return self.subject
