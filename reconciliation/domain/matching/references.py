"""Which documents the text of a payment names, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from paysync.domain.ledger import InvoiceType
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.names import PADDED, label_key, order_key
from reconciliation.domain.matching.slips import neighbours
from reconciliation.domain.matching.tokens import Cut, Token, cut, has_digit
from reconciliation.domain.matching.vocabulary import NAMING, NO_PURPOSE, Context


class Quality(IntEnum):
    """How surely a text names a document; from FIELD on it is taken at its word."""

    SHORT = 1  # a short number in free text: could be anything
    DAMAGED = 2  # one slip away from what is written
    MENDED = 3  # written with letters that look like digits
    ORDER = 4  # the purchase order of the document
    BARE = 5  # a long number in free text, without a word that says what it is
    FIELD = 6  # alone in the reference field: still, it could be an order or a customer number
    NUMBER = 7  # announced by a word, or with all its zeros
    EXACT = 8  # the full id


#: A number of so many digits is hardly there by accident (chosen).
LONG = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """A number in a text and the documents it can mean (mostly one)."""

    text: str
    documents: tuple[Document, ...]
    quality: Quality


@dataclass(slots=True)
class Reading:
    """All that the texts of a payment name.

    named: taken at its word, in the order written. weak: could be meant. damaged: numbers that
    name nothing, with the documents one slip away. unknown: numbers that claim to be documents
    and are none. labels: customers whose label is in the text. no_purpose: it says the money is
    for no document.
    """

    named: list[Hit] = field(default_factory=list)
    weak: list[Hit] = field(default_factory=list)
    damaged: list[Hit] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    no_purpose: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.named or self.weak or self.damaged or self.unknown)


def read(payment: OpenPayment, book: Book) -> Reading:
    """Read the reference field first, then the free texts."""
    reading = Reading()
    seen: set[str] = set()
    for place, raw in enumerate((payment.reference, *payment.texts)):
        if raw.strip():
            reader = _Reader(book, reading, seen, in_field=place == 0)
            reader.is_only_text = not payment.reference.strip()
            reader.read(raw)
    return reading


class _Reader:
    """Reads one text into the reading."""

    def __init__(self, book: Book, reading: Reading, seen: set[str], *, in_field: bool) -> None:
        self.book, self.reading, self.seen, self.in_field = book, reading, seen, in_field
        self.is_only_text = False
        self.covered: set[str] = set()
        self.is_announced = False

    def read(self, raw: str) -> None:
        pieces = cut(raw)
        whole = pieces.whole.strip()
        self.in_field = self.in_field or (self.is_only_text and pieces.is_plain)
        exact = self.book.by_tran_id.get(whole)
        if exact:
            self.name(whole, [exact], Quality.EXACT)
            return
        self.covered = self.orders(pieces)
        self.reading.no_purpose |= bool(NO_PURPOSE & set(pieces.words)) or "ON ACCOUNT" in whole
        self.is_announced = any(
            token.context is not Context.CREDIT
            and token.context in NAMING
            and token.number in self.book.by_number
            for token in pieces.tokens
        )
        before: Token | None = None
        for token in pieces.tokens:
            if token.text in self.covered:
                continue
            if before is not None and self.is_tail(token, before):
                continue
            self.token(token, pieces)
            if token.is_range_end and before is not None:
                self.between(before, token)
            before = token
        self.customers(pieces)

    def orders(self, pieces: Cut) -> set[str]:
        """Purchase orders of more than a bare number, such as B-4711: the pieces they cover."""
        covered: set[str] = set()
        if not self.book.by_order:
            return covered
        for first in range(len(pieces.pieces)):
            for last in range(first + 4, first, -1):
                some = pieces.pieces[first:last]
                key = order_key("".join(some))
                found = self.book.by_order.get(key) if len(key) >= 3 else None
                if found and not key.isdigit() and has_digit(key):
                    self.weak(key, found, Quality.ORDER)
                    covered.update(some)
        return covered

    def token(self, token: Token, pieces: Cut) -> None:
        exact = self.book.by_tran_id.get(f"{token.word}-{token.text}") if token.word else None
        exact = exact or self.book.by_tran_id.get(token.text)
        if exact:
            self.name(token.text, [exact], Quality.EXACT)
            return
        if token.context == Context.ORDER or not token.number:
            if not self.order(token) and token.context == Context.ORDER:
                self.reading.unknown.append(token.text)
            return
        if len(token.number) > PADDED:
            self.glued(token)
            return
        found = of_context(self.book.by_number.get(token.number, ()), token.context)
        if found and token.context not in NAMING and self.order(token):
            self.weak(token.text, found, Quality.BARE)
        elif found:
            self.known(token, found, pieces)
        elif not self.order(token):
            self.missing(token, pieces)

    def known(self, token: Token, found: list[Document], pieces: Cut) -> None:
        quality = self.quality_of(token, pieces)
        if quality >= Quality.FIELD:
            self.name(token.text, found, quality)
        else:
            self.weak(token.text, found, quality)

    def quality_of(self, token: Token, pieces: Cut) -> Quality:
        if token.mended:
            return Quality.MENDED
        if len(token.text) == PADDED and token.text[0] == "0":
            return Quality.NUMBER
        is_odd = len(token.number) < LONG - 1 and not token.is_announced
        if is_odd and any(len(t.number) >= LONG for t in pieces.tokens):
            return Quality.SHORT
        if token.context in NAMING:
            return Quality.NUMBER
        if token.context in {Context.OTHER, Context.CUSTOMER}:
            return Quality.SHORT
        stands_alone = pieces.is_plain or not self.is_announced
        if self.in_field and stands_alone and (pieces.is_plain or len(token.number) >= LONG - 1):
            return Quality.FIELD
        return Quality.BARE if len(token.number) >= LONG else Quality.SHORT

    def missing(self, token: Token, pieces: Cut) -> None:
        """A number that is no document's: one slip away from one, perhaps."""
        quality = self.quality_of(token, pieces)
        if quality == Quality.SHORT or not token.number:
            return
        if quality >= Quality.FIELD and token.text not in self.seen:
            self.reading.unknown.append(token.text)
        near = neighbours(token.number, self.book)
        if near and token.text not in self.seen:
            self.seen.add(token.text)
            self.reading.damaged.append(Hit(token.text, tuple(near), Quality.DAMAGED))

    def glued(self, token: Token) -> None:
        """Padded numbers written without a gap."""
        parts = [token.text[i : i + PADDED] for i in range(0, len(token.text), PADDED)]
        if len(token.text) % PADDED or not token.text.isdigit() or len(parts) > 40:
            return
        for part in parts:
            found = self.book.by_number.get(part.lstrip("0"))
            if found:
                self.name(part, found, Quality.NUMBER)

    def order(self, token: Token) -> bool:
        key = order_key(token.text)
        found = self.book.by_order.get(key) if len(key) >= 3 else None
        if found:
            self.weak(token.text, found, Quality.ORDER)
        return bool(found)

    def is_tail(self, token: Token, before: Token) -> bool:
        """ "12345/46" may mean 12346: the end of a number that goes on from the one before."""
        length = len(token.text)
        if not (token.text.isdigit() and length <= 3 and len(before.number) >= LONG - 1):
            return False
        found = self.book.by_number.get(before.number[:-length] + token.text, ())
        payers = {d.customer_id for d in self.book.by_number.get(before.number, ())}
        found = [document for document in found if document.customer_id in payers]
        if not found:
            return False
        self.weak(token.text, found, Quality.BARE)
        return True

    def between(self, first: Token, last: Token) -> None:
        """ "12345-12348" may mean the numbers between too."""
        if not (first.number.isdigit() and last.number.isdigit()):
            return
        low, high = int(first.number), int(last.number)
        if not 1 < high - low <= 40:
            return
        for number in range(low + 1, high):
            found = self.book.by_number.get(str(number))
            if found:
                self.weak(str(number), found, Quality.BARE)

    def customers(self, pieces: Cut) -> None:
        """Customer labels in the text."""
        for text in [t.text for t in pieces.tokens] + [w for w in pieces.words if len(w) > 3]:
            ids = self.book.by_label.get(label_key(text), ())
            if len(ids) == 1 and ids[0] not in self.reading.labels:
                self.reading.labels.append(ids[0])

    def name(self, text: str, found: Sequence[Document], quality: Quality) -> None:
        add(self.reading.named, self.seen, Hit(text, tuple(found), quality))

    def weak(self, text: str, found: Sequence[Document], quality: Quality) -> None:
        add(self.reading.weak, self.seen, Hit(text, tuple(found), quality))


def add(hits: list[Hit], seen: set[str], hit: Hit) -> None:
    """Once each: what is named twice is named once."""
    key = ",".join(str(document.id) for document in hit.documents)
    if key not in seen:
        seen.add(key)
        hits.append(hit)


def of_context(found: Iterable[Document], context: Context) -> list[Document]:
    """Numbers are used once a type: a word that says the type decides; a credit is never first."""
    documents = list(found)
    if len(documents) < 2:
        return documents
    wanted = {
        Context.INVOICE: InvoiceType.INVOICE,
        Context.CREDIT: InvoiceType.CREDIT_MEMO,
        Context.DEBIT: InvoiceType.DEBIT_MEMO,
    }.get(context)
    of_type = [document for document in documents if document.tran_type == wanted]
    return of_type or [d for d in documents if d.is_payable] or documents
