"""Polling the PayTrace twin over a socket: nothing is skipped, nothing is counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from paysync.adapters.paytrace.config import PayTraceConfig
from paysync.adapters.paytrace.v1 import PayTraceV1
from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import ExternalError
from paysync.domain.payments import Window
from paysync.models import Connection, Counter, InboundEvent, MerchantAccount
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from paysync.services import inbox
from reconciliation.models import GatewayTransaction, JournalEntry
from reconciliation.services.polling import check_day, poll_merchant_account, process_event
from reconciliation.services.proof import prove

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LOOKBACK = timedelta(days=3)


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW)
        yield twin


def config(twin: PayTraceTwin) -> PayTraceConfig:
    return PayTraceConfig(
        base_url=twin.url,
        username="api",
        password="secret",
        integrator_id="paysync",
        merchant_id="1234567",
        read_timeout_s=2,
        read_attempts=1,
    )


@pytest.fixture(params=[Connection.Kind.PAYTRACE_V3, Connection.Kind.PAYTRACE_V1])
def gateway(
    request: pytest.FixtureRequest, twin: PayTraceTwin, merchant_account: MerchantAccount
) -> PaymentGateway:
    merchant_account.connection.kind = request.param
    merchant_account.connection.save()
    if request.param == Connection.Kind.PAYTRACE_V3:
        return PayTraceV3(config(twin))
    return PayTraceV1(config(twin))


def pay(twin: PayTraceTwin, *payments: dict[str, Any]) -> list[str]:
    answer = requests.post(f"{twin.url}/_twin/payments", json=list(payments), timeout=30)
    answer.raise_for_status()
    return [str(gateway_id) for gateway_id in answer.json()["ids"]]


def poll(account: MerchantAccount, gateway: PaymentGateway, now: datetime = NOW) -> Any:
    return poll_merchant_account(account.pk, gateway=gateway, now=now, lookback=LOOKBACK)


def test_every_payment_of_the_window_is_recorded_once(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    days = [
        {"amount": "10.00", "created_at": (NOW - timedelta(days=d)).isoformat()} for d in range(3)
    ]
    pay(twin, *days, {"amount": "5.00", "outcome": "declined"})
    assert poll(merchant_account, gateway).new == 4
    again = poll(merchant_account, gateway, NOW + timedelta(minutes=5))
    assert (again.new, again.moved) == (0, 0)
    assert GatewayTransaction.objects.count() == 4
    assert JournalEntry.objects.count() == 3


def test_a_failed_page_leaves_the_cursor_and_loses_nothing(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    pay(twin, *[{"amount": "10.00"} for _ in range(5)])
    twin.faults.play("server_error", times=1, route="/v*/transactions/export/*")
    with pytest.raises(ExternalError):
        poll(merchant_account, gateway)
    merchant_account.refresh_from_db()
    assert merchant_account.polled_until is None
    assert poll(merchant_account, gateway).new + GatewayTransaction.objects.count() >= 5
    assert GatewayTransaction.objects.count() == 5


def test_a_late_record_is_found_by_the_look_back(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    pay(twin, {"amount": "10.00", "hidden": 20})
    assert poll(merchant_account, gateway).new == 0
    found = 0
    for minute in range(1, 40):
        found += poll(merchant_account, gateway, NOW + timedelta(minutes=minute)).new
    assert found == 1


def test_settlement_moves_the_payment_on(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    [gateway_id] = pay(twin, {"amount": "10.00"})
    poll(merchant_account, gateway)
    requests.post(f"{twin.url}/_twin/settle", json={}, timeout=30).raise_for_status()
    assert poll(merchant_account, gateway).moved == 1
    row = GatewayTransaction.objects.get(gateway_id=gateway_id)
    assert row.state == "settled"
    assert row.settled_at is not None
    assert row.batch_number


def test_a_hint_makes_us_fetch_the_transaction_and_proves_nothing(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    [gateway_id] = pay(twin, {"amount": "10.00"})
    for name, wanted in (("real", gateway_id), ("forged", "999999999")):
        payload = {"data": {"transaction_id": wanted, "method": "card", "amount": "1000000"}}
        [event] = inbox.receive(
            [inbox.Arrival(name, payload)],
            source=InboundEvent.Source.HINT,
            connection=merchant_account.connection,
            now=NOW,
        )
        process_event(event.pk, gateways={merchant_account.pk: gateway}, now=NOW, lease_s=60)
    assert GatewayTransaction.objects.get().amount == 10
    assert InboundEvent.objects.get(external_id="real").state == "done"
    assert InboundEvent.objects.get(external_id="forged").state == "failed"


def test_an_event_can_be_replayed_without_a_second_effect(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    pay(twin, {"amount": "10.00"})
    poll(merchant_account, gateway)
    event = InboundEvent.objects.get()
    inbox.replay(event, actor="ada", user_may=True)
    assert process_event(event.pk, gateways={merchant_account.pk: gateway}, now=NOW, lease_s=60)
    assert JournalEntry.objects.count() == 1
    assert InboundEvent.objects.get().state == "done"


def test_card_numbers_in_any_text_are_removed_before_storing_and_counted(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    pay(twin, {"amount": "10.00", "description": "card 4111 1111 1111 1111 cvv 999"})
    poll(merchant_account, gateway)
    row = GatewayTransaction.objects.get()
    event = InboundEvent.objects.get()
    assert "1111 1111" not in row.description
    assert "1111 1111" not in str(event.payload)
    assert Counter.objects.filter(name="card data removed", count__gte=1).exists()
    assert prove(now=NOW).violations == []


def test_the_day_check_counts_what_is_held_missing_and_late(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    pay(twin, {"amount": "10.00"}, {"amount": "11.00"})
    poll(merchant_account, gateway)
    pay(twin, {"amount": "12.00"})
    day = GatewayTransaction.objects.earliest("pk").business_date
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
    check = check_day(merchant_account.pk, day, gateway=gateway, zone_day=window, now=NOW)
    assert (check.held, check.missing, check.late) == (3, 0, 1)
    assert str(check).endswith("3 held, 0 missing, 1 late")


def test_the_proof_compares_with_the_gateways_own_list(
    merchant_account: MerchantAccount, gateway: PaymentGateway, twin: PayTraceTwin
) -> None:
    pay(twin, {"amount": "10.00"})
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
    proof = prove(now=NOW, gateways={merchant_account.pk: gateway}, window=window)
    assert [violation.name for violation in proof.violations] == ["not held"]
    assert proof.missing == 1
