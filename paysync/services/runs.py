"""Runs of the jobs: begun, followed, ended, and cleared away when old."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import Error
from django.utils import timezone

from paysync.domain.redaction import redact
from paysync.models import Company, MerchantAccount, SyncRun

logger = logging.getLogger(__name__)


def start_run(
    job: str, *, company: Company | None = None, merchant_account: MerchantAccount | None = None
) -> SyncRun:
    return SyncRun.objects.create(
        job=job, company=company, merchant_account=merchant_account, started_at=timezone.now()
    )


def progress(
    run: SyncRun, text: str, *, read: int | None = None, written: int | None = None
) -> None:
    """Say in words how far the run is, for whoever watches it."""
    run.progress = text[:200]
    run.read = run.read if read is None else read
    run.written = run.written if written is None else written
    run.save(update_fields=["progress", "read", "written"])


def finish_run(
    run: SyncRun,
    *,
    state: str = SyncRun.State.DONE,
    error: str = "",
    read: int | None = None,
    written: int | None = None,
) -> None:
    """End the run. `error` is for a person; card data is taken out of it."""
    run.state = state
    run.error = str(redact(error)[0])[:400]
    run.ended_at = timezone.now()
    run.read = run.read if read is None else read
    run.written = run.written if written is None else written
    run.save(update_fields=["state", "error", "ended_at", "read", "written"])


@contextmanager
def running(
    job: str, *, company: Company | None = None, merchant_account: MerchantAccount | None = None
) -> Iterator[SyncRun]:
    """A run around a block: DONE at its end, FAILED with the reason when it raises."""
    run = start_run(job, company=company, merchant_account=merchant_account)
    try:
        yield run
    except BaseException as error:
        fail_run(run, str(error) or type(error).__name__)
        raise
    if run.state == SyncRun.State.RUNNING:
        finish_run(run)


def fail_run(run: SyncRun, error: str) -> None:
    """Note the failure; when even that fails, the first error is the one to hear of."""
    try:
        finish_run(run, state=SyncRun.State.FAILED, error=error)
    except Error:
        logger.exception("run not ended", extra={"run_id": run.pk})


def fail_lost_runs(older_than: timedelta) -> int:
    """End the runs whose worker died. `older_than`: longer than any job may take."""
    now = timezone.now()
    return SyncRun.objects.filter(
        state=SyncRun.State.RUNNING, started_at__lt=now - older_than
    ).update(state=SyncRun.State.FAILED, ended_at=now, error="its worker stopped before the end")


def trim_runs(keep_days: int) -> int:
    """Delete the runs that ended well more than `keep_days` ago. Failed ones stay."""
    before = timezone.now() - timedelta(days=keep_days)
    old = SyncRun.objects.filter(state=SyncRun.State.DONE, ended_at__lt=before)
    return old.delete()[0]
