"""How fast are polled payments recorded, next to a bare bulk insert of the same rows?

The PayTrace twin, a process of its own, answers `poll_merchant_account`: fetch, map, keep raw,
record state and journal. The baseline only inserts the finished GatewayTransaction rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.db import transaction as database
from django.utils import timezone

from benchmarks.environment import scratch_database
from benchmarks.report import Figures, options_of, print_figures, rounded
from benchmarks.sites import MERCHANT_ID, make_account, make_company, make_gateway
from paysync.domain.payments import GatewayRecord
from paysync.models import MerchantAccount
from paysync.sandbox.processes import TwinProcess, paytrace_twin
from paysync.services.bulk import CHUNK, chunks
from paysync.wiring import gateway_for
from reconciliation.demo.site import Credentials, new_credentials
from reconciliation.models import GatewayTransaction
from reconciliation.services.polling import pages, poll_merchant_account, poll_window
from reconciliation.services.recording import first_rows

LOOKBACK = timedelta(days=3)
PORTION = 5000


def make_payments(count: int, now: datetime) -> list[dict[str, Any]]:
    """Card sales of the last two days, by a few hundred customers."""
    draw = Random(1)
    return [
        {
            "amount": f"{draw.randrange(500, 900_000) / 100:.2f}",
            "invoice_id": f"IN-{number:010d}",
            "customer_id": f"CUST{draw.randrange(300):04d}",
            "billing_name": f"Customer {number}",
            "brand": draw.choice(("visa", "mastercard", "amex")),
            "last4": f"{draw.randrange(10_000):04d}",
            "created_at": (now - timedelta(minutes=draw.randrange(2880))).isoformat(),
        }
        for number in range(count)
    ]


def start_twin(folder: Path, credentials: Credentials, payments: list[dict[str, Any]]) -> Any:
    twin = paytrace_twin(folder)
    try:
        twin.tell(
            "settings",
            {
                "merchant_id": MERCHANT_ID,
                "username": credentials.username,
                "password": credentials.password,
                "integrator_id": credentials.integrator_id,
            },
        )
        for start in range(0, len(payments), PORTION):
            twin.tell("payments", payments[start : start + PORTION])
    except BaseException:
        twin.stop()
        raise
    return twin


def measure(folder: Path, payments: int) -> Figures:
    credentials, now = new_credentials(), timezone.now()
    twin: TwinProcess = start_twin(folder, credentials, make_payments(payments, now))
    try:
        company = make_company("http://127.0.0.1:9", credentials, "BEN")
        gateway = make_gateway(twin.url, credentials, "bench")
        accounts = [make_account(company, gateway, f"cards {n}", now) for n in range(3)]
        return compare(*accounts, payments=payments, now=now)
    finally:
        twin.stop()


def compare(
    account: MerchantAccount,
    before: MerchantAccount,
    after: MerchantAccount,
    *,
    payments: int,
    now: datetime,
) -> Figures:
    """The baseline runs once before and once after the poll, into accounts of its own."""
    records, fetch_seconds = fetch(account, now)
    if len(records) != payments:
        raise RuntimeError(f"the twin listed {len(records)} of {payments} payments")
    baseline_s = [insert(records, before, now)]
    started = time.perf_counter()
    poll = poll_merchant_account(
        account.pk, gateway=gateway_for(account), now=now, lookback=LOOKBACK
    )
    seconds = time.perf_counter() - started
    baseline_s.append(insert(records, after, now))
    if poll.new != payments:
        raise RuntimeError(f"{poll.new} of {payments} payments were recorded")
    baseline_seconds = sum(baseline_s) / len(baseline_s)
    return {
        "payments": payments,
        "seconds": seconds,
        "payments_per_s": payments / seconds,
        "fetch_seconds": fetch_seconds,
        "baseline_seconds": baseline_seconds,
        "ratio": baseline_seconds / seconds,
    }


def fetch(account: MerchantAccount, now: datetime) -> tuple[list[GatewayRecord], float]:
    """List and map everything without recording it: what the gateway alone costs."""
    started = time.perf_counter()
    window = poll_window(account, now, LOOKBACK)
    records = [r for page in pages(gateway_for(account), window) for r in page.records]
    return records, time.perf_counter() - started


def insert(records: Sequence[GatewayRecord], account: MerchantAccount, now: datetime) -> float:
    """Seconds to insert the finished rows, in transactions of as many rows as recording uses."""
    rows = list(first_rows(account, list(records), {}, {}, now).values())
    started = time.perf_counter()
    for part in chunks(rows):
        with database.atomic():
            GatewayTransaction.objects.bulk_create(part, batch_size=CHUNK)
    return time.perf_counter() - started


def main() -> None:
    options = options_of(__doc__, payments=(10_000, "payments to poll"))
    with scratch_database() as folder:
        figures = measure(folder, options.payments)
    print_figures("Payments polled", rounded(figures), as_json=options.json)


if __name__ == "__main__":
    main()
