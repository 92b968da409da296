"""The explain card: a decision as plain data, shown the same way everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciliation.domain.matching import amounts
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Credit, Decision, Share, Solution

SCHEMA = 1


def card_of(
    decision: Decision,
    payment: OpenPayment,
    documents: Mapping[int, Document],
    rules_version: int,
) -> dict[str, Any]:
    """documents: those the solutions name, by id. Amounts are decimal strings in the currency."""
    currency = payment.currency
    rule = decision.rule
    return {
        "schema": SCHEMA,
        "outcome": decision.outcome.value,
        "sentence": decision.sentence,
        "reason": decision.reason.value if decision.reason else None,
        "rule": {"code": rule.code, "title": rule.title, "version": rules_version}
        if rule
        else None,
        "payment": {
            "amount": amounts.plain(payment.amount, currency),
            "currency": currency,
            "reference": payment.reference[:60],
            "payer": (payment.payer_name or payment.payer_label)[:60],
        },
        "rivals": {
            "count": decision.rivals,
            "counted_all": decision.counted_all,
            "gave_up": decision.gave_up,
        },
        "stopped": list(decision.stopped),
        "near_misses": list(decision.near_misses),
        "solutions": [
            solution_card(rank, solution, documents, currency)
            for rank, solution in enumerate(decision.solutions, 1)
        ],
    }


def solution_card(
    rank: int, solution: Solution, documents: Mapping[int, Document], currency: str
) -> dict[str, Any]:
    return {
        "rank": rank,
        "strategy": solution.strategy.value,
        "customer": customer_card(solution, documents),
        "score": solution.score,
        "shares": [share_card(share, solution, documents, currency) for share in solution.shares],
        "credits": [credit_card(credit, documents, currency) for credit in solution.credits],
        "unapplied": amounts.plain(solution.unapplied, currency),
        "signals": [
            {"code": signal.code, "weight": signal.weight, "text": signal.text}
            for signal in solution.signals
        ],
        "lost_because": solution.lost_because,
    }


def customer_card(solution: Solution, documents: Mapping[int, Document]) -> dict[str, Any]:
    """Label and name as far as a document of this customer tells them."""
    for share in solution.shares:
        document = documents.get(share.document_id)
        if document and document.customer_id == solution.customer_id:
            label, name = document.customer_label, document.customer_name
            return {"id": solution.customer_id, "label": label, "name": name}
    return {"id": solution.customer_id, "label": "", "name": ""}


def share_card(
    share: Share, solution: Solution, documents: Mapping[int, Document], currency: str
) -> dict[str, Any]:
    document = documents[share.document_id]
    credit = sum(c.amount for c in solution.credits if c.document_id == share.document_id)
    before = document.open if share.open_before is None else share.open_before
    return {
        "document": share.document_id,
        "tran_id": document.tran_id,
        "amount": amounts.plain(share.amount, currency),
        "discount": amounts.plain(share.discount, currency),
        "write_off": amounts.plain(share.write_off, currency),
        "open_before": amounts.plain(before, currency),
        "open_after": amounts.plain(before - share.taken - credit, currency),
    }


def credit_card(credit: Credit, documents: Mapping[int, Document], currency: str) -> dict[str, Any]:
    return {
        "memo": credit.memo_id,
        "memo_tran_id": documents[credit.memo_id].tran_id,
        "document": credit.document_id,
        "amount": amounts.plain(credit.amount, currency),
    }
