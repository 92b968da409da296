"""One payment on its way to a decision, and one way to explain it, with what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.names import name_key
from reconciliation.domain.matching.payers import Payer, Standing
from reconciliation.domain.matching.references import Reading
from reconciliation.domain.matching.results import Credit, Decision, Share, Signal, Solution
from reconciliation.domain.matching.rules import Conditions, Limits, Rule, RuleSet, Strategy
from reconciliation.domain.reasons import Reason

#: A document made so many days after the payment is hardly what it was for (chosen).
DAYS_AHEAD = 3


RulesOf = dict[Strategy, tuple[Rule, ...]]


@dataclass(slots=True)
class Found:
    """A solution. stops: why it may not be applied by itself. rivals: others as good."""

    solution: Solution
    stops: tuple[str, ...] = ()
    reason: Reason | None = None
    rivals: int = 0
    counted_all: bool = True
    gave_up: bool = False
    is_judged: bool = False

    def stopped(self, sentence: str, reason: Reason | None = None) -> Found:
        self.stops = (*self.stops, sentence)
        self.reason = self.reason or reason
        return self


@dataclass(slots=True)
class Case:
    """A payment, what its text names, who paid, and which rule holds for each strategy."""

    payment: OpenPayment
    reading: Reading
    payer: Payer
    rules: RulesOf
    decision: Decision | None = None
    contested: bool = False
    found: list[Found] = field(default_factory=list)
    stamp: int = -1

    def rule(self, strategy: Strategy, documents: Iterable[Document] = ()) -> Rule | None:
        """The first rule of the strategy that holds for the payment and these customers."""
        for rule in self.rules.get(strategy, ()):
            wanted = rule.conditions.customer_ids
            if not wanted or all(d.customer_label in wanted for d in documents):
                return rule
        return None

    def limits(self, strategy: Strategy, documents: Iterable[Document] = ()) -> Limits:
        rule = self.rule(strategy, documents)
        return rule.limits if rule else Limits()

    def minor(self, amount: Decimal) -> int:
        return amounts.minor(amount, self.payment.currency)

    def standing(self, document: Document) -> Standing:
        return self.payer.standing(document, name_key(document.customer_name))

    def standing_of(self, documents: Iterable[Document]) -> Standing:
        """The weakest over all documents."""
        return min((self.standing(d) for d in documents), default=Standing.UNKNOWN)


def rules_for(payment: OpenPayment, rules: RuleSet) -> RulesOf:
    """The rules of each strategy, in order, whose conditions hold for the payment."""
    result: dict[Strategy, tuple[Rule, ...]] = {}
    for rule in rules.rules:
        if holds(rule.conditions, payment):
            result[rule.strategy] = (*result.get(rule.strategy, ()), rule)
    return result


def holds(conditions: Conditions, payment: OpenPayment) -> bool:
    """Whether a rule applies to the payment; customers are looked at with the solution."""
    if conditions.methods and payment.method not in conditions.methods:
        return False
    if conditions.currencies and payment.currency not in conditions.currencies:
        return False
    low, high = conditions.amount_from, conditions.amount_to
    if low is not None and payment.amount < amounts.minor(low, payment.currency):
        return False
    return high is None or payment.amount <= amounts.minor(high, payment.currency)


def is_late_made(document: Document, payment: OpenPayment) -> bool:
    return (document.tran_date - payment.paid_on).days > DAYS_AHEAD


def solution_of(
    strategy: Strategy,
    case: Case,
    shares: Iterable[Share],
    signals: Iterable[Signal],
    customer_id: int,
    credits: Iterable[Credit] = (),
) -> Solution:
    """The solution with its rest: what of the payment no share takes."""
    kept = tuple(shares)
    rest = case.payment.amount - sum(share.amount for share in kept)
    return Solution(strategy, customer_id, kept, rest, tuple(signals), tuple(credits))


def with_signals(solution: Solution, *signals: Signal) -> Solution:
    return replace(solution, signals=(*solution.signals, *signals))


def customer_of(documents: list[Document], case: Case, book: Book) -> tuple[int, bool]:
    """Whose receipt it is, and whether that is clear: one customer, or a parent for children."""
    ids = {document.customer_id for document in documents}
    if len(ids) == 1:
        return documents[0].customer_id, True
    payer = case.payer.known
    parents = {document.parent_customer_id or document.customer_id for document in documents}
    if payer is not None and ids <= {payer, *book.children.get(payer, ())}:
        return payer, True
    if len(parents) == 1:
        return parents.pop(), payer is None
    largest = max(documents, key=lambda d: (book.left(d), -d.id))
    return largest.customer_id, False
