"""Sets of amounts that add up to a sum: the count is exact, the work is bounded."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.domain.matching.subsets import MANY, STEPS, subsets

AMOUNTS = st.lists(st.integers(-6, 12).filter(bool), max_size=9)


def by_hand(
    amounts: list[int], target: int, sizes: range, must: set[int] | None = None
) -> set[tuple[int, ...]]:
    """Every set, by looking at all of them."""
    places = range(len(amounts))
    return {
        chosen
        for size in sizes
        for chosen in combinations(places, size)
        if sum(amounts[i] for i in chosen) == target and set(chosen) >= (must or set())
    }


@given(amounts=AMOUNTS, target=st.integers(-5, 30), largest=st.integers(1, 6))
def test_the_count_is_that_of_all_sets(amounts: list[int], target: int, largest: int) -> None:
    found = subsets(amounts, target, largest=largest, many=10_000, kept=10_000)
    expected = by_hand(amounts, target, range(1, largest + 1))
    assert found.count == len(expected)
    assert found.counted_all and not found.gave_up
    assert set(found.sets) <= expected
    assert bool(found.sets) == bool(expected)


@given(amounts=st.lists(st.integers(1, 9), min_size=1, max_size=8), data=st.data())
def test_what_must_be_in_a_set_is_in_all_of_them(amounts: list[int], data: st.DataObject) -> None:
    must = data.draw(st.sets(st.integers(0, len(amounts) - 1), min_size=1, max_size=3))
    target = data.draw(st.integers(1, 40))
    found = subsets(amounts, target, largest=6, must=sorted(must), many=10_000, kept=10_000)
    expected = by_hand(amounts, target, range(1, 7), must)
    assert found.count == len(expected)
    assert set(found.sets) <= expected


@given(amounts=AMOUNTS, target=st.integers(-5, 30), data=st.data())
def test_the_count_does_not_depend_on_the_order(
    amounts: list[int], target: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(amounts))
    assert subsets(amounts, target).count == subsets(shuffled, target).count


def test_among_equal_amounts_the_earlier_are_preferred() -> None:
    assert subsets([5, 5, 5, 7], 10, largest=2).sets == [(0, 1)]


def test_a_thousand_equal_amounts_are_counted_without_looking_at_each() -> None:
    found = subsets([100] * 1_000, 200, largest=6)
    assert (found.count, found.counted_all) == (MANY, False)
    assert found.looked_at < 10
    exact = subsets([100] * 1_000, 200, largest=2, many=10**9)
    assert exact.count == comb(1_000, 2)


@pytest.mark.parametrize(
    "amounts",
    [
        list(range(1_001, 3_001, 2)),
        [7 * i**2 + 3 for i in range(1, 400)],
        [2**i for i in range(60)],
    ],
)
def test_a_hopeless_search_ends_and_says_so(amounts: list[int]) -> None:
    found = subsets(amounts, sum(amounts) // 3 * 2 + 1, largest=12)
    assert found.looked_at <= STEPS + 1
    found = subsets(amounts, sum(sorted(amounts)[:6]) + 1, largest=6, many=10**9)
    assert found.looked_at <= STEPS + 1
    assert found.gave_up or found.complete_to == 6


def test_nothing_is_found_where_nothing_is() -> None:
    assert subsets([], 5).count == 0
    assert subsets([5], 0).count == 0
    assert subsets([10**18, -(10**18)], 0, largest=2).count == 1
