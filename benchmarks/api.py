"""How fast is the API for programs, next to a bare DRF view that returns the same body?

A page of 25 invoices of one customer among many, by key. Three sites under the same granian (2
workers of 1 thread): paysync; a bare DRF view with the very body in memory; and DRF's own list view
over the same rows. At 1 client and at 16; rounds are interleaved and their order turns.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.environment import scratch_database
from benchmarks.hints import Site, load_client, ratio_of, serving
from benchmarks.report import Figures, options_of, print_figures, rounded

# ruff: isort: split
from django.conf import settings
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from paysync.domain.scopes import Scope
from paysync.models import ApiClient, Company, Connection
from paysync.services.api_keys import issue_key, make_client
from reconciliation.models import Invoice

#: Invoices of the customer that is asked about.
OF_ONE = 100
ADDRESS = "/api/v1/invoices/"


def make_site(invoices: int) -> tuple[str, int]:
    """A company with its invoices and a program. Returns its key, and the customer's."""
    erp = Connection.objects.create(
        slug="erp", name="ERP", kind=Connection.Kind.SAGE500_HTTP, base_url="http://127.0.0.1:9"
    )
    company = Company.objects.create(company_id="SOA", name="S", erp_connection=erp)
    now, day = timezone.now(), date(2026, 11, 1)
    people = Customer.objects.bulk_create(
        [
            Customer(company=company, customer_id=f"C{n:06d}", erp_key=str(n), name=f"Customer {n}",
                     read_at=now)
            for n in range(max(invoices // OF_ONE, 1))
        ],
        batch_size=2_000,
    )  # fmt: skip
    Invoice.objects.bulk_create(
        [
            Invoice(company=company, customer=people[n % len(people)], erp_key=str(n),
                    tran_id=f"IN-{n:010d}", tran_no=f"{n:010d}", tran_type=501, tran_date=day,
                    due_date=day + timedelta(days=30), currency="USD", total="100.00",
                    balance="100.00", payable="100.00", read_at=now)
            for n in range(invoices)
        ],
        batch_size=2_000,
    )  # fmt: skip
    client = make_client(
        name="Bench", slug="bench", companies=[company], scopes=list(Scope), actor="bench"
    )
    ApiClient.objects.update(requests_a_minute=100_000)
    _, key = issue_key(client, lives=timedelta(days=1), actor="bench", now=now)
    return key, people[0].pk


def load(
    clients: Sequence[subprocess.Popen[str]], site: Site, count: int, headers: dict[str, str]
) -> list[dict[str, Any]]:
    """One round: each client on one connection. Raises when an answer is not 200."""
    threads = max(1, 16 // len(clients)) if len(clients) > 1 else 1
    order = {"port": site.port, "path": site.path, "method": "GET", "threads": threads}
    share = [[headers, ""]] * max(count // len(clients), threads)
    for client in clients:
        assert client.stdin is not None
        client.stdin.write(json.dumps({**order, "requests": share}) + "\n")
        client.stdin.flush()
    answers = []
    for client in clients:
        assert client.stdout is not None
        answers.append(json.loads(client.stdout.readline() or "{}"))
    if odd := {status for one in answers for status in one.get("statuses", {"0": 1})} - {"200"}:
        raise RuntimeError(f"{site.name} answered {', '.join(sorted(odd))}")
    return answers


def measure(folder: Path, invoices: int, requests: int, rounds: int) -> Figures:
    key, customer = make_site(invoices)
    headers = {"Authorization": f"Bearer {key}", "Paysync-Customer": str(customer)}
    body = Client().get(ADDRESS, headers=headers).json()
    assert len(body["data"]) == 25 or invoices < OF_ONE
    bare = {"BENCH_BARE_API": json.dumps(body)}
    figures: Figures = {"invoices": invoices, "requests": requests * rounds}
    places: list[tuple[str, str, str, dict[str, str]]] = [
        ("api", "paysync.wsgi:application", ADDRESS, {}),
        ("body", "benchmarks.bare_api:application", "/body/", bare),
        ("rows", "benchmarks.bare_api:application", "/rows/", bare),
    ]
    for name, processes in (("1", 1), ("16", 2)):
        with ExitStack() as stack:
            sites = [
                stack.enter_context(serving(side, application, path, folder, environment))
                for side, application, path, environment in places
            ]
            clients = [stack.enter_context(load_client()) for _ in range(processes)]
            for site in sites:  # warm-up
                load(clients, site, max(requests // 5, 20), headers)
            for place in range(rounds):
                for step in range(len(sites)):
                    site = sites[(place + step) % len(sites)]
                    site.note(load(clients, site, requests, headers))
            figures |= figures_of(sites, name)
    return figures


def figures_of(sites: Sequence[Site], clients: str) -> Figures:
    """Medians over the rounds; ratios are the medians of the ratios of each round."""
    api, body, rows = sites
    figures: Figures = {}
    for site in sites:
        figures[f"{site.name}_rps_{clients}"] = median(site.rps)
        figures[f"{site.name}_p99_ms_{clients}"] = median(site.p99_ms)
    figures[f"ratio_{clients}"] = ratio_of(api, body)
    figures[f"ratio_rows_{clients}"] = ratio_of(api, rows)
    return figures


def main() -> None:
    options = options_of(
        __doc__,
        invoices=(100_000, "open invoices"),
        requests=(400, "requests of a round"),
        rounds=(5, "rounds for each site"),
    )
    with scratch_database() as folder:
        figures = measure(folder, options.invoices, options.requests, options.rounds)
    figures["database"] = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    print_figures("Invoices read by API", rounded(figures), as_json=options.json)


if __name__ == "__main__":
    main()
