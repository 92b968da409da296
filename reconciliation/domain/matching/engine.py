"""Which payment pays which documents: the order in which rules and payments get their turn.

What names a document goes first, for all payments; then what rests on the payer and the amount; at
last what is left over gets its suggestions. Inside, oldest first. Source: docs/reconciliation.md,
"How paysync decides".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.case import Case, Found, RulesOf, rules_for
from reconciliation.domain.matching.contest import Claims
from reconciliation.domain.matching.explaining import applied, left_over
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.fast import FastPath
from reconciliation.domain.matching.guard import BY_PAYER, judge
from reconciliation.domain.matching.payers import payer_of
from reconciliation.domain.matching.references import read
from reconciliation.domain.matching.results import Decision, Outcome, Solution
from reconciliation.domain.matching.rules import (
    DEFAULT_RULES,
    NEVER_AUTO,
    Allowed,
    Conditions,
    Rule,
    RuleSet,
)
from reconciliation.domain.matching.solutions.last_resort import guesses, instalments
from reconciliation.domain.matching.solutions.named import by_reference
from reconciliation.domain.matching.solutions.remittance import by_remittance
from reconciliation.domain.matching.solutions.unnamed import Pool
from reconciliation.domain.reasons import Reason

#: Rounds in which a payment that found its documents may make another one certain (chosen).
ROUNDS = 3


def match(
    payments: Sequence[OpenPayment],
    documents: Iterable[Document],
    rules: RuleSet = DEFAULT_RULES,
) -> list[Decision]:
    """Decide each payment once; the decisions come oldest payment first.

    payments, documents: one company, any order, any currencies. No document is given more than it
    has open over all payments of the call. Raises nothing.
    Source: docs/reconciliation.md, "How paysync decides".
    """
    ordered = sorted(payments, key=attrgetter("created_at", "id"))
    return Run(Book(documents), rules).decide(ordered)


class Run:
    """One call: the book, the cases that are still open, and who names what."""

    def __init__(self, book: Book, rules: RuleSet) -> None:
        self.book, self.rules = book, rules
        self.claims = Claims(book)
        self.cases: list[Case] = []
        self.decisions: dict[int, Decision] = {}
        same = all(rule.conditions == Conditions() for rule in rules.rules)
        self.shared: RulesOf | None = None
        if same and rules.rules:
            self.shared = {}
            for rule in rules.rules:
                self.shared[rule.strategy] = (*self.shared.get(rule.strategy, ()), rule)

    def decide(self, ordered: Sequence[OpenPayment]) -> list[Decision]:
        self.open_cases(ordered)
        self.by_name()
        self.by_payer()
        self.suggest()
        return [self.decisions[payment.id] for payment in ordered]

    def open_cases(self, ordered: Sequence[OpenPayment]) -> None:
        """Read every payment; those that name one document exactly are decided at once."""
        fast = FastPath(self.book, self.shared, self.claims)
        for payment in ordered:
            if payment.amount <= 0:
                self.decisions[payment.id] = no_money(payment)
            elif not fast.takes(payment):
                self.open_case(payment)
        for payment in fast.decide(self.decisions):
            self.open_case(payment)
        self.cases.sort(key=lambda case: (case.payment.created_at, case.payment.id))

    def open_case(self, payment: OpenPayment) -> None:
        reading = read(payment, self.book)
        payer = payer_of(payment, self.book, tuple(reading.labels))
        rules = self.shared if self.shared is not None else rules_for(payment, self.rules)
        case = Case(payment, reading, payer, rules)
        self.cases.append(case)
        self.claims.add(case)

    @property
    def pending(self) -> list[Case]:
        return [case for case in self.cases if case.decision is None]

    def by_name(self) -> None:
        """Rule by rule, what payments name; again while a part paid makes the rest exact."""
        pending = self.pending
        for _ in range(ROUNDS):
            for rule in self.rules.rules:
                if may_apply(rule) and rule.strategy not in BY_PAYER:
                    for case in pending:
                        if case.decision is None:
                            self.try_named(case, rule)
            before, pending = len(pending), self.pending
            if len(pending) == before:
                return

    def try_named(self, case: Case, rule: Rule) -> None:
        for found in self.named(case):
            if found.solution.strategy is not rule.strategy or self.rule_of(found, case) != rule:
                continue
            judge(found, case, self.book, rule)
            if not found.stops and self.is_still_there(found):
                rival = self.claims.rival(case, found)
                if rival:
                    found.stopped(rival, Reason.AMBIGUOUS)
                else:
                    self.apply(case, found, rule)
                    return

    def named(self, case: Case) -> list[Found]:
        """The solutions by reference, found again when their documents were given away."""
        stamp = self.claims.stamp(case)
        if stamp != case.stamp:
            case.found = [*by_reference(case, self.book), *by_remittance(case, self.book)]
            case.stamp = stamp
        return case.found

    def rule_of(self, found: Found, case: Case) -> Rule | None:
        documents = [self.book.by_id[share.document_id] for share in found.solution.shares]
        return case.rule(found.solution.strategy, documents)

    def by_payer(self) -> None:
        """What only payer and amount explain; what two payments fit alike is left to a person."""
        cases = [case for case in self.pending if case.payer.known is not None]
        for _ in range(ROUNDS):
            certain = [(case, one) for case in cases for one in self.certain(case)]
            sure = self.claims.uncontested(certain)
            for case, (found, rule) in sure:
                self.apply(case, found, rule)
            payers = {case.payer.known for case, _ in sure}
            cases = [c for c in cases if c.decision is None and c.payer.known in payers]
            if not cases:
                return

    def certain(self, case: Case) -> Iterator[tuple[Found, Rule]]:
        """The first solution by payer and amount that nothing stops, if there is one."""
        found = list(Pool(case, self.book, case.payer.own).any())
        for rule in self.rules.rules:
            if not may_apply(rule) or rule.strategy not in BY_PAYER:
                continue
            for one in found:
                if one.solution.strategy is rule.strategy and self.rule_of(one, case) == rule:
                    judge(one, case, self.book, rule)
                    if not one.stops and not self.claims.named_by_another(case, one):
                        yield one, rule
                        return

    def is_still_there(self, found: Found) -> bool:
        """Whether nothing it rests on was given away since it was found."""
        return all(
            amount <= self.book.left(self.book.by_id[key])
            for key, amount in taken_by(found.solution).items()
        )

    def apply(self, case: Case, found: Found, rule: Rule) -> None:
        case.decision = applied(case, found, rule, self.book)
        for key, amount in taken_by(found.solution).items():
            self.book.take(key, amount)
        self.decisions[case.payment.id] = case.decision

    def suggest(self) -> None:
        """What is left over: everything that could be meant, ranked."""
        pending = self.pending
        parts = instalments(pending, self.book)
        for case in pending:
            found = [*self.named(case), *guesses(case, self.book)]
            found += parts.get(case.payment.id, [])
            kept = []
            for one in found:
                rule = self.rule_of(one, case)
                if rule is not None and rule.allowed is not Allowed.NEVER:
                    self.weigh(one, case, rule)
                    kept.append((one, rule))
            self.decisions[case.payment.id] = left_over(case, kept, self.book)

    def weigh(self, found: Found, case: Case, rule: Rule) -> None:
        """Judge a suggestion, and say what held it back."""
        judge(found, case, self.book, rule)
        if found.stops:
            return
        rival = self.claims.rival(case, found)
        if rival:
            found.stopped(rival, Reason.AMBIGUOUS)
        elif not self.claims.named_by_another(case, found):
            found.stopped("Other payments of this run had to come first; the next run looks again.")


def may_apply(rule: Rule) -> bool:
    return rule.allowed is Allowed.AUTO and rule.strategy not in NEVER_AUTO


def taken_by(solution: Solution) -> dict[int, int]:
    """By how much a solution lowers what is left of each document and memo."""
    taken: dict[int, int] = {}
    for share in solution.shares:
        taken[share.document_id] = taken.get(share.document_id, 0) + share.taken
    for credit in solution.credits:
        for key in (credit.memo_id, credit.document_id):
            taken[key] = taken.get(key, 0) + credit.amount
    return taken


def no_money(payment: OpenPayment) -> Decision:
    sentence = f"The amount is {amounts.text(payment.amount, payment.currency)}."
    return Decision(
        payment.id,
        Outcome.NONE,
        sentence,
        reason=Reason.BAD_AMOUNT,
        customer_id=payment.customer_id,
    )
