"""Whether the payer of a payment is the one who owes a document, and what says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.names import alike, label_key, name_key
from reconciliation.domain.matching.results import Signal


class Standing(IntEnum):
    """What we know of the payer and a customer; at LABEL and above the payer is taken as known."""

    AGAINST = -1
    UNKNOWN = 0
    ALIAS = 1
    NAME = 2
    LABEL = 3
    FAMILY = 4
    LINKED = 5


SIGNALS = {
    Standing.AGAINST: Signal("payer_is_another", -50, "the payer is somebody else"),
    Standing.ALIAS: Signal("payer_alias", 12, "people chose this customer for such a payer before"),
    Standing.NAME: Signal("payer_name", 16, "the payer's name is like the customer's"),
    Standing.LABEL: Signal("payer_label", 28, "the payment carries the customer's label"),
    Standing.FAMILY: Signal(
        "payer_family", 26, "the payer is the parent of the invoice's customer"
    ),
    Standing.LINKED: Signal("payer", 30, "the payer is the invoice's customer"),
}
IN_FAMILY_ONLY = Signal("payer_relative", 6, "the payer is of the same national account")


@dataclass(frozen=True, slots=True)
class Payer:
    """Who paid. linked: by a stored link. labelled: customers whose label it carries.
    same_name: customers called like the billing name. relatives: the rest of the family.
    """

    linked: int | None
    children: frozenset[int] = frozenset()
    relatives: frozenset[int] = frozenset()
    labelled: frozenset[int] = frozenset()
    same_name: frozenset[int] = frozenset()
    mentioned: frozenset[int] = frozenset()
    words: frozenset[str] = frozenset()
    aliases: tuple[int, ...] = ()

    @property
    def known(self) -> int | None:
        """The customer, by link or by a label that only one carries."""
        if self.linked is not None:
            return self.linked
        return next(iter(self.labelled)) if len(self.labelled) == 1 else None

    @property
    def own(self) -> tuple[int, ...]:
        """Whose documents the payer may pay without a word: his own."""
        return () if self.known is None else (self.known,)

    def standing(self, document: Document, name: frozenset[str]) -> Standing:
        """name: the words of the customer's name."""
        customer = document.customer_id
        if self.linked is not None:
            if customer == self.linked:
                return Standing.LINKED
            if document.parent_customer_id == self.linked:
                return Standing.FAMILY
            return Standing.AGAINST
        if self.labelled:
            if customer in self.labelled or document.parent_customer_id in self.labelled:
                return Standing.LABEL
            return Standing.AGAINST if len(self.labelled) == 1 else Standing.UNKNOWN
        if customer in self.mentioned or (self.words and alike(self.words, name)):
            return Standing.NAME
        if self.same_name and not self.same_name & {customer, document.parent_customer_id}:
            return Standing.AGAINST
        return Standing.ALIAS if customer in self.aliases else Standing.UNKNOWN


def payer_of(payment: OpenPayment, book: Book, labels: tuple[int, ...] = ()) -> Payer:
    """labels: customers whose label is in the payment's text."""
    linked = payment.customer_id
    if linked is not None:
        children = frozenset(book.children.get(linked, ()))
        return Payer(linked, children, relatives_of(linked, book) - children)
    labelled: frozenset[int] = frozenset()
    if payment.payer_label:
        labelled = frozenset(book.by_label.get(label_key(payment.payer_label), ()))
    words = name_key(payment.payer_name) if payment.payer_name else frozenset()
    same = frozenset(book.by_name.get(words, ())) if is_telling(words) else frozenset()
    return Payer(
        None,
        labelled=labelled,
        same_name=same,
        mentioned=frozenset(labels),
        words=words,
        aliases=tuple(payment.aliases),
    )


def is_telling(words: frozenset[str]) -> bool:
    """Whether a name has enough to it to point at one firm."""
    return sum(map(len, words)) >= 5


def relatives_of(customer_id: int, book: Book) -> frozenset[int]:
    customer = book.customers.get(customer_id)
    if customer is None or customer.parent_id is None:
        return frozenset()
    return frozenset({customer.parent_id, *book.children.get(customer.parent_id, ())}) - {
        customer_id
    }


def namesakes(payer: Payer, book: Book) -> list[int]:
    """Customers whose name is like the payer's; at most a few."""
    if payer.same_name:
        return sorted(payer.same_name)[:5]
    found: set[int] = set()
    for word in sorted(payer.words, key=lambda word: len(book.by_word.get(word, ()))):
        ids = book.by_word.get(word, ())
        if len(ids) <= 50:
            found.update(i for i in ids if alike(payer.words, name_key(book.customers[i].name)))
    return sorted(found)[:5]
