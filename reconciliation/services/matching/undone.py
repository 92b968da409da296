"""What a person has undone is never applied again by itself: it is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from paysync.services.bulk import spans
from reconciliation.domain.matching.results import Decision, Outcome
from reconciliation.domain.reasons import Reason
from reconciliation.models import Application, Match
from reconciliation.queries.amounts import from_minor
from reconciliation.services.matching.chosen import ENGINE
from reconciliation.services.matching.loading import Loaded
from reconciliation.services.matching.postable import held_back

#: What a match pays, as a set: (document, amount).
Pays = frozenset[tuple[int, Decimal]]


def hold_undone(decisions: Sequence[Decision], loaded: Loaded) -> list[Decision]:
    """Decisions that would repeat exactly what somebody undid become suggestions."""
    undone = undone_by_people([d.payment_id for d in decisions if d.outcome == Outcome.AUTO])
    if not undone:
        return list(decisions)
    return [hold(decision, loaded, undone) for decision in decisions]


def hold(decision: Decision, loaded: Loaded, undone: dict[int, dict[Pays, str]]) -> Decision:
    if decision.outcome != Outcome.AUTO or decision.payment_id not in undone:
        return decision
    currency = loaded.payments[decision.payment_id].currency
    pays = frozenset(
        (share.document_id, from_minor(share.amount, currency).normalize())
        for share in decision.solutions[0].shares
    )
    by = undone[decision.payment_id].get(pays)
    if by is None:
        return decision
    sentence = f"{by} undid this match before. {decision.sentence}"
    return replace(held_back(decision, Reason.NEEDS_CONFIRMATION, sentence), customer_id=None)


def undone_by_people(payment_ids: Sequence[int]) -> dict[int, dict[Pays, str]]:
    """What people undid of these payments, and who."""
    ended: dict[int, tuple[int, str]] = {}
    for part in spans(payment_ids):
        rows = Match.objects.filter(transaction_id__any_of=part, ended_at__isnull=False)
        for pk, transaction_id, by in rows.exclude(ended_by=ENGINE).values_list(
            "pk", "transaction_id", "ended_by"
        ):
            ended[pk] = (transaction_id, by)
    pays: dict[int, set[tuple[int, Decimal]]] = {pk: set() for pk in ended}
    for part in spans(list(ended)):
        for pk, invoice, amount in Application.objects.filter(match_id__any_of=part).values_list(
            "match_id", "invoice_id", "amount"
        ):
            pays[pk].add((invoice, amount.normalize()))
    result: dict[int, dict[Pays, str]] = {}
    for pk, (transaction_id, by) in ended.items():
        result.setdefault(transaction_id, {})[frozenset(pays[pk])] = by
    return result
