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


def contradictions(rules: Iterable[Rule]) -> list[str]:
    """Why a rule set may not be put in force, one sentence each; none for a sound set."""
    raise NotImplementedError
