"""Write down why payments are not matched, and what is offered for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from paysync.domain.ledger import Bucket, move
from paysync.domain.money import Money
from paysync.models import Company
from paysync.services.bulk import replace_rows, set_values, spans
from reconciliation.domain.matching.results import Decision, Outcome
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, Proposal
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import Finding, match_key, open_items

#: Certain, but only looked at: the next run decides it again, whatever has changed since.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def write_left(
    company: Company,
    decisions: Sequence[Decision],
    cards: Mapping[int, dict[str, Any]],
    rows: dict[int, GatewayTransaction],
    rule_version: int,
    now: datetime,
) -> None:
    """Note why each is left over and what is offered; where the payer is known, its money is
    unapplied from now on. cards: by payment.
    """
    if not decisions:
        return
    identify(decisions, rows, now)
    replace_rows(
        [to_proposal(decision, cards[decision.payment_id], rule_version, now)
         for decision in decisions],
        by="transaction_id",
        fields=("card", "strategy", "score", "solutions", "rule_version", "made_at"),
    )  # fmt: skip
    certain = [d.payment_id for d in decisions if d.outcome == Outcome.AUTO]
    unsure = [d.payment_id for d in decisions if d.outcome != Outcome.AUTO]
    for keys, tried_at in ((certain, LONG_AGO), (unsure, now)):
        for part in spans(keys):
            GatewayTransaction.objects.filter(pk__any_of=part).update(match_tried_at=tried_at)
    open_items(company, [finding_of(decision, rows) for decision in decisions], now=now)


def identify(
    decisions: Sequence[Decision], rows: dict[int, GatewayTransaction], now: datetime
) -> None:
    """Money of a known payer is unapplied, not unidentified."""
    known = [decision for decision in decisions if decision.customer_id is not None]
    paid = [rows[decision.payment_id] for decision in known]
    newly = [row for row, d in zip(paid, known, strict=True) if row.customer_id != d.customer_id]
    for row, decision in zip(paid, known, strict=True):
        row.customer_id = decision.customer_id
    set_values(GatewayTransaction, "customer_id", {row.pk: row.customer_id for row in newly})
    balances = balances_of(paid)
    write_entries(
        [
            Draft(
                row,
                f"identified:{row.pk}:{row.customer_id}:{row.revision}",
                "payer identified",
                row.business_date,
                move(
                    Bucket.UNIDENTIFIED,
                    Bucket.UNAPPLIED,
                    balances.get(row.pk, {}).get(Bucket.UNIDENTIFIED, Money.zero(row.currency)),
                ),
            )
            for row in paid
        ],
        now=now,
    )


def to_proposal(
    decision: Decision, card: dict[str, Any], rule_version: int, now: datetime
) -> Proposal:
    best = decision.solutions[0] if decision.solutions else None
    return Proposal(
        transaction_id=decision.payment_id,
        card=card,
        strategy=best.strategy.value if best else "",
        score=best.score if best else 0,
        solutions=len(decision.solutions),
        rule_version=rule_version,
        made_at=now,
    )


def fallback_of(decision: Decision) -> Reason:
    """What could be applied, but was only looked at, waits for a yes or for the next run."""
    if decision.outcome == Outcome.AUTO:
        return Reason.NEEDS_CONFIRMATION
    return Reason.UNIDENTIFIED


def finding_of(decision: Decision, rows: dict[int, GatewayTransaction]) -> Finding:
    row = rows[decision.payment_id]
    return Finding(
        match_key(row.pk),
        decision.reason or fallback_of(decision),
        decision.sentence,
        Money(row.amount, row.currency),
        row,
    )
