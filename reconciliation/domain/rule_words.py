"""Rules in words: what one looks at, what it may do, up to where; and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher

from reconciliation.domain.matching.rules import (
    NEVER_AUTO,
    Allowed,
    Conditions,
    Limits,
    Rule,
    Strategy,
)

LOOKS_AT = {
    Strategy.INVOICE_REFERENCE: "The reference names a document, and the amount is what is open.",
    Strategy.SEVERAL_REFERENCES: "The texts name several documents, and the amount is their total.",
    Strategy.REFERENCE_DISCOUNT: "Documents are named; the amount is less by the discount.",
    Strategy.REFERENCE_TOLERANCE: "Documents are named; the amount is a little off.",
    Strategy.REFERENCE_PARTIAL: "A document is named, and a part of it is paid.",
    Strategy.REFERENCE_OVERPAID: "A document is named, and more than is open is paid.",
    Strategy.REMITTANCE_TEXT: "The text has a damaged number or a purchase order that fits.",
    Strategy.EXACT_AMOUNT: "The payer is known and owes one document of exactly this amount.",
    Strategy.AMOUNT_DISCOUNT: "The payer is known; one document less its discount fits.",
    Strategy.AMOUNT_TOLERANCE: "The payer is known; one document fits but for a little.",
    Strategy.ACCOUNT_BALANCE: "The payer is known and pays everything open.",
    Strategy.SUBSET: "The payer is known; one set of documents adds up to the amount.",
    Strategy.INSTALMENTS: "Several payments together make up one document.",
    Strategy.PAYER_ALIAS: "People chose a customer for a payer who looks like this one.",
    Strategy.OLDEST_FIRST: "The payer is known: the oldest documents first.",
    Strategy.ON_ACCOUNT: "The payer is known: all of it on account.",
}
MAY_DO = {
    Allowed.AUTO: "Applies by itself",
    Allowed.SUGGEST: "Suggests",
    Allowed.NEVER: "Never used",
}
TOLERANT = frozenset({Strategy.REFERENCE_TOLERANCE, Strategy.AMOUNT_TOLERANCE})
DISCOUNTED = frozenset(
    {Strategy.REFERENCE_DISCOUNT, Strategy.AMOUNT_DISCOUNT, Strategy.ACCOUNT_BALANCE}
)
METHODS = {"card": "card", "ach": "ACH"}
#: Customers named in one sentence; the rest is counted.
NAMED = 6


def may_choose(strategy: Strategy) -> list[Allowed]:
    """What a rule of this strategy may be allowed: a guess is never applied by itself."""
    return [one for one in Allowed if one is not Allowed.AUTO or strategy not in NEVER_AUTO]


def limits_in_words(rule: Rule) -> list[str]:
    """Up to where the rule holds, one phrase each; what makes no difference is left out."""
    return [*conditions_of(rule.conditions), *limits_of(rule.limits, rule.strategy)]


def conditions_of(conditions: Conditions) -> Iterator[str]:
    if conditions.methods:
        yield "only " + " or ".join(METHODS.get(one, one) for one in sorted(conditions.methods))
    if conditions.currencies:
        yield "only in " + " or ".join(sorted(conditions.currencies))
    if conditions.amount_from is not None:
        yield f"from {plain(conditions.amount_from)}"
    if conditions.amount_to is not None:
        yield f"up to {plain(conditions.amount_to)}"
    if conditions.customer_ids:
        yield f"only {customers_of(conditions)}"


def customers_of(conditions: Conditions) -> str:
    names = sorted(conditions.customer_ids)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def limits_of(limits: Limits, strategy: Strategy) -> Iterator[str]:
    if limits.max_amount is not None:
        yield f"by itself up to {plain(limits.max_amount)}"
    yield from tolerance_of(limits, strategy)
    if limits.grace_days:
        yield f"discount up to {days(limits.grace_days)} late"
    if limits.max_documents != Limits().max_documents:
        yield f"at most {limits.max_documents} documents"
    if limits.window_days is not None:
        yield f"documents of the last {days(limits.window_days)}"
    if limits.second_signals != 1:
        yield f"{limits.second_signals} further signals"


def tolerance_of(limits: Limits, strategy: Strategy) -> Iterator[str]:
    if limits.tolerance_under:
        yield f"{plain(limits.tolerance_under)} too little at most"
    if limits.tolerance_over:
        yield f"{plain(limits.tolerance_over)} too much at most"
    if limits.tolerance_percent:
        yield f"and {limits.tolerance_percent.normalize():f} % at most"
    if limits.write_off_account:
        yield f"the rest to {limits.write_off_account}"
    if strategy in TOLERANT and not (limits.tolerance_under or limits.tolerance_over):
        yield "nothing is tolerated yet"


def plain(amount: Decimal) -> str:
    """1234.5 is "1,234.50"; a third digit is shown where there is one."""
    text = f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,.3f}"
    return text


def days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


# --- two versions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing of a rule that differs, as it was and as it is."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A rule beside the one of the same code in another version. was: its place there, or None."""

    rule: Rule
    place: int
    was: int | None
    moved: bool
    changes: tuple[Changed, ...]

    @property
    def is_new(self) -> bool:
        return self.was is None


def compare(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[list[Compared], list[Rule]]:
    """Each rule of `after` with what differs from `before`; and those that are gone."""
    old = {rule.code: (place, rule) for place, rule in enumerate(before, 1)}
    steady = in_same_order([rule.code for rule in before], [rule.code for rule in after])
    rows = []
    for place, rule in enumerate(after, 1):
        was, former = old.get(rule.code, (None, None))
        moved = was is not None and rule.code not in steady
        changes = tuple(differences(former, rule)) if former else ()
        rows.append(Compared(rule, place, was, moved, changes))
    codes = {rule.code for rule in after}
    return rows, [rule for rule in before if rule.code not in codes]


def in_same_order(before: list[str], after: list[str]) -> set[str]:
    """Codes that keep their order: taking one rule out of a list moves no other."""
    blocks = SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks()
    return {code for block in blocks for code in before[block.a : block.a + block.size]}


def differences(before: Rule, after: Rule) -> Iterator[Changed]:
    if before.title != after.title:
        yield Changed("Title", before.title, after.title)
    if before.allowed != after.allowed:
        yield Changed("What it may do", MAY_DO[before.allowed], MAY_DO[after.allowed])
    if before.strategy != after.strategy:
        yield Changed("What it looks at", LOOKS_AT[before.strategy], LOOKS_AT[after.strategy])
    old, new = limits_in_words(before), limits_in_words(after)
    if (before.limits, before.conditions) != (after.limits, after.conditions):
        yield Changed("Limits", "; ".join(old) or "none", "; ".join(new) or "none")
