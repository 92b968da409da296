"""How many hints a second does the hint endpoint take, next to a bare Django view?

Three sites under the same granian (2 workers of 1 thread): paysync, the bare view under the same
settings, and the bare view without middleware. Rounds are interleaved and their order turns.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection, models

from benchmarks.environment import ROOT, scratch_database
from benchmarks.report import Figures, options_of, print_figures, rounded
from benchmarks.sites import make_gateway
from paysync.sandbox.processes import Process
from paysync.services.hints import sign, to_signing_key
from reconciliation.demo.site import new_credentials

CLIENTS = 2
THREADS = 3
START_TIMEOUT_S = 40.0


@dataclass(slots=True)
class Site:
    """One server under load and what was measured of it, a figure per round."""

    name: str
    port: int
    path: str
    rps: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def note(self, answers: Sequence[dict[str, Any]]) -> None:
        took = max(a["ended"] for a in answers) - min(a["started"] for a in answers)
        latencies_ms = sorted(ms for a in answers for ms in a["latencies_ms"])
        self.rps.append(len(latencies_ms) / took)
        self.p50_ms.append(median(latencies_ms))
        self.p99_ms.append(latencies_ms[min(len(latencies_ms) - 1, len(latencies_ms) * 99 // 100)])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    name: str, application: str, path: str, folder: Path, environment: dict[str, str]
) -> Iterator[Site]:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "2", "--blocking-threads", "1"]
    command += ["--no-access-log", "--working-dir", str(ROOT), application]
    process = Process(command, log=folder / f"{name}.log", environment=environment)
    try:
        wait_until_open(port, process)
        yield Site(name, port, path)
    finally:
        process.stop()


def wait_until_open(port: int, process: Process) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.is_running:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{process.log.read_text()[-2000:]}")


@contextmanager
def load_client() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.client"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as client:
        try:
            yield client
        finally:
            client.kill()


def messages(count: int, key: bytes) -> list[tuple[dict[str, str], str]]:
    """Signed hints, each new, of payments that do not exist: nobody works them here."""
    made = []
    for _ in range(count):
        message_id, stamp = f"msg_{secrets.token_hex(12)}", str(int(time.time()))
        data = {"transaction_id": str(secrets.randbelow(10**9)), "method": "card"}
        body = json.dumps({"type": "transaction.updated", "timestamp": stamp, "data": data})
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(key, message_id, stamp, body.encode()),
        }
        made.append((headers, body))
    return made


def load(
    clients: Sequence[subprocess.Popen[str]], site: Site, count: int, key: bytes
) -> list[dict[str, Any]]:
    """One round: all clients at once. Raises when an answer is not 202."""
    hints = messages(count, key)
    for place, client in enumerate(clients):
        order = {"port": site.port, "path": site.path, "threads": THREADS}
        assert client.stdin is not None
        client.stdin.write(json.dumps({**order, "requests": hints[place :: len(clients)]}) + "\n")
    for client in clients:
        assert client.stdin is not None
        client.stdin.flush()
    answers = []
    for client in clients:
        assert client.stdout is not None
        line = client.stdout.readline()
        if not line:
            raise RuntimeError(f"a client stopped while loading {site.name}")
        answers.append(json.loads(line))
    if odd := {status for a in answers for status in a["statuses"]} - {"202"}:
        raise RuntimeError(f"{site.name} answered {', '.join(sorted(odd))}")
    return answers


@contextmanager
def table_of(model: type[models.Model]) -> Iterator[None]:
    """The model's table, new and empty, for as long as the block lasts; a killed run left one."""
    try:
        drop_table(model)
        with connection.schema_editor() as editor:
            editor.create_model(model)
        connection.close()
        yield
    finally:
        drop_table(model)


def drop_table(model: type[models.Model]) -> None:
    if model._meta.db_table in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.delete_model(model)


def measure(folder: Path, requests: int, rounds: int) -> Figures:
    from benchmarks import bare_site  # its model needs Django to be set up, by environment

    credentials = new_credentials()
    gateway = make_gateway("http://127.0.0.1:9", credentials, "bench")
    key = to_signing_key(credentials.hint_key)
    bare = {"BENCH_BARE_SITE": "1", "BENCH_HINT_KEY": credentials.hint_key}
    with ExitStack() as stack:
        stack.enter_context(table_of(bare_site.BareHint))
        sites = [
            stack.enter_context(serving(name, application, path, folder, environment))
            for name, application, path, environment in (
                ("hint", "paysync.wsgi:application", f"/hooks/paytrace/{gateway.slug}/", {}),
                ("bare", "benchmarks.bare_site:application", f"/{bare_site.PATH}", bare),
                (
                    "stripped",
                    "benchmarks.bare_site:application",
                    f"/{bare_site.PATH}",
                    bare | {"BENCH_NO_MIDDLEWARE": "1"},
                ),
            )
        ]
        clients = [stack.enter_context(load_client()) for _ in range(CLIENTS)]
        for site in sites:  # warm-up
            load(clients, site, max(requests // 5, 20), key)
        for place in range(rounds):
            for step in range(len(sites)):
                site = sites[(place + step) % len(sites)]
                site.note(load(clients, site, requests, key))
    return figures_of(sites, requests * rounds)


def figures_of(sites: Sequence[Site], requests: int) -> Figures:
    """Medians over the rounds; `ratio` is the median of the ratios of each round."""
    hint, bare, stripped = sites
    figures: Figures = {"requests": requests}
    for site in sites:
        figures[f"{site.name}_rps"] = median(site.rps)
        figures[f"{site.name}_p50_ms"] = median(site.p50_ms)
        figures[f"{site.name}_p99_ms"] = median(site.p99_ms)
    figures["ratio"] = ratio_of(hint, bare)
    figures["ratio_no_middleware"] = ratio_of(hint, stripped)
    return figures


def ratio_of(one: Site, other: Site) -> float:
    return median(a / b for a, b in zip(one.rps, other.rps, strict=True))


def main() -> None:
    options = options_of(
        __doc__, requests=(1500, "requests of a round"), rounds=(5, "rounds for each site")
    )
    with scratch_database() as folder:
        figures = measure(folder, options.requests, options.rounds)
    figures["database"] = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    print_figures("Hints taken", rounded(figures), as_json=options.json)


if __name__ == "__main__":
    main()
