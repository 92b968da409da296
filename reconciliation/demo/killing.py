"""Drive the work through a real worker process, and end that process at random moments."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from paysync.sandbox.environment import ROOT
from paysync.sandbox.processes import Process
from reconciliation.demo.rounds import wake_connections
from reconciliation.demo.stage import Stage

#: One round of the jobs, as the schedules would queue them.
JOBS = (
    "reconciliation.tasks.poll_all",
    "reconciliation.tasks.process_hints",
    "reconciliation.tasks.refresh_all",
    "reconciliation.tasks.match_all",
    "reconciliation.tasks.post_all",
    "reconciliation.tasks.follow_all",
    "reconciliation.tasks.refund_all",
    "reconciliation.tasks.watch_disputes",
)
ROUND_TIMEOUT_S = 120.0


class KilledWorker:
    """A worker cluster that dies `kills` times by SIGKILL, with all of its children."""

    def __init__(self, folder: Path, kills: int, seed: int, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.kills_left = kills
        self.killed = 0
        self.draw = random.Random(seed)  # noqa: S311 - a demo
        self.tell = tell
        self.process: Process | None = None

    def start(self) -> Process:
        connection.close()  # the child must not share our database connection
        return Process(
            [sys.executable, str(ROOT / "manage.py"), "qcluster"], log=self.folder / "worker.log"
        )

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def drive(self, stage: Stage) -> None:
        """Queue one round of the jobs; kill the worker in the midst of it, while kills are left."""
        wake_connections()
        self.process = self.process or self.start()
        for job in JOBS:
            async_task(job, task_name=f"demo {job}")
        if self.kills_left:
            self.process = self.run_and_kill(self.process)
        self.wait_until_done()

    def run_and_kill(self, process: Process) -> Process:
        """Let the worker work for a random while, then end it and start the next."""
        self.wait_until_it_works()
        time.sleep(self.draw.uniform(0.0, 0.6))
        process.kill()
        self.kills_left -= 1
        self.killed += 1
        self.tell(f"worker killed, {self.kills_left} times to go")
        free_what_it_held()
        return self.start()

    def wait_until_it_works(self) -> None:
        """Wait until the worker has taken its first message, so that it dies at work."""
        queued = OrmQ.objects.count()
        deadline = time.monotonic() + ROUND_TIMEOUT_S
        while OrmQ.objects.filter(lock__lte=timezone.now()).count() >= queued:
            if time.monotonic() > deadline:
                raise TimeoutError("the worker took no message")
            time.sleep(0.02)

    def wait_until_done(self) -> None:
        """Wait until the queue is empty, at most ROUND_TIMEOUT_S."""
        deadline = time.monotonic() + ROUND_TIMEOUT_S
        while OrmQ.objects.exists():
            if self.process and not self.process.is_running:
                self.process = self.start()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the queue is not empty after {ROUND_TIMEOUT_S:.0f} s")
            time.sleep(0.1)


def free_what_it_held() -> None:
    """Messages that a dead worker had fetched come back after the queue's own time-out, which is
    an hour: the demo does not wait, it gives them back at once, as if that hour had passed."""
    OrmQ.objects.filter(lock__isnull=False).update(lock=timezone.now() - timedelta(days=1))
