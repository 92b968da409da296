"""How fast are payments matched and their receipts posted, next to the least that could be done?

One company with many open invoices, loaded into two Sage 500 twins of the same kind. Matching
stands next to a bare insert of as many finished receipts. For posting, the first twin gets its
receipts from `post_due`; the second the same bodies from a `requests` loop that looks for nothing
and writes nothing down. Both take turns, a portion each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import requests
from django.db import connection
from django.db import transaction as database
from django.utils import timezone

from benchmarks.environment import scratch_database
from benchmarks.report import Figures, options_of, print_figures, rounded
from benchmarks.sites import make_account, make_company, make_gateway
from paysync.adapters.sage500.mapping import from_intent
from paysync.domain.ledger import PAYABLE_TYPES, ReceiptState
from paysync.domain.money import Money
from paysync.domain.payments import GatewayRecord, Kind, Method, State
from paysync.models import Company, MerchantAccount
from paysync.sandbox.company import PROFILES, company_data, demo_data
from paysync.sandbox.processes import TwinProcess, sage500_twin
from paysync.services.bulk import CHUNK, chunks
from paysync.wiring import ledger_for
from reconciliation.demo.site import make_mapping, new_credentials
from reconciliation.models import CashReceipt, Invoice
from reconciliation.queries.applications import applications_of
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.posting import post_due, to_intent
from reconciliation.services.recording import record_transactions

ROUNDS = 10
#: The kind of the baseline's own receipts: a payment has one live receipt of each kind.
BARE_KIND = "bare"
#: Of the demo company's open documents, this share can at least be paid by card in full.
PAYABLE_SHARE = 0.85


@dataclass(slots=True)
class Selects:
    """Counts the SELECTs that pass."""

    count: int = 0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.count += sql.lstrip().upper().startswith("SELECT")
        return execute(sql, params, many, context)


def dataset(invoices: int) -> dict[str, Any]:
    """The first demo company alone, with `invoices` open documents."""
    today = timezone.localdate()
    data = demo_data(today, customers=2, invoices=1)
    company = company_data(
        PROFILES[0], today, customers=max(20, invoices // 25), invoices=invoices, random=Random(1)
    )
    return data | {"companies": [company]}


@contextmanager
def loaded_twin(folder: Path, api_key: str, data: dict[str, Any]) -> Iterator[TwinProcess]:
    twin = sage500_twin(folder, api_key=api_key)
    try:
        twin.tell("load", data)
        yield twin
    finally:
        twin.stop()


def record_payments(account: MerchantAccount, count: int) -> None:
    """Captured card sales: nine of ten name an invoice and pay it in full, the others in part."""
    now, draw = timezone.now(), Random(2)
    rows = list(
        Invoice.objects.filter(
            company=account.company, is_open=True, payable__gt=1, in_dispute=False,
            tran_type__in=PAYABLE_TYPES, currency="USD", customer__is_active=True,
        ).order_by("pk")
    )  # fmt: skip
    if len(rows) < count:
        raise SystemExit(f"only {len(rows)} invoices can be paid: ask for more --invoices")
    records = []
    for number, row in enumerate(draw.sample(rows, count), 1):
        share = 1 if draw.random() < 0.9 else 2
        records.append(
            GatewayRecord(
                gateway_id=str(700_000_000 + number),
                kind=Kind.SALE,
                method=Method.CARD,
                state=State.CAPTURED,
                amount=Money(round(row.payable / share, 2), "USD"),
                created_at=now - timedelta(seconds=count - number),
                business_date=timezone.localdate(now),
                invoice_reference=row.tran_id,
                card_brand="visa",
                last4="1111",
                approval_code="TAS401",
                raw={},
            )
        )
    record_transactions(account, records, now=now)


def match(company: Company, payments: int) -> Figures:
    selects = Selects()
    started = time.perf_counter()
    with connection.execute_wrapper(selects):
        run = match_company(company.pk, now=timezone.now(), limit=payments)
    seconds = time.perf_counter() - started
    if run.matched != payments:
        raise RuntimeError(f"{run.matched} of {payments} payments were matched: {run.reasons}")
    baseline_seconds = insert_bare(company)
    return {
        "match_seconds": seconds,
        "match_per_s": payments / seconds,
        "match_queries": selects.count,
        "baseline_match_seconds": baseline_seconds,
        "match_ratio": baseline_seconds / seconds,
    }


def insert_bare(company: Company) -> float:
    """Seconds to insert the receipts once more, and nothing else; they are gone afterwards."""
    rows = list(CashReceipt.objects.filter(company=company).order_by("pk"))
    for row in rows:
        row.pk, row.kind = None, BARE_KIND
        row.tran_no, row.idempotency_key = f"X{row.tran_no[1:]}", f"X{row.idempotency_key}"
    started = time.perf_counter()
    for part in chunks(rows):
        with database.atomic():
            CashReceipt.objects.bulk_create(part, batch_size=CHUNK)
    seconds = time.perf_counter() - started
    CashReceipt.objects.filter(company=company, kind=BARE_KIND).delete()
    return seconds


def bodies_of(company: Company) -> list[tuple[str, dict[str, Any]]]:
    """(idempotency key, body) of every receipt that is due, as the adapter would send them."""
    receipts = CashReceipt.objects.filter(company=company, state=ReceiptState.DUE)
    links = applications_of(receipts.values_list("match_id", flat=True))
    rows = receipts.select_related("customer", "cash_account", "transaction", "company")
    return [
        (row.idempotency_key, from_intent(to_intent(row, links[row.match_id])))
        for row in rows.order_by("due_at", "pk")
    ]


def post_bare(
    session: requests.Session, url: str, receipts: Sequence[tuple[str, dict[str, Any]]]
) -> float:
    started = time.perf_counter()
    for key, body in receipts:
        answer = session.post(url, json=body, headers={"Idempotency-Key": key}, timeout=60)
        if answer.status_code != 201:
            raise RuntimeError(f"the bare loop got {answer.status_code}: {answer.text[:200]}")
    return time.perf_counter() - started


def post(company: Company, payments: int, bare_url: str, api_key: str) -> Figures:
    """Post everything, in portions that alternate with those of the bare loop."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {api_key}"
    url = f"{bare_url}/v1/companies/{company.company_id}/receipts"
    erp, receipts = ledger_for(company), bodies_of(company)
    portion = max(payments // ROUNDS, 1)
    sent, seconds, bare_seconds = 0, 0.0, 0.0
    while sent < payments:
        started = time.perf_counter()
        posting = post_due(
            company.pk,
            erp=erp,
            worker="benchmark",
            clock=timezone.now,
            size=min(portion, 100),
            most=portion,
        )
        seconds += time.perf_counter() - started
        if not posting.sent or set(posting.outcomes) != {"submitted"}:
            raise RuntimeError(f"{sent} of {payments} were sent, then: {posting.outcomes}")
        bare_seconds += post_bare(session, url, receipts[sent : sent + posting.sent])
        sent += posting.sent
    return {
        "post_seconds": seconds,
        "receipts_per_s": sent / seconds,
        "baseline_post_seconds": bare_seconds,
        "ratio": bare_seconds / seconds,
    }


def measure(folder: Path, payments: int, invoices: int) -> Figures:
    credentials, data = new_credentials(), dataset(invoices)
    with ExitStack() as stack:
        twin, bare = (
            stack.enter_context(loaded_twin(folder / name, credentials.api_key, data))
            for name in ("ours", "bare")
        )
        company = make_company(twin.url, credentials, PROFILES[0].company_id)
        gateway = make_gateway("http://127.0.0.1:9", credentials, "bench")
        account = make_account(company, gateway, "cards", timezone.now())
        now = timezone.now()
        refresh_company(company, erp=ledger_for(company), now=now)
        make_mapping(company, account, now)
        record_payments(account, payments)
        figures = {"payments": payments, "invoices": invoices, **match(company, payments)}
        return figures | post(company, payments, bare.url, credentials.api_key)


def main() -> None:
    options = options_of(
        __doc__, payments=(10_000, "payments to post"), invoices=(50_000, "open invoices")
    )
    if options.payments > options.invoices * PAYABLE_SHARE:
        raise SystemExit("--payments: at most 85 % of --invoices, some of which cannot be paid")
    with scratch_database() as folder:
        figures = measure(folder, options.payments, options.invoices)
    print_figures("Payments matched and posted", rounded(figures), as_json=options.json)


if __name__ == "__main__":
    main()
