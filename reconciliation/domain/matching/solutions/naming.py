"""From what a text names to documents that can be paid, and what speaks against the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.payers import Standing
from reconciliation.domain.matching.references import Hit, Quality
from reconciliation.domain.reasons import Reason

#: Ways to read numbers that mean more than one document (chosen).
READINGS = 8

Objection = tuple[Reason, str]


@dataclass(slots=True)
class Named:
    """payable: in the order named. memos: credits named beside them. blocked: named, but not to be
    paid. choices: numbers that mean several documents. quality: of the weakest hit.
    """

    payable: list[Document] = field(default_factory=list)
    memos: list[Document] = field(default_factory=list)
    blocked: list[tuple[Document, Reason, str]] = field(default_factory=list)
    choices: list[tuple[Hit, list[Document]]] = field(default_factory=list)
    quality: Quality = Quality.EXACT

    def readings(self) -> list[list[Document]]:
        """The payable documents, once for each way to read the numbers that mean several."""
        ways = list(product(*(documents for _, documents in self.choices)))[:READINGS]
        return [[*self.payable, *way] for way in ways]


def named_of(case: Case, book: Book) -> Named:
    named = Named()
    for hit in case.reading.named:
        named.quality = min(named.quality, hit.quality)
        place(hit, named, case, book)
    if named.memos and not (named.payable or named.choices or named.blocked):
        objections = [(memo, objection_to(case, memo, book)) for memo in named.memos]
        named.blocked = [(memo, *objection) for memo, objection in objections if objection]
    return named


def place(hit: Hit, named: Named, case: Case, book: Book) -> None:
    """Put the documents of one hit where they belong."""
    objections = [(document, objection_to(case, document, book)) for document in hit.documents]
    free = [document for document, objection in objections if objection is None]
    if len(hit.documents) > 1 and free:
        named.choices.append((hit, free))
    elif free:
        named.payable.append(free[0])
    else:
        for document, objection in objections:
            if is_usable_credit(document, case, book):
                named.memos.append(document)
            elif objection:
                named.blocked.append((document, *objection))


def is_usable_credit(document: Document, case: Case, book: Book) -> bool:
    return (
        document.is_credit
        and document.currency == case.payment.currency
        and not document.in_dispute
        and book.left(document) > 0
        and case.standing(document) is not Standing.AGAINST
    )


def objection_to(case: Case, document: Document, book: Book) -> Objection | None:
    """Why this payment may not pay the document it names, if there is a reason."""
    name = document.tran_id
    if not document.is_payable:
        return Reason.NOT_PAYABLE, f"{name} is not a document that takes payments."
    if document.currency != case.payment.currency:
        return (
            Reason.CURRENCY_MISMATCH,
            f"{name} is in {document.currency}, the payment in {case.payment.currency}.",
        )
    if case.standing(document) is Standing.AGAINST:
        return (
            Reason.CUSTOMER_MISMATCH,
            f"{name} belongs to {document.customer_label[:40]}, not the payer.",
        )
    if not document.customer_is_active:
        return (
            Reason.INACTIVE_CUSTOMER,
            f"{document.customer_label[:40]} of {name} is not active in Sage.",
        )
    if document.in_dispute:
        return Reason.INVOICE_IN_DISPUTE, f"{name} is marked as in dispute."
    if book.left(document) <= 0:
        return Reason.ALREADY_PAID, f"{name} is already paid, or payments for it are under way."
    return None
