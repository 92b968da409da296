"""In which order suggestions are shown: what has most behind it first, no set of shares twice."""

from __future__ import annotations

from reconciliation.domain.matching.book import Book, due_order
from reconciliation.domain.matching.case import Case, Found
from reconciliation.domain.matching.results import Solution
from reconciliation.domain.matching.rules import Rule, Strategy

ORDER = {strategy: place for place, strategy in enumerate(Strategy)}


def ranked(judged: list[tuple[Found, Rule]], case: Case, book: Book) -> list[tuple[Found, Rule]]:
    best: dict[object, tuple[Found, Rule]] = {}
    for one in sorted(judged, key=lambda pair: place_of(pair[0].solution, book)):
        best.setdefault(essence(one[0].solution), one)
    return list(best.values())


def place_of(solution: Solution, book: Book) -> tuple[object, ...]:
    """Score, then strategy, then the older documents."""
    documents = [book.by_id[share.document_id] for share in solution.shares]
    return (
        -solution.score,
        ORDER[solution.strategy],
        len(documents),
        sorted(due_order(document) for document in documents),
        [(share.document_id, share.amount, share.discount) for share in solution.shares],
        [(credit.memo_id, credit.document_id, credit.amount) for credit in solution.credits],
        solution.customer_id,
    )


def essence(solution: Solution) -> object:
    """What is written in the end; two solutions of one essence are one."""
    shares = frozenset((s.document_id, s.amount, s.discount, s.write_off) for s in solution.shares)
    credits = frozenset((c.memo_id, c.document_id, c.amount) for c in solution.credits)
    customer = None if shares else solution.customer_id
    return shares, credits, customer
