"""The Sage 500 twin under test: its fixtures, and people at the site through its control API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from tests.contract.erp_site import site_data

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def entered(
    today: date,
    number: str,
    amount: str,
    links: Sequence[tuple[str, str]],
    comment: str,
    customer_id: str,
) -> dict[str, Any]:
    """What the twin's clerk types in for a receipt of SOA."""
    return {
        "company_id": "SOA", "customer_id": customer_id, "tran_no": number, "amount": amount,
        "tran_date": today.isoformat(), "comment": comment,
        "applications": [{"invoice_tran_id": name, "amount": paid} for name, paid in links],
    }  # fmt: skip


class TwinSite:
    """Talks to `/_twin/` of a running twin."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def tell(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._session.post(f"{self.url}/_twin/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def ask(self, path: str) -> list[dict[str, Any]]:
        answer = self._session.get(f"{self.url}/_twin/{path}", timeout=30)
        assert answer.ok, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def play(self, name: str, **options: Any) -> None:
        self.tell("faults", {"name": name, **options})

    def clerk(self, action: str, company_id: str, **more: Any) -> list[dict[str, Any]]:
        order = {"action": action, "company_id": company_id, **more}
        results: list[dict[str, Any]] = self.tell("clerk", order)["results"]
        return results

    def post(self, company_id: str) -> None:
        results = self.clerk("post", company_id)
        assert results and all(r["done"] == "posted" for r in results), results

    def interrupt(self, company_id: str) -> None:
        assert self.clerk("interrupt", company_id)[0]["done"] == "interrupted"

    def resume(self, company_id: str) -> None:
        assert self.clerk("resume", company_id)[0]["done"] == "posted"

    def open_batches(self, company_id: str) -> None:
        assert self.clerk("open", company_id)[0]["done"] == "open"

    def edit(self, key: str, *, amount: str, applications: Sequence[tuple[str, str]]) -> None:
        links = [{"invoice_tran_id": name, "amount": paid} for name, paid in applications]
        order = {"idempotency_key": key, "amount": amount, "applications": links}
        self.tell("clerk", {"action": "edit", **order})

    def unapply(self, key: str) -> None:
        self.tell("clerk", {"action": "unapply", "idempotency_key": key})

    def delete_batches(self, company_id: str) -> None:
        assert self.clerk("delete", company_id)[0]["done"] == "deleted"

    def pay_invoice(self, company_id: str, tran_id: str, amount: str) -> None:
        self.tell("pay-invoice", {"company_id": company_id, "tran_id": tran_id, "amount": amount})

    def enter(
        self,
        today: date,
        number: str,
        amount: str,
        *links: tuple[str, str],
        comment: str = "",
        customer_id: str = "ACME0001",
    ) -> None:
        order = entered(today, number, amount, links, comment, customer_id)
        self.tell("clerk", {"action": "enter", **order})

    def set_period(self, company_id: str, day: date, action: str) -> None:
        order = {"company_id": company_id, "date": day.isoformat(), "action": action}
        self.tell("period", order)

    def spoil(self, what: str) -> None:
        routes = {"receipts": "/v1/receipts/query", "payable": "*/invoices/payable"}
        self.play("malformed_row", route=routes.get(what, f"*/{what}"))

    def ledger_sums(self) -> dict[tuple[str, str], Decimal]:
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in self.ask("ledger"):
            sums[row["company_id"], row["gl_account"]] += Decimal(row["amount"])
        return dict(sums)


class OnTheTwin:
    """Fixtures of `erp_contract` on a running twin, one a class; every test finds a fresh site."""

    @pytest.fixture(scope="class")
    @classmethod
    def twin(cls) -> Iterator[SageTwin]:
        with SageTwin() as running:
            assert isinstance(running, SageTwin)
            yield running

    @pytest.fixture
    def today(self) -> date:
        return TODAY

    @pytest.fixture
    def site(self, twin: SageTwin, today: date) -> TwinSite:
        twin.faults.clear()
        twin.clock.set(NOON)
        load(twin.store, site_data(today), twin.clock.now())
        return TwinSite(twin.url)

    @pytest.fixture
    def config(self, twin: SageTwin) -> HttpErpConfig:
        return HttpErpConfig(
            twin.url,
            SANDBOX_KEY,
            connect_timeout_s=1,
            read_timeout_s=0.5,
            submit_timeout_s=0.5,
            read_attempts=3,
            retry_wait_s=0,
            page_size=3,
        )

    @pytest.fixture
    def erp(self, config: HttpErpConfig, site: TwinSite) -> HttpErpLedger:
        return HttpErpLedger(config)
