"""Two worker processes draining one queue of a database server make no second receipt."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from paysync.models import Company, Connection
from paysync.sandbox.company import demo_data
from paysync.sandbox.processes import Process
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from paysync.services.vault import store_secret
from paysync.wiring import ledger_for
from reconciliation.models import CashAccount, CashReceipt, GLMapping, Invoice, PostingAttempt
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.recording import record_transactions
from tests.books import sale
from tests.factories import make_company, make_connection, make_merchant_account
from tests.workers import ROOT, url_of_test_database

PAYMENTS = 240
DEADLINE_S = 120

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"),
        reason="two workers share a queue on a database server; DATABASE_URL names SQLite",
    ),
]


@pytest.fixture
def twin() -> Iterator[SageTwin]:
    with SageTwin() as twin:
        yield twin


@pytest.fixture
def company(twin: SageTwin) -> Company:
    """SOA on the twin, with payments matched and their receipts due."""
    now = timezone.now()
    data = demo_data(timezone.localdate(), customers=40, invoices=600, seed=4)
    requests.post(f"{twin.url}/_twin/load", json=data, timeout=60).raise_for_status()
    erp = make_connection(
        slug="sage", name="Sage", kind=Connection.Kind.SAGE500_HTTP, base_url=twin.url
    )
    store_secret(erp, "api_key", SANDBOX_KEY, keys=settings.VAULT_KEYS, actor="test")
    company = make_company(company_id="SOA", erp_connection=erp, mode=Company.Mode.AUTO)
    account = make_merchant_account(company=company)
    refresh_company(company, erp=ledger_for(company), now=now)
    cash = CashAccount.objects.get(cash_account_id="MERCH-USD")
    assert cash.gl_account is not None
    GLMapping.objects.create(
        company=company,
        cash_account=cash,
        gl_account=cash.gl_account,
        valid_from="2026-01-01",
        drafted_by="ada",
        drafted_at=now,
        activated_by="bob",
        activated_at=now,
    )
    invoices = Invoice.objects.filter(
        tran_type=501, in_dispute=False, customer__is_active=True, payable__gt=1, currency="USD"
    )[:PAYMENTS]
    records = [
        sale(
            amount=f"{invoice.payable:.2f}",
            invoice_reference=invoice.tran_id,
            business_date=timezone.localdate(),
            created_at=now,
        )
        for invoice in invoices
    ]
    record_transactions(account, records, now=now)
    assert match_company(company.pk, now=now).matched == len(records) > 200
    return company


def test_two_workers_make_no_second_receipt(
    company: Company, twin: SageTwin, tmp_path: Path
) -> None:
    for _ in range(40):
        async_task("reconciliation.tasks.post", company.pk)
    environment = {**os.environ, "DATABASE_URL": url_of_test_database()}
    workers = [
        Process(
            [sys.executable, str(ROOT / "manage.py"), "qcluster"],
            log=tmp_path / f"worker-{number}.log",
            environment=environment,
        )
        for number in range(2)
    ]
    try:
        wait_until_sent(tmp_path)
    finally:
        for worker in workers:
            worker.stop()
    items = requests.get(f"{twin.url}/_twin/receipts", timeout=30).json()["items"]
    live = Counter(item["gateway_reference"] for item in items)
    assert len(live) == CashReceipt.objects.count()
    assert set(live.values()) == {1}
    senders = set(PostingAttempt.objects.values_list("worker", flat=True))
    assert len(senders) >= 2, f"only {senders} sent anything"
    assert PostingAttempt.objects.count() == CashReceipt.objects.count()


def wait_until_sent(logs: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while OrmQ.objects.exists() or CashReceipt.objects.exclude(state="submitted").exists():
        if time.monotonic() > deadline:
            states = Counter(CashReceipt.objects.values_list("state", flat=True))
            text = "".join(path.read_text()[-1500:] for path in logs.glob("*.log"))
            pytest.fail(f"not drained: {states}, {OrmQ.objects.count()} queued; {text}")
        time.sleep(0.1)
