"""What every PaymentGateway must do, whatever happens on the wire.

A subclass gives `gateway` (with short timeouts) and `twin`, the gateway's stand-in, which knows the
card customer 501 and the fault deck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from paysync.domain.errors import (
    CredentialError,
    RecordError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.money import Money
from paysync.domain.payments import (
    ChargeIntent,
    GatewayRecord,
    Kind,
    Method,
    Outcome,
    State,
    Window,
)
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from tests.contract.twins import charges_at, make_payments, tell

NOON = datetime(2026, 4, 10, 19, 0, tzinfo=UTC)  # noon in Los Angeles
DAY = Window(datetime(2026, 4, 10, 7, tzinfo=UTC), datetime(2026, 4, 11, 7, tzinfo=UTC))


def usd(text: str) -> Money:
    return Money(Decimal(text))


def sale(amount: str = "25.00", intent_id: str = "intent-1", **fields: Any) -> ChargeIntent:
    facts: dict[str, Any] = {"gateway_customer_id": "501", "invoice_reference": "INV-1", **fields}
    return ChargeIntent(intent_id, Method.CARD, usd(amount), **facts)


def listed(
    gateway: PaymentGateway, window: Window = DAY, method: Method = Method.CARD
) -> list[GatewayRecord]:
    """Every page; a page that fails is asked for again with the same cursor."""
    records: list[GatewayRecord] = []
    cursor, failures = None, 0
    while True:
        try:
            page = gateway.list_transactions(window, cursor)
        except UnavailableError:
            failures += 1
            assert failures < 50
            continue
        assert not page.unreadable
        records += [record for record in page.records if record.method is method]
        cursor = page.next_cursor
        if cursor is None:
            return records


def ids(records: Sequence[GatewayRecord]) -> list[str]:
    return [record.gateway_id for record in records]


class GatewayContract:
    """Cards. What a gateway does beyond that is tested beside its adapter."""

    # Reading

    def test_the_list_holds_every_outcome_oldest_first(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        outcomes = ["approved", "declined", "voided", "code103", "authorized"]
        made = make_payments(twin, *[{"outcome": o, "minutes": -n} for n, o in enumerate(outcomes)])
        records = listed(gateway)
        assert ids(records) == list(reversed(made))
        assert [record.state for record in reversed(records)] == [
            State.CAPTURED,
            State.DECLINED,
            State.VOIDED,
            State.VOIDED,
            State.AUTHORIZED,
        ]

    def test_a_record_says_what_was_paid_by_whom_and_when(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        make_payments(
            twin,
            {
                "amount": "110.10",
                "invoice_id": "INV-7",
                "customer_id": "501",
                "billing_name": "Ada Alder",
                "brand": "Visa",
                "last4": "4242",
            },
        )
        (record,) = listed(gateway)
        assert record.amount == usd("110.10")
        assert (record.invoice_reference, record.gateway_customer_id) == ("INV-7", "501")
        assert (record.billing_name, record.card_brand, record.last4) == (
            "Ada Alder",
            "Visa",
            "4242",
        )
        assert (record.created_at, record.business_date) == (NOON, NOON.date())
        assert record.kind is Kind.SALE and isinstance(record.gateway_id, str)

    def test_only_the_window_is_listed(self, gateway: PaymentGateway, twin: PayTraceTwin) -> None:
        make_payments(twin, {"created_at": (DAY.start - timedelta(seconds=1)).isoformat()})
        first = make_payments(twin, {"created_at": DAY.start.isoformat()})
        make_payments(twin, {"created_at": DAY.end.isoformat()})
        assert ids(listed(gateway)) == first

    def test_a_failing_page_is_never_skipped(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        made = make_payments(twin, *[{"minutes": 60 * n} for n in range(-30, 30)])
        wide = Window(NOON - timedelta(days=3), NOON + timedelta(days=3))
        twin.faults.play("server_error", times=None, probability=0.4, seed=3, status=502)
        twin.faults.play("truncated_json", times=None, probability=0.3, seed=4)
        twin.faults.play("reset_mid_answer", times=None, probability=0.3, seed=5)
        assert ids(listed(gateway, wide)) == made

    def test_a_late_record_shows_in_a_later_list(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        made = make_payments(twin, {}, {"hidden": 1, "minutes": 1})
        assert ids(listed(gateway)) == made[:1]
        assert ids(listed(gateway)) == made

    def test_one_transaction_is_read_as_it_is_now(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        (made,) = make_payments(twin, {})
        assert gateway.get_transaction(made).state is State.CAPTURED
        number = tell(twin, "settle", at=NOON.isoformat())["batch_number"]
        record = gateway.get_transaction(made)
        assert (record.state, record.batch_number) == (State.SETTLED, number)
        assert record.settled_at == NOON

    def test_an_unknown_id_is_not_found(self, gateway: PaymentGateway) -> None:
        with pytest.raises(RejectedError) as caught:
            gateway.get_transaction("123")
        assert caught.value.reason == "not_found"

    def test_a_batch_adds_up(self, gateway: PaymentGateway, twin: PayTraceTwin) -> None:
        made = make_payments(twin, {"amount": "100.00"}, {"amount": "10.50"})
        tell(twin, "settle", at=NOON.isoformat())
        refund = tell(twin, "refund", id=made[0], amount="40.25")["id"]
        number = tell(twin, "settle", at=(NOON + timedelta(days=1)).isoformat())["batch_number"]
        first, second = gateway.list_batches(NOON.date(), NOON.date() + timedelta(days=1))
        assert (first.sales_count, first.sales, first.net) == (2, usd("110.50"), usd("110.50"))
        assert (second.number, second.refunds, second.net) == (number, usd("40.25"), usd("-40.25"))
        (record,) = gateway.batch_transactions(number)
        assert (record.gateway_id, record.kind, record.amount) == (
            refund,
            Kind.REFUND,
            usd("40.25"),
        )
        assert record.original_id == made[0]

    def test_a_recycled_batch_number_is_two_batches(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("batch_recycled")
        for days in (0, 1):
            make_payments(twin, {})
            tell(twin, "settle", at=(NOON + timedelta(days=days)).isoformat())
        batches = gateway.list_batches(NOON.date(), NOON.date() + timedelta(days=1))
        assert len({batch.number for batch in batches}) == 1
        assert len({batch.settled_on for batch in batches}) == 2

    def test_ping_needs_host_and_log_in(self, gateway: PaymentGateway, twin: PayTraceTwin) -> None:
        gateway.ping()
        twin.stop()
        with pytest.raises(UnavailableError):
            gateway.ping()

    # Charging

    def test_a_stored_customer_is_charged(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        result = gateway.charge(sale("25.00", description="Order 9"))
        assert result.outcome is Outcome.APPROVED
        record = gateway.get_transaction(result.gateway_id)
        assert (record.amount, record.state) == (usd("25.00"), State.CAPTURED)
        assert (record.invoice_reference, record.customer_reference, record.description) == (
            "INV-1",
            "intent-1",
            "Order 9",
        )

    def test_a_protect_pair_is_charged_once(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        pair = tell(twin, "protect", brand="Visa", last4="1881")
        assert gateway.charge(sale(gateway_customer_id="", **pair)).outcome is Outcome.APPROVED
        again = gateway.charge(sale(intent_id="intent-2", gateway_customer_id="", **pair))
        assert again.outcome is Outcome.FAILED and again.error_keys
        assert len(charges_at(twin)) == 1

    def test_a_decline_is_a_transaction_without_money(self, gateway: PaymentGateway) -> None:
        result = gateway.charge(sale("0.21"))
        assert (result.outcome, result.response_code) == (Outcome.DECLINED, 102)
        assert gateway.get_transaction(result.gateway_id).state is State.DECLINED

    def test_success_with_103_is_no_money(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("code_103")
        result = gateway.charge(sale())
        assert (result.outcome, result.response_code) == (Outcome.FAILED, 103)
        assert gateway.get_transaction(result.gateway_id).state is State.VOIDED

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [(104, Outcome.FAILED), (118, Outcome.UNKNOWN), (106, Outcome.UNKNOWN)]
        + [(777, Outcome.UNKNOWN), (1, Outcome.UNKNOWN)],
    )
    def test_only_a_code_for_a_sale_is_money(
        self, gateway: PaymentGateway, twin: PayTraceTwin, code: int, outcome: Outcome
    ) -> None:
        twin.faults.play("answer_code", code=code)
        assert gateway.charge(sale()).outcome is outcome

    def test_a_partial_approval_states_what_was_approved(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("partial_authorization")
        result = gateway.charge(sale("25.00"))
        assert result.approved_amount == usd("12.50")
        found = gateway.find_by_intent(sale("25.00"), datetime.now(UTC))
        assert found is not None and found.amount == usd("12.50")

    @pytest.mark.parametrize(
        "card", ["timeout_after", "reset_mid_answer", "truncated_json", "server_error"]
    )
    def test_a_lost_answer_is_unknown_and_the_charge_can_be_found(
        self, gateway: PaymentGateway, twin: PayTraceTwin, card: str
    ) -> None:
        twin.faults.play(card, route="*/sale/*", after=True)
        result = gateway.charge(sale())
        assert (result.outcome, result.gateway_id) == (Outcome.UNKNOWN, "")
        found = gateway.find_by_intent(sale(), datetime.now(UTC))
        assert found is not None and found.state is State.CAPTURED
        assert ids([found]) == charges_at(twin)  # and there is only this one

    def test_a_charge_that_never_happened_is_not_found(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        gateway.charge(sale(intent_id="another"))
        twin.faults.play("timeout_before", route="*/sale/*")
        assert gateway.charge(sale()).outcome is Outcome.UNKNOWN
        assert gateway.find_by_intent(sale(), datetime.now(UTC)) is None

    def test_a_gateway_out_of_reach_is_unavailable(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        gateway.ping()
        twin.stop()
        with pytest.raises(UnavailableError):
            gateway.charge(sale())

    def test_a_charge_turned_away_was_not_made_nor_repeated(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("rate_limited", route="*/sale/*", retry_after_s=7)
        with pytest.raises(UnavailableError) as caught:
            gateway.charge(sale())
        assert caught.value.retry_after_s == 7
        assert charges_at(twin) == []

    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_a_charge_is_never_repeated_by_itself(
        self, gateway: PaymentGateway, twin: PayTraceTwin, status: int
    ) -> None:
        twin.faults.play("server_error", route="*/sale/*", status=status)
        assert gateway.charge(sale()).outcome is Outcome.UNKNOWN
        assert charges_at(twin) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"invoice_reference": "x" * 51},
            {"description": "x" * 256},
            {"intent_id": ""},
            {"intent_id": "x" * 51},
            {"gateway_customer_id": ""},
            {"hpf_token": "t", "enc_key": "k"},
            {"gateway_customer_id": "", "hpf_token": "t"},
        ],
    )
    def test_what_the_gateway_would_cut_is_never_sent(
        self, gateway: PaymentGateway, twin: PayTraceTwin, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(RecordError):
            gateway.charge(sale(**wrong))
        assert not twin.calls

    def test_another_currency_and_nothing_are_refused(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        for amount in (Money(Decimal("5"), "EUR"), usd("0.00"), usd("-5.00")):
            with pytest.raises(RecordError):
                gateway.refund("700100201", amount)
        assert not twin.calls

    # Capture, void, refund

    def test_part_of_an_authorization_is_captured_once(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        (made,) = make_payments(twin, {"amount": "80.00", "outcome": "authorized"})
        result = gateway.capture(made, usd("60.00"))
        assert (result.outcome, result.gateway_id) == (Outcome.APPROVED, made)
        assert gateway.get_transaction(made).amount == usd("60.00")
        assert gateway.capture(made).outcome is Outcome.FAILED

    def test_void_before_settlement_refund_after(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        open_one, settled = make_payments(twin, {"amount": "5.00"}, {"amount": "30.00"})
        assert gateway.refund(open_one).outcome is Outcome.FAILED
        assert gateway.void(open_one).outcome is Outcome.APPROVED
        assert gateway.get_transaction(open_one).state is State.VOIDED
        tell(twin, "settle")
        assert gateway.void(settled).outcome is Outcome.FAILED
        result = gateway.refund(settled, usd("12.34"))
        assert result.outcome is Outcome.APPROVED and result.gateway_id != settled
        refund = gateway.get_transaction(result.gateway_id)
        assert (refund.kind, refund.amount) == (Kind.REFUND, usd("12.34"))

    # Log-in and limits

    def test_an_expired_token_is_renewed_once(
        self, gateway: PaymentGateway, twin: PayTraceTwin, log_ins: Callable[[], int]
    ) -> None:
        gateway.ping()
        gateway.ping()
        assert log_ins() == 1
        tell(twin, "tokens/expire")
        assert gateway.charge(sale()).outcome is Outcome.APPROVED
        assert len(charges_at(twin)) == 1

    def test_a_token_refused_again_and_again_is_not_fought_for(
        self, gateway: PaymentGateway, twin: PayTraceTwin, log_ins: Callable[[], int]
    ) -> None:
        twin.faults.play("token_expired", times=None)
        for _ in range(3):
            with pytest.raises(CredentialError):
                gateway.ping()
        with pytest.raises(CredentialError):
            gateway.charge(sale())
        assert log_ins() == 2

    def test_a_401_that_does_not_blame_the_token_leaves_a_charge_unknown(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        twin.faults.play("server_error", route="*/sale/*", status=401)
        assert gateway.charge(sale()).outcome is Outcome.UNKNOWN

    def test_reads_are_repeated_after_a_short_wait(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        for card in ("rate_limited_no_hint", "server_error"):
            twin.faults.play(card)
        gateway.ping()
        assert twin.faults.in_play() == []

    def test_a_long_wait_is_left_to_the_caller(
        self, gateway: PaymentGateway, twin: PayTraceTwin
    ) -> None:
        for as_date in (False, True):
            twin.faults.play("rate_limited", retry_after_s=120, as_date=as_date, status=503)
            with pytest.raises(UnavailableError) as caught:
                gateway.ping()
            assert caught.value.retry_after_s == pytest.approx(120, abs=2)
