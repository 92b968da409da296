"""PayTrace's adapters against the PayTrace twin, over a socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paysync.adapters.paytrace.auth import forget_credentials
from paysync.adapters.paytrace.config import PayTraceConfig
from paysync.adapters.paytrace.v1 import PayTraceV1
from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.payments import ChargeIntent, Method, Outcome, State, Window
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from tests.contract.gateway_contract import NOON, GatewayContract, ids, listed, sale, usd
from tests.contract.twins import charges_at, make_payments, tell

WIDE = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    forget_credentials()
    twin = PayTraceTwin()
    with twin:
        tell(
            twin,
            "customers",
            [{"customer_id": "501"}, {"customer_id": "502", "method": "ach", "last4": "6789"}],
        )
        yield twin
    forget_credentials()


@pytest.fixture
def config(twin: PayTraceTwin) -> PayTraceConfig:
    return PayTraceConfig(
        twin.url,
        "apiuser",
        "apipass",
        "paysync",
        merchant_id="1234567",
        connect_timeout_s=1,
        read_timeout_s=0.5,
        money_timeout_s=0.5,
        read_attempts=3,
        retry_wait_s=0.001,
        retry_max_wait_s=0.005,
    )


def ach(amount: str = "40.00", intent_id: str = "ach-1", **fields: Any) -> ChargeIntent:
    facts: dict[str, Any] = {
        "gateway_customer_id": "502",
        "invoice_reference": "INV-2",
        "sec_code": "CCD",
        **fields,
    }
    return ChargeIntent(intent_id, Method.ACH, usd(amount), **facts)


class TestV1(GatewayContract):
    @pytest.fixture
    def gateway(self, config: PayTraceConfig) -> PaymentGateway:
        return PayTraceV1(config)

    @pytest.fixture
    def log_ins(self, twin: PayTraceTwin) -> Callable[[], int]:
        return lambda: twin.calls["POST /oauth/token"]

    def test_ach_is_accepted_voided_and_refunded_by_its_check_id(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        first = gateway.charge(ach())
        assert (first.outcome, first.response_code) == (Outcome.ACCEPTED, 120)
        assert gateway.void(first.gateway_id, Method.ACH).outcome is Outcome.APPROVED
        second = gateway.charge(ach(intent_id="ach-2"))
        assert gateway.refund(second.gateway_id, None, Method.ACH).outcome is Outcome.FAILED
        tell(twin, "advance", steps=2)
        refund = gateway.refund(second.gateway_id, usd("5.00"), Method.ACH)
        assert refund.outcome is Outcome.APPROVED

    def test_ach_cannot_be_looked_up_and_says_so(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        for look in (
            lambda: gateway.get_transaction("9910001", Method.ACH),
            lambda: gateway.find_by_intent(ach(), NOON),
            lambda: gateway.list_transactions(WIDE, "ach:0"),
        ):
            with pytest.raises(RejectedError) as caught:
                look()
            assert caught.value.reason == "unsupported"

    @pytest.mark.parametrize("status", [200, 400])
    def test_errors_count_whatever_their_http_status(
        self, gateway: PaymentGateway, twin: PayTraceTwin, status: int
    ) -> None:
        tell(twin, "settings", validation_status=status)
        result = gateway.charge(sale(gateway_customer_id="999"))
        assert (result.outcome, result.error_keys) == (Outcome.FAILED, ("30",))
        with pytest.raises(RejectedError) as caught:
            gateway.get_transaction("1")
        assert caught.value.reason == "not_found"

    def test_an_error_key_we_do_not_know_is_no_proof(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        tell(twin, "settings", duplicate_filter_minutes=10)
        assert gateway.charge(sale()).outcome is Outcome.APPROVED
        repeated = gateway.charge(sale())
        assert (repeated.outcome, repeated.error_keys) == (Outcome.UNKNOWN, ("1024",))

    def test_a_wrong_integrator_id_is_named(
        self, config: PayTraceConfig, twin: PayTraceTwin
    ) -> None:
        with pytest.raises(RejectedError) as caught:
            PayTraceV1(replace(config, integrator_id="other")).ping()
        assert caught.value.reason == "971"


class TestV3(GatewayContract):
    @pytest.fixture
    def gateway(self, config: PayTraceConfig) -> PaymentGateway:
        return PayTraceV3(config)

    @pytest.fixture
    def log_ins(self, twin: PayTraceTwin) -> Callable[[], int]:
        return lambda: twin.calls["POST /v3/token"]

    def test_ach_is_listed_in_pages_after_the_cards(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        made = make_payments(twin, *[{"method": "ach", "minutes": n} for n in range(75)])
        card = make_payments(twin, {})
        found = listed(gateway, WIDE, Method.ACH)
        assert sorted(ids(found)) == sorted(made)
        assert ids(listed(gateway, WIDE)) == card
        assert twin.calls["GET /v3/checks/transactions"] >= 3

    def test_an_ach_page_that_fails_is_not_skipped(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        made = make_payments(twin, *[{"method": "ach", "minutes": n} for n in range(65)])
        twin.faults.play("server_error", times=7, route="/v3/checks/*")
        assert sorted(ids(listed(gateway, WIDE, Method.ACH))) == sorted(made)

    def test_an_account_without_ach_is_not_asked_for_it(
        self, config: PayTraceConfig, twin: PayTraceTwin
    ) -> None:
        assert listed(PayTraceV3(replace(config, ach=False)), WIDE, Method.ACH) == []
        assert twin.calls["GET /v3/checks/transactions"] == 0

    def test_an_ach_success_is_believed_when_its_record_agrees(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        result = gateway.charge(ach())
        assert (result.outcome, result.approved_amount) == (Outcome.ACCEPTED, usd("40.00"))
        record = gateway.get_transaction(result.gateway_id, Method.ACH)
        assert (record.state, record.customer_reference) == (State.ACCEPTED, "ach-1")

    def test_an_ach_success_whose_record_is_out_of_reach_is_unknown(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("server_error", times=None, route="/v3/checks/transactions/*")
        assert gateway.charge(ach()).outcome is Outcome.UNKNOWN

    def test_422_but_created_is_unknown_and_found_by_key(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("ach_422_created")
        twin.faults.play("late_record", lists=9)  # so that only the key finds it
        assert gateway.charge(ach()).outcome is Outcome.UNKNOWN
        found = gateway.find_by_intent(ach(), datetime.now(UTC))
        assert found is not None and ids([found]) == charges_at(twin)

    def test_an_ach_payment_without_its_key_is_found_by_what_it_says(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        facts = {"method": "ach", "amount": "40.00", "invoice_id": "INV-2", "customer_id": "502"}
        (made,) = make_payments(twin, facts)
        found = gateway.find_by_intent(ach(), NOON)
        assert found is not None and found.gateway_id == made
        assert gateway.find_by_intent(ach("40.01"), NOON) is None
        assert gateway.find_by_intent(ach(), NOON + timedelta(hours=2)) is None
        make_payments(twin, facts)
        with pytest.raises(OutcomeUnknownError):
            gateway.find_by_intent(ach(), NOON)

    def test_a_recognised_422_is_a_refusal(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        result = gateway.charge(ach(gateway_customer_id="999"))
        assert (result.outcome, result.error_keys) == (Outcome.FAILED, ("body/customer_id",))

    def test_an_ach_return_after_success_shows(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        first = gateway.charge(ach()).gateway_id
        tell(twin, "advance", steps=2)
        assert gateway.get_transaction(first, Method.ACH).state is State.SETTLED
        tell(twin, "returns", id=first, code="R10")
        assert gateway.get_transaction(first, Method.ACH).state is State.RETURNED

    def test_ach_void_and_refund_need_a_path_from_the_account(
        self, config: PayTraceConfig, twin: PayTraceTwin
    ) -> None:
        (made,) = make_payments(twin, {"method": "ach"})
        for call in (PayTraceV3(config).void, PayTraceV3(config).refund):
            with pytest.raises(RejectedError) as caught:
                call(made, method=Method.ACH)
            assert caught.value.reason == "unsupported"
        told = PayTraceV3(replace(config, ach_void_path="/v3/sim/checks/{id}/void"))
        assert told.void(made, Method.ACH).outcome is Outcome.APPROVED

    def test_a_bare_success_is_believed_only_when_the_record_agrees(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        held, captured = make_payments(twin, {"outcome": "authorized"}, {})
        twin.faults.play("bare_success", times=3)
        assert gateway.capture(held).outcome is Outcome.APPROVED
        assert gateway.void(captured).outcome is Outcome.APPROVED
        tell(twin, "settle")
        assert gateway.refund(held).outcome is Outcome.UNKNOWN

    def test_the_refresh_token_is_used_and_given_up_once_refused(
        self, config: PayTraceConfig, twin: PayTraceTwin
    ) -> None:
        gateway = PayTraceV3(config)
        gateway.ping()
        twin.faults.play("token_expired")
        gateway.ping()
        assert twin.calls["POST /v3/token"] == 2  # the refresh grant did
        tell(twin, "tokens/expire")
        gateway.ping()
        assert twin.calls["POST /v3/token"] == 4  # refused, then the credential itself

    def test_a_token_at_top_level_is_found_too(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        tell(twin, "settings", token_at_top_level=True)
        gateway.ping()

    def test_a_lagging_export_does_not_hide_a_charge(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("late_record", lists=9)
        twin.faults.play("timeout_after", route="*/sale/*")
        assert gateway.charge(sale()).outcome is Outcome.UNKNOWN
        assert gateway.find_by_intent(sale(), datetime.now(UTC)) is not None

    def test_a_merchant_id_must_be_a_number(self, config: PayTraceConfig) -> None:
        with pytest.raises(RecordError):
            PayTraceV3(replace(config, merchant_id="acme"))


def test_a_rejected_log_in_is_remembered_until_the_password_changes(
    config: PayTraceConfig, twin: PayTraceTwin
) -> None:
    wrong = replace(config, password="old")
    for make in (PayTraceV1, PayTraceV1, PayTraceV3, PayTraceV3):
        with pytest.raises(CredentialError):
            make(wrong).ping()
    with pytest.raises(CredentialError):
        PayTraceV1(wrong).charge(sale())
    assert (twin.calls["POST /oauth/token"], twin.calls["POST /v3/token"]) == (1, 1)
    PayTraceV1(config).ping()
    PayTraceV3(config).ping()


def test_a_refusal_is_forgotten_after_its_time(config: PayTraceConfig, twin: PayTraceTwin) -> None:
    gateway = PayTraceV1(replace(config, password="old", refusal_memory_s=0))
    for _ in range(2):
        with pytest.raises(CredentialError):
            gateway.ping()
    assert twin.calls["POST /oauth/token"] == 2


def test_a_log_in_that_fails_by_accident_is_not_a_refusal(
    config: PayTraceConfig, twin: PayTraceTwin
) -> None:
    twin.faults.play("server_error", times=3, route="/oauth/token")
    with pytest.raises(UnavailableError):
        PayTraceV1(config).charge(sale())
    PayTraceV1(config).ping()


def test_one_token_serves_many_adapters_and_threads(
    config: PayTraceConfig, twin: PayTraceTwin
) -> None:
    threads = [threading.Thread(target=PayTraceV1(config).ping) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert twin.calls["POST /v1/batches/export"] == 8
    assert twin.calls["POST /oauth/token"] == 1


def test_too_many_calls_in_flight_wait_their_turn_and_then_give_up(
    config: PayTraceConfig, twin: PayTraceTwin
) -> None:
    gateway = PayTraceV1(
        replace(config, max_in_flight=1, read_attempts=1, read_timeout_s=2, money_timeout_s=0.2)
    )
    gateway.ping()
    twin.faults.play("timeout_before", hold_s=1)
    busy = threading.Thread(target=pytest.raises, args=(UnavailableError, gateway.ping))
    busy.start()
    while twin.faults.in_play():
        pass
    with pytest.raises(UnavailableError, match="in flight"):
        gateway.charge(sale())
    assert charges_at(twin) == []
    busy.join()


@pytest.mark.parametrize("make", [PayTraceV1, PayTraceV3])
def test_an_answer_too_large_is_refused(
    config: PayTraceConfig, twin: PayTraceTwin, make: Callable[[PayTraceConfig], PaymentGateway]
) -> None:
    make_payments(twin, *[{}] * 20)
    gateway = make(replace(config, max_body_bytes=2000))
    with pytest.raises(RejectedError) as caught:
        listed(gateway)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("make", [PayTraceV1, PayTraceV3])
def test_the_days_the_clocks_change_are_whole(
    config: PayTraceConfig, twin: PayTraceTwin, make: Callable[[PayTraceConfig], PaymentGateway]
) -> None:
    """2026-03-08 loses an hour in Los Angeles, 2026-11-01 has one twice."""
    for day, hours in (("2026-03-08T08:00", 23), ("2026-11-01T07:00", 25)):
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        moments = [start + timedelta(hours=n, minutes=30) for n in range(hours)]
        made = make_payments(twin, *[{"created_at": moment.isoformat()} for moment in moments])
        found = listed(make(config), Window(start, start + timedelta(hours=hours)))
        assert sorted(ids(found)) == sorted(made)
        assert {record.business_date for record in found} == {start.date()}


def test_a_password_never_shows(config: PayTraceConfig) -> None:
    for shown in (config, PayTraceV1(config), PayTraceV3(config)):
        assert "apipass" not in repr(shown)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://api.paytrace.com"},
        {"integrator_id": "x" * 13},
        {"integrator_id": ""},
        {"zone": "Mars/Olympus"},
        {"ach_page_size": 31},
    ],
)
def test_a_configuration_that_cannot_work_is_refused(
    config: PayTraceConfig, wrong: dict[str, Any]
) -> None:
    with pytest.raises(RecordError):
        replace(config, **wrong)


def test_an_amount_goes_out_to_the_cent(config: PayTraceConfig, twin: PayTraceTwin) -> None:
    for amount in ("0.07", "1234567890.12", "19.90"):
        intent_id = f"exact-{amount}"
        assert PayTraceV3(config).charge(sale(amount, intent_id)).approved_amount in (
            None,
            usd(amount),
        )
    truth = {p["customer_ref"]: p["cents"] for p in twin.store.rows("SELECT * FROM payments")}
    assert truth == {"exact-0.07": 7, "exact-1234567890.12": 123456789012, "exact-19.90": 1990}
