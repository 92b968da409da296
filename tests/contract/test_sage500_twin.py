"""The Sage 500 twin itself: as a process, under load of two clients, with demo data, over time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger
from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.sandbox.company import demo_data
from paysync.sandbox.processes import sage500_twin
from paysync.sandbox.sage500.load import load
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from tests.contract.erp_site import I1, found, intent, link, site_data, usd
from tests.contract.sage500_site import TwinSite

TODAY = date(2026, 11, 23)


@pytest.fixture
def twin() -> Iterator[SageTwin]:
    with SageTwin() as running:
        assert isinstance(running, SageTwin)
        running.clock.set(datetime(2026, 11, 23, 12, tzinfo=UTC))
        load(running.store, site_data(TODAY), running.clock.now())
        yield running


@pytest.fixture
def erp(twin: SageTwin) -> HttpErpLedger:
    return HttpErpLedger(HttpErpConfig(twin.url, SANDBOX_KEY, read_timeout_s=5))


def test_many_clients_with_one_key_make_one_receipt(twin: SageTwin, erp: HttpErpLedger) -> None:
    codes: list[SubmitCode] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait(5)
        codes.append(erp.submit_receipt(intent(TODAY)).code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(codes) == [SubmitCode.CREATED] + [SubmitCode.ALREADY_THERE] * 7
    assert len(TwinSite(twin.url).ask("receipts")) == 1


def test_many_clients_never_apply_more_than_is_payable(twin: SageTwin, erp: HttpErpLedger) -> None:
    codes: list[SubmitCode] = []

    def send(number: int) -> None:
        codes.append(erp.submit_receipt(intent(TODAY, number, link(I1, "30.00"))).code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert codes.count(SubmitCode.CREATED) == 3
    assert erp.payable_now("SOA", [I1]) == {I1: usd("10.00")}


def test_the_clerk_on_a_timer_posts_what_is_ready(twin: SageTwin, erp: HttpErpLedger) -> None:
    erp.submit_receipt(intent(TODAY))
    site = TwinSite(twin.url)
    assert site.tell("clerk", {"action": "auto", "every_s": 0.02})["every_s"] == 0.02
    until = time.monotonic() + 5
    while found(erp).state is not ErpReceiptState.POSTED:
        assert time.monotonic() < until
    assert site.tell("clerk", {"action": "auto", "every_s": 0})["every_s"] == 0


def test_it_keeps_its_books_when_the_process_is_killed(tmp_path: Path) -> None:
    process = sage500_twin(tmp_path)
    try:
        process.tell("load", site_data(TODAY))
        erp = HttpErpLedger(HttpErpConfig(process.url, SANDBOX_KEY))
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.CREATED
    finally:
        process.kill()
    process = sage500_twin(tmp_path)
    try:
        erp = HttpErpLedger(HttpErpConfig(process.url, SANDBOX_KEY))
        assert found(erp).state is ErpReceiptState.PENDING
        assert process.ask("health")["pending_receipts"] == 1
    finally:
        process.stop()


def test_demo_data_is_the_same_every_time_and_loads(twin: SageTwin) -> None:
    data = demo_data(TODAY, customers=60, invoices=400)
    assert data == demo_data(TODAY, customers=60, invoices=400)
    data["replace"] = True
    counts = load(twin.store, data, twin.clock.now())
    assert counts == {"companies": 2, "customers": 60, "invoices": 400}
    erp = HttpErpLedger(HttpErpConfig(twin.url, SANDBOX_KEY))
    for company_id in ("SOA", "NWM"):
        listed = list(erp.open_invoices(company_id))
        assert {i.tran_type for i in listed} <= {501, 502, 503, 504}
        assert len(listed) == len({i.tran_id for i in listed}) > 100
        assert {c.currency for c in erp.cash_accounts(company_id)} == {"USD", "CAD"}
    assert any(i.total.currency == "CAD" for i in listed)
