"""Solutions for a payment whose text names documents outright."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found, customer_of, solution_of
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.payers import SIGNALS, Standing
from reconciliation.domain.matching.results import Credit, Share, Signal
from reconciliation.domain.matching.rules import Strategy
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.matching.solutions.fitting import (
    credited,
    discounted,
    filled,
    full,
    oldest,
    tolerated,
)
from reconciliation.domain.matching.solutions.naming import Named, named_of
from reconciliation.domain.matching.subsets import subsets
from reconciliation.domain.reasons import Reason


def by_reference(case: Case, book: Book) -> list[Found]:
    """Every way in which the named documents explain the payment; none if it names none."""
    if not case.reading.named:
        return []
    named = named_of(case, book)
    if named.blocked and not named.payable and not named.choices:
        return blocked(case, book, named)
    readings = [documents for documents in named.readings() if documents]
    found = [
        one for documents in readings for one in Naming(case, book, named, documents).solutions()
    ]
    return choose_reading(found, case, book, named) if named.choices else found


def blocked(case: Case, book: Book, named: Named) -> list[Found]:
    """What is named but may not be paid: shown as it would be, with what speaks against it."""
    found = []
    for document, reason, sentence in named.blocked[:3]:
        evidence = [say.OF_QUALITY[named.quality]]
        standing = case.standing(document)
        if standing in SIGNALS:
            evidence.append(SIGNALS[standing])
        shares = filled([document], case.payment.amount, book) if reason in SHOWN else ()
        strategy = Strategy.INVOICE_REFERENCE
        if not shares:
            strategy, evidence = Strategy.ON_ACCOUNT, [*evidence[1:], say.ACCOUNT]
        elif book.left(document) != case.payment.amount:
            short = book.left(document) > case.payment.amount
            strategy = Strategy.REFERENCE_PARTIAL if short else Strategy.REFERENCE_OVERPAID
            evidence.append(say.PART if short else say.MORE)
        else:
            evidence.append(say.EXACT)
        customer_id = document.customer_id
        if not shares and case.payer.known is not None:
            customer_id = case.payer.known
        one = Found(solution_of(strategy, case, shares, evidence, customer_id))
        found.append(one.stopped(sentence, reason))
    return found


#: Objections that a person may overrule.
SHOWN = frozenset({Reason.CUSTOMER_MISMATCH, Reason.INACTIVE_CUSTOMER, Reason.INVOICE_IN_DISPUTE})


def choose_reading(found: list[Found], case: Case, book: Book, named: Named) -> list[Found]:
    """A number that means several documents is settled by the amount and the payer together."""
    exact = [one for one in found if one.solution.strategy in EXACTLY]
    hit, documents = named.choices[0]
    ids = ", ".join(sorted(document.tran_id for document in documents)[:5])
    sentence = f'"{hit.text[:40]}" can mean {len(documents)}: {ids}.'
    for one in found:
        shared = [book.by_id[share.document_id] for share in one.solution.shares]
        is_only = len(exact) == 1 and one is exact[0]
        if not (is_only and case.standing_of(shared) >= Standing.NAME):
            one.stopped(sentence, Reason.AMBIGUOUS)
            one.rivals = max(one.rivals, len(documents) - 1)
    return found


EXACTLY = frozenset(
    {Strategy.INVOICE_REFERENCE, Strategy.SEVERAL_REFERENCES, Strategy.REFERENCE_DISCOUNT}
)


class Naming:
    """The solutions for one reading of the named documents."""

    def __init__(self, case: Case, book: Book, named: Named, documents: list[Document]) -> None:
        self.case, self.book, self.named, self.documents = case, book, named, documents
        self.amount = case.payment.amount
        self.total = sum(map(book.left, documents))
        self.customer_id, self.is_one = customer_of(documents, case, book)
        self.standing = case.standing_of(documents)
        self.was_late = self.is_creditable = False

    def solutions(self) -> list[Found]:
        found = list(self.exact()) or [*self.less_discount(), *self.within_tolerance()]
        if not found or all(one.reason is Reason.LATE_DISCOUNT for one in found):
            found += [*self.less_credit(), *self.in_part(), *self.more()]
        return [self.checked(one) for one in found]

    def found(
        self,
        strategy: Strategy,
        shares: Sequence[Share],
        *signals: Signal,
        credits: Sequence[Credit] = (),
    ) -> Found:
        evidence = [say.OF_QUALITY[self.named.quality], *signals]
        if self.standing in SIGNALS:
            evidence.insert(1, SIGNALS[self.standing])
        return Found(solution_of(strategy, self.case, shares, evidence, self.customer_id, credits))

    def exact(self) -> Iterator[Found]:
        if self.amount == self.total:
            one = len(self.documents) == 1
            strategy = Strategy.INVOICE_REFERENCE if one else Strategy.SEVERAL_REFERENCES
            yield self.found(strategy, full(self.documents, self.book), say.EXACT)
        elif self.named.memos and self.amount == self.total - self.credit(self.named.memos):
            netted = credited(self.documents, self.named.memos, self.book)
            if netted:
                strategy = Strategy.SEVERAL_REFERENCES
                yield self.found(strategy, netted[0], say.CREDITED, credits=netted[1])

    def credit(self, memos: Sequence[Document]) -> int:
        return sum(map(self.book.left, memos))

    def less_discount(self) -> Iterator[Found]:
        strategy = Strategy.REFERENCE_DISCOUNT
        limits = self.case.limits(strategy, self.documents)
        fit = discounted(self.documents, self.case, self.book, limits)
        if fit:
            one = self.found(strategy, fit[0], say.DISCOUNTED)
            if not fit[1]:
                one.rivals = 1
                one.stopped("The discount can lie on other documents too.", Reason.AMBIGUOUS)
            yield one
            return
        fit = discounted(self.documents, self.case, self.book, limits, late=True)
        if fit:
            self.was_late = True
            yield self.found(strategy, fit[0], say.LATE).stopped(
                "The discount had run out on the day of the payment.", Reason.LATE_DISCOUNT
            )

    def within_tolerance(self) -> Iterator[Found]:
        strategy = Strategy.REFERENCE_TOLERANCE
        limits = self.case.limits(strategy, self.documents)
        shares = tolerated(self.documents, self.case, self.book, limits)
        if shares:
            one = self.found(strategy, shares, say.CLOSE)
            if len(shares) > 1 and self.amount < self.total:
                one.stopped("The missing part can lie on any of them.", Reason.SMALL_RESIDUE)
            yield one

    def less_credit(self) -> Iterator[Found]:
        """Unnamed credit memos of the same customer, where just they make the amount exact."""
        if self.amount >= self.total:
            return
        ids = {document.customer_id for document in self.documents}
        memos = [
            d
            for d in self.book.open_of(sorted(ids), self.case.payment.currency)
            if d.is_credit and not d.in_dispute
        ]
        short = self.total - self.amount
        sums = subsets(list(map(self.book.left, memos)), short, largest=3, many=2, steps=2_000)
        for chosen in sums.sets[:2]:
            netted = credited(self.documents, [memos[i] for i in chosen], self.book)
            if netted:
                self.is_creditable = True
                one = self.found(
                    Strategy.SEVERAL_REFERENCES, netted[0], say.CREDITED, credits=netted[1]
                )
                one.rivals = sums.count - 1
                if one.rivals:
                    one.stopped("Several credit memos make the amount exact.", Reason.AMBIGUOUS)
                elif self.standing < Standing.NAME:
                    one.stopped("The credit memo is not named.", Reason.CREDIT_TO_APPLY)
                yield one

    def in_part(self) -> Iterator[Found]:
        if self.amount >= self.total:
            return
        strategy = Strategy.REFERENCE_PARTIAL
        documents, book = self.documents, self.book
        if len(documents) == 1:
            part = say.LATE_PART if self.was_late else say.PART
            one = self.found(strategy, filled(documents, self.amount, book), part)
            one.reason = Reason.LATE_DISCOUNT if self.was_late else None
            if self.is_creditable:
                one.stopped("A credit memo makes the amount exact.", Reason.CREDIT_TO_APPLY)
            yield one
            return
        yield from self.some_of_them()
        missing = amounts.text(self.total - self.amount, self.case.payment.currency)
        sentence = f"It names {len(documents)} documents and is {missing} short."
        orders = [documents, oldest(documents)]
        for order in orders if orders[0] != orders[1] else orders[:1]:
            said = [say.AS_NAMED] if order is documents else []
            one = self.found(strategy, filled(order, self.amount, book), say.PART, *said)
            one.rivals = len(documents) - 1
            yield one.stopped(sentence, Reason.SHORT_PAY)

    def some_of_them(self) -> Iterator[Found]:
        """Some of the named documents, exactly."""
        left = list(map(self.book.left, self.documents))
        sums = subsets(left, self.amount, largest=len(left) - 1, kept=2, many=5, steps=2_000)
        for chosen in sums.sets:
            shares = full([self.documents[i] for i in chosen], self.book)
            one = self.found(Strategy.SEVERAL_REFERENCES, shares, say.SET)
            one.rivals = sums.count - 1
            yield one.stopped("It names more documents than it pays.", Reason.SHORT_PAY)

    def more(self) -> Iterator[Found]:
        if self.amount > self.total:
            shares = full(self.documents, self.book)
            yield self.found(Strategy.REFERENCE_OVERPAID, shares, say.MORE)

    def checked(self, found: Found) -> Found:
        """What holds for every solution of this reading."""
        if not self.is_one:
            found.stopped("The documents belong to customers who do not pay together.")
        for _, reason, sentence in self.named.blocked:
            paid = reason is Reason.ALREADY_PAID and found.solution.strategy in EXACTLY
            if not paid:
                found.stopped(sentence, reason)
        return found
