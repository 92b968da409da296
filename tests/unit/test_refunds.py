"""The pure core of refunds: what is left, which way, who agrees, which documents open again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.errors import RuleError, StateError
from paysync.domain.money import Money
from paysync.domain.payments import Method, State
from reconciliation.domain.refunds.lanes import Facts, Policy, contradictions, lane_for
from reconciliation.domain.refunds.refundable import Applied, Refundable, reopening
from reconciliation.domain.refunds.states import (
    PENDING,
    REFUND_EDGES,
    UNDER_WAY,
    RefundState,
    require_edge,
)
from reconciliation.domain.refunds.ways import Way, choose_way

CENTS = st.integers(0, 10_000)


def usd(cents: int) -> Money:
    return Money(Decimal(cents) / 100, "USD")


def of(
    captured: int, refunded: int = 0, voided: int = 0, back: int = 0, pending: int = 0
) -> Refundable:
    return Refundable(usd(captured), usd(refunded), usd(voided), usd(back), usd(pending))


class TestRefundable:
    @given(st.tuples(CENTS, CENTS, CENTS, CENTS, CENTS))
    def test_what_is_left_is_never_negative_nor_more_than_there_is(
        self, cents: tuple[int, int, int, int, int]
    ) -> None:
        parts = of(*cents)
        gone = sum(cents[1:])
        assert parts.left == usd(max(cents[0] - gone, 0))

    @given(CENTS, CENTS, CENTS)
    def test_asking_for_more_is_refused_with_the_parts(
        self, captured: int, refunded: int, wanted: int
    ) -> None:
        parts = of(captured, refunded)
        may = 0 < wanted <= captured - refunded
        if may:
            parts.require(usd(wanted))
        else:
            with pytest.raises(RuleError):
                parts.require(usd(wanted))

    def test_the_sentence_names_what_is_gone(self) -> None:
        with pytest.raises(RuleError, match=r"Only 20.00 USD .* 100.00 USD captured, 80.00 USD"):
            of(10_000, 8_000).require(usd(2_001))

    def test_another_currency_is_refused(self) -> None:
        with pytest.raises(RuleError, match="in USD, not CAD"):
            of(10_000).require(Money(Decimal(1), "CAD"))


class TestReopening:
    @given(st.lists(st.integers(1, 5_000), max_size=6), CENTS, CENTS, st.data())
    def test_the_parts_sum_to_what_goes_back(
        self, amounts: list[int], unapplied: int, wanted: int, data: st.DataObject
    ) -> None:
        applied = [Applied(f"IN-{n}", usd(cents), n) for n, cents in enumerate(amounts)]
        names = [one.document for one in applied]
        chosen = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []
        held = sum(amounts) + unapplied
        if wanted > held:
            with pytest.raises(RuleError):
                reopening(applied, usd(unapplied), usd(wanted), chosen)
            return
        parts = reopening(applied, usd(unapplied), usd(wanted), chosen)
        by_name = {one.document: one.amount for one in applied}
        assert all(
            usd(0) < part.amount and not by_name[part.document] < part.amount for part in parts
        )
        assert len({part.document for part in parts}) == len(parts)
        total = Money.total((part.amount for part in parts), "USD")
        assert usd(wanted - min(wanted, unapplied)) <= total <= usd(wanted) or chosen
        assert total <= usd(wanted)

    def test_money_on_account_first_then_the_newest(self) -> None:
        applied = [Applied("OLD", usd(5_000), 1), Applied("NEW", usd(3_000), 2)]
        parts = reopening(applied, usd(1_000), usd(5_000))
        assert [(part.document, part.amount) for part in parts] == [
            ("NEW", usd(3_000)),
            ("OLD", usd(1_000)),
        ]

    def test_what_people_chose_goes_before_all(self) -> None:
        applied = [Applied("OLD", usd(5_000), 1), Applied("NEW", usd(3_000), 2)]
        [part] = reopening(applied, usd(1_000), usd(5_000), ["OLD"])
        assert (part.document, part.amount) == ("OLD", usd(5_000))

    def test_a_document_that_got_nothing_cannot_be_chosen(self) -> None:
        with pytest.raises(RuleError, match="IN-9 got nothing"):
            reopening([Applied("IN-1", usd(100), 1)], usd(0), usd(100), ["IN-9"])


class TestTheWay:
    @pytest.mark.parametrize("state", list(State))
    @pytest.mark.parametrize("method", list(Method))
    @pytest.mark.parametrize("is_whole", [True, False])
    def test_void_only_before_and_refund_only_after_settlement(
        self, state: State, method: Method, is_whole: bool
    ) -> None:
        chosen = choose_way(state, method, is_whole=is_whole)
        assert chosen.why.endswith(".")
        if chosen.way == Way.VOID:
            assert is_whole and state in {State.AUTHORIZED, State.CAPTURED, State.ACCEPTED}
        if chosen.way == Way.REFUND:
            assert state == State.SETTLED
        if state in {State.VOIDED, State.DECLINED, State.FAILED, State.RETURNED}:
            assert chosen.way == Way.REFUSE


class TestLanes:
    POLICY = Policy(free_up_to=Decimal(100), one_up_to=Decimal(1000), free_per_day=2, free_days=30)

    @pytest.mark.parametrize(
        ("facts", "approvals"),
        [
            (Facts(Decimal(100), 1, 3), 0),
            (Facts(Decimal("100.01"), 1, 3), 1),
            (Facts(Decimal(1000), 1, 3), 1),
            (Facts(Decimal("1000.01"), 1, 3), 2),
            (Facts(Decimal(5), 3, 3), 1),
            (Facts(Decimal(5), 1, 31), 1),
            (Facts(Decimal(5), 1, 3, is_disputed=True), 2),
            (Facts(Decimal(5), 1, 3, is_unlinked=True), 2),
        ],
    )
    def test_each_fact_counts(self, facts: Facts, approvals: int) -> None:
        lane = lane_for(facts, self.POLICY)
        assert lane.approvals == approvals
        assert lane.why.endswith(".")

    def test_as_shipped_nothing_leaves_without_a_second_person(self) -> None:
        assert lane_for(Facts(Decimal("0.01"), 1, 0), Policy()).approvals == 1
        assert contradictions(Policy()) == []

    @pytest.mark.parametrize(
        "policy",
        [
            Policy(free_up_to=Decimal(-1)),
            Policy(free_up_to=Decimal(10), one_up_to=Decimal(5)),
            Policy(free_per_day=-1),
            Policy(expires_hours=0),
            Policy(expires_hours=24 * 90 + 1),
        ],
    )
    def test_what_contradicts_itself_is_named(self, policy: Policy) -> None:
        assert contradictions(policy)


class TestStates:
    def test_every_state_has_its_edges(self) -> None:
        assert REFUND_EDGES.keys() == set(RefundState)
        assert UNDER_WAY < PENDING

    def test_what_has_ended_stays_ended(self) -> None:
        ended = {state for state, edges in REFUND_EDGES.items() if not edges}
        assert not ended & PENDING and ended | PENDING == set(RefundState)

    def test_an_edge_that_is_not_listed_is_refused(self) -> None:
        with pytest.raises(StateError, match="done cannot become sending"):
            require_edge(RefundState.DONE, RefundState.SENDING)
