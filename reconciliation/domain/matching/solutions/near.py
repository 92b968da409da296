"""A slip of the pen can name another document that exists: then the amount fits one beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found, solution_of
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.payers import SIGNALS, Standing
from reconciliation.domain.matching.references import Quality
from reconciliation.domain.matching.results import Share
from reconciliation.domain.matching.rules import Strategy
from reconciliation.domain.matching.slips import slips_between
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.reasons import Reason

#: Documents of one amount that are compared with a number that is written (chosen).
MOST = 200
#: So few documents of an amount make it a rare one; then two slips are thought of (chosen).
FEW = 3


def near_fits(case: Case, book: Book, documents: Sequence[Document]) -> Iterator[Document]:
    """Documents of exactly this amount whose number is nearly one of those named."""
    key = case.payment.currency, case.payment.amount
    same = [*book.by_amount.get(key, ())[:MOST], *book.by_discounted.get(key, ())[:MOST]]
    is_rare = len(same) <= FEW and amounts.grain(case.payment.amount) < 1_000
    for other in same:
        if other in documents or book.left(other) != other.open:
            continue
        if case.standing(other) is Standing.AGAINST:
            continue
        slips = min((slips_between(other.tran_no, d.tran_no) for d in documents), default=3)
        if slips <= (2 if is_rare else 1):
            yield other


def by_slip(case: Case, book: Book) -> Iterator[Found]:
    """The same as suggestions."""
    named = [d for hit in case.reading.named for d in hit.documents]
    for document in near_fits(case, book, named):
        discount = document.open - case.payment.amount
        evidence = [say.OF_QUALITY[Quality.DAMAGED], say.DISCOUNTED if discount else say.EXACT]
        standing = case.standing(document)
        if standing in SIGNALS:
            evidence.append(SIGNALS[standing])
        share = Share(document.id, case.payment.amount, discount, 0, document.open)
        solution = solution_of(
            Strategy.REMITTANCE_TEXT, case, [share], evidence, document.customer_id
        )
        yield Found(solution).stopped(
            "The reference names another document, one slip away.", Reason.AMBIGUOUS
        )
