"""The engine against the truth: one verdict a payment, figures by situation and over all."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.corpus.truth import Answer, Case, Firm, key_of
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Decision, Outcome
from reconciliation.domain.matching.rules import RuleSet

Engine = Callable[[Sequence[OpenPayment], Iterable[Document], RuleSet], list[Decision]]
OFFERED = 3


class Verdict(StrEnum):
    """What became of one payment. The definitions: the docstring of the package."""

    AUTO = "auto"
    FIRST = "first"
    TOP3 = "top3"
    MISSED = "missed"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Judged:
    """One payment with the engine's word and ours on it."""

    firm: Firm
    case: Case
    decision: Decision
    verdict: Verdict


@dataclass(slots=True)
class Score:
    """Everything the report needs. overdrawn: documents given more than they have open."""

    judged: list[Judged] = field(default_factory=list)
    overdrawn: int = 0
    seconds: float = 0.0

    @property
    def verdicts(self) -> dict[str, Counter[Verdict]]:
        found: dict[str, Counter[Verdict]] = defaultdict(Counter)
        for one in self.judged:
            found[one.case.situation][one.verdict] += 1
        return dict(found)

    @property
    def gave_up(self) -> int:
        return sum(one.decision.gave_up for one in self.judged)

    def share(self, verdicts: Iterable[Verdict], *, readable_only: bool = False) -> float:
        """How many of the payments got one of these verdicts, 0 to 1; 1.0 where there are none."""
        asked = [one for one in self.judged if one.case.readable or not readable_only]
        wanted = frozenset(verdicts)
        return sum(one.verdict in wanted for one in asked) / len(asked) if asked else 1.0


def score(firms: Iterable[Firm], engine: Engine) -> Score:
    """Each company in one call, as the service does. Raises ValueError for a lost payment."""
    result = Score()
    for firm in firms:
        payments = [case.payment for case in firm.cases]
        begun = time.perf_counter()
        decisions = engine(payments, firm.documents, firm.rules)
        result.seconds += time.perf_counter() - begun
        by_payment = {decision.payment_id: decision for decision in decisions}
        if len(decisions) != len(payments) or by_payment.keys() != {p.id for p in payments}:
            raise ValueError(f"{firm.name}: not one decision for each payment")
        for case in firm.cases:
            decision = by_payment[case.payment.id]
            result.judged.append(Judged(firm, case, decision, judge(case, decision)))
        result.overdrawn += _overdrawn(firm, decisions)
    return result


def judge(case: Case, decision: Decision) -> Verdict:
    """Compare what the engine did, or offers, with the answers."""
    if decision.outcome is Outcome.AUTO:
        right = {answer.key for answer in case.answers if answer.auto_ok}
        done = key_of(decision.solutions[0]) if decision.solutions else None
        return Verdict.AUTO if done in right else Verdict.WRONG
    may_wait = any(_is_nothing(answer) for answer in case.answers)
    if decision.outcome is Outcome.NONE or not decision.solutions:
        return Verdict.FIRST if may_wait else Verdict.MISSED
    keys = {answer.key for answer in case.answers}
    offered = [key_of(solution) in keys for solution in decision.solutions[:OFFERED]]
    if offered[0]:
        return Verdict.FIRST
    waits = may_wait and case.payment.customer_id is None  # nobody's account to offer
    return Verdict.TOP3 if any(offered) or waits else Verdict.MISSED


def _is_nothing(answer: Answer) -> bool:
    return not answer.key[0]


def _overdrawn(firm: Firm, decisions: Iterable[Decision]) -> int:
    """How many documents and memos were given more than they have open, by what was applied."""
    taken: Counter[int] = Counter()
    for decision in decisions:
        if decision.outcome is not Outcome.AUTO:
            continue
        for share in decision.solutions[0].shares:
            taken[share.document_id] += share.taken
        for credit in decision.solutions[0].credits:
            taken[credit.document_id] += credit.amount
            taken[credit.memo_id] += credit.amount
    open_of = {document.id: document.open for document in firm.documents}
    return sum(amount > open_of.get(number, 0) for number, amount in taken.items())
