"""The schedules a new site starts with. An administrator edits them in the console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


@dataclass(frozen=True, slots=True)
class Default:
    """A schedule by name. Every `minutes`, or by `cron` where a time of day is meant."""

    name: str
    func: str
    minutes: int = 0
    cron: str = ""


DEFAULTS = (
    Default("Read PayTrace", "reconciliation.tasks.poll_all", minutes=5),
    Default("Read open payments again", "reconciliation.tasks.recheck_all", minutes=15),
    Default("Work the inbox", "reconciliation.tasks.process_hints", minutes=1),
    Default("Read Sage 500", "reconciliation.tasks.refresh_all", minutes=10),
    Default("Read Sage 500 whole", "reconciliation.tasks.refresh_all_fully", cron="30 2 * * *"),
    Default("Exchange files", "paysync.tasks.exchange_all", minutes=1),
    Default("Match", "reconciliation.tasks.match_all", minutes=5),
    Default("Replay rules", "reconciliation.tasks.replay_all", minutes=1),
    Default("Hand over receipts", "reconciliation.tasks.post_all", minutes=1),
    Default("Send refunds", "reconciliation.tasks.refund_all", minutes=1),
    Default("Send notices", "paysync.tasks.send_notices", minutes=1),
    Default("Watch disputes", "reconciliation.tasks.watch_disputes", minutes=15),
    Default("Follow receipts", "reconciliation.tasks.follow_all", minutes=5),
    Default("Compare with the staff", "reconciliation.tasks.compare_all", minutes=60),
    Default("Check gateway days", "reconciliation.tasks.check_yesterday", cron="15 3 * * *"),
    Default("Prove the books", "reconciliation.tasks.prove", minutes=15),
    Default("Seal the audit trail", "paysync.tasks.seal_audit", minutes=5),
    Default("Check connections", "paysync.tasks.check_connections", minutes=5),
    Default("Tidy up", "paysync.tasks.tidy", cron="45 3 * * *"),
)


def connect(config: AppConfig) -> None:
    """Make the missing schedules after each migrate, once the queue's tables exist."""
    post_migrate.connect(create_missing, sender=config, dispatch_uid="paysync.schedules")


def create_missing(using: str, **kwargs: Any) -> None:
    """Add the schedules that are not there by name; never touch one that is."""
    from django_q.models import Schedule  # an app module may not load models at import

    if using != "default":
        return
    for default in DEFAULTS:
        Schedule.objects.using(using).get_or_create(
            name=default.name,
            defaults={
                "func": default.func,
                "schedule_type": Schedule.CRON if default.cron else Schedule.MINUTES,
                "minutes": default.minutes or None,
                "cron": default.cron or None,
            },
        )
