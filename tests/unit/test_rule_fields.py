"""Limits and conditions as plain data: the same rule comes back, and nothing else is accepted."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from paysync.domain.errors import RuleError
from reconciliation.domain.matching.rules import (
    DEFAULT_RULES,
    Allowed,
    Conditions,
    Limits,
    Rule,
    Strategy,
)
from reconciliation.domain.rule_fields import (
    check_rule,
    from_conditions,
    from_limits,
    to_conditions,
    to_limits,
)

AMOUNTS = some.decimals(0, 999_999, places=2)


@given(
    max_amount=some.none() | AMOUNTS.filter(bool),
    under=AMOUNTS,
    percent=some.decimals(0, 10, places=3),
    grace=some.integers(0, 365),
    window=some.none() | some.integers(1, 3650),
)
def test_limits_come_back_from_json_as_they_were(
    max_amount: Decimal | None, under: Decimal, percent: Decimal, grace: int, window: int | None
) -> None:
    limits = Limits(
        max_amount=max_amount, tolerance_under=under, tolerance_percent=percent,
        write_off_account="6050-000", grace_days=grace, window_days=window,
    )  # fmt: skip
    assert to_limits(json.loads(json.dumps(from_limits(limits)))) == limits


def test_conditions_come_back_from_json_as_they_were() -> None:
    conditions = Conditions(
        frozenset({"ach"}), frozenset({"USD", "CAD"}), Decimal("0.01"), Decimal(5000),
        frozenset({"ACME", "C-00 12"}),
    )  # fmt: skip
    stored = json.loads(json.dumps(from_conditions(conditions)))
    assert to_conditions(stored) == conditions
    assert stored["amount_to"] == "5000"
    assert stored["currencies"] == ["CAD", "USD"]


def test_nothing_stored_is_the_default() -> None:
    assert to_limits({}) == Limits()
    assert to_conditions({}) == Conditions()


def test_every_rule_that_ships_may_be_kept() -> None:
    for rule in DEFAULT_RULES.rules:
        check_rule(rule)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({"tolerance": "1"}, "no field 'tolerance'"),
        ({"__class__": "x"}, "no field '__class__'"),
        ({"max_amount": 5}, "Largest payment must be an amount in plain digits, not 5"),
        ({"max_amount": 5.5}, "Largest payment"),
        ({"max_amount": "NaN"}, "Largest payment"),
        ({"max_amount": "Infinity"}, "Largest payment"),
        ({"max_amount": "1e3"}, "Largest payment"),
        ({"max_amount": "0"}, "above 0"),
        ({"max_amount": "٣"}, "Largest payment"),
        ({"max_amount": "9" * 400}, "from 0 to"),
        ({"tolerance_under": "-0.01"}, "Tolerance, paid too little"),
        ({"tolerance_over": "0.0001"}, "three digits"),
        ({"tolerance_over": None}, "Tolerance, paid too much"),
        ({"tolerance_percent": "10.1"}, "from 0 to 10,"),
        ({"write_off_account": 6050}, "Write-off account"),
        ({"write_off_account": "6\x0050"}, "Write-off account"),
        ({"write_off_account": "6" * 101}, "Write-off account"),
        ({"grace_days": True}, "Days of grace"),
        ({"grace_days": "3"}, "Days of grace"),
        ({"grace_days": 366}, "from 0 to 365"),
        ({"max_documents": 0}, "from 1 to 50"),
        ({"window_days": 0}, "Oldest document"),
        ({"second_signals": -1}, "Signals beside the first"),
        ({"second_signals": None}, "Signals beside the first"),
    ],
)
def test_limits_of_another_kind_are_refused_by_name(data: Any, message: str) -> None:
    with pytest.raises(RuleError) as error:
        to_limits(data)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"methods": "card"}, "Only paid by"),
        ({"methods": ["cash"]}, "card or ach"),
        ({"methods": [["card"]]}, "Only paid by"),
        ({"currencies": ["usd"]}, "codes such as USD"),
        ({"currencies": ["U$D"]}, "Only in these currencies"),
        ({"customer_ids": [""]}, "Only for these customers"),
        ({"customer_ids": ["A\nB"]}, "Only for these customers"),
        ({"customer_ids": ["A"] * 501}, "at most 500"),
        ({"amount_from": "2", "amount_to": "1"}, "is more than"),
    ],
)
def test_conditions_of_another_kind_are_refused_by_name(data: Any, message: str) -> None:
    with pytest.raises(RuleError) as error:
        to_conditions(data)
    assert message in str(error.value)


@pytest.mark.parametrize("title", ["", "  ", "x" * 81, "a\nb", "a\x00b"])
def test_a_title_is_one_line(title: str) -> None:
    rule = Rule("code", title, Strategy.SUBSET, Allowed.AUTO)
    with pytest.raises(RuleError, match="Title"):
        check_rule(rule)


def test_an_error_names_the_rule() -> None:
    rule = Rule("a", "Ours", Strategy.SUBSET, Allowed.AUTO, Limits(grace_days=-1))
    with pytest.raises(RuleError, match='Rule "Ours": Days of grace for a discount must be'):
        check_rule(rule)
