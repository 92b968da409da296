"""How much of a payment may still be given back, and what each part of the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paysync.domain.errors import RuleError
from paysync.domain.money import Money


@dataclass(frozen=True, slots=True)
class Refundable:
    """captured: what was charged, or is held by an authorization (is_held). refunded: given back,
    here or at the gateway. voided, charged_back: gone otherwise, open disputes included. pending:
    asked for here, not booked yet. All of one currency, none negative.
    """

    captured: Money
    refunded: Money
    voided: Money
    charged_back: Money
    pending: Money
    is_held: bool = False

    @property
    def left(self) -> Money:
        """What may still be asked for; never negative."""
        gone = self.refunded + self.voided + self.charged_back + self.pending
        return max(self.captured - gone, Money.zero(self.captured.currency))

    @property
    def is_untouched(self) -> bool:
        """Whether nothing of it is gone or spoken for: only then can it be voided."""
        return self.left == self.captured

    def require(self, amount: Money) -> None:
        """Raise RuleError, with the parts, unless `amount` may be asked for."""
        if amount.currency != self.captured.currency:
            raise RuleError(f"The payment is in {self.captured.currency}, not {amount.currency}.")
        if amount.amount <= 0:
            raise RuleError("The amount has to be more than zero.")
        if self.is_held and amount != self.captured:
            raise RuleError(
                f"The payment is only authorized: {self.captured} as a whole can be given up."
            )
        if self.left < amount:
            raise RuleError(f"Only {self.left} can still be given back: {self}.")

    def __str__(self) -> str:
        parts = [f"{self.captured} {'authorized' if self.is_held else 'captured'}"]
        for name in ("refunded", "voided", "charged_back", "pending"):
            money: Money = getattr(self, name)
            if money:
                parts.append(f"{money} {name.replace('_', ' ')}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Applied:
    """How much of a payment a document got, and in which order: the newest has the largest."""

    document: str
    amount: Money
    order: int


@dataclass(frozen=True, slots=True)
class Reopened:
    """A document that is open again by `amount`."""

    document: str
    amount: Money


def reopening(
    applied: Sequence[Applied],
    unapplied: Money,
    amount: Money,
    chosen: Sequence[str] = (),
) -> tuple[Reopened, ...]:
    """Which documents are open again, and by how much, when `amount` of a payment goes back.

    Money on account goes first: nothing has to be undone for it. Then the newest application,
    unless people chose the documents: then these, in their order, and the rest as before. Raises
    RuleError where the payment does not hold that much.
    """
    zero = Money.zero(amount.currency)
    left = amount if chosen else amount - min(amount, unapplied)
    by_name = {one.document: one for one in applied}
    if strangers := [name for name in chosen if name not in by_name]:
        raise RuleError(f"{strangers[0]} got nothing of this payment.")
    others = sorted(
        (one for one in applied if one.document not in chosen), key=lambda one: -one.order
    )
    found: list[Reopened] = []
    for one in [by_name[name] for name in chosen]:
        left = open_again(one, left, found)
    if chosen:
        left -= min(left, unapplied)
    for one in others:
        left = open_again(one, left, found)
    if left > zero:
        raise RuleError(f"The payment holds {amount - left}, not {amount}.")
    return tuple(found)


def open_again(one: Applied, left: Money, found: list[Reopened]) -> Money:
    """Take from one application; returns what is still to be taken."""
    part = min(left, one.amount)
    if part.amount > 0:
        found.append(Reopened(one.document, part))
    return left - part
