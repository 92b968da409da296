"""Solutions from the payer and the amount alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import (
    Case,
    Found,
    customer_of,
    solution_of,
    with_signals,
)
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.payers import SIGNALS
from reconciliation.domain.matching.results import Credit, Share, Signal, Solution
from reconciliation.domain.matching.rules import Strategy
from reconciliation.domain.matching.solutions import chance
from reconciliation.domain.matching.solutions import signals as say
from reconciliation.domain.matching.solutions.fitting import (
    credited,
    discounted,
    full,
    is_in_time,
    tolerated,
)
from reconciliation.domain.matching.subsets import MANY, Sums, subsets
from reconciliation.domain.reasons import Reason

#: Documents of one customer that are looked at together, oldest first (chosen).
POOL = 400
#: The largest sets that count as rivals of a single document.
SMALL = 4


GROUPINGS: tuple[Callable[[Document], object], ...] = (
    lambda d: d.tran_date,
    lambda d: d.due_date,
    lambda d: d.customer_po or None,
)


class Pool:
    """What one payer owes in the payment's currency, and the ways the amount fits it."""

    def __init__(self, case: Case, book: Book, customer_ids: Sequence[int]) -> None:
        self.case, self.book, self.amount = case, book, case.payment.amount
        everything = book.open_of(customer_ids, case.payment.currency)
        usable = [d for d in everything if not d.in_dispute]
        self.owed = [d for d in usable if d.is_payable]
        memos = [d for d in usable if d.is_credit]
        self.debts, self.memos = self.owed[:POOL], memos[:POOL]
        self.is_cut = len(self.owed) > POOL or len(memos) > POOL
        self.left = list(map(book.left, self.debts))
        self._sums: dict[int, Sums] = {}

    def sums(self, largest: int) -> Sums:
        """All sets of debts, less credits, that give the amount."""
        if largest not in self._sums:
            values = self.left + [-self.book.left(memo) for memo in self.memos]
            self._sums[largest] = subsets(values, self.amount, largest=largest)
        return self._sums[largest]

    def members(self, chosen: Sequence[int]) -> tuple[list[Document], list[Document]]:
        """The debts and the memos of a set."""
        count = len(self.debts)
        debts = [self.debts[i] for i in chosen if i < count]
        return debts, [self.memos[i - count] for i in chosen if i >= count]

    def found(
        self,
        strategy: Strategy,
        documents: list[Document],
        shares: Sequence[Share],
        *signals: Signal,
        memos: Sequence[Document] = (),
    ) -> Found | None:
        customer_id, is_one = customer_of(documents, self.case, self.book)
        standing = self.case.standing_of(documents)
        evidence = [SIGNALS[standing]] if standing in SIGNALS else []
        credits: tuple[Credit, ...] = ()
        if memos:
            netted = credited(documents, memos, self.book)
            if not netted:
                return None
            shares, credits = netted
        solution = solution_of(
            strategy, self.case, shares, (*evidence, *signals), customer_id, credits
        )
        one = Found(solution)
        if not is_one:
            one.stopped("The documents belong to customers who do not pay together.")
        return one

    # --- one document ---------------------------------------------------------------------

    def exact(self) -> list[Found]:
        fits = [d for d in self.owed if self.book.left(d) == self.amount]
        found = []
        for document in fits[:5]:
            shares = full([document], self.book)
            one = self.found(Strategy.EXACT_AMOUNT, [document], shares, say.EXACT)
            if one:
                found.append(self.single(one, len(fits)))
        return found

    def single(self, one: Found, fits: int) -> Found:
        """Count what else makes the amount, and how likely it fits by accident."""
        if fits > 1:
            one.rivals = fits - 1
            return one.stopped(f"{fits} documents have this amount.", Reason.AMBIGUOUS)
        if len(self.debts) == 1 and not self.memos:
            return one
        sums = self.sums(SMALL)
        one.rivals, one.counted_all = max(sums.count - fits, 0), sums.counted_all
        one.gave_up = sums.gave_up
        self.note_cut(one)
        if one.rivals:
            one.stopped("Other documents add up to the same amount.", Reason.AMBIGUOUS)
        if chance.of_sums(len(self.debts), self.left, self.amount) > chance.SINGLE:
            one.solution = with_chance(one)
            one.stopped("So round an amount fits by accident too easily.")
        return one

    def note_cut(self, one: Found) -> None:
        """Say so where not all of the payer's documents could be looked at together."""
        if self.is_cut:
            one.gave_up = True
            one.stopped(f"Only the {POOL} oldest of {len(self.owed)} documents were added up.")

    def less_discount(self) -> list[Found]:
        strategy, found = Strategy.AMOUNT_DISCOUNT, []
        for document in self.debts:
            if not document.discount > 0 or self.book.left(document) <= self.amount:
                continue
            limits = self.case.limits(strategy, [document])
            for late in (False, True):
                fit = discounted([document], self.case, self.book, limits, late=late)
                if fit:
                    signal = say.LATE if late else say.DISCOUNTED
                    one = self.found(strategy, [document], fit[0], signal)
                    if one and late:
                        one.stopped("The discount had run out.", Reason.LATE_DISCOUNT)
                    found += [one] if one else []
                    break
        for one in found[:5]:
            self.single(one, len([o for o in found if o.reason is not Reason.LATE_DISCOUNT]) or 1)
            if self.sums(SMALL).count:
                one.rivals = self.sums(SMALL).count
                one.stopped("Other documents add up to the same amount.", Reason.AMBIGUOUS)
        return found[:5]

    def within_tolerance(self) -> list[Found]:
        strategy, found = Strategy.AMOUNT_TOLERANCE, []
        for document in self.debts:
            limits = self.case.limits(strategy, [document])
            shares = tolerated([document], self.case, self.book, limits)
            one = self.found(strategy, [document], shares, say.CLOSE) if shares else None
            if one:
                found.append(one)
        for one in found:
            self.note_cut(one)
            one.rivals = len(found) - 1 + self.sums(SMALL).count
            if one.rivals:
                one.stopped("Other documents fit as well.", Reason.AMBIGUOUS)
        return found[:5]

    # --- several --------------------------------------------------------------------------

    def balances(self) -> list[Found]:
        """Everything open, net of credits or not; what is due; what was made until last month."""
        paid_on = self.case.payment.paid_on
        last_month = paid_on.replace(day=1) - timedelta(days=1)
        due = [d for d in self.owed if (d.due_date or d.tran_date) <= paid_on]
        before = [d for d in self.owed if d.tran_date <= last_month]
        whole = [
            self.balance(self.owed, (), say.BALANCE),
            self.balance(self.owed, self.memos, say.BALANCE) if self.memos else None,
            *(self.balance(part, (), say.STATEMENT) for part in (due, before)),
        ]
        return [one for one in whole if one]

    def balance(
        self, documents: list[Document], memos: Sequence[Document], signal: Signal
    ) -> Found | None:
        total = sum(map(self.book.left, documents)) - sum(map(self.book.left, memos))
        strategy = Strategy.ACCOUNT_BALANCE
        limits = self.case.limits(strategy, documents)
        shares = full(documents, self.book)
        if len(documents) < 2 or total != self.amount:
            fit = discounted(documents, self.case, self.book, limits) if not memos else None
            if len(documents) < 2 or fit is None or not all_taken(fit[0], documents, self):
                return None
            shares = fit[0]
        one = self.found(strategy, list(documents), shares, signal, memos=memos)
        if one and signal is say.STATEMENT and len(documents) < len(self.owed):
            self.count_rivals(one)
        return one

    def subsets(self) -> list[Found]:
        limits = self.case.limits(Strategy.SUBSET)
        sums = self.sums(max(limits.max_documents, 2))
        found = []
        for chosen in sums.sets[: 1 if sums.count > 3 or sums.gave_up else 3]:
            debts, memos = self.members(chosen)
            if not debts or len(chosen) < 2 or len(chosen) == len(self.debts) + len(self.memos):
                continue
            signals = [say.SET, *([say.NATURAL] if self.is_natural(debts) else [])]
            shares = full(debts, self.book)
            one = self.found(Strategy.SUBSET, debts, shares, *signals, memos=memos)
            if one:
                found.append(self.count_rivals(one, sums))
        return found

    def count_rivals(self, one: Found, sums: Sums | None = None) -> Found:
        sums = sums or self.sums(max(self.case.limits(Strategy.SUBSET).max_documents, 2))
        one.rivals, one.counted_all = max(sums.count - 1, 0), sums.counted_all
        one.gave_up = sums.gave_up
        self.note_cut(one)
        if one.rivals:
            many = "Many" if one.rivals >= MANY else str(one.rivals + 1)
            one.stopped(f"{many} sets of documents add up to the amount.", Reason.AMBIGUOUS)
        if one.gave_up:
            one.solution = with_chance(one)
            one.stopped("There are too many sets to look at all of them.", Reason.AMBIGUOUS)
        size = len(one.solution.shares)
        if chance.of_sets(len(self.debts), size, self.left, self.amount) > chance.SEVERAL:
            one.solution = one.solution if one.gave_up else with_chance(one)
            one.stopped("With so many sets one fits by accident too easily.")
        return one

    def is_natural(self, debts: Sequence[Document]) -> bool:
        """A set people pay together: the oldest ones, or all of one day, order or customer."""
        places = {d.id: i for i, d in enumerate(self.debts)}
        if max(places[d.id] for d in debts) == len(debts) - 1:
            return True
        chosen = {d.id for d in debts}
        return any(is_whole_group(chosen, self.debts, key) for key in GROUPINGS)

    def any(self) -> Iterator[Found]:
        """Everything, for suggestions."""
        yield from self.exact()
        yield from self.less_discount()
        yield from self.within_tolerance()
        yield from self.balances()
        yield from self.subsets()


def all_taken(shares: Sequence[Share], documents: Sequence[Document], pool: Pool) -> bool:
    """A whole balance is paid less every discount that is not over, or none."""
    payment = pool.case.payment
    grace = pool.case.limits(Strategy.ACCOUNT_BALANCE, documents).grace_days
    return all(
        share.discount or not document.discount or not is_in_time(document, payment, grace)
        for share, document in zip(shares, documents, strict=True)
    )


def is_whole_group(
    chosen: set[int], debts: Sequence[Document], key: Callable[[Document], object]
) -> bool:
    values = {key(d) for d in debts if d.id in chosen}
    if len(values) != 1 or None in values:
        return False
    (value,) = values
    return chosen == {d.id for d in debts if key(d) == value}


def with_chance(one: Found) -> Solution:
    return with_signals(one.solution, say.CHANCE)
