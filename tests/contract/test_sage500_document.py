"""The twin keeps the documented contract, and the document describes all of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from paysync.adapters.sage500.mapping import from_intent, from_reversal
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from tests.contract.erp_site import I1, I2, intent, link, reversal, site_data
from tests.contract.openapi import Document
from tests.contract.sage500_site import TwinSite

TODAY = date(2026, 11, 23)
DOCUMENT = Document(Path(__file__).parents[2] / "docs" / "erp-http-api.yaml")
COMPANY = "/v1/companies/{company_id}"


class Caller:
    """Calls by the document's own path templates and checks what comes back."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {SANDBOX_KEY}"

    def check(self, method: str, path: str, status: int, **options: Any) -> Any:
        given = {"company_id": "SOA", "tran_id": I1, "key": "PT1-1-abcdef"}
        given.update(options.pop("given", {}))
        url = self._url + path.format_map(given)
        answer = self._session.request(method, url, timeout=5, **options)
        assert answer.status_code == status, answer.text
        schema = DOCUMENT.answer_schema(path, method.lower(), status)
        assert list(DOCUMENT.faults(answer.json(), schema)) == []
        return answer.json()


@pytest.fixture
def twin() -> Iterator[SageTwin]:
    with SageTwin() as running:
        assert isinstance(running, SageTwin)
        running.clock.set(datetime(2026, 11, 23, 12, tzinfo=UTC))
        load(running.store, site_data(TODAY), running.clock.now())
        yield running


@pytest.fixture
def caller(twin: SageTwin) -> Caller:
    return Caller(twin.url)


def submit(caller: Caller, status: int, number: int = 1, **changes: Any) -> Any:
    made = intent(TODAY, number, link(I2, "50.00"), **changes)
    key = {"Idempotency-Key": made.idempotency_key}
    path = COMPANY + "/receipts"
    return caller.check("POST", path, status, json=from_intent(made), headers=key)


@pytest.mark.parametrize(
    "what", ["invoices", "customers", "cash-accounts", "gl-accounts", "fiscal-periods", "preflight"]
)
def test_lists_are_as_documented(caller: Caller, what: str) -> None:
    assert caller.check("GET", f"{COMPANY}/{what}", 200)["items"]


def test_one_invoice_and_payable_are_as_documented(caller: Caller) -> None:
    caller.check("GET", COMPANY + "/invoices/{tran_id}", 200)
    caller.check("POST", COMPANY + "/invoices/payable", 200, json={"tran_ids": [I1, I2]})


def test_every_answer_to_a_receipt_is_as_documented(caller: Caller, twin: SageTwin) -> None:
    assert submit(caller, 201)["code"] == 1
    assert submit(caller, 200)["code"] == 2
    assert submit(caller, 409, comment="other")["code"] == 11
    assert submit(caller, 422, 2, customer_id="NOBODY")["code"] == 10
    twin.faults.play("deadlock_1205")
    assert submit(caller, 503, 2)["code"] == 20


def test_receipts_are_as_documented_from_pending_to_posted(caller: Caller, twin: SageTwin) -> None:
    submit(caller, 201)
    dates = {"from": "2026-11-01", "to": "2026-11-30"}
    for state in ("pending", "posted"):
        assert caller.check("GET", "/v1/receipts/{key}", 200)["state"] == state
        caller.check("GET", COMPANY + "/receipts", 200, params=dates)
        caller.check("POST", "/v1/receipts/query", 200, json={"keys": ["PT1-1-abcdef", "none"]})
        TwinSite(twin.url).clerk("post", "SOA")
    assert caller.check("DELETE", "/v1/receipts/{key}", 409)["code"] == 14


def test_every_answer_to_a_reversal_is_as_documented(caller: Caller, twin: SageTwin) -> None:
    def reverse(status: int, **changes: Any) -> Any:
        made = reversal(TODAY, **changes)
        key = {"Idempotency-Key": made.idempotency_key}
        path = COMPANY + "/reversals"
        return caller.check("POST", path, status, json=from_reversal(made), headers=key)

    assert reverse(422)["reason"] == "not_rehearsed"
    twin.reversals_rehearsed = True
    submit(caller, 201)
    TwinSite(twin.url).clerk("post", "SOA")
    assert reverse(422)["reason"] == "still_applied"
    TwinSite(twin.url).unapply("PT1-1-abcdef")
    twin.faults.play("deadlock_1205")
    assert reverse(503)["code"] == 20
    assert reverse(201)["code"] == 1
    assert reverse(200)["code"] == 2
    assert reverse(409, comment="other")["code"] == 11
    assert caller.check("POST", COMPANY + "/reversals", 400, json={})["code"] == "bad_field"
    made = caller.check("GET", "/v1/receipts/{key}", 200, given={"key": "R1-PT1-abcdef"})
    assert made["reverses"] == caller.check("GET", "/v1/receipts/{key}", 200)["receipt_key"]


def test_withdrawals_are_as_documented(caller: Caller) -> None:
    submit(caller, 201)
    assert caller.check("DELETE", "/v1/receipts/{key}", 200)["code"] == 1
    assert caller.check("DELETE", "/v1/receipts/{key}", 200)["code"] == 2
    assert caller.check("DELETE", "/v1/receipts/{key}", 422, given={"key": "none"})["code"] == 10
    assert caller.check("GET", "/v1/receipts/{key}", 200)["unapplied"] is None


def test_problems_are_as_documented(caller: Caller) -> None:
    invoices, receipts = COMPANY + "/invoices", COMPANY + "/receipts"
    assert caller.check("GET", invoices, 404, given={"company_id": "X"})["code"]
    assert caller.check("GET", invoices, 400, params={"limit": "1001"})["code"] == "bad_limit"
    assert caller.check("GET", invoices, 400, params={"after": "?"})["code"] == "bad_after"
    assert caller.check("GET", invoices, 400, params={"since": "2026-11-23"})["code"] == "bad_since"
    for key in ("", "Bearer wrong"):
        caller.check("GET", invoices, 401, headers={"Authorization": key})
    assert caller.check("POST", receipts, 400, data=b"{")["code"] == "not_json"
    too_many = {"tran_ids": [str(n) for n in range(1001)]}
    caller.check("POST", COMPANY + "/invoices/payable", 413, json=too_many)


def test_pages_follow_each_other_without_gap_or_repeat(caller: Caller) -> None:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = caller.check("GET", COMPANY + "/gl-accounts", 200, params={"limit": "4", **after})
        seen += [row["number"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == 16


def test_every_field_and_parameter_is_described() -> None:
    silent = []
    for name, schema in DOCUMENT.data["components"]["schemas"].items():
        for field, node in schema.get("properties", {}).items():
            if "description" not in DOCUMENT.resolved(node):
                silent.append(f"{name}.{field}")
    assert silent == []


def test_the_document_and_the_twin_know_the_same_routes(twin: SageTwin) -> None:
    documented = {
        (method.upper(), path)
        for path, item in DOCUMENT.data["paths"].items()
        for method in item.keys() & {"get", "post", "delete"}
    }
    served = {(r.method, r.pattern) for r in twin._routes if r.pattern.startswith("/v1/")}
    assert served == documented
