"""The live demo: everything runs until Ctrl-C, and customers keep paying."""

from __future__ import annotations

import random
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from django.db import connection
from django_q.tasks import async_task

from paysync.sandbox.environment import ROOT
from paysync.sandbox.processes import Process
from reconciliation.demo.site import USERS, make_users
from reconciliation.demo.stage import Stage, day_ends, pay, payers_of, set_the_stage, twin_of

Tell = Callable[[str], None]
CLERK_EVERY_S = 20.0
PAY_EVERY_S = 4.0
SETTLE_EVERY = 20
FIRST_PAYMENTS = 240
HISTORY_DAYS = 12

WELCOME = """
paysync is running: {url}

  Sign in as        (password of all: {password})
{users}
  What to look at first
    1. The dashboard: what was captured, what is posted, what waits, and the proof line.
    2. Open items: what a person has to decide, each with its reason.
    3. Payments: open one and read its story down to the journal lines.
    4. Trouble: play a card on a twin and watch what becomes of it
{twins}
A customer pays every {pay:.0f} seconds; Sage's clerk posts every {clerk:.0f}. Ctrl-C ends it all.
"""


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port on this machine")


def start_services(folder: Path, port: int) -> list[Process]:
    """The web server and the worker, as processes of their own."""
    connection.close()
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    web += ["--port", str(port), "--workers", "1", "paysync.wsgi:application"]
    worker = [sys.executable, str(ROOT / "manage.py"), "qcluster"]
    return [Process(web, log=folder / "web.log"), Process(worker, log=folder / "worker.log")]


def run_live(folder: Path, *, port: int, seed: int, tell: Tell) -> None:
    """Start everything, print where to look, let customers pay until Ctrl-C or SIGTERM."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    tell("Starting the twins and loading the company into Sage 500 …")
    stage = set_the_stage(folder, seed, clerk_every_s=CLERK_EVERY_S)
    services: list[Process] = []
    try:
        password = make_users()
        port = free_port(port)
        url = f"http://127.0.0.1:{port}"
        tell_twins_where_to_hint(stage, url)
        services = start_services(folder, port)
        tell("Letting the first customers pay …")
        pay(stage, FIRST_PAYMENTS, seed, over_days=HISTORY_DAYS)
        for job in ("poll_all", "post_all"):
            async_task(f"reconciliation.tasks.{job}")
        tell(welcome(stage, url, password))
        keep_paying(stage, services, stopping, tell)
    finally:
        tell("Stopping …")
        for process in services:
            process.stop()
        stage.stop()
        tell("Everything has stopped.")


def tell_twins_where_to_hint(stage: Stage, url: str) -> None:
    """The PayTrace twins send a signed hint for every payment, as a relay of the site would."""
    for slug, twin in stage.paytrace.items():
        hints = {"url": f"{url}/hooks/paytrace/{slug}/", "secret": stage.credentials.hint_key}
        twin.tell("hints", hints)


def welcome(stage: Stage, url: str, password: str) -> str:
    users = "\n".join(f"    {name:18} {role or 'everything'}" for name, role in USERS.items())
    twins = "\n".join(f"       {twin.name:12} {twin.url}/_twin/" for twin in stage.twins)
    return WELCOME.format(
        url=url, password=password, users=users + "\n", twins=twins, pay=PAY_EVERY_S,
        clerk=CLERK_EVERY_S,
    )  # fmt: skip


def keep_paying(
    stage: Stage, services: list[Process], stopping: threading.Event, tell: Tell
) -> None:
    """One payment every few seconds until told to stop; the gateway settles now and then."""
    payers = {c.pk: payers_of(c, random.randrange(10**9)) for c in stage.companies}  # noqa: S311
    round_number = 0
    while not stopping.wait(PAY_EVERY_S):
        round_number += 1
        company = stage.companies[round_number % len(stage.companies)]
        payments = list(payers[company.pk].payments(1))
        twin_of(stage, company).tell("payments", payments)
        if round_number % SETTLE_EVERY == 0:
            day_ends(stage)
            async_task("reconciliation.tasks.poll_all")
        if round_number % 5 == 0:
            async_task("reconciliation.tasks.follow_all")
        for process in services:
            if not process.is_running:
                raise RuntimeError(f"a service ended by itself; see {process.log}")
