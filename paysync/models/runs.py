"""Runs of the jobs, and the money and receipt calls we made."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from paysync.models.setup import Company, Connection, MerchantAccount


class SyncRun(models.Model):
    """One run of one job: what it read, what it wrote, how far it is."""

    class Job(models.TextChoices):
        POLL = "poll", "Read PayTrace"
        RECHECK = "recheck", "Read open payments again"
        COMPLETENESS = "completeness", "Check a gateway day"
        ERP = "erp", "Read Sage 500"
        MATCH = "match", "Match"
        POST = "post", "Hand over receipts"
        FOLLOW = "follow", "Follow receipts"
        REFUND = "refund", "Send refunds"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    job = models.CharField(max_length=14, choices=Job.choices)
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.CASCADE, related_name="runs"
    )
    merchant_account = models.ForeignKey(
        MerchantAccount, null=True, blank=True, on_delete=models.CASCADE, related_name="runs"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    progress = models.CharField(max_length=200, blank=True, help_text="How far it is, in words.")
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["job", "-started_at"], name="run_by_job")]

    def __str__(self) -> str:
        return f"{self.get_job_display()} {self.pk}"


class OutgoingCall(models.Model):
    """One call that failed or was slow, without its payload: for the person who asks why."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="calls")
    what = models.CharField(max_length=120)
    error_code = models.CharField(max_length=40)
    message = models.CharField(max_length=400)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.what}: {self.error_code}"
