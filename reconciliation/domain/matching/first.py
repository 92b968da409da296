"""The first matching rules, as pure functions. The rules in prose: docs/reconciliation.md."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from paysync.domain.ledger import PAYABLE_TYPES
from paysync.domain.money import Money
from reconciliation.domain.reasons import Reason

RULE_VERSION = 1
BY_REFERENCE = "invoice_reference"
BY_AMOUNT = "customer_and_exact_amount"


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that still has to be explained. customer_id: who paid, where known."""

    id: int
    amount: Money
    reference: str
    customer_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An AR document. available: payable in the ERP less what we have already given it."""

    id: int
    tran_id: str
    tran_no: str
    tran_type: int
    customer_id: int
    customer_label: str
    customer_is_active: bool
    parent_customer_id: int | None
    available: Money
    in_dispute: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """What a payment pays and why. unapplied: the part no invoice takes."""

    payment_id: int
    rule: str
    customer_id: int
    applications: tuple[tuple[int, Money], ...]
    unapplied: Money
    signals: tuple[str, ...]
    sentence: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Why a payment is not matched. customer_id: the payer, where known all the same."""

    payment_id: int
    reason: Reason
    sentence: str
    customer_id: int | None = None


Decision = Matched | LeftOver


def number_of(reference: str) -> str:
    """The document number in a reference, without prefix and leading zeros; "" if there is none.

    "IN-0000012345", "inv 12345", "#12345" and "0012345" all give "12345".
    """
    found = re.fullmatch(r"\s*(?:[A-Za-z]{1,8}[\s.#:-]*)?#?0*(\d{1,10})\s*", reference)
    return found.group(1) if found else ""


def is_representable(text: str) -> bool:
    """Whether Sage's varchar columns can hold the text (Windows-1252, no control characters)."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return text.isprintable()


@dataclass
class Book:
    """The candidates by id, number and customer, with what is still available of each."""

    by_tran_id: dict[str, Candidate] = field(default_factory=dict)
    by_number: dict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    by_customer: dict[int, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    available: dict[int, Money] = field(default_factory=dict)

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Book:
        book = cls()
        for candidate in candidates:
            book.by_tran_id[candidate.tran_id.upper()] = candidate
            book.by_number[candidate.tran_no.lstrip("0")].append(candidate)
            book.by_customer[candidate.customer_id].append(candidate)
            book.available[candidate.id] = candidate.available
        return book

    def named(self, reference: str) -> list[Candidate]:
        """The documents a reference can mean: one by full id, else all of that number."""
        exact = self.by_tran_id.get(reference.strip().upper())
        if exact:
            return [exact]
        number = number_of(reference)
        return self.by_number.get(number, []) if number else []

    def of_amount(self, customer_id: int, amount: Money) -> list[Candidate]:
        """The customer's payable documents whose available amount is exactly `amount`."""
        return [
            candidate
            for candidate in self.by_customer.get(customer_id, [])
            if candidate.tran_type in PAYABLE_TYPES
            and not candidate.in_dispute
            and candidate.available.currency == amount.currency
            and self.available[candidate.id] == amount
        ]

    def give(self, candidate: Candidate, amount: Money) -> None:
        self.available[candidate.id] -= amount


def match(payments: Sequence[OpenPayment], candidates: Iterable[Candidate]) -> list[Decision]:
    """Decide each payment once, oldest first.

    payments, candidates: one company, any order. An invoice is never given more than it has
    available, over all payments of the call. Raises nothing.
    Source: docs/reconciliation.md, "First rules".
    """
    book = Book.of(candidates)
    ordered = sorted(payments, key=lambda payment: (payment.created_at, payment.id))
    return [decide(payment, book) for payment in ordered]


def decide(payment: OpenPayment, book: Book) -> Decision:
    if payment.amount.amount <= 0:
        return left(payment, Reason.BAD_AMOUNT, f"The amount is {payment.amount}.")
    if not payment.reference.strip():
        return decide_by_amount(payment, book)
    if not is_representable(payment.reference):
        return left(
            payment, Reason.BAD_TEXT, "The reference has characters that Sage 500 cannot hold."
        )
    named = book.named(payment.reference)
    if not named:
        return left(payment, Reason.UNKNOWN_INVOICE, unknown_invoice(payment, book))
    if len(named) > 1:
        ids = ", ".join(sorted(candidate.tran_id for candidate in named)[:5])
        return left(
            payment, Reason.AMBIGUOUS, f'"{payment.reference}" can mean {len(named)}: {ids}.'
        )
    return decide_by_reference(payment, named[0], book)


def decide_by_reference(payment: OpenPayment, invoice: Candidate, book: Book) -> Decision:
    objection = objection_to(payment, invoice, book)
    if objection:
        return left(payment, *objection)
    available = book.available[invoice.id]
    applied = min(payment.amount, available)
    book.give(invoice, applied)
    rest = payment.amount - applied
    signals = ["the reference names the invoice"]
    if payment.customer_id == invoice.customer_id:
        signals.append("the payer is the invoice's customer")
    if payment.amount == available:
        signals.append("the amount is exactly what is open")
    sentence = f"Pays {invoice.tran_id} of {invoice.customer_label}, named by the reference"
    if rest:
        sentence += f"; {rest} more than was open ({available})"
    elif payment.amount < available:
        sentence += f" in part: {available - payment.amount} stays open"
    return Matched(
        payment.id,
        BY_REFERENCE,
        invoice.customer_id,
        ((invoice.id, applied),),
        rest,
        tuple(signals),
        sentence + ".",
        Reason.OVERPAYMENT if rest else None,
    )


def objection_to(payment: OpenPayment, invoice: Candidate, book: Book) -> tuple[Reason, str] | None:
    """Why this payment may not pay the invoice it names, if there is a reason."""
    name = invoice.tran_id
    if invoice.tran_type not in PAYABLE_TYPES:
        return Reason.NOT_PAYABLE, f"{name} is not a document that takes payments."
    if invoice.available.currency != payment.amount.currency:
        return (
            Reason.CURRENCY_MISMATCH,
            f"{name} is in {invoice.available.currency}, the payment in {payment.amount.currency}.",
        )
    if payment.customer_id not in {None, invoice.customer_id, invoice.parent_customer_id}:
        return (
            Reason.CUSTOMER_MISMATCH,
            f"{name} belongs to {invoice.customer_label}, not the payer.",
        )
    if not invoice.customer_is_active:
        return (
            Reason.INACTIVE_CUSTOMER,
            f"{invoice.customer_label} of {name} is not active in Sage.",
        )
    if invoice.in_dispute:
        return Reason.INVOICE_IN_DISPUTE, f"{name} is marked as in dispute."
    if book.available[invoice.id].amount <= 0:
        return Reason.ALREADY_PAID, f"{name} is already paid, or payments for it are under way."
    return None


def decide_by_amount(payment: OpenPayment, book: Book) -> Decision:
    if payment.customer_id is None:
        return left(payment, Reason.UNIDENTIFIED, "No reference, and the payer is not known.")
    fits = book.of_amount(payment.customer_id, payment.amount)
    if not fits:
        return left(
            payment,
            Reason.NO_EXACT_AMOUNT,
            f"No reference, and the payer has no open invoice of exactly {payment.amount}.",
        )
    if len(fits) > 1:
        ids = ", ".join(sorted(candidate.tran_id for candidate in fits)[:5])
        return left(
            payment, Reason.AMBIGUOUS, f"No reference, and {len(fits)} invoices fit: {ids}."
        )
    invoice = fits[0]
    if not invoice.customer_is_active:
        return left(
            payment,
            Reason.INACTIVE_CUSTOMER,
            f"{invoice.customer_label} is not active in Sage 500.",
        )
    book.give(invoice, payment.amount)
    return Matched(
        payment.id,
        BY_AMOUNT,
        invoice.customer_id,
        ((invoice.id, payment.amount),),
        Money.zero(payment.amount.currency),
        ("the payer is known", "one open invoice has exactly this amount"),
        f"Pays {invoice.tran_id}: the only open invoice of {invoice.customer_label} "
        f"of exactly {payment.amount}.",
    )


def unknown_invoice(payment: OpenPayment, book: Book) -> str:
    sentence = f'"{payment.reference[:40]}" names no invoice in Sage 500'
    if payment.customer_id is not None:
        fits = book.of_amount(payment.customer_id, payment.amount)
        if len(fits) == 1:
            sentence += f"; would have matched {fits[0].tran_id} by amount without a reference"
    return sentence + "."


def left(payment: OpenPayment, reason: Reason, sentence: str) -> LeftOver:
    return LeftOver(payment.id, reason, sentence, payment.customer_id)
