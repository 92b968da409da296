"""Redis as the faster wake-up: a job queued through it reaches a worker; the work is in tables."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.utils import timezone

from paysync.models import AuditEntry
from paysync.sandbox.processes import Process
from tests.workers import ROOT, url_of_test_database

REDIS_URL = os.environ.get("TEST_REDIS_URL", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not REDIS_URL, reason="TEST_REDIS_URL names no Redis server"),
]

ENQUEUE = """
import django; django.setup()
from django_q.tasks import async_task
async_task("paysync.tasks.seal_audit")
"""


def test_a_job_queued_through_redis_is_done(tmp_path: Path) -> None:
    entry = AuditEntry.objects.create(
        at=timezone.now(), actor="ada", action="test", subject_type="x", subject_id="1"
    )
    environment = {
        **os.environ,
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "paysync.settings",
    }
    worker = Process(
        [sys.executable, str(ROOT / "manage.py"), "qcluster"],
        log=tmp_path / "worker.log",
        environment=environment,
    )
    try:
        subprocess.run(
            [sys.executable, "-c", ENQUEUE], check=True, env=environment, cwd=ROOT, timeout=60
        )
        deadline = time.monotonic() + 60
        while not AuditEntry.objects.filter(pk=entry.pk, seal__isnull=False).exists():
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-2000:]
            time.sleep(0.1)
    finally:
        worker.stop()
