"""Waits double, stop growing, are spread, and need neither clock nor chance."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reconciliation.domain.backoff import delay_s

SEEDS = st.integers(0, 2**63 - 1)


@given(tries=st.integers(-5, 100_000), seed=SEEDS)
def test_a_wait_lies_within_a_quarter_of_the_doubled_and_capped_base(tries: int, seed: int) -> None:
    base = min(2 * 2 ** min(max(tries - 1, 0), 20), 900)
    assert base * 0.75 <= delay_s(tries, seed) <= base * 1.25


def test_the_wait_is_the_same_in_every_release_and_process() -> None:
    assert [round(delay_s(tries, 1), 3) for tries in (1, 2, 3)] == [2.339, 3.808, 8.086]


def test_the_centre_of_the_waits_doubles_until_the_cap() -> None:
    means = [sum(delay_s(tries, seed) for seed in range(500)) / 500 for tries in range(1, 8)]
    assert all(1.85 < longer / shorter < 2.15 for shorter, longer in pairwise(means))


def test_receipts_that_failed_together_do_not_come_back_together() -> None:
    waits = {delay_s(3, seed) for seed in range(100)}
    assert len(waits) > 50
    assert max(waits) - min(waits) > 3


def test_a_receipt_tried_for_months_still_gets_a_wait() -> None:
    assert 900 * 0.75 <= delay_s(50_000, 7) <= 900 * 1.25


def test_first_and_longest_wait_can_be_chosen() -> None:
    assert 7.5 <= delay_s(1, 3, first_s=10, most_s=60) <= 12.5
    assert 45 <= delay_s(9, 3, first_s=10, most_s=60) <= 75
