"""The inbox: what arrived, raw and without card data, before anything is done with it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from paysync.models.setup import Connection, MerchantAccount


class InboundEvent(models.Model):
    """One thing the outside told us. A failure never uses it up: it can be replayed."""

    class Source(models.TextChoices):
        POLL = "poll", "Polled"
        HINT = "hint", "Hint"

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        DONE = "done", "Done"
        FAILED = "failed", "Failed, will be tried again"
        PARKED = "parked", "Parked, needs a person"

    source = models.CharField(max_length=8, choices=Source.choices)
    # Every hint pays for every index: the unique constraint below serves look-ups by connection.
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    merchant_account = models.ForeignKey(
        MerchantAccount,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
    )
    external_id = models.CharField(max_length=80, help_text="The sender's id of the event.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the payload.")
    payload = models.JSONField(help_text="As it came, card data removed.")
    redactions = models.PositiveIntegerField(default=0, help_text="Card numbers removed.")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "source", "external_id", "digest"],
                name="one_inbound_event_per_source_id_and_digest",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["state", "next_try_at"], name="inbox_due")]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class Counter(models.Model):
    """How often something happened that leaves no record, by day: refused hints and the like."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="counters")
    name = models.CharField(max_length=60)
    day = models.DateField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-day", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "name", "day"],
                name="one_counter_per_connection_name_and_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.day}: {self.count}"
