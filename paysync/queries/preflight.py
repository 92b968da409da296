"""What the last preflight of a company said."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from paysync.models import PreflightRun

#: A preflight older than this is asked again before anything is written.
FRESH_FOR = timedelta(hours=24)


def latest_preflight(company_id: int) -> PreflightRun | None:
    """The newest preflight of the company (its primary key)."""
    return PreflightRun.objects.filter(company_id=company_id).order_by("-pk").first()


def latest_preflights() -> dict[int, PreflightRun]:
    """The newest preflight of each company that was ever asked, by the company's primary key."""
    newest = PreflightRun.objects.order_by().values("company_id").annotate(newest=Max("pk"))
    runs = PreflightRun.objects.filter(pk__in=newest.values("newest"))
    return {run.company_id: run for run in runs}


def is_blocked(company_id: int) -> bool:
    """Whether the newest preflight forbids to write. One that was never made forbids nothing yet:
    who is about to write makes it first (`needs_preflight`).
    """
    latest = latest_preflight(company_id)
    return latest is not None and latest.level == PreflightRun.Level.BLOCK


def needs_preflight(company_id: int, now: datetime) -> bool:
    latest = latest_preflight(company_id)
    return latest is None or now - latest.at > FRESH_FOR
