"""Limits and conditions of a rule as plain data, and back: read strictly, so that nothing is lost.

Amounts and percentages are decimal strings. A key that is not there is the default; one that
nobody knows, or a value of another kind, is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from paysync.domain.errors import RecordError, RuleError
from paysync.domain.money import CODE, LIMIT, exact
from paysync.domain.payments import Method
from reconciliation.domain.matching.rules import (
    MOST_DOCUMENTS,
    MOST_PERCENT,
    MOST_SIGNALS,
    Allowed,
    Conditions,
    Limits,
    Rule,
    Strategy,
)

#: How people call the fields; errors and pages use the same words.
LABELS = {
    "code": "Code",
    "title": "Title",
    "strategy": "What it looks at",
    "allowed": "What it may do",
    "max_amount": "Largest payment",
    "tolerance_under": "Tolerance, paid too little",
    "tolerance_over": "Tolerance, paid too much",
    "tolerance_percent": "Tolerance in percent",
    "write_off_account": "Write-off account",
    "grace_days": "Days of grace for a discount",
    "max_documents": "Most documents at once",
    "window_days": "Oldest document, in days",
    "second_signals": "Signals beside the first",
    "methods": "Only paid by",
    "currencies": "Only in these currencies",
    "amount_from": "Only from this amount",
    "amount_to": "Only up to this amount",
    "customer_ids": "Only for these customers",
}
#: The least and the most of each whole number (chosen).
WHOLE = {
    "grace_days": (0, 365),
    "max_documents": (1, MOST_DOCUMENTS),
    "window_days": (1, 3650),
    "second_signals": (0, MOST_SIGNALS),
}
MAY_BE_EMPTY = frozenset({"max_amount", "window_days", "amount_from", "amount_to"})
#: So many entries has a list at most (chosen).
MOST_ENTRIES = 500
CODE_CHARS, TITLE_CHARS, ACCOUNT_CHARS, CUSTOMER_CHARS = 40, 80, 100, 20

Read = Callable[[str, Any], Any]
T = TypeVar("T", Limits, Conditions)


def to_limits(data: object) -> Limits:
    """Raises RuleError that names the field."""
    return read(Limits, data, LIMIT_FIELDS)


def to_conditions(data: object) -> Conditions:
    """Raises RuleError that names the field."""
    return read(Conditions, data, CONDITION_FIELDS)


def from_limits(limits: Limits) -> dict[str, Any]:
    return {one.name: plain(getattr(limits, one.name)) for one in fields(Limits)}


def from_conditions(conditions: Conditions) -> dict[str, Any]:
    return {one.name: plain(getattr(conditions, one.name)) for one in fields(Conditions)}


def check_rule(rule: Rule) -> None:
    """Raise RuleError, which names rule and field, unless every value is one that may be kept."""
    name = rule.title.strip() or rule.code
    try:
        text("title", rule.title, TITLE_CHARS)
        text("code", rule.code, CODE_CHARS)
        one_of("strategy", rule.strategy, Strategy)
        one_of("allowed", rule.allowed, Allowed)
        to_limits(from_limits(rule.limits))
        to_conditions(from_conditions(rule.conditions))
    except RuleError as error:
        raise RuleError(f'Rule "{name[:TITLE_CHARS]}": {error}') from error


def read(kind: type[T], data: object, known: dict[str, Read]) -> T:
    if not isinstance(data, dict):
        raise RuleError(f"{kind.__name__} must be an object, not {shown(data)}.")
    unknown = sorted(str(key) for key in data if key not in known)
    if unknown:
        raise RuleError(f"{kind.__name__} has no field {shown(unknown[0])}.")
    found = kind(**{name: known[name](name, value) for name, value in data.items()})
    if isinstance(found, Conditions):
        check_span(found)
    return found


def check_span(conditions: Conditions) -> None:
    low, high = conditions.amount_from, conditions.amount_to
    if low is not None and high is not None and low > high:
        raise RuleError(f"{LABELS['amount_from']}: {low} is more than {high}, the upper end.")


def plain(value: object) -> Any:
    """A value as JSON has it; lists in order, so that equal rules are equal texts."""
    if isinstance(value, frozenset):
        return sorted(value)
    return format(value, "f") if isinstance(value, Decimal) else value


# --- one value ------------------------------------------------------------------------------------


def amount(name: str, value: object) -> Decimal | None:
    """A plain decimal string, not negative, with at most three digits behind the point."""
    if value is None and name in MAY_BE_EMPTY:
        return None
    if not isinstance(value, str):
        raise refused(name, value, "an amount in plain digits")
    try:
        number = exact(value)
    except RecordError as error:
        raise refused(name, value, "an amount in plain digits") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -3:
        raise refused(name, value, "an amount with at most three digits behind the point")
    if number < 0 or number > LIMIT:
        raise refused(name, value, "an amount from 0 to 999,999,999,999.999")
    if name == "max_amount" and number == 0:
        raise refused(name, value, "an amount above 0")
    return number


def percent(name: str, value: object) -> Decimal:
    number = amount(name, value)
    if number is None or number > MOST_PERCENT:
        raise refused(name, value, f"a percentage from 0 to {MOST_PERCENT}")
    return number


def whole(name: str, value: object) -> int | None:
    if value is None and name in MAY_BE_EMPTY:
        return None
    least, most = WHOLE[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refused(name, value, f"a whole number from {least} to {most}")
    return value


def account(name: str, value: object) -> str:
    return text(name, value, ACCOUNT_CHARS, may_be_empty=True)


def methods(name: str, value: object) -> frozenset[str]:
    return entries(name, value, lambda one: one in set(Method), "card or ach")


def currencies(name: str, value: object) -> frozenset[str]:
    return entries(name, value, lambda one: bool(CODE.fullmatch(one)), "codes such as USD")


def customers(name: str, value: object) -> frozenset[str]:
    def fits(one: str) -> bool:
        return bool(one.strip()) and len(one) <= CUSTOMER_CHARS and one.isprintable()

    return entries(name, value, fits, "customer ids of Sage 500")


def entries(name: str, value: object, fits: Callable[[str], bool], wanted: str) -> frozenset[str]:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        raise refused(name, value, f"a list of at most {MOST_ENTRIES} {wanted}")
    for one in value:
        if not isinstance(one, str) or not fits(one):
            raise refused(name, one, wanted)
    return frozenset(value)


def text(name: str, value: object, most: int, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise refused(name, value, f"one line of at most {most} characters")
    if not value.strip() and not may_be_empty:
        raise RuleError(f"{LABELS[name]} is empty.")
    return value.strip()


def one_of(name: str, value: object, known: type[StrEnum]) -> None:
    words = [one.value for one in known]
    if value not in words:
        raise refused(name, value, " or ".join(words))


def refused(name: str, value: object, wanted: str) -> RuleError:
    return RuleError(f"{LABELS[name]} must be {wanted}, not {shown(value)}.")


def shown(value: object) -> str:
    """A wrong value for people: bounded, and nothing in it that moves a cursor."""
    return repr(value)[:40]


LIMIT_FIELDS: dict[str, Read] = {
    "max_amount": amount,
    "tolerance_under": amount,
    "tolerance_over": amount,
    "tolerance_percent": percent,
    "write_off_account": account,
    "grace_days": whole,
    "max_documents": whole,
    "window_days": whole,
    "second_signals": whole,
}
CONDITION_FIELDS: dict[str, Read] = {
    "methods": methods,
    "currencies": currencies,
    "amount_from": amount,
    "amount_to": amount,
    "customer_ids": customers,
}
