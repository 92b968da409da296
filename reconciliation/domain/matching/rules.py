"""Matching rules: what they look at, what they may do, and the set paysync ships with.

A rule set is ordered: the first rule whose strategy produced the best solution and whose
conditions hold decides the outcome. The rules in prose: docs/reconciliation.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Strategy(StrEnum):
    """How a solution was found. The value is stored with each match."""

    INVOICE_REFERENCE = "invoice_reference"
    SEVERAL_REFERENCES = "several_references"
    REFERENCE_DISCOUNT = "reference_discount"
    REFERENCE_TOLERANCE = "reference_tolerance"
    REFERENCE_PARTIAL = "reference_partial"
    REFERENCE_OVERPAID = "reference_overpaid"
    REMITTANCE_TEXT = "remittance_text"
    EXACT_AMOUNT = "customer_and_exact_amount"
    AMOUNT_DISCOUNT = "customer_and_discount"
    AMOUNT_TOLERANCE = "customer_and_tolerance"
    ACCOUNT_BALANCE = "account_balance"
    SUBSET = "subset"
    INSTALMENTS = "instalments"
    PAYER_ALIAS = "payer_alias"
    OLDEST_FIRST = "oldest_first"
    ON_ACCOUNT = "on_account"


class Allowed(StrEnum):
    """What a rule may do at most."""

    AUTO = "auto"
    SUGGEST = "suggest"
    NEVER = "never"


#: Strategies that rest on a guess about who pays or what for: never applied by themselves.
NEVER_AUTO = frozenset({Strategy.PAYER_ALIAS, Strategy.OLDEST_FIRST, Strategy.ON_ACCOUNT,
                        Strategy.INSTALMENTS})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to where a rule holds. Amounts in units of the currency, percent of the open amount.

    tolerance_under / _over: how much less / more than is open may be written off; both the
    absolute and the percent bound hold. write_off_account: GL number as Sage shows it; without
    it nothing is written off. grace_days: days after the discount date a discount still counts.
    max_documents: most documents in one solution. window_days: oldest document, counted back
    from the payment; None for any age. second_signals: how many beside the first.
    """

    max_amount: Decimal | None = None
    tolerance_under: Decimal = Decimal(0)
    tolerance_over: Decimal = Decimal(0)
    tolerance_percent: Decimal = Decimal(0)
    write_off_account: str = ""
    grace_days: int = 0
    max_documents: int = 12
    window_days: int | None = None
    second_signals: int = 1


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule applies at all. Empty: always."""

    methods: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    customer_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. code: stable word, unique in its set; shown with every match it made."""

    code: str
    title: str
    strategy: Strategy
    allowed: Allowed
    limits: Limits = field(default_factory=Limits)
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a company in force on a day, in order. version 0: as shipped."""

    rules: tuple[Rule, ...]
    version: int = 0


def _rule(strategy: Strategy, title: str, allowed: Allowed, limits: Limits | None = None) -> Rule:
    return Rule(strategy.value, title, strategy, allowed, limits or Limits())


#: What paysync ships with: sound without any setting. Nothing is written off before a company
#: names an account.
DEFAULT_RULES = RuleSet(
    (
        _rule(Strategy.INVOICE_REFERENCE, "Names the invoice, exact amount", Allowed.AUTO),
        _rule(Strategy.SEVERAL_REFERENCES, "Names several invoices, exact total", Allowed.AUTO),
        _rule(Strategy.REFERENCE_DISCOUNT, "Names the invoice, less discount", Allowed.AUTO),
        _rule(Strategy.REFERENCE_TOLERANCE, "Names the invoice, a few cents off", Allowed.AUTO),
        _rule(Strategy.REFERENCE_PARTIAL, "Names the invoice, pays a part", Allowed.AUTO),
        _rule(Strategy.REFERENCE_OVERPAID, "Names the invoice, pays more", Allowed.AUTO),
        _rule(Strategy.REMITTANCE_TEXT, "Damaged reference or purchase order", Allowed.AUTO),
        _rule(Strategy.EXACT_AMOUNT, "Known payer, one exact amount", Allowed.AUTO),
        _rule(Strategy.AMOUNT_DISCOUNT, "Known payer, less discount", Allowed.AUTO),
        _rule(Strategy.AMOUNT_TOLERANCE, "Known payer, a few cents off", Allowed.SUGGEST),
        _rule(Strategy.ACCOUNT_BALANCE, "Known payer, everything open", Allowed.AUTO),
        _rule(Strategy.SUBSET, "Known payer, a set that adds up", Allowed.AUTO,
              Limits(max_documents=6, second_signals=2)),
        _rule(Strategy.INSTALMENTS, "Several payments, one invoice", Allowed.SUGGEST),
        _rule(Strategy.PAYER_ALIAS, "Learned payer", Allowed.SUGGEST),
        _rule(Strategy.OLDEST_FIRST, "Known payer, oldest first", Allowed.SUGGEST),
        _rule(Strategy.ON_ACCOUNT, "Known payer, on account", Allowed.SUGGEST),
    )
)  # fmt: skip


#: Bounds on what a rule may ask for (chosen): beyond them it is a slip of the pen.
MOST_DOCUMENTS = 50
MOST_PERCENT = Decimal(10)
MOST_SIGNALS = 3
TOLERANT = frozenset({Strategy.REFERENCE_TOLERANCE, Strategy.AMOUNT_TOLERANCE})


def contradictions(rules: Iterable[Rule]) -> list[str]:
    """Why a rule set may not be put in force, one sentence each; none for a sound set."""
    found: list[str] = []
    seen: list[Rule] = []
    for rule in rules:
        name = f'"{rule.title[:40] or rule.code[:40]}"'
        if not rule.code.strip():
            found.append(f"{name} has no code.")
        if any(rule.code == other.code for other in seen):
            found.append(f'The code "{rule.code[:40]}" is used twice.')
        found += [f"{name} {what}" for what in _faults(rule)]
        hidden = next((other for other in seen if _hides(other, rule)), None)
        if hidden is not None:
            found.append(f'{name} is never reached: "{hidden.title[:40]}" decides before it.')
        seen.append(rule)
    if not seen:
        found.append("There is no rule at all.")
    elif all(rule.allowed is Allowed.NEVER for rule in seen):
        found.append("Every rule forbids: no payment would get even a suggestion.")
    return found


def _faults(rule: Rule) -> Iterable[str]:
    limits = rule.limits
    if rule.allowed is Allowed.AUTO and rule.strategy in NEVER_AUTO:
        yield "rests on a guess and may only suggest."
    amounts = (limits.max_amount, limits.tolerance_under, limits.tolerance_over)
    if any(not _is_amount(amount) for amount in amounts):
        yield "has a negative amount, or one that is no number."
    if limits.max_amount is not None and limits.max_amount == 0:
        yield "holds up to an amount of zero: it never applies."
    yield from _tolerance_faults(rule)
    if not 1 <= limits.max_documents <= MOST_DOCUMENTS:
        yield f"asks for {limits.max_documents} documents at most; 1 to {MOST_DOCUMENTS} do."
    if limits.grace_days < 0 or (limits.window_days is not None and limits.window_days < 0):
        yield "counts days below zero."
    if not 0 <= limits.second_signals <= MOST_SIGNALS:
        yield f"asks for {limits.second_signals} more signals; 0 to {MOST_SIGNALS} make sense."
    elif rule.allowed is Allowed.AUTO and not limits.second_signals:
        yield "applies by itself on one signal alone."
    yield from _condition_faults(rule.conditions)


def _tolerance_faults(rule: Rule) -> Iterable[str]:
    limits = rule.limits
    percent = limits.tolerance_percent
    if not percent.is_finite() or not 0 <= percent <= MOST_PERCENT:
        yield f"has a tolerance in percent outside 0 to {MOST_PERCENT}."
        return
    is_wanted = any((limits.tolerance_under, limits.tolerance_over, percent))
    if is_wanted and rule.strategy not in TOLERANT:
        yield "has a tolerance, but does not look at one."
    elif is_wanted and not (percent and (limits.tolerance_under or limits.tolerance_over)):
        yield "has only one of the two bounds of a tolerance: it never holds."
    if limits.tolerance_under and not limits.write_off_account.strip():
        yield "tolerates a missing part, but names no account to write it off to."


def _condition_faults(conditions: Conditions) -> Iterable[str]:
    low, high = conditions.amount_from, conditions.amount_to
    if not (_is_amount(low) and _is_amount(high)):
        yield "has a condition on a negative amount, or one that is no number."
    elif low is not None and high is not None and low > high:
        yield f"starts at {low} and ends at {high}: no amount lies between."


def _is_amount(amount: Decimal | None) -> bool:
    return amount is None or (amount.is_finite() and amount >= 0)


def _hides(first: Rule, second: Rule) -> bool:
    """Whether every payment of the second rule is one of the first, of the same strategy."""
    one, other = first.conditions, second.conditions
    sets = (
        (one.methods, other.methods),
        (one.currencies, other.currencies),
        (one.customer_ids, other.customer_ids),
    )
    wider = all(not a or (bool(b) and b <= a) for a, b in sets)
    if first.strategy is not second.strategy or not wider:
        return False
    from_low = one.amount_from is None or (
        other.amount_from is not None and one.amount_from <= other.amount_from
    )
    to_high = one.amount_to is None or (
        other.amount_to is not None and one.amount_to >= other.amount_to
    )
    return from_low and to_high
