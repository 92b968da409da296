"""Two rule sets on the same payment: what each would do, and whether a person did otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Credit, Decision, Outcome, Share, Solution

#: Documents named in the text of a line.
NAMED = 5


class Difference(StrEnum):
    """The words of ReplayLine.Kind."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Pays:
    """What a payment pays, comparable. customer_id: only where nothing else tells who gets it."""

    shares: frozenset[tuple[int, int, int, int]]
    credits: frozenset[tuple[int, int, int]]
    unapplied: int
    customer_id: int | None

    @classmethod
    def of(
        cls, shares: Iterable[Share], credits: Iterable[Credit], unapplied: int, customer_id: int
    ) -> Pays:
        found = frozenset((s.document_id, s.amount, s.discount, s.write_off) for s in shares)
        used = frozenset((c.memo_id, c.document_id, c.amount) for c in credits)
        return cls(found, used, unapplied, None if found else customer_id)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did with a payment. undone: took back what would be done again."""

    who: str
    pays: Pays
    undone: bool = False

    def is_against(self, pays: Pays | None) -> bool:
        """Whether applying `pays` goes against it."""
        if pays is None:
            return False
        same_shares = self.pays.shares == pays.shares
        return same_shares if self.undone else self.pays != pays


def pays_of(decision: Decision) -> Pays | None:
    """What would be applied without a person; None for a suggestion."""
    if decision.outcome is not Outcome.AUTO:
        return None
    one = decision.solutions[0]
    return Pays.of(one.shares, one.credits, one.unapplied, one.customer_id)


def difference(before: Decision, after: Decision, deed: Deed | None) -> Difference | None:
    """before, after: under the rules in force and under the new ones. None: as before."""
    old, new = pays_of(before), pays_of(after)
    if deed is not None and deed.is_against(new):
        return Difference.CONFLICT
    if old == new:
        return None
    if old is None:
        return Difference.GAINED
    return Difference.LOST if new is None else Difference.CHANGED


def suggests_otherwise(before: Decision, after: Decision) -> bool:
    """Whether only what is offered differs: nothing is applied either way."""
    if Outcome.AUTO in {before.outcome, after.outcome}:
        return False
    return offer(before) != offer(after)


def offer(decision: Decision) -> object:
    first = decision.solutions[0] if decision.solutions else None
    return first and (first.strategy, first.shares, first.credits, first.unapplied)


def in_words(
    decision: Decision, documents: Mapping[int, Document], currency: str, *, most: int = 300
) -> str:
    """What a decision applies, or why it applies nothing."""
    if decision.outcome is not Outcome.AUTO:
        return decision.sentence[:most]
    rule = f" ({decision.rule.title})" if decision.rule else ""
    return solution_in_words(decision.solutions[0], documents, currency, most - len(rule)) + rule


def solution_in_words(
    solution: Solution, documents: Mapping[int, Document], currency: str, most: int
) -> str:
    pays = Pays.of(solution.shares, solution.credits, solution.unapplied, solution.customer_id)
    return pays_in_words(pays, documents, currency)[:most]


def pays_in_words(pays: Pays, documents: Mapping[int, Document], currency: str) -> str:
    """ "IN-0000012345 100.00, IN-0000012346 20.00 with 5.00 discount, 3.00 USD on account"."""
    shares = sorted(pays.shares, key=lambda share: (name_of(share[0], documents), share))
    parts = [share_in_words(share, documents, currency) for share in shares[:NAMED]]
    if len(shares) > NAMED:
        parts.append(f"{len(shares) - NAMED} more")
    if pays.credits:
        used = sum(credit[2] for credit in pays.credits)
        parts.append(f"{amounts.text(used, currency)} by credit memos")
    if pays.unapplied:
        parts.append(f"{amounts.text(pays.unapplied, currency)} on account")
    return ", ".join(parts)


def share_in_words(
    share: tuple[int, int, int, int], documents: Mapping[int, Document], currency: str
) -> str:
    document, amount, discount, write_off = share
    text = f"{name_of(document, documents)} {amounts.plain(amount, currency)}"
    if discount:
        text += f" with {amounts.plain(discount, currency)} discount"
    if write_off:
        text += f" with {amounts.plain(write_off, currency)} written off"
    return text


def name_of(document_id: int, documents: Mapping[int, Document]) -> str:
    document = documents.get(document_id)
    return document.tran_id if document else "another document"
