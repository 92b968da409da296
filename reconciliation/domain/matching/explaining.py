"""Decisions in words: one sentence for people, what was missing, why the runner-up lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.names import is_representable
from reconciliation.domain.matching.ranking import ranked
from reconciliation.domain.matching.results import KEPT, Decision, Outcome, Solution
from reconciliation.domain.matching.rules import Rule, Strategy
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.matching.solutions.naming import named_of
from reconciliation.domain.reasons import Reason

#: The column that takes a sentence.
LONGEST = 300
#: So much of a text from outside is repeated in a sentence.
QUOTED = 40

Judged = tuple[Found, Rule]


def short(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 2] + "…."


def quoted(text: str) -> str:
    return f'"{text.strip()[:QUOTED]}"'


# --- what is applied --------------------------------------------------------------------------


def applied(case: Case, found: Found, rule: Rule, book: Book) -> Decision:
    """The decision for a solution that is written; called before its documents are given away."""
    solution = found.solution
    reason = found.reason
    if solution.unapplied:
        reason = Reason.OVERPAYMENT
    elif solution.credits and reason is None:
        reason = Reason.CREDIT_TO_APPLY
    others = [
        replace(one.solution, lost_because=lost(one, found))
        for one in case.found
        if one is not found
    ]
    return Decision(
        case.payment.id,
        Outcome.AUTO,
        short(pays(case, solution, book)),
        (solution, *others[: KEPT - 1]),
        rule,
        reason,
        solution.customer_id,
        found.rivals,
        found.counted_all,
        found.gave_up,
    )


def pays(case: Case, solution: Solution, book: Book) -> str:
    """ "Pays IN-0000012345 of Acme, named by the reference; …" """
    documents = [book.by_id[share.document_id] for share in solution.shares]
    currency = case.payment.currency
    if not documents:
        return f"Leaves {amounts.text(solution.unapplied, currency)} on account."
    names = listed(documents)
    label = documents[0].customer_label[:QUOTED]
    if solution.strategy is Strategy.EXACT_AMOUNT:
        amount = amounts.text(case.payment.amount, currency)
        only = "the only open invoice" if case.payer.known is not None else "an open invoice"
        return f"Pays {names}: {only} of {label} of exactly {amount}."
    sentence = f"Pays {names} of {label}{HOW.get(solution.strategy, '')}"
    return sentence + rest_of(solution, documents, book, currency) + "."


HOW = {
    Strategy.INVOICE_REFERENCE: ", named by the reference",
    Strategy.SEVERAL_REFERENCES: ", named by the reference",
    Strategy.REFERENCE_DISCOUNT: ", named by the reference",
    Strategy.REFERENCE_TOLERANCE: ", named by the reference",
    Strategy.REFERENCE_PARTIAL: ", named by the reference",
    Strategy.REFERENCE_OVERPAID: ", named by the reference",
    Strategy.REMITTANCE_TEXT: ", read from the text of the payment",
    Strategy.ACCOUNT_BALANCE: ": together what is open",
    Strategy.SUBSET: ": together exactly the amount",
    Strategy.INSTALMENTS: " in part, together with other payments",
    Strategy.OLDEST_FIRST: ", the oldest first",
}


def rest_of(solution: Solution, documents: list[Document], book: Book, currency: str) -> str:
    """What discount, write-off, credits and rest there is."""
    total = sum(map(book.left, documents))
    taken = sum(share.taken for share in solution.shares)
    credit = sum(credit.amount for credit in solution.credits)
    discount = sum(share.discount for share in solution.shares)
    written = sum(share.write_off for share in solution.shares)
    text = ""
    if total - taken - credit > 0:
        text += f" in part: {amounts.text(total - taken - credit, currency)} stays open"
    if discount:
        text += f", less {amounts.text(discount, currency)} discount"
    if credit:
        text += f", with {amounts.text(credit, currency)} of credit memos"
    if written:
        text += f"; {amounts.text(written, currency)} is written off"
    if solution.unapplied:
        rest, was = amounts.text(solution.unapplied, currency), amounts.text(total, currency)
        text += f"; {rest} more than was open ({was})"
    return text


def listed(documents: Sequence[Document]) -> str:
    names = [document.tran_id for document in documents]
    if len(names) == 1:
        return names[0]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)} documents ({', '.join(names[:5])}{more})"


def lost(found: Found, best: Found) -> str:
    """Why a solution is not the first."""
    score, better = found.solution.score, best.solution.score
    if score < better:
        return f"It has less behind it ({score} against {better})."
    if found.stops:
        return short(found.stops[0])
    return "It fits as well; the older document comes first."


# --- what is left over ------------------------------------------------------------------------


def left_over(case: Case, judged: list[Judged], book: Book) -> Decision:
    """The decision for a payment that waits for a person: suggestions, reason, sentence."""
    order = ranked(judged, case, book)
    best, rule = order[0] if order else (None, None)
    reason, sentence = why(case, best, book)
    solutions = [
        replace(one.solution, lost_because="" if place == 0 else lost(one, order[0][0]))
        for place, (one, _) in enumerate(order[:KEPT])
    ]
    return Decision(
        case.payment.id,
        Outcome.SUGGEST if solutions else Outcome.NONE,
        short(sentence),
        tuple(solutions),
        rule,
        reason,
        case.payment.customer_id,
        best.rivals if best else 0,
        best.counted_all if best else True,
        best.gave_up if best else False,
        tuple(map(short, dict.fromkeys(best.stops))) if best else (),
        tuple(map(short, near_misses(case, best, book))),
    )


def why(case: Case, best: Found | None, book: Book) -> tuple[Reason, str]:
    """The reason and the sentence of the open item."""
    named = named_of(case, book)
    if named.blocked and not named.payable:
        _, reason, sentence = named.blocked[0]
        return reason, sentence
    if named.payable or named.choices:
        if best is None or not best.stops:
            return Reason.NEEDS_CONFIRMATION, "What the reference names waits for a person."
        return best.reason or Reason.NEEDS_CONFIRMATION, suggested(case, best, book)
    if best and best.solution.strategy is Strategy.REMITTANCE_TEXT:
        return best.reason or Reason.NEEDS_CONFIRMATION, suggested(case, best, book)
    if case.payment.reference.strip() and not is_noise(case):
        return unknown_reference(case, best, book)
    return unnamed(case, best, book)


def is_noise(case: Case) -> bool:
    """A reference without any number says nothing, where the payer is known."""
    has_number = bool(case.reading.unknown or case.reading.damaged or case.reading.weak)
    return case.payer.known is not None and not has_number


def suggested(case: Case, best: Found, book: Book) -> str:
    """The first suggestion, and why it was not applied."""
    stop = best.stops[0] if best.stops else ""
    return f"{pays(case, best.solution, book)[:190]} Not applied: {stop}"


def unknown_reference(case: Case, best: Found | None, book: Book) -> tuple[Reason, str]:
    reference = case.payment.reference
    if not is_representable(reference):
        return Reason.BAD_TEXT, "The reference has characters that Sage 500 cannot hold."
    sentence = f"{quoted(reference)} names no invoice in Sage 500"
    is_single = best is not None and best.solution.strategy is Strategy.EXACT_AMOUNT
    if best and is_single and not best.rivals and case.payer.known is not None:
        name = book.by_id[best.solution.shares[0].document_id].tran_id
        sentence += f"; would have matched {name} by amount without a reference"
    return Reason.UNKNOWN_INVOICE, sentence + "."


def unnamed(case: Case, best: Found | None, book: Book) -> tuple[Reason, str]:
    if case.payer.known is None:
        if best is not None and best.reason is Reason.INVOICE_IN_DISPUTE:
            return best.reason, best.stops[0]
        return Reason.UNIDENTIFIED, "No reference, and the payer is not known."
    fits = best is not None and bool(say.groups_of(best.solution.signals) & {"amount"})
    if best is None or not fits:
        amount = amounts.text(case.payment.amount, case.payment.currency)
        sentence = f"No reference, and the payer has no open invoice of exactly {amount}."
        return Reason.NO_EXACT_AMOUNT, sentence
    if best.solution.strategy is Strategy.EXACT_AMOUNT and best.rivals:
        return Reason.AMBIGUOUS, equal_amounts(case, book) or suggested(case, best, book)
    if best.reason is Reason.INACTIVE_CUSTOMER:
        return best.reason, best.stops[0]
    return best.reason or Reason.NEEDS_CONFIRMATION, suggested(case, best, book)


def equal_amounts(case: Case, book: Book) -> str:
    fits = [
        document
        for document in book.open_of(case.payer.own, case.payment.currency)
        if document.is_payable and book.left(document) == case.payment.amount
    ]
    if len(fits) < 2:
        return ""
    ids = ", ".join(sorted(document.tran_id for document in fits)[:5])
    return f"No reference, and {len(fits)} invoices fit: {ids}."


def near_misses(case: Case, best: Found | None, book: Book) -> list[str]:
    """ "Would have matched IN-… if the amount were 0.02 higher." for the nearest documents."""
    named = [d for d in named_of(case, book).payable if book.left(d) != case.payment.amount]
    pool = named or [
        d
        for d in book.open_of(case.payer.own, case.payment.currency)
        if d.is_payable and book.left(d) != case.payment.amount
    ]
    nearest = sorted(pool, key=lambda d: (abs(book.left(d) - case.payment.amount), d.id))
    return [near_miss(document, case, book) for document in nearest[:2]]


def near_miss(document: Document, case: Case, book: Book) -> str:
    off = book.left(document) - case.payment.amount
    way = "higher" if off > 0 else "lower"
    amount = amounts.plain(abs(off), case.payment.currency)
    return f"Would have matched {document.tran_id} if the amount were {amount} {way}."
