"""One rule set on its way through the past: what it decides, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciliation.domain.matching.engine import match
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Decision
from reconciliation.domain.matching.rules import RuleSet
from reconciliation.domain.replaying import Pays, pays_of
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.loading import Loaded
from reconciliation.services.matching.postable import check_postable
from reconciliation.services.matching.undone import hold_undone
from reconciliation.services.replaying.past import Past


@dataclass(frozen=True, slots=True)
class Decided:
    """certain: as the engine decided; applied: less what could not be posted or was undone."""

    certain: Mapping[int, Decision]
    applied: Mapping[int, Decision]


@dataclass(slots=True)
class Side:
    """documents: what is still open under these rules."""

    rules: RuleSet
    documents: dict[int, Document]

    def decide(self, past: Past, table: MappingTable) -> Decided:
        """Decide a part as a live run would, and take what it would apply."""
        loaded = Loaded(past.company, past.rows, past.payments, self.documents, self.rules, table)
        found = match(list(past.payments.values()), self.documents.values(), self.rules)
        held = [
            check_postable(decision, past.rows[decision.payment_id], table)
            for decision in hold_undone(found, loaded)
        ]
        applied = {decision.payment_id: decision for decision in held}
        self.take_all(past, applied)
        return Decided({decision.payment_id: decision for decision in found}, applied)

    def take_all(self, past: Past, applied: Mapping[int, Decision]) -> None:
        """What was applied; where nothing was, what a person then applied by hand."""
        for pk, decision in applied.items():
            pays = pays_of(decision)
            if pays is None and pk in past.by_people:
                pays = past.by_people[pk].pays
            if pays is not None:
                self.take(pays)

    def take(self, pays: Pays) -> None:
        for pk, amount, discount, write_off in pays.shares:
            self.lower(pk, amount + discount + write_off, discount)
        for memo, pk, amount in pays.credits:
            self.lower(memo, amount)
            self.lower(pk, amount)

    def lower(self, pk: int, minor: int, discount: int = 0) -> None:
        document = self.documents.get(pk)
        if document is not None:
            self.documents[pk] = replace(
                document,
                open=max(document.open - minor, 0),
                discount=max(document.discount - discount, 0),
            )
