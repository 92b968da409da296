"""The ambiguity guard: what keeps the best solution from being applied by itself."""

from __future__ import annotations

from collections.abc import Sequence

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found, is_late_made, with_signals
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.payers import Standing
from reconciliation.domain.matching.references import Hit, Quality
from reconciliation.domain.matching.rules import NEVER_AUTO, Allowed, Rule, Strategy
from reconciliation.domain.matching.solutions import chance
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.matching.solutions.fitting import full, is_in_time, offered
from reconciliation.domain.matching.solutions.naming import named_of
from reconciliation.domain.matching.solutions.near import near_fits
from reconciliation.domain.matching.solutions.remittance import by_remittance
from reconciliation.domain.matching.solutions.unnamed import Pool
from reconciliation.domain.matching.subsets import subsets
from reconciliation.domain.reasons import Reason

INEXACT = frozenset(
    {Strategy.REFERENCE_PARTIAL, Strategy.REFERENCE_OVERPAID, Strategy.REFERENCE_TOLERANCE}
)
#: Days after its last day in which a discount of about this size is still thought of (chosen).
NEARLY_IN_TIME = 10
BY_PAYER = frozenset(
    {Strategy.EXACT_AMOUNT, Strategy.AMOUNT_DISCOUNT, Strategy.AMOUNT_TOLERANCE,
     Strategy.ACCOUNT_BALANCE, Strategy.SUBSET}
)  # fmt: skip


def judge(found: Found, case: Case, book: Book, rule: Rule | None) -> Found:
    """Add every reason why this solution may not be applied without a person."""
    if found.is_judged:
        return found
    found.is_judged = True
    documents = [book.by_id[share.document_id] for share in found.solution.shares]
    if found.solution.strategy in INEXACT:
        doubt_inexact(found, case, book, documents)
    if found.solution.strategy in BY_PAYER:
        doubt_unnamed(found, case, book, documents)
    rule_says(found, case, rule, documents)
    evidence_says(found, case, rule, documents)
    return found


def rule_says(found: Found, case: Case, rule: Rule | None, documents: list[Document]) -> None:
    """What the rule's outcome and limits forbid."""
    if rule is None:
        found.stopped("No rule covers this.")
        return
    if rule.allowed is not Allowed.AUTO or rule.strategy in NEVER_AUTO:
        found.stopped(f'The rule "{rule.title[:40]}" only suggests.')
    limits, currency = rule.limits, case.payment.currency
    if limits.max_amount is not None and case.payment.amount > case.minor(limits.max_amount):
        bound = amounts.text(case.minor(limits.max_amount), currency)
        found.stopped(f"The rule holds up to {bound}.")
    if len(documents) + len(found.solution.credits) > limits.max_documents:
        found.stopped(f"The rule holds for at most {limits.max_documents} documents.")
    days = limits.window_days
    if days is not None and any(
        (case.payment.paid_on - d.tran_date).days > days for d in documents
    ):
        found.stopped(f"A document is older than the {days} days the rule looks back.")


def evidence_says(found: Found, case: Case, rule: Rule | None, documents: list[Document]) -> None:
    """Too few independent signals, a payer who is somebody else, a dispute."""
    groups = say.groups_of(found.solution.signals)
    wanted = 1 + (rule.limits.second_signals if rule else 1)
    if found.solution.strategy in INEXACT:
        wanted -= 1  # what else could be meant is looked for instead
    if len(groups) < wanted:
        found.stopped(
            f"Independent signals asked for: {wanted}; found: {len(groups)}.",
            Reason.NEEDS_CONFIRMATION,
        )
    if case.standing_of(documents) is Standing.AGAINST:
        found.stopped("The payer is somebody else.", Reason.CUSTOMER_MISMATCH)
    if any(document.in_dispute for document in documents):
        found.stopped("A document is in dispute.", Reason.INVOICE_IN_DISPUTE)
    if any(not document.customer_is_active for document in documents):
        found.stopped(
            f"{documents[0].customer_label[:40]} is not active in Sage 500.",
            Reason.INACTIVE_CUSTOMER,
        )


def doubt_unnamed(found: Found, case: Case, book: Book, documents: list[Document]) -> None:
    """Without a reference only a payer known by link or label counts, for his own documents."""
    if case.standing_of(documents) < Standing.LABEL:
        found.stopped("The payer is not known for sure.", Reason.NEEDS_CONFIRMATION)
    if any(d.customer_id != case.payer.known for d in documents):
        found.stopped("The documents are those of another customer of the family.")
    if any(is_late_made(document, case.payment) for document in documents):
        found.solution = with_signals(found.solution, say.AHEAD)
        found.stopped("A document was made after the payment.")
    if case.reading.unknown:
        name = case.reading.unknown[0][:40]
        found.stopped(f'The payment names "{name}", which is no invoice.', Reason.UNKNOWN_INVOICE)
    elif case.reading.named:
        usable = named_of(case, book).payable
        found.solution = with_signals(found.solution, say.BESIDE if usable else say.ELSEWHERE)
        found.stopped("The payment names another document.")
    elif any(hint_elsewhere(hit, documents) for hit in case.reading.weak + case.reading.damaged):
        found.stopped("A number in the text may be of another document.")
    if case.reading.no_purpose:
        found.stopped("The text says that the money is for no document.")
    if case.contested:
        found.stopped("Another payment fits the same document as well.", Reason.AMBIGUOUS)


def hint_elsewhere(hit: Hit, documents: list[Document]) -> bool:
    """Whether a number that is long enough to mean something means none of these documents."""
    return hit.quality is not Quality.SHORT and not any(d in hit.documents for d in documents)


def doubt_inexact(found: Found, case: Case, book: Book, documents: list[Document]) -> None:
    """A part, too much, or nearly exact: only while nothing fits the amount better.

    A slip of the pen names a valid invoice now and then. Then the amount fits something else: a
    document of the same family, or one whose number is nearly the one written.
    """
    if found.solution.credits:
        return
    is_near = found.solution.strategy is Strategy.REFERENCE_TOLERANCE
    if not is_near:
        doubt_part(found, case, book, documents)
    better = [one for one in by_remittance(case, book) if exactly(one)]
    better += fits_better(case, book, documents, is_near=is_near)
    near = next(near_fits(case, book, documents), None)
    if better:
        name = book.by_id[better[0].solution.shares[0].document_id].tran_id
        found.rivals += len(better)
        found.stopped(f"{name} would fit the amount exactly.", Reason.AMBIGUOUS)
    if near:
        found.rivals += 1
        found.stopped(
            f"{near.tran_id}, close to what is written, has this amount.", Reason.AMBIGUOUS
        )


def doubt_part(found: Found, case: Case, book: Book, documents: list[Document]) -> None:
    """Of an unknown payer only what is announced as an invoice, and not far more than is due."""
    if case.reading.unknown or case.reading.damaged:
        found.stopped("It names something else too, which is no invoice.", Reason.UNKNOWN_INVOICE)
    elif found.solution.unapplied and case.reading.weak:
        found.stopped("Another number in it may be an invoice too.")
    surest = max((hit.quality for hit in case.reading.named), default=Quality.FIELD)
    if case.standing_of(documents) < Standing.NAME and surest < Quality.NUMBER:
        found.stopped(
            "A number without a word could be anything, the amount differs, and nothing says who"
            " paid.",
            Reason.NEEDS_CONFIRMATION,
        )
    short = sum(map(book.left, documents)) - case.payment.amount
    discount = sum(
        offered(d, book) for d in documents if is_in_time(d, case.payment, NEARLY_IN_TIME)
    )
    is_late = found.reason is Reason.LATE_DISCOUNT
    if discount and not is_late and abs(short - discount) * 10 <= discount:
        found.stopped("What is missing is nearly the discount.", Reason.SHORT_PAY)
    rest = found.solution.unapplied
    applied = case.payment.amount - rest
    if case.standing_of(documents) < Standing.NAME and rest > applied:
        text = amounts.text(rest, case.payment.currency)
        found.stopped(
            f"{text} would be left, more than is applied, and nothing says who paid.",
            Reason.NEEDS_CONFIRMATION,
        )


def exactly(one: Found) -> bool:
    return bool(say.groups_of(one.solution.signals) & {"amount"}) and not one.solution.unapplied


def fits_better(case: Case, book: Book, documents: list[Document], *, is_near: bool) -> list[Found]:
    """What the payer's family or the documents' customers owe that makes the amount exactly.

    is_near: the named documents are off by no more than the tolerance; then only one document, or
    all of them, is better.
    """
    ids = {document.customer_id for document in documents}
    ids |= {*case.payer.own, *case.payer.children}
    pool = Pool(case, book, sorted(ids))
    found = [*pool.exact(), *pool.balances()]
    found += [one for one in pool.less_discount() if one.reason is not Reason.LATE_DISCOUNT]
    if found:
        return found
    if is_near:
        return []
    must = [i for i, d in enumerate(pool.debts) if d in documents]
    found = sets(pool, book, case, must, len(must) + 1, 1.0)
    found = found or sets(pool, book, case, must, len(must) + 2, 0.2)
    return found or sets(pool, book, case, (), 3, 0.02)


def sets(
    pool: Pool, book: Book, case: Case, must: Sequence[int], largest: int, bound: float
) -> list[Found]:
    """The first set that makes the amount and is not likely to do so by accident."""
    sums = subsets(
        pool.left, case.payment.amount, smallest=2, largest=largest, must=must, many=20, steps=4_000
    )
    for chosen in sums.sets:
        size = len(chosen) - len(must)
        if chance.of_sets(len(pool.debts), size, pool.left, case.payment.amount) <= bound:
            documents = [pool.debts[i] for i in chosen]
            found = pool.found(Strategy.SUBSET, documents, full(documents, book), say.SET)
            return [found] if found else []
    return []
