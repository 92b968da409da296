"""How fast does the workbench answer over a long list, next to a view that reads one row?

Waiting payments with suggestions and open items, and open invoices, by bulk insert; then each page
and act of the workbench through Django's test client, a round of each in turn: open the list,
filter it by each filter, open a payment, accept, split, park, undo. The baseline is a view under
the same middleware and sign-in that reads one payment by its key, asked before each. An act is the
POST and the page it leads to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from statistics import median
from typing import Any

from benchmarks.environment import scratch_database
from benchmarks.report import Figures, options_of, print_figures, rounded

# ruff: isort: split
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone

from benchmarks.workbench_site import make_site
from reconciliation.models import GatewayTransaction, Proposal

TARGET_MS = 200.0
HTMX = {"HX-Request": "true"}


def bare(request: HttpRequest, pk: int) -> HttpResponse:
    """The least that can be called an answer: who asks, and one row by its key."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    row = GatewayTransaction.objects.get(pk=pk)
    return JsonResponse({"id": row.gateway_id, "amount": str(row.amount)})


urlpatterns = [path("bare/<int:pk>/", bare), path("", include("paysync.urls"))]


class Bench:
    """A signed-in clerk. Each method is one thing a person waits for."""

    def __init__(self) -> None:
        user = User.objects.create_superuser("clara")
        self.client = Client(headers=HTMX)
        self.client.force_login(user)
        self.queue = reverse("admin:reconciliation_proposal_changelist")
        rows = GatewayTransaction.objects.filter(needs_match=True).order_by("created_at", "pk")
        self.keys = list(rows.values_list("pk", flat=True)[:4_000])
        self.turn = count(7)
        self.user = user

    def next_pk(self) -> int:
        """Every fifteenth payment: no two acts of a run meet at one."""
        return self.keys[next(self.turn) * 15 % len(self.keys)]

    def get(self, url: str) -> HttpResponse:
        answer = self.client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return answer  # type: ignore[return-value]

    def post(self, name: str, values: dict[str, Any], pk: int = 0) -> None:
        url = reverse(f"admin:workbench_{name}", args=[pk] if pk else [])
        answer = self.client.post(url, values, follow=True)
        assert answer.status_code == 200, (name, answer.status_code, answer.content[:400])

    def bare(self) -> None:
        self.get(f"/bare/{self.next_pk()}/")

    def open_payment(self) -> None:
        self.get(reverse("admin:workbench_payment", args=[self.next_pk()]))

    def accept(self) -> None:
        self.post("accept", {"rank": 1}, self.next_pk())

    def split(self) -> None:
        pk = self.next_pk()
        row = GatewayTransaction.objects.get(pk=pk)
        share = Proposal.objects.get(transaction_id=pk).card["solutions"][0]["shares"][0]
        paid = (row.amount / 2).quantize(Decimal("0.01"))
        values = {f"amount_{share['document']}": str(paid), "rest": "on", "do": "match"}
        self.post("split", values, pk)

    def find_documents(self) -> None:
        url = reverse("admin:workbench_split", args=[self.next_pk()])
        assert self.client.post(url, {"do": "find", "find": "CUST000042"}).status_code == 200

    def park(self) -> None:
        due = (timezone.localdate() + timedelta(days=9)).isoformat()
        self.post("park", {"due_on": due, "reason": "an answer"}, self.next_pk())

    def undo(self) -> None:
        self.post("undo", {})

    def acts(self) -> dict[str, Callable[[], object]]:
        """By name, in the order of a round: each undo has something to undo."""
        gets = {
            "queue": "", "by reason": "reason=ambiguous", "by owner": "owner=me",
            "by nobody": "owner=nobody", "by age": "age=30plus", "by amount": "least=5000",
            "by payer": "payer=unknown", "by search": "q=Payer+4242", "by id": "q=800004242",
            "largest": "order=largest", "parked": "view=parked", "on account": "view=account",
            "deep page": f"after={self.deep()}",
        }  # fmt: skip
        pages = {name: self.page(query) for name, query in gets.items()}
        counts = reverse("admin:workbench_counts")
        return {
            **pages,
            "counts": lambda: self.get(counts),
            "open payment": self.open_payment,
            "find documents": self.find_documents,
            "accept": self.accept,
            "undo match": self.undo,
            "split": self.split,
            "park": self.park,
            "undo park": self.undo,
        }

    def page(self, query: str) -> Callable[[], object]:
        return lambda: self.get(f"{self.queue}?{query}")

    def deep(self) -> str:
        """A cursor in the middle of the list."""
        rows = GatewayTransaction.objects.filter(needs_match=True).order_by("created_at", "pk")
        row = rows[rows.count() // 2]
        return f"{row.created_at.isoformat()}~{row.pk}".replace("+", "%2B")


def measure(rounds: int) -> dict[str, list[float]]:
    bench = Bench()
    acts = bench.acts()
    took: dict[str, list[float]] = {name: [] for name in ("bare", *acts)}
    for turn in range(rounds + 1):
        for name, act in acts.items():
            for key, call in (("bare", bench.bare), (name, act)):
                started = time.perf_counter()
                call()
                if turn:  # the first round warms up
                    took[key].append((time.perf_counter() - started) * 1000)
    return took


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 95 // 100)]


def figures_of(took: dict[str, list[float]]) -> Figures:
    base = median(took.pop("bare"))
    lines = {
        name: rounded({"p50_ms": median(ms), "p95_ms": p95(ms), "ratio": median(ms) / base})
        for name, ms in took.items()
    }
    slowest = max(lines, key=lambda name: float(lines[name]["p95_ms"]))
    return {
        "database": connection.vendor,
        "bare_ms": base,
        "open_ms": lines["open payment"]["p50_ms"],
        "ratio": lines["open payment"]["ratio"],
        "slowest": slowest,
        "slowest_p95_ms": lines[slowest]["p95_ms"],
        "within_target": lines[slowest]["p95_ms"] < TARGET_MS,
        "lines": lines,
    }


def main() -> None:
    options = options_of(
        __doc__,
        payments=(100_000, "payments that wait"),
        invoices=(200_000, "open invoices"),
        rounds=(20, "times each is done"),
    )
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    with scratch_database():
        make_site(options.payments, options.invoices)
        figures = figures_of(measure(options.rounds))
    sizes = {"payments": options.payments, "invoices": options.invoices}
    lines = figures.pop("lines")
    for name, line in lines.items():
        print(f"{name:16} p50 {line['p50_ms']:8.1f} ms  p95 {line['p95_ms']:8.1f} ms  "
              f"{line['ratio']:6.1f} x bare")  # fmt: skip
    all_of_it = rounded({**sizes, "rounds": options.rounds, **figures, "lines": lines})
    print_figures("The workbench over a long list", all_of_it, as_json=options.json)


if __name__ == "__main__":
    main()
