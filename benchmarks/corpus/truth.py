"""What is right for a payment, and what it is checked against: the words of the corpus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Solution
from reconciliation.domain.matching.rules import DEFAULT_RULES, Rule, RuleSet

#: Document, what payment and credit memos pay of it, discount, write-off: minor units.
Part = tuple[int, int, int, int]
#: How two answers are compared: parts, memos used up, rest. Which memo went to which of several
#: documents is nobody's concern.
Key = tuple[frozenset[Part], frozenset[tuple[int, int]], int]
#: Fields of `Limits` by code of the rule they replace.
LimitChanges = Mapping[str, Mapping[str, Any]]
MONEY_LIMITS = frozenset({"max_amount", "tolerance_under", "tolerance_over", "tolerance_percent"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One right explanation of a payment. auto_ok: it may be applied without asking anybody."""

    parts: tuple[Part, ...]
    memos: tuple[tuple[int, int], ...] = ()
    unapplied: int = 0
    auto_ok: bool = True

    @property
    def key(self) -> Key:
        parts = frozenset(part for part in self.parts if any(part[1:]))
        return parts, frozenset(self.memos), self.unapplied

    @property
    def amount(self) -> int:
        paid = sum(part[1] for part in self.parts)
        return paid - sum(used for _, used in self.memos) + self.unapplied


def key_of(solution: Solution) -> Key:
    """A solution of the engine in the form answers are compared in."""
    paid: dict[int, int] = {share.document_id: share.amount for share in solution.shares}
    memos: dict[int, int] = {}
    for credit in solution.credits:
        paid[credit.document_id] = paid.get(credit.document_id, 0) + credit.amount
        memos[credit.memo_id] = memos.get(credit.memo_id, 0) + credit.amount
    besides = {share.document_id: (share.discount, share.write_off) for share in solution.shares}
    parts = ((number, paid[number], *besides.get(number, (0, 0))) for number in paid)
    return frozenset(p for p in parts if any(p[1:])), frozenset(memos.items()), solution.unapplied


@dataclass(frozen=True, slots=True)
class Case:
    """A payment and what is right for it. readable: its reference alone would do for a clerk."""

    payment: OpenPayment
    answers: tuple[Answer, ...]
    readable: bool = False
    situation: str = ""


@dataclass(slots=True)
class Firm:
    """One company: everything that goes into one call of the engine, and the answers."""

    name: str
    limits: LimitChanges = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    @property
    def rules(self) -> RuleSet:
        changed = (_changed(rule, self.limits.get(rule.code, {})) for rule in DEFAULT_RULES.rules)
        return RuleSet(tuple(changed), version=1 if self.limits else 0)


def _changed(rule: Rule, changes: Mapping[str, Any]) -> Rule:
    typed: dict[str, Any] = {
        name: Decimal(value) if name in MONEY_LIMITS else value for name, value in changes.items()
    }
    return replace(rule, limits=replace(rule.limits, **typed))


def pays(
    *documents: Document,
    unapplied: int = 0,
    amounts: Mapping[int, int] | None = None,
    discounts: Mapping[int, int] | None = None,
    write_offs: Mapping[int, int] | None = None,
    memos: Iterable[Document] = (),
    auto_ok: bool = True,
) -> Answer:
    """Each document in full, but for `amounts`; a discount or write-off is not paid."""
    parts = []
    for document in documents:
        discount = (discounts or {}).get(document.id, 0)
        write_off = (write_offs or {}).get(document.id, 0)
        paid = (amounts or {}).get(document.id, document.open - discount - write_off)
        parts.append((document.id, paid, discount, write_off))
    used = tuple((memo.id, memo.open) for memo in memos)
    return Answer(tuple(parts), used, unapplied, auto_ok)


def nothing(amount: int) -> Answer:
    """It pays no document: left open or offered on account, never applied by itself."""
    return Answer((), (), amount, auto_ok=False)


def suggested(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """The same answers where none of them may be applied without asking."""
    return tuple(replace(answer, auto_ok=False) for answer in answers)


def oldest_first(documents: Sequence[Document], amount: int) -> Answer:
    """The amount over the documents by date; only ever a proposal."""
    left, parts = amount, []
    for document in sorted(documents, key=lambda d: (d.tran_date, d.tran_no)):
        paid = min(left, document.open)
        left -= paid
        if paid:
            parts.append((document.id, paid, 0, 0))
    return Answer(tuple(parts), (), left, auto_ok=False)


def faults_of(firm: Firm) -> list[str]:
    """What cannot be true about the truth, one sentence each; none for a sound corpus."""
    known = {document.id: document for document in firm.documents}
    found = []
    for case in firm.cases:
        name = f"{firm.name}, payment {case.payment.id} ({case.situation})"
        if not case.answers:
            found.append(f"{name}: no answer")
        for answer in case.answers:
            if answer.amount != case.payment.amount:
                found.append(f"{name}: an answer of {answer.amount}, not {case.payment.amount}")
            for number, *shares in answer.parts:
                if number not in known or sum(shares) > known[number].open:
                    found.append(f"{name}: more on document {number} than is open")
            if any(m not in known or used > known[m].open for m, used in answer.memos):
                found.append(f"{name}: more of a credit memo than is open")
    return found
