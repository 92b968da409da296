"""Disputes: what a claim is about, where it stands, and what that does to the money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.errors import StateError
from reconciliation.domain.disputes.codes import (
    DISPUTE_CODES,
    Brand,
    DisputeCategory,
    brand_of,
    codes_of,
    explain_dispute,
    find_code,
)
from reconciliation.domain.disputes.states import (
    DISPUTE_EDGES,
    MONEY_IS_BACK,
    MONEY_IS_GONE,
    OPEN_DISPUTES,
    DisputeState,
    Turn,
    require_dispute_edge,
    turn,
)
from reconciliation.domain.grades import Grade


class TestCodes:
    @pytest.mark.parametrize(
        ("brand", "code", "category"),
        [
            (Brand.VISA, "10.4", DisputeCategory.FRAUD),
            (Brand.VISA, "11.3", DisputeCategory.AUTHORIZATION),
            (Brand.VISA, "12.6.1", DisputeCategory.PROCESSING),
            (Brand.VISA, "13.1", DisputeCategory.CONSUMER),
            (Brand.MASTERCARD, "4837", DisputeCategory.FRAUD),
            (Brand.MASTERCARD, "4853", DisputeCategory.CONSUMER),
            (Brand.AMEX, "F29", DisputeCategory.FRAUD),
            (Brand.AMEX, "P08", DisputeCategory.PROCESSING),
            (Brand.AMEX, "R13", DisputeCategory.OTHER),
            (Brand.DISCOVER, "RG", DisputeCategory.CONSUMER),
        ],
    )
    def test_a_code_has_its_category(
        self, brand: Brand, code: str, category: DisputeCategory
    ) -> None:
        found = explain_dispute(brand, code)
        assert found.category == category and found.is_known and found.title

    def test_spelling_does_not_matter(self) -> None:
        assert find_code(Brand.AMEX, " f29 ") is DISPUTE_CODES[Brand.AMEX, "F29"]
        assert find_code(Brand.MASTERCARD, "37") is DISPUTE_CODES[Brand.MASTERCARD, "4837"]
        assert find_code(Brand.VISA, "37") is None

    def test_discovers_numbers_stand_beside_its_letters(self) -> None:
        found = explain_dispute(Brand.DISCOVER, "7030")
        letters = explain_dispute(Brand.DISCOVER, "UA02")
        assert (found.code, found.title, found.grade) == ("7030", letters.title, Grade.INFERRED)

    def test_the_same_letters_mean_another_thing_to_another_brand(self) -> None:
        assert find_code(Brand.VISA, "F29") is None
        assert find_code(Brand.OTHER, "10.4") is None

    @given(st.sampled_from(Brand), st.text())
    def test_an_unknown_code_is_kept_as_typed(self, brand: Brand, typed: str) -> None:
        found = explain_dispute(brand, typed)
        if not found.is_known:
            assert found.code == typed.strip() and found.grade == Grade.UNKNOWN

    def test_a_form_offers_no_retired_code(self) -> None:
        offered = {one.code for one in codes_of(Brand.MASTERCARD)}
        assert "4837" in offered and "4863" not in offered
        assert explain_dispute(Brand.MASTERCARD, "4863").is_retired
        assert codes_of(Brand.OTHER) == []

    @pytest.mark.parametrize(
        ("text", "brand"),
        [
            ("Visa", Brand.VISA),
            ("MASTER CARD", Brand.MASTERCARD),
            ("American Express", Brand.AMEX),
            ("Discover", Brand.DISCOVER),
            ("UnionPay", Brand.OTHER),
            ("", Brand.OTHER),
        ],
    )
    def test_brands_are_read(self, text: str, brand: Brand) -> None:
        assert brand_of(text) == brand


class TestStates:
    def test_every_state_has_its_edges_and_its_side(self) -> None:
        assert DISPUTE_EDGES.keys() == set(DisputeState)
        assert set(DisputeState) == MONEY_IS_BACK | MONEY_IS_GONE
        assert not MONEY_IS_BACK & (MONEY_IS_GONE | OPEN_DISPUTES)

    def test_won_and_lost_flip_any_number_of_times(self) -> None:
        state = DisputeState.SUBMITTED
        for following in [DisputeState.WON, DisputeState.LOST] * 5:
            require_dispute_edge(state, following)
            state = following

    def test_an_edge_that_is_not_listed_is_refused(self) -> None:
        with pytest.raises(StateError, match="won cannot become evidence due"):
            require_dispute_edge(DisputeState.WON, DisputeState.EVIDENCE_DUE)

    def test_nothing_becomes_opened_again_nor_stays(self) -> None:
        for state, edges in DISPUTE_EDGES.items():
            assert DisputeState.OPENED not in edges and state not in edges

    def test_a_dispute_that_is_heard_of_when_it_is_won_changes_nothing(self) -> None:
        assert turn(None, DisputeState.WON) == Turn.NOTHING
        assert turn(None, DisputeState.LOST) == Turn.REWIND

    @given(st.lists(st.integers(0, 6), max_size=30))
    def test_applications_are_rewound_and_replayed_in_turns(self, steps: list[int]) -> None:
        state = DisputeState.OPENED
        turns = [turn(None, state)]
        for pick in steps:
            choices = sorted(DISPUTE_EDGES[state])
            following = choices[pick % len(choices)]
            turns.append(turn(state, following))
            state = following
        moved = [one for one in turns if one != Turn.NOTHING]
        assert moved[::2] == [Turn.REWIND] * len(moved[::2])
        assert moved[1::2] == [Turn.REPLAY] * len(moved[1::2])
        assert (moved[-1] == Turn.REWIND) == (state in MONEY_IS_GONE)
