"""What is offered where nothing fits: guesses for a person, never applied by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found, solution_of
from reconciliation.domain.matching.payers import SIGNALS, Standing, namesakes
from reconciliation.domain.matching.results import Share, Signal, Solution
from reconciliation.domain.matching.rules import Strategy
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.matching.solutions.fitting import filled, full
from reconciliation.domain.matching.solutions.near import by_slip
from reconciliation.domain.matching.solutions.unnamed import Pool
from reconciliation.domain.matching.subsets import subsets
from reconciliation.domain.reasons import Reason

NOT_SURE = "The payer is not known for sure."
#: Payments of one payer that may be instalments of one document (chosen).
INSTALMENTS = 12


def guesses(case: Case, book: Book) -> list[Found]:
    """Suggestions by payer, likely payer and amount, in no order."""
    found: list[Found] = []
    payer = case.payer
    if case.reading.named:
        found += by_slip(case, book)
    if payer.known is not None:
        found += Pool(case, book, payer.own).any()
        found += family(case, book)
        found += last(case, book, payer.known)
    else:
        found += likely(case, book)
        if not case.reading.named:
            found += anybody(case, book)
    return found


def family(case: Case, book: Book) -> Iterator[Found]:
    """What the payer's family owes, together with him and customer by customer."""
    payer = case.payer
    groups = [[i] for i in sorted(payer.children | payer.relatives)[:20]]
    if payer.children:
        groups.append([*payer.own, *sorted(payer.children)])
    for group in groups:
        for one in Pool(case, book, group).any():
            yield one.stopped("The documents are those of another customer of the family.")


def likely(case: Case, book: Book) -> Iterator[Found]:
    """Customers the payer may be: by label in the text, name, or what people chose before."""
    payer = case.payer
    ids = [*sorted(payer.labelled | payer.mentioned), *namesakes(payer, book)]
    for customer_id in dict.fromkeys(ids):
        found = [*Pool(case, book, [customer_id]).any(), *last(case, book, customer_id)]
        yield from (one.stopped(NOT_SURE, Reason.NEEDS_CONFIRMATION) for one in found)
    for customer_id in payer.aliases[:3]:
        for one in [*Pool(case, book, [customer_id]).any(), *last(case, book, customer_id)]:
            yield as_alias(one).stopped("Who pays is known only from habit.")


def as_alias(one: Found) -> Found:
    solution = one.solution
    one.solution = Solution(
        Strategy.PAYER_ALIAS,
        solution.customer_id,
        solution.shares,
        solution.unapplied,
        solution.signals,
        solution.credits,
    )
    return one


def anybody(case: Case, book: Book) -> Iterator[Found]:
    """Any open document of exactly this amount, if only a few have it."""
    key = (case.payment.currency, case.payment.amount)
    fits = [d for d in book.by_amount.get(key, ()) if book.left(d) == case.payment.amount]
    fits = [d for d in fits if not d.in_dispute and case.standing(d) is not Standing.AGAINST]
    for document in fits[:5]:
        signals = [say.EXACT, *([say.CHANCE] if len(fits) > 1 else [])]
        shares = full([document], book)
        solution = solution_of(Strategy.EXACT_AMOUNT, case, shares, signals, document.customer_id)
        one = Found(solution, rivals=len(fits) - 1)
        yield one.stopped("Only the amount fits.", Reason.UNIDENTIFIED)


def last(case: Case, book: Book, customer_id: int) -> Iterator[Found]:
    """The oldest documents first, or all of it on account."""
    signals: list[Signal] = []
    customer = book.by_customer.get(customer_id)
    if customer:
        standing = case.standing(customer[0])
        signals = [SIGNALS[standing]] if standing in SIGNALS else []
    pool = Pool(case, book, [customer_id])
    shares = filled(pool.debts, case.payment.amount, book)
    if shares:
        solution = solution_of(
            Strategy.OLDEST_FIRST, case, shares, [*signals, say.OLDEST], customer_id
        )
        yield Found(solution).stopped("Nothing says what the payment is for.")
    said = [say.SAID] if case.reading.no_purpose else []
    evidence = [*signals, *said, say.ACCOUNT]
    solution = solution_of(Strategy.ON_ACCOUNT, case, (), evidence, customer_id)
    yield Found(solution).stopped("Nothing says what the payment is for.")


def instalments(cases: Sequence[Case], book: Book) -> dict[int, list[Found]]:
    """Payments of one payer that together make up one document exactly, by payment."""
    result: dict[int, list[Found]] = {}
    groups: dict[tuple[int, str], list[Case]] = {}
    for case in cases:
        if case.payer.known is not None and not case.reading.named:
            groups.setdefault((case.payer.known, case.payment.currency), []).append(case)
    for (payer, _), group in groups.items():
        if 2 <= len(group) <= INSTALMENTS:
            for one in Pool(group[0], book, [payer]).debts[:50]:
                together(one.id, book.left(one), group, result)
    return result


def together(
    document_id: int, left: int, group: Sequence[Case], result: dict[int, list[Found]]
) -> None:
    sums = subsets(
        [case.payment.amount for case in group], left, smallest=2, kept=2, many=2, steps=500
    )
    for chosen in sums.sets:
        for place in chosen:
            case = group[place]
            solution = solution_of(
                Strategy.INSTALMENTS,
                case,
                [Share(document_id, case.payment.amount, 0, 0, left)],
                [SIGNALS[Standing.LINKED], say.TOGETHER],
                case.payer.known or 0,
            )
            found = Found(solution, rivals=sums.count - 1)
            result.setdefault(case.payment.id, []).append(
                found.stopped("Several payments would make up one document.")
            )
