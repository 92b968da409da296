"""Which state may follow which, and what an observation means in whatever order it comes."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.payments import EDGES, MONEY_STATES, State, Step, reachable, step


@st.composite
def histories(draw: st.DrawFn) -> list[State]:
    """A walk along the listed edges, from any state on."""
    walk = [draw(st.sampled_from(State))]
    while len(EDGES[walk[-1]]) > 0 and draw(st.booleans()):
        walk.append(draw(st.sampled_from(sorted(EDGES[walk[-1]]))))
    return walk


def fold(observations: list[State]) -> tuple[State, set[Step]]:
    """The state we hold after all observations, and what each of them meant."""
    held, steps = observations[0], set()
    for observed in observations[1:]:
        meaning = step(held, observed)
        steps.add(meaning)
        if meaning == Step.FORWARD:
            held = observed
    return held, steps


def test_every_state_has_its_edges_listed() -> None:
    assert set(EDGES) == set(State)


def test_no_state_leads_back_to_itself() -> None:
    assert [state for state in State if reachable(state, state)] == []


def test_unknown_leads_everywhere_and_nothing_leads_to_unknown() -> None:
    assert all(reachable(State.UNKNOWN, state) for state in set(State) - {State.UNKNOWN})
    assert not any(State.UNKNOWN in edges for edges in EDGES.values())


def test_the_states_that_end_a_payment() -> None:
    ends = {state for state, edges in EDGES.items() if not edges}
    assert ends == {State.VOIDED, State.DECLINED, State.FAILED, State.RETURNED}
    assert not ends & MONEY_STATES


@pytest.mark.parametrize(
    "walk",
    [
        [State.AUTHORIZED, State.CAPTURED, State.SETTLED, State.RETURNED],
        [State.AUTHORIZED, State.VOIDED],
        [State.CAPTURED, State.VOIDED],
        [State.ACCEPTED, State.ORIGINATED, State.SETTLED, State.RETURNED],
        [State.ACCEPTED, State.ORIGINATED, State.RETURNED],
        [State.ACCEPTED, State.FAILED],
    ],
)
def test_a_usual_life_goes_forward_step_by_step(walk: list[State]) -> None:
    assert {step(old, new) for old, new in pairwise(walk)} == {Step.FORWARD}


@given(data=st.data(), history=histories())
def test_a_history_in_any_order_and_with_repeats_ends_in_the_same_state(
    data: st.DataObject, history: list[State]
) -> None:
    repeats = data.draw(st.lists(st.sampled_from(history), max_size=4))
    shuffled = data.draw(st.permutations(history + repeats))
    held, steps = fold(list(shuffled))
    assert held == history[-1]
    assert Step.CONFLICT not in steps


def test_the_longest_history_ends_the_same_in_each_of_its_orders() -> None:
    life = [State.UNKNOWN, State.AUTHORIZED, State.CAPTURED, State.SETTLED, State.RETURNED]
    assert {fold(list(order))[0] for order in permutations(life)} == {State.RETURNED}


@pytest.mark.parametrize(("held", "observed"), list(product(State, State)))
def test_the_meaning_of_an_observation_mirrors_when_the_two_swap(
    held: State, observed: State
) -> None:
    mirror = {Step.FORWARD: Step.OLDER, Step.OLDER: Step.FORWARD}
    meaning = step(held, observed)
    assert step(observed, held) == mirror.get(meaning, meaning)
    assert (meaning == Step.SAME) == (held == observed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (State.VOIDED, State.SETTLED),
        (State.DECLINED, State.CAPTURED),
        (State.VOIDED, State.RETURNED),
        (State.FAILED, State.SETTLED),
        (State.CAPTURED, State.ORIGINATED),
        (State.AUTHORIZED, State.ACCEPTED),
    ],
)
def test_states_that_cannot_both_be_true_conflict_whichever_came_first(
    one: State, other: State
) -> None:
    assert step(one, other) == step(other, one) == Step.CONFLICT


@given(history=histories(), stray=st.sampled_from(State))
def test_a_conflict_leaves_what_we_hold(history: list[State], stray: State) -> None:
    held = fold(history)[0]
    if step(held, stray) == Step.CONFLICT:
        assert fold([*history, stray])[0] == held
        assert not reachable(held, stray)
        assert not reachable(stray, held)


def test_an_older_report_after_a_newer_one_changes_nothing() -> None:
    assert step(State.SETTLED, State.AUTHORIZED) == Step.OLDER
    assert fold([State.SETTLED, State.AUTHORIZED])[0] == State.SETTLED
