"""Count what two rule sets do differently, and keep the lines people will ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Decision, Outcome
from reconciliation.domain.replaying import (
    Deed,
    Difference,
    difference,
    in_words,
    pays_in_words,
    pays_of,
    suggests_otherwise,
)
from reconciliation.models import ReplayLine
from reconciliation.queries.amounts import from_minor
from reconciliation.services.replaying.past import Past
from reconciliation.services.replaying.sides import Decided

#: Lines kept of each kind (chosen): 10,000 in all. What is beyond is counted only.
MOST_LINES = 2_500
Documents = Mapping[int, Document]


@dataclass(slots=True)
class Heap:
    """Payments of one sort: how many, and their money by currency in minor units."""

    count: int = 0
    money: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, amount: int, currency: str) -> None:
        self.count += 1
        self.money[currency] += amount

    def plain(self) -> dict[str, Any]:
        return {"count": self.count, "money": plain(self.money)}


@dataclass(frozen=True, slots=True)
class Pair:
    """One payment under both rule sets. old, new: what would be applied; deed: a person's."""

    payment: OpenPayment
    old: Decision
    new: Decision
    certain_before: Decision
    deed: Deed | None

    @property
    def kind(self) -> Difference | None:
        return difference(self.old, self.new, self.deed)

    @property
    def conflicts_already(self) -> bool:
        """Whether the rules in force go against the person as well."""
        return self.deed is not None and self.deed.is_against(pays_of(self.certain_before))

    def to_line(self, replay_id: int, kind: Difference, documents: Documents) -> ReplayLine:
        currency = self.payment.currency
        before = in_words(self.old, documents, currency)
        if kind is Difference.CONFLICT and self.deed is not None:
            did = "undid" if self.deed.undone else "matched"
            pays = pays_in_words(self.deed.pays, documents, currency)
            before = f"{self.deed.who} {did} {pays}"
        return ReplayLine(
            replay_id=replay_id,
            transaction_id=self.payment.id,
            kind=kind.value,
            currency=currency,
            amount=from_minor(self.payment.amount, currency),
            before=before[:300],
            after=in_words(self.new, documents, currency)[:300],
        )


@dataclass(slots=True)
class Tally:
    """The result of a replay. against: the version in force; first, last: the days looked at."""

    against: int
    version: int
    first: date
    last: date
    seen: Heap = field(default_factory=Heap)
    before: Heap = field(default_factory=Heap)
    after: Heap = field(default_factory=Heap)
    kinds: dict[Difference, Heap] = field(
        default_factory=lambda: {kind: Heap() for kind in Difference}
    )
    suggestions: int = 0
    as_people_did: int = 0
    conflicts_before: int = 0

    def count(
        self, replay_id: int, past: Past, before: Decided, after: Decided, documents: Documents
    ) -> list[ReplayLine]:
        """Count a part; returns the lines of it that are kept."""
        lines = []
        for pair in pairs(past, before, after):
            kind = pair.kind
            self.count_pair(pair, kind)
            if kind is not None and self.kinds[kind].count <= MOST_LINES:
                lines.append(pair.to_line(replay_id, kind, documents))
        return lines

    def count_pair(self, pair: Pair, kind: Difference | None) -> None:
        amount, currency = pair.payment.amount, pair.payment.currency
        self.seen.add(amount, currency)
        for heap, decision in ((self.before, pair.old), (self.after, pair.new)):
            if decision.outcome is Outcome.AUTO:
                heap.add(amount, currency)
        if kind is not None:
            self.kinds[kind].add(amount, currency)
        elif suggests_otherwise(pair.old, pair.new):
            self.suggestions += 1
        self.as_people_did += kind is Difference.GAINED and pair.deed is not None
        self.conflicts_before += kind is Difference.CONFLICT and pair.conflicts_already

    def summary(self) -> dict[str, Any]:
        """As it is stored: amounts are decimal strings, by currency. more: not kept as lines."""
        moved: dict[str, int] = defaultdict(int)
        for heap in self.kinds.values():
            for code, minor in heap.money.items():
                moved[code] += minor
        return {
            "against": self.against,
            "version": self.version,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "payments": self.seen.plain(),
            "before": self.before.plain(),
            "after": self.after.plain(),
            "kinds": {
                kind.value: heap.plain() | {"more": max(heap.count - MOST_LINES, 0)}
                for kind, heap in self.kinds.items()
            },
            "moved": plain(moved),
            "suggestions": self.suggestions,
            "as_people_did": self.as_people_did,
            "conflicts_before": self.conflicts_before,
        }


def plain(money: Mapping[str, int]) -> dict[str, str]:
    return {code: str(from_minor(minor, code)) for code, minor in sorted(money.items())}


def pairs(past: Past, before: Decided, after: Decided) -> Iterator[Pair]:
    """Every payment of a part under both sets. What a person undid is held back when it is decided
    again; to show that, it counts as decided here.
    """
    for pk, payment in past.payments.items():
        certain = after.certain[pk]
        deed = deed_about(past, pk, certain)
        new = certain if deed is not None and deed.undone else after.applied[pk]
        yield Pair(payment, before.applied[pk], new, before.certain[pk], deed)


def deed_about(past: Past, pk: int, certain: Decision) -> Deed | None:
    """What a person did with the payment: matched it, or undid just what would be done again."""
    match = past.by_people.get(pk)
    pays = pays_of(certain)
    if match is not None or pays is None or pk not in past.undone:
        return match
    currency = past.payments[pk].currency
    shares = frozenset(
        (document, from_minor(amount, currency).normalize())
        for document, amount, _, _ in pays.shares
    )
    who = past.undone[pk].get(shares)
    return Deed(who, pays, undone=True) if who else None
