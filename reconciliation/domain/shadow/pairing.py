"""Which receipt of the staff is for which gateway payment.

A receipt fits a payment of the same amount and currency, dated near it, when something else ties
them together: see `TIES`. The pairs are one to one, and what fits several equally is paired with
none: a wrong pair would accuse either the staff or the engine.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from paysync.domain.ledger import StaffReceipt
from paysync.domain.money import Money

#: A receipt may be dated this long before the payment (another zone's day, a wrong date typed)...
DAYS_BEFORE = 3
#: ...and this long after it: ACH money and a month's end take their time.
DAYS_AFTER = 14
#: What ties a receipt to a payment -> how strong it is. They add up.
TIES = {"gateway": 16, "approval": 8, "document": 8, "reference": 8, "customer": 4, "last4": 2}
#: A receipt of the payment's own day goes before one of another day: the weakest sign of all.
SAME_DAY = 1
#: So many receipts are looked at for one payment and sign, those of its own day first (chosen):
#: what is one of more, and has no better sign, is not told apart anyway.
MOST_ALIKE = 50
#: Shorter words of a reference say nothing, nor do those without a digit ("invoice", "payment").
SHORTEST = 4
WORD = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")

Key = tuple[str, str]
#: What kind of tie it would be, and what to look for.
Sign = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class ShadowPayment:
    """A gateway payment as a receipt by hand may speak of it.

    customer_id: whose we think it is, "" where nobody knows. reference: the texts it carries.
    """

    key: int
    gateway_id: str
    day: date
    amount: Money
    customer_id: str = ""
    approval_code: str = ""
    last4: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Paired:
    """What became of one payment. rivals: receipts that fit it, none of them better than others."""

    receipt: StaffReceipt | None = None
    rivals: tuple[StaffReceipt, ...] = ()


class Fit(NamedTuple):
    payment: int
    receipt: str
    strength: int


@dataclass(slots=True)
class Pairing:
    """One `Paired` for each payment, by its key."""

    by_payment: dict[int, Paired] = field(default_factory=dict)

    def of(self, key: int) -> Paired:
        return self.by_payment.get(key, Paired())


def pair(payments: Iterable[ShadowPayment], receipts: Iterable[StaffReceipt]) -> Pairing:
    """Pair payments with receipts. The order of neither matters.

    A pair is made where each is the only best one of the other; then the rest is looked at again
    without them. What stays is left with its rivals. Raises nothing.
    """
    by_payment = {one.key: one for one in payments}
    by_receipt = {one.key: one for one in receipts}
    fits, unseen = fits_of(by_payment, by_receipt)
    pairing = Pairing()
    while found := mutual(fits, unseen):
        for fit in found:
            pairing.by_payment[fit.payment] = Paired(by_receipt[fit.receipt])
        taken = {fit.receipt for fit in found}
        done = {fit.payment for fit in found}
        fits = [fit for fit in fits if fit.payment not in done and fit.receipt not in taken]
    rivals: defaultdict[int, list[StaffReceipt]] = defaultdict(list)
    for fit in fits:
        rivals[fit.payment].append(by_receipt[fit.receipt])
    for key, among in rivals.items():
        ordered = sorted(among, key=lambda one: (one.tran_date, one.tran_id, one.key))
        pairing.by_payment[key] = Paired(rivals=tuple(ordered))
    return pairing


def mutual(fits: list[Fit], unseen: Mapping[int | str, int]) -> list[Fit]:
    """The fits that are the only best one of both sides.

    unseen: by payment and by receipt, how strong one can be that was not looked at; the best is
    stronger.
    """
    of_payment = only_best(fits, lambda fit: fit.payment)
    of_receipt = only_best(fits, lambda fit: fit.receipt)
    return [
        fit
        for fit in of_payment.values()
        if of_receipt.get(fit.receipt) == fit
        and fit.strength > max(unseen.get(fit.payment, 0), unseen.get(fit.receipt, 0))
    ]


def only_best(fits: Iterable[Fit], side: Callable[[Fit], int | str]) -> dict[int | str, Fit]:
    """The strongest fit of each, where no other is as strong."""
    best: dict[int | str, Fit] = {}
    tied: dict[int | str, int] = {}
    for fit in fits:
        name = side(fit)
        known = best.get(name)
        if known is None or fit.strength > known.strength:
            best[name] = fit
        elif fit.strength == known.strength:
            tied[name] = fit.strength
    return {name: fit for name, fit in best.items() if tied.get(name) != fit.strength}


class Index:
    """Receipts by amount and by what they may be found by, in the order of their days."""

    def __init__(self, receipts: Iterable[StaffReceipt]) -> None:
        self.keys: dict[str, set[Key]] = {}
        self.rows: defaultdict[tuple[Money, Key], list[StaffReceipt]] = defaultdict(list)
        for receipt in sorted(receipts, key=lambda one: (one.tran_date, one.key)):
            self.keys[receipt.key] = keys_of_receipt(receipt)
            for key in self.keys[receipt.key]:
                self.rows[receipt.amount, key].append(receipt)

    def look(
        self, payment: ShadowPayment, asked: Iterable[Sign]
    ) -> tuple[list[StaffReceipt], dict[Sign, int]]:
        """What any sign leads to, and the signs that lead to more, as `near` says."""
        found: dict[str, StaffReceipt] = {}
        cut: dict[Sign, int] = {}
        for sign in asked:
            rows, more = self.near(payment, sign[1])
            found |= {receipt.key: receipt for receipt in rows}
            if more >= 0:
                cut[sign] = more
        return list(found.values()), cut

    def near(self, payment: ShadowPayment, key: Key) -> tuple[list[StaffReceipt], int]:
        """At most MOST_ALIKE of them, and how many more of which day's strength there are: -1 for
        none, SAME_DAY where even the day's own are too many, else 0.
        """
        rows = self.rows.get((payment.amount, key), [])
        first = payment.day - timedelta(days=DAYS_BEFORE)
        found = between(rows, first, payment.day + timedelta(days=DAYS_AFTER))
        if len(found) <= MOST_ALIKE:
            return found, -1
        same_day = between(found, payment.day, payment.day)
        if len(same_day) > MOST_ALIKE:
            return same_day[:MOST_ALIKE], SAME_DAY
        others = [one for one in found[: 2 * MOST_ALIKE] if one.tran_date != payment.day]
        return [*same_day, *others[: MOST_ALIKE - len(same_day)]], 0


def between(rows: list[StaffReceipt], first: date, last: date) -> list[StaffReceipt]:
    """Those of these days, of rows in the order of their days."""
    start = bisect_left(rows, first, key=lambda one: one.tran_date)
    return rows[start : bisect_right(rows, last, key=lambda one: one.tran_date)]


def fits_of(
    payments: Mapping[int, ShadowPayment], receipts: Mapping[str, StaffReceipt]
) -> tuple[list[Fit], dict[int | str, int]]:
    """The payments and receipts that fit, with how strongly; and for each side, how strong one can
    be that was not looked at. Found by what ties them, so that a thousand payments of one amount
    cost no million comparisons.
    """
    index = Index(receipts.values())
    fits: list[Fit] = []
    unseen: dict[int | str, int] = {}
    hidden: dict[tuple[Money, Key], int] = {}
    for payment in payments.values():
        asked = set(keys_of_payment(payment))
        found, cut = index.look(payment, asked)
        fits += [fit_of(payment, receipt, asked, index.keys[receipt.key]) for receipt in found]
        if cut:
            strongest = sum(TIES[tie] for tie in {tie for tie, _ in cut}) + max(cut.values())
            unseen[payment.key] = strongest
            for _, key in cut:
                place = payment.amount, key
                hidden[place] = max(hidden.get(place, 0), strongest)
    if hidden:
        for name, keys in index.keys.items():
            amount = receipts[name].amount
            unseen[name] = max((hidden.get((amount, key), 0) for key in keys), default=0)
    return fits, unseen


def fit_of(payment: ShadowPayment, receipt: StaffReceipt, asked: set[Sign], keys: set[Key]) -> Fit:
    ties = {tie for tie, key in asked if key in keys}
    same_day = SAME_DAY if receipt.tran_date == payment.day else 0
    return Fit(payment.key, receipt.key, sum(TIES[tie] for tie in ties) + same_day)


def keys_of_receipt(receipt: StaffReceipt) -> set[Key]:
    """What it may be found by: customer, documents it pays, words somebody typed."""
    keys = {("word", word) for word in words(f"{receipt.comment} {receipt.tran_no}")}
    keys |= {("document", form) for name, _ in receipt.applications for form in forms(name)}
    return keys | ({("customer", receipt.customer_id)} if receipt.customer_id else set())


def keys_of_payment(payment: ShadowPayment) -> Iterator[Sign]:
    named = (
        ("gateway", payment.gateway_id),
        ("approval", payment.approval_code),
        ("last4", payment.last4),
    )
    for tie, text in named:
        if text:
            yield tie, ("word", text.upper())
    if payment.customer_id:
        yield "customer", ("customer", payment.customer_id)
    for word in words(payment.reference):
        if len(word) >= SHORTEST and any(map(str.isdecimal, word)):
            yield "reference", ("word", word)
            for form in forms(word):
                yield "document", ("document", form)


def words(text: str) -> set[str]:
    """The words of a text in capitals; one with dashes also as its parts."""
    found = set(WORD.findall(text.upper()))
    return found | {part for word in found for part in word.split("-")}


def forms(name: str) -> set[str]:
    """A document's id as people write it: whole, or its number without leading zeros."""
    number = "".join(filter(str.isdecimal, name.rpartition("-")[2])).lstrip("0")
    return {name.upper(), number} - {""}
