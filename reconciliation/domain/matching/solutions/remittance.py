"""Solutions from uncertain readings: bare numbers, purchase orders, numbers one slip away.

None of them is taken at its word: only an amount that fits exactly makes one of them a solution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found, customer_of, solution_of
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.payers import SIGNALS, Standing
from reconciliation.domain.matching.references import Hit, Quality
from reconciliation.domain.matching.results import Share, Signal
from reconciliation.domain.matching.rules import Strategy
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.matching.solutions.fitting import discounted, filled, full
from reconciliation.domain.matching.solutions.naming import named_of, objection_to
from reconciliation.domain.matching.solutions.near import near_fits
from reconciliation.domain.matching.subsets import subsets
from reconciliation.domain.reasons import Reason

STRATEGY = Strategy.REMITTANCE_TEXT
#: Uncertain documents looked at together (chosen).
MOST = 40
#: So far beyond the newest number a number may be of an invoice that is not in Sage yet (chosen).
LATE = 1_000

#: Documents with the quality of the weakest reading among them, and how the amount fits.
Fit = tuple[list[Document], Quality, tuple[Share, ...], Signal]


def by_remittance(case: Case, book: Book) -> list[Found]:
    if not (case.reading.weak or case.reading.damaged):
        return []
    named = named_of(case, book)
    if named.choices:
        return []
    base, quality = named.payable, named.quality
    fits = unlike(
        [
            *from_weak(case, book, base, quality),
            *from_damaged(case, book, base),
        ]
    )
    found = [solution(case, book, fit) for fit in fits]
    for one in found:
        one.rivals = len(found) - 1
        if one.rivals:
            one.stopped(f"{len(found)} readings of the text fit the amount.", Reason.AMBIGUOUS)
    if not found and not base:
        found = list(inexact(case, book))
    return found


def payable(documents: Iterable[Document], case: Case, book: Book) -> list[Document]:
    return [d for d in documents if objection_to(case, d, book) is None][:MOST]


def from_weak(case: Case, book: Book, base: list[Document], quality: Quality) -> Iterator[Fit]:
    """The named documents and some of the uncertain ones that add up to the amount."""
    qualities: dict[int, Quality] = {}
    options: list[Document] = []
    for hit in case.reading.weak:
        for document in payable(hit.documents, case, book):
            if document not in base and document.id not in qualities:
                options.append(document)
                qualities[document.id] = hit.quality
    need = case.payment.amount - sum(map(book.left, base))
    if not options or need <= 0:
        return
    sums = subsets(list(map(book.left, options)), need, largest=12, kept=5, many=10, steps=4_000)
    for chosen in sums.sets:
        some = [options[i] for i in chosen]
        worst = min([quality, *(qualities[d.id] for d in some)])
        documents = [*base, *some]
        yield documents, worst, full(documents, book), say.EXACT
    if not sums.sets:
        yield from less_discount(case, book, base, [[d] for d in options], qualities)
        yield from less_discount(case, book, base, [options], qualities)


def less_discount(
    case: Case,
    book: Book,
    base: list[Document],
    groups: Sequence[list[Document]],
    qualities: dict[int, Quality],
) -> Iterator[Fit]:
    for group in groups:
        documents = [*base, *group]
        fit = discounted(documents, case, book, case.limits(Strategy.REFERENCE_DISCOUNT, documents))
        if fit and fit[1]:
            worst = min(qualities.get(d.id, Quality.DAMAGED) for d in group)
            yield documents, worst, fit[0], say.DISCOUNTED


def from_damaged(case: Case, book: Book, base: list[Document]) -> Iterator[Fit]:
    """One document for each number that is a slip away from it, if the amount is then exact."""
    hits = [payable_near(hit, case, book) for hit in case.reading.damaged[:2]]
    need = case.payment.amount - sum(map(book.left, base))
    for chosen in choices([near for near in hits if near], need, book):
        documents = [*base, *chosen]
        yield documents, Quality.DAMAGED, full(documents, book), say.EXACT
    for near in hits:
        offers = [[d] for d in near if 0 < need < book.left(d)]
        yield from less_discount(case, book, base, offers, {})


def payable_near(hit: Hit, case: Case, book: Book) -> list[Document]:
    return [d for d in hit.documents if objection_to(case, d, book) is None]


def choices(hits: list[list[Document]], need: int, book: Book) -> Iterator[list[Document]]:
    """One of each, or one of one of them, that add up to what is needed."""
    for near in hits:
        for document in near:
            if book.left(document) == need:
                yield [document]
    if len(hits) == 2:
        for first, second in product(*hits):
            if first is not second and book.left(first) + book.left(second) == need:
                yield [first, second]


def unlike(fits: Iterable[Fit]) -> list[Fit]:
    """Each set of documents once, the surest first."""
    best: dict[frozenset[int], Fit] = {}
    for fit in fits:
        key = frozenset(document.id for document in fit[0])
        if key not in best or best[key][1] < fit[1]:
            best[key] = fit
    return sorted(best.values(), key=lambda fit: (-fit[1], sorted(d.id for d in fit[0])))


def solution(case: Case, book: Book, fit: Fit) -> Found:
    documents, quality, shares, signal = fit
    customer_id, is_one = customer_of(documents, case, book)
    standing = case.standing_of(documents)
    evidence = [say.OF_QUALITY[quality], signal]
    if standing in SIGNALS:
        evidence.insert(1, SIGNALS[standing])
    found = Found(solution_of(STRATEGY, case, shares, evidence, customer_id))
    if not is_one:
        found.stopped("The documents belong to customers who do not pay together.")
    doubt = doubt_of(case, book, documents, quality, standing)
    return found.stopped(doubt, Reason.NEEDS_CONFIRMATION) if doubt else found


def doubt_of(
    case: Case, book: Book, documents: list[Document], quality: Quality, standing: Standing
) -> str:
    """Why an uncertain reading with an exact amount is still not enough; "" if it is."""
    several = len(documents) > 1
    rare = is_rare(case, book, documents)
    if quality is Quality.SHORT:
        sure = len(documents) > 1 and standing >= Standing.LABEL
        return "" if sure else "The number is short and could be anything."
    if quality in SPECIFIC:
        sure = standing >= Standing.NAME or several or not is_common(case, book)
        sure = sure or quality is Quality.ORDER
        sure = sure or (quality is Quality.MENDED and not any(near_fits(case, book, documents)))
        return "" if sure else "Nothing says who paid, and the amount is a common one."
    if is_newer(case, book):
        return "The number is beyond the newest invoice: it may not be in Sage yet."
    if is_recurring(book, documents):
        return "The customer owes this amount more than once."
    sure = standing >= Standing.NAME or rare
    return "" if sure else "The reference is damaged, and nothing says who paid."


SPECIFIC = frozenset({Quality.BARE, Quality.ORDER, Quality.MENDED})


def is_common(case: Case, book: Book) -> bool:
    """Whether so many documents have this amount that one of them is easily met by accident."""
    same = book.by_amount.get((case.payment.currency, case.payment.amount), ())
    return len(same) > max(1, len(book.documents) // 300)


def is_rare(case: Case, book: Book, documents: list[Document]) -> bool:
    """One document, of an amount that is not round and that nobody else owes."""
    if len(documents) != 1:
        return False
    same = book.by_amount.get((case.payment.currency, book.left(documents[0])), ())
    return len(same) <= 1 and amounts.grain(case.payment.amount) < 100


def is_recurring(book: Book, documents: list[Document]) -> bool:
    return any(
        other.total == document.total and other.id != document.id
        for document in documents
        for other in book.by_customer.get(document.customer_id, ())
    )


def is_newer(case: Case, book: Book) -> bool:
    numbers = [text for text in case.reading.unknown if text.isascii() and text.isdigit()]
    return any(
        len(text) <= 10 and book.highest_number < int(text) <= book.highest_number + LATE
        for text in numbers
    )


def inexact(case: Case, book: Book) -> Iterator[Found]:
    """An uncertain document whose amount differs: shown, never applied."""
    for hit in [h for h in case.reading.weak if h.quality > Quality.SHORT][:3]:
        for document in payable(hit.documents, case, book)[:3]:
            shares = filled([document], case.payment.amount, book)
            over = case.payment.amount > book.left(document)
            fit = ([document], hit.quality, shares, say.MORE if over else say.PART)
            yield solution(case, book, fit).stopped(
                "The number is uncertain, and the amount differs."
            )
