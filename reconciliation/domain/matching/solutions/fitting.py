"""How an amount fits given documents: exactly, less discount, within tolerance, in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book, due_order
from reconciliation.domain.matching.case import Case
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.domain.matching.rules import Limits
from reconciliation.domain.matching.subsets import subsets

Shares = tuple[Share, ...]


def full(documents: Sequence[Document], book: Book) -> Shares:
    return tuple(share_of(document, book.left(document), book) for document in documents)


def share_of(document: Document, amount: int, book: Book, discount: int = 0) -> Share:
    return Share(document.id, amount, discount, 0, book.left(document))


def offered(document: Document, book: Book) -> int:
    """The discount that may still be taken: only of a document nobody has paid on in this call."""
    untouched = document.id not in book.taken
    return document.discount if untouched and 0 < document.discount < document.open else 0


def is_in_time(document: Document, payment: OpenPayment, grace_days: int) -> bool:
    until = document.discount_until
    return until is not None and payment.paid_on <= until + timedelta(days=grace_days)


def discounted(
    documents: Sequence[Document], case: Case, book: Book, limits: Limits, *, late: bool = False
) -> tuple[Shares, bool] | None:
    """The shares if the amount is the total less discounts; whether only one choice of them fits.

    late: discounts that have run out count too.
    """
    short = sum(map(book.left, documents)) - case.payment.amount
    if short <= 0:
        return None
    places = [
        place
        for place, document in enumerate(documents)
        if offered(document, book)
        and (late or is_in_time(document, case.payment, limits.grace_days))
    ]
    offers = [offered(documents[place], book) for place in places]
    rounded = sum(offers) - short
    if not offers or rounded < -len(offers):
        return None
    if rounded <= len(offers):
        return rounded_shares(documents, set(places), rounded, book), True
    sums = subsets(offers, short, largest=len(offers), kept=1, many=2, steps=2_000)
    if not sums.sets:
        return None
    chosen = {places[i] for i in sums.sets[0]}
    return rounded_shares(documents, chosen, 0, book), sums.count == 1 and not sums.gave_up


def rounded_shares(
    documents: Sequence[Document], chosen: set[int], rounded: int, book: Book
) -> Shares:
    """The chosen ones less their discount. Payers round it: of each one minor unit less may be
    taken; one more stays open, since the discount is no larger.
    """
    shares = []
    for place, document in enumerate(documents):
        discount = offered(document, book) if place in chosen else 0
        missing = 0
        if discount > 1 and rounded > 0:
            discount, rounded = discount - 1, rounded - 1
        elif discount and rounded < 0:
            missing, rounded = 1, rounded + 1
        amount = book.left(document) - discount - missing
        shares.append(share_of(document, amount, book, discount))
    return tuple(shares)


def tolerated(
    documents: Sequence[Document], case: Case, book: Book, limits: Limits
) -> Shares | None:
    """The shares if the amount is off by no more than the tolerance. Under: the rest of the last
    document is written off; without an account for it there is no tolerance. Over: it stays
    unapplied.
    """
    total = sum(map(book.left, documents))
    off = total - case.payment.amount
    bound = limits.tolerance_under if off > 0 else limits.tolerance_over
    within = abs(off) <= case.minor(bound) and abs(off) * 100 <= total * limits.tolerance_percent
    if not off or not within:
        return None
    shares = full(documents, book)
    if off < 0:
        return shares
    last = shares[-1]
    if not limits.write_off_account or last.amount <= off:
        return None
    return (*shares[:-1], replace(last, amount=last.amount - off, write_off=off))


def filled(documents: Sequence[Document], amount: int, book: Book) -> Shares:
    """The documents one after the other until the money is used up."""
    shares: list[Share] = []
    for document in documents:
        part = min(book.left(document), amount)
        if part <= 0:
            break
        shares.append(share_of(document, part, book))
        amount -= part
    return tuple(shares)


def oldest(documents: Sequence[Document]) -> list[Document]:
    return sorted(documents, key=due_order)


def credited(
    documents: Sequence[Document], memos: Sequence[Document], book: Book
) -> tuple[Shares, tuple[Credit, ...]] | None:
    """The documents less all of these memos: memos go to the largest document first.

    None where a document would take no money at all, or a memo is not used up.
    """
    need = {document.id: book.left(document) for document in documents}
    order = sorted(documents, key=lambda d: (-book.left(d), d.id))
    credits: list[Credit] = []
    for memo in memos:
        rest = book.left(memo)
        for document in order:
            part = min(rest, need[document.id] - 1)
            if part > 0:
                credits.append(Credit(memo.id, document.id, part))
                need[document.id] -= part
                rest -= part
        if rest:
            return None
    shares = tuple(share_of(document, need[document.id], book) for document in documents)
    return shares, tuple(credits)


def total_text(documents: Sequence[Document], book: Book, currency: str) -> str:
    return amounts.text(sum(map(book.left, documents)), currency)
