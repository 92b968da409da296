"""Payments that change later than the look-back are asked for by their id, at the twin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from paysync.adapters.paytrace.config import PayTraceConfig
from paysync.adapters.paytrace.v1 import PayTraceV1
from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import CredentialError, ExternalError
from paysync.domain.payments import Method, State
from paysync.models import Alert, InboundEvent, MerchantAccount
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.models import GatewayTransaction
from reconciliation.services import rechecking
from reconciliation.services.journal import balances_of
from reconciliation.services.polling import poll_merchant_account
from reconciliation.services.rechecking import ASK_EVERY, Recheck, recheck_open
from reconciliation.services.recording import record_transactions
from tests.books import sale
from tests.contract.twins import tell
from tests.workers import in_threads

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=10)
LOOKBACK = timedelta(days=3)
ROUTE = "/v3/checks/transactions/*"


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW, frozen=True)
        yield twin


def config(twin: PayTraceTwin, word: str = "secret") -> PayTraceConfig:
    return PayTraceConfig(
        base_url=twin.url,
        username="api",
        password=word,
        integrator_id="paysync",
        merchant_id="1234567",
        read_timeout_s=2,
        read_attempts=1,
    )


@pytest.fixture
def gateway(twin: PayTraceTwin) -> PayTraceV3:
    return PayTraceV3(config(twin))


def pay(twin: PayTraceTwin, *payments: dict[str, Any]) -> list[str]:
    """Payments made ten days ago."""
    stamp = {"amount": "10.00", "created_at": LONG_AGO.isoformat()}
    ids: list[str] = tell(twin, "payments", [stamp | payment for payment in payments])["ids"]
    return ids


def poll(account: MerchantAccount, gateway: PaymentGateway, now: datetime) -> int:
    return poll_merchant_account(account.pk, gateway=gateway, now=now, lookback=LOOKBACK).moved


def polled(account: MerchantAccount, gateway: PaymentGateway) -> None:
    """What was made ten days ago has been read, and since then everything else."""
    poll(account, gateway, LONG_AGO)
    poll(account, gateway, NOW)


def recheck(
    account: MerchantAccount, gateway: PaymentGateway, now: datetime = NOW, **options: Any
) -> Recheck:
    return recheck_open(
        account.pk, gateway=gateway, clock=lambda: now, lookback=LOOKBACK, **options
    )


def held(gateway_id: str) -> GatewayTransaction:
    return GatewayTransaction.objects.get(gateway_id=gateway_id)


def buckets(gateway_id: str) -> dict[str, str]:
    row = held(gateway_id)
    balances = balances_of([row]).get(row.pk, {})
    return {bucket.value: str(money.amount) for bucket, money in balances.items() if money}


def test_ach_that_settles_late_and_is_returned_later_is_seen(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    [gateway_id] = pay(twin, {"method": "ach"})
    polled(merchant_account, gateway)
    tell(twin, "advance", steps=2)
    assert poll(merchant_account, gateway, NOW) == 0, "the list by day of creation shows it"
    assert recheck(merchant_account, gateway).moved == 1
    assert (held(gateway_id).state, held(gateway_id).settled_at) == (State.SETTLED, NOW)
    later = NOW + timedelta(days=40)
    poll(merchant_account, gateway, later)
    tell(twin, "returns", id=gateway_id)
    assert recheck(merchant_account, gateway, later).moved == 1
    assert buckets(gateway_id) == {"captured": "10.00", "charged_back": "10.00"}
    assert recheck(merchant_account, gateway, later + ASK_EVERY).asked == 0, "it has ended"


@pytest.mark.parametrize("version", [PayTraceV3, PayTraceV1])
def test_a_card_captured_late_is_seen(
    merchant_account: MerchantAccount,
    twin: PayTraceTwin,
    version: type[PayTraceV3] | type[PayTraceV1],
) -> None:
    gateway = version(config(twin))
    [gateway_id] = pay(twin, {"outcome": "authorized"})
    polled(merchant_account, gateway)
    gateway.capture(gateway_id)
    assert recheck(merchant_account, gateway).moved == 1
    assert buckets(gateway_id) == {"captured": "10.00", "unidentified": "10.00"}


def test_only_what_can_still_move_is_asked_for(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    def made(days_ago: int, state: State, method: Method = Method.ACH, **fields: Any) -> None:
        at = NOW - timedelta(days=days_ago)
        record = sale(state=state, method=method, created_at=at, **fields)
        record_transactions(merchant_account, [record], now=NOW)

    made(91, State.ACCEPTED)
    made(10, State.SETTLED, Method.CARD, settled_at=NOW - timedelta(days=9))
    made(80, State.SETTLED, settled_at=NOW - timedelta(days=66))
    made(10, State.RETURNED)
    made(10, State.DECLINED, Method.CARD)
    made(2, State.ACCEPTED)
    assert recheck(merchant_account, gateway).asked == 0, "too old, ended, or still listed"
    made(10, State.UNKNOWN)
    made(80, State.SETTLED, settled_at=NOW - timedelta(days=64))
    made(80, State.SETTLED)
    assert recheck(merchant_account, gateway).asked == 3


def test_no_payment_is_asked_for_twice_within_six_hours(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    pay(twin, {"method": "ach"})
    polled(merchant_account, gateway)
    asked = [
        recheck(merchant_account, gateway, NOW + after).asked
        for after in (timedelta(0), ASK_EVERY - timedelta(seconds=1), ASK_EVERY)
    ]
    assert asked == [1, 0, 1]


def test_a_run_asks_for_so_many_and_the_next_for_the_others(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    pay(twin, *[{"method": "ach"}] * 5)
    polled(merchant_account, gateway)
    moments = [NOW + timedelta(minutes=15 * run) for run in range(3)]
    asked = [recheck(merchant_account, gateway, now, limit=2).asked for now in moments]
    assert asked == [2, 2, 1]
    rows = GatewayTransaction.objects.order_by("pk")
    last = rows[4]
    assert [row.looked_at for row in rows] == [moments[0]] * 2 + [moments[1]] * 2 + [moments[2]]
    rows.filter(pk=last.pk).update(looked_at=NOW - timedelta(days=1))
    again = NOW + ASK_EVERY + timedelta(hours=1)
    recheck(merchant_account, gateway, again, limit=1)
    assert rows.get(looked_at=again) == last, "the longest unasked goes first"


def test_a_run_ends_when_its_time_is_up(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    pay(twin, *[{"method": "ach"}] * 5)
    polled(merchant_account, gateway)
    ticks = iter(NOW + timedelta(seconds=30 * n) for n in range(20))
    run = recheck_open(
        merchant_account.pk,
        gateway=gateway,
        clock=lambda: next(ticks),
        lookback=LOOKBACK,
        patience_s=60,
    )
    assert run.asked == 2


def test_one_that_the_gateway_does_not_give_is_told_and_stops_no_other(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    ghost = sale("ghost", method=Method.ACH, state=State.ACCEPTED, created_at=LONG_AGO)
    record_transactions(merchant_account, [ghost], now=LONG_AGO)
    [gateway_id] = pay(twin, {"method": "ach"})
    polled(merchant_account, gateway)
    tell(twin, "advance", steps=2)
    run = recheck(merchant_account, gateway)
    assert (run.asked, run.moved, run.failed) == (2, 1, 1)
    assert held(gateway_id).state == State.SETTLED
    assert "found nothing" in held("ghost").look_error
    recheck(merchant_account, gateway, NOW + timedelta(minutes=15))
    alert = Alert.objects.get(code="recheck_failing")
    assert (alert.closed_at, alert.times) == (None, 2), "a run that asks for others closes nothing"
    assert "ghost" in alert.message
    voided = sale("ghost", method=Method.ACH, state=State.VOIDED, created_at=LONG_AGO)
    record_transactions(merchant_account, [voided], now=NOW)
    recheck(merchant_account, gateway, NOW + timedelta(minutes=30))
    assert Alert.objects.get(code="recheck_failing").closed_at is not None


def test_v1_which_documents_no_reading_of_ach_says_so(
    merchant_account: MerchantAccount, twin: PayTraceTwin
) -> None:
    record = sale("9910001", method=Method.ACH, state=State.ACCEPTED, created_at=LONG_AGO)
    record_transactions(merchant_account, [record], now=LONG_AGO)
    assert recheck(merchant_account, PayTraceV1(config(twin))).failed == 1
    assert "not documented" in Alert.objects.get(code="recheck_failing").message


def test_an_outage_ends_the_run_and_costs_one_its_turn(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    pay(twin, *[{"method": "ach"}] * 3)
    polled(merchant_account, gateway)
    twin.faults.play("server_error", times=1, route=ROUTE)
    with pytest.raises(ExternalError):
        recheck(merchant_account, gateway)
    assert recheck(merchant_account, gateway).asked == 2
    assert not Alert.objects.exists()


def test_refused_credentials_end_the_run(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    pay(twin, {"method": "ach"})
    polled(merchant_account, gateway)
    with pytest.raises(CredentialError):
        recheck(merchant_account, PayTraceV3(config(twin, "wrong")))


def test_what_is_read_is_kept_raw_and_asking_again_writes_nothing_new(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    [gateway_id] = pay(twin, {"method": "ach"})
    polled(merchant_account, gateway)
    tell(twin, "advance", steps=2)
    recheck(merchant_account, gateway)
    kept = InboundEvent.objects.filter(external_id=f"ach:{gateway_id}")
    assert "SETTLED" in str([event.payload for event in kept])
    before = kept.count(), held(gateway_id).updated_at
    recheck(merchant_account, gateway, NOW + ASK_EVERY)
    assert (kept.count(), held(gateway_id).updated_at) == before
    assert set(kept.values_list("state", flat=True)) == {"done"}


def test_few_queries_where_nothing_is_due(
    merchant_account: MerchantAccount,
    gateway: PayTraceV3,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(6):
        recheck(merchant_account, gateway)


@pytest.mark.django_db(transaction=True)
def test_two_workers_ask_for_each_payment_once(
    merchant_account: MerchantAccount, gateway: PayTraceV3, twin: PayTraceTwin
) -> None:
    pay(twin, *[{"method": "ach"}] * 8)
    polled(merchant_account, gateway)
    tell(twin, "advance", steps=2)
    runs = in_threads(2, lambda _: recheck(merchant_account, gateway))
    assert sum(run.asked for run in runs) == 8
    assert sum(run.moved for run in runs) == 8


def test_the_limits_fit_together() -> None:
    assert timedelta(days=60) < rechecking.RETURNS_FOR
    assert rechecking.RETURNS_FOR + timedelta(days=14) < rechecking.OPEN_FOR
