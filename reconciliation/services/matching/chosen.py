"""One solution that is about to be written for one payment, whoever chose it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from paysync.domain.ledger import Application as DomainApplication
from paysync.domain.money import Money
from reconciliation.domain.matching.results import Credit, Decision, Share
from reconciliation.domain.reasons import Reason
from reconciliation.queries.amounts import from_minor

#: Who writes what the engine decides.
ENGINE = "paysync"


@cache
def zero_of(currency: str) -> Money:
    return Money.zero(currency)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a payment pays. Amounts in minor units of its currency.

    reason: what stays open all the same (an overpayment). write_off_account: GL number of every
    written-off residue.
    """

    payment_id: int
    currency: str
    customer_id: int
    shares: tuple[Share, ...]
    unapplied: int
    rule: str
    rule_version: int
    sentence: str
    card: dict[str, Any]
    actor: str
    credits: tuple[Credit, ...] = ()
    signals: tuple[str, ...] = ()
    reason: Reason | None = None
    write_off_account: str = ""
    short_pay_reason: str = ""
    taken: dict[int, int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "taken", taken_of(self.shares, self.credits))

    @property
    def applied(self) -> int:
        return sum(share.amount for share in self.shares)

    @property
    def total(self) -> int:
        return self.applied + self.unapplied

    def money(self, minor: int) -> Money:
        return Money(self.amount(minor), self.currency) if minor else zero_of(self.currency)

    def amount(self, minor: int) -> Decimal:
        return from_minor(minor, self.currency)

    def applications(self, tran_ids: dict[int, str]) -> list[DomainApplication]:
        """What the receipt carries. Credit memos are not on it: a person applies them."""
        return [
            DomainApplication(
                tran_ids[share.document_id],
                self.money(share.amount),
                self.money(share.discount),
                self.money(share.write_off),
            )
            for share in self.shares
        ]


def taken_of(shares: Iterable[Share], credits: Iterable[Credit]) -> dict[int, int]:
    """By document, how much of it this takes: a credit is taken at the memo and at what it pays."""
    taken: dict[int, int] = {}
    for share in shares:
        taken[share.document_id] = taken.get(share.document_id, 0) + share.taken
    for credit in credits:
        for pk in (credit.memo_id, credit.document_id):
            taken[pk] = taken.get(pk, 0) + credit.amount
    return taken


def chosen_by_engine(
    decision: Decision, currency: str, card: dict[str, Any], rule_version: int
) -> Chosen:
    """The first solution of a decision that is to be applied."""
    solution, rule = decision.solutions[0], decision.rule
    return Chosen(
        payment_id=decision.payment_id,
        currency=currency,
        customer_id=solution.customer_id,
        shares=solution.shares,
        unapplied=solution.unapplied,
        rule=rule.code if rule else solution.strategy.value,
        rule_version=rule_version,
        sentence=decision.sentence,
        card=card,
        actor=ENGINE,
        credits=solution.credits,
        signals=tuple(signal.text for signal in solution.signals),
        reason=decision.reason,
        write_off_account=rule.limits.write_off_account if rule else "",
    )
