"""A company at the Sage 500 twin, ready to post, and what people and jobs do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger
from paysync.domain.errors import RecordError
from paysync.domain.ledger import ErpReceipt
from paysync.models import Company, Connection, MerchantAccount
from paysync.sandbox.company import demo_data
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from reconciliation.models import (
    CashAccount,
    CashReceipt,
    GatewayTransaction,
    GLMapping,
    Invoice,
)
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.posting import post_due, resolve_unknown
from reconciliation.services.recording import record_transactions
from tests.books import sale
from tests.factories import make_merchant_account

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


@pytest.fixture(scope="module")
def dataset() -> dict[str, Any]:
    return demo_data(NOW.date(), customers=20, invoices=120, seed=3)


@pytest.fixture
def twin(dataset: dict[str, Any]) -> Iterator[SageTwin]:
    with SageTwin() as twin:
        twin.clock.set(NOW)
        call(twin, "load", dataset)
        yield twin


@pytest.fixture
def erp(twin: SageTwin) -> HttpErpLedger:
    return HttpErpLedger(
        HttpErpConfig(
            base_url=twin.url, api_key=SANDBOX_KEY, read_timeout_s=2, submit_timeout_s=0.5
        )
    )


@pytest.fixture
def account(company: Company, connection: Connection, erp: HttpErpLedger) -> MerchantAccount:
    """A merchant account of SOA, its mirrors read from the twin, ready to post."""
    company.mode = Company.Mode.AUTO
    company.save()
    refresh_company(company, erp=erp, now=NOW)
    account = make_merchant_account(company=company, connection=connection)
    cash = CashAccount.objects.get(cash_account_id="MERCH-USD")
    assert cash.gl_account is not None
    GLMapping.objects.create(
        company=company,
        cash_account=cash,
        gl_account=cash.gl_account,
        valid_from="2026-01-01",
        drafted_by="ada",
        drafted_at=NOW,
        activated_by="bob",
        activated_at=NOW,
    )
    return account


def call(twin: SageTwin, path: str, body: Any) -> Any:
    answer = requests.post(f"{twin.url}/_twin/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def truth(twin: SageTwin) -> list[dict[str, Any]]:
    """The receipts the twin holds, past every adapter."""
    items = requests.get(f"{twin.url}/_twin/receipts", timeout=30).json()["items"]
    return [item for item in items if item["state"] not in {"deleted", "withdrawn"}]


def payable_invoices(count: int) -> list[Invoice]:
    rows = Invoice.objects.filter(
        is_open=True, tran_type=501, in_dispute=False, customer__is_active=True, currency="USD"
    )
    rows = rows.select_related("customer").filter(payable__gt=1)
    return list(rows.order_by("tran_id")[:count])


def pay(account: MerchantAccount, count: int = 3) -> list[GatewayTransaction]:
    """Payments that name an invoice each, matched."""
    invoices = payable_invoices(count)
    records = [
        sale(
            amount=f"{i.payable:.2f}",
            invoice_reference=i.tran_id,
            gateway_customer_id=i.customer.customer_id,
        )
        for i in invoices
    ]
    record_transactions(account, records, now=NOW)
    assert match_company(account.company_id, now=NOW).matched == count
    return list(GatewayTransaction.objects.order_by("pk"))


def post(account: MerchantAccount, erp: HttpErpLedger, at: datetime = NOW, **more: Any) -> Any:
    return post_due(account.company_id, erp=erp, worker="w1", clock=lambda: at, **more)


def ask(account: MerchantAccount, erp: HttpErpLedger, at: datetime = LATER) -> Any:
    return resolve_unknown(account.company_id, erp=erp, now=at, delays_s=[60, 300], lease_s=900)


def states() -> dict[str, int]:
    return dict(Counter(CashReceipt.objects.values_list("state", flat=True)))


class SmudgedLedger(HttpErpLedger):
    """Its answer about some receipts holds a row that names none: no card of the twin does that."""

    smudged: frozenset[str] = frozenset()

    def find_receipts(self, idempotency_keys: Sequence[str]) -> dict[str, ErpReceipt]:
        if self.smudged & set(idempotency_keys):
            raise RecordError("receipt in row 1 has a key we did not ask for")
        return super().find_receipts(idempotency_keys)


def smudge(erp: HttpErpLedger, *receipts: CashReceipt) -> SmudgedLedger:
    ledger = SmudgedLedger(erp._config)
    ledger.smudged = frozenset(receipt.idempotency_key for receipt in receipts)
    return ledger
