"""Rule sets that contradict themselves are refused, each fault with its sentence."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from reconciliation.domain.matching.rules import (
    DEFAULT_RULES,
    Allowed,
    Conditions,
    Limits,
    Rule,
    Strategy,
    contradictions,
)

RULE = Rule("mine", "Mine", Strategy.EXACT_AMOUNT, Allowed.AUTO)


def test_the_shipped_rules_are_sound() -> None:
    assert contradictions(DEFAULT_RULES.rules) == []


def limited(**limits: object) -> Rule:
    return replace(RULE, strategy=Strategy.REFERENCE_TOLERANCE, limits=Limits(**limits))  # type: ignore[arg-type]


def held(**conditions: object) -> Rule:
    return replace(RULE, conditions=Conditions(**conditions))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "no rule at all"),
        ([replace(RULE, allowed=Allowed.NEVER)], "Every rule forbids"),
        ([replace(RULE, code=" ")], "has no code"),
        ([RULE, replace(RULE, strategy=Strategy.SUBSET)], "used twice"),
        ([replace(RULE, strategy=Strategy.PAYER_ALIAS)], "may only suggest"),
        ([limited(max_amount=Decimal(-1))], "negative amount"),
        ([limited(max_amount=Decimal("NaN"))], "no number"),
        ([limited(max_amount=Decimal(0))], "never applies"),
        ([limited(tolerance_percent=Decimal(11))], "outside 0 to 10"),
        ([limited(tolerance_over=Decimal(1))], "only one of the two bounds"),
        (
            [limited(tolerance_under=Decimal(1), tolerance_percent=Decimal(1))],
            "no account to write it off",
        ),
        (
            [replace(RULE, limits=Limits(tolerance_over=Decimal(1), tolerance_percent=Decimal(1)))],
            "does not look at one",
        ),
        ([limited(max_documents=0)], "0 documents"),
        ([limited(max_documents=51)], "51 documents"),
        ([limited(grace_days=-1)], "days below zero"),
        ([limited(window_days=-1)], "days below zero"),
        ([limited(second_signals=4)], "4 more signals"),
        ([limited(second_signals=0)], "one signal alone"),
        ([held(amount_from=Decimal(5), amount_to=Decimal(4))], "no amount lies between"),
        ([held(amount_from=Decimal(-5))], "negative amount"),
        ([RULE, replace(RULE, code="other", title="Other")], '"Other" is never reached'),
        (
            [
                held(amount_from=Decimal(1), currencies=frozenset({"USD", "CAD"})),
                replace(
                    held(amount_from=Decimal(2), currencies=frozenset({"USD"})), code="narrower"
                ),
            ],
            "is never reached",
        ),
    ],
)
def test_a_contradiction_is_named(rules: list[Rule], said: str) -> None:
    assert said in " ".join(contradictions(rules))


@pytest.mark.parametrize(
    "later",
    [
        held(),
        held(currencies=frozenset({"USD"})),
        held(methods=frozenset({"card"}), amount_to=Decimal(100)),
        replace(held(methods=frozenset({"card"})), strategy=Strategy.SUBSET),
    ],
)
def test_a_narrower_rule_first_hides_none(later: Rule) -> None:
    first = held(methods=frozenset({"card"}), amount_to=Decimal(99))
    assert contradictions([first, replace(later, code="later")]) == []
