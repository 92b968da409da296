"""Payments and documents for tests of the matching engine: only what the test is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from paysync.domain.ledger import InvoiceType
from reconciliation.domain.matching.engine import match
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.results import Decision, Outcome, Solution
from reconciliation.domain.matching.rules import DEFAULT_RULES, RuleSet

TODAY = date(2026, 4, 10)
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
ACME, GLOBEX, HOLDING = 1, 2, 9
NAMES = {ACME: "Acme Anvils Inc", GLOBEX: "Globex Trading LLC", HOLDING: "Anvil Holding Corp"}
PREFIXES = {502: "CM", 503: "DM", 504: "FC"}


def payment(
    amount: int,
    reference: str = "",
    customer: int | None = None,
    *,
    id: int = 1,
    minute: int = 0,
    **fields: Any,
) -> OpenPayment:
    """amount: cents."""
    values: dict[str, Any] = {"currency": "USD", "paid_on": TODAY} | fields
    made = NOON + timedelta(minutes=minute)
    return OpenPayment(
        id=id, amount=amount, created_at=made, reference=reference, customer_id=customer, **values
    )


def document(number: int, open: int, customer: int = ACME, **fields: Any) -> Document:
    """open: cents; of an invoice unless `tran_type` says otherwise."""
    type = fields.setdefault("tran_type", InvoiceType.INVOICE)
    values: dict[str, Any] = {
        "id": number * 10 + type % 10,
        "tran_id": f"{PREFIXES.get(type, 'IN')}-{number:010d}",
        "tran_no": f"{number:010d}",
        "tran_date": TODAY - timedelta(days=20),
        "due_date": TODAY + timedelta(days=10),
        "currency": "USD",
        "total": open,
        "customer_label": f"C{customer:03d}",
        "customer_name": NAMES.get(customer, f"Firm {customer}"),
    }
    return Document(open=open, customer_id=customer, **(values | fields))


def memo(number: int, open: int, customer: int = ACME, **fields: Any) -> Document:
    return document(number, open, customer, tran_type=InvoiceType.CREDIT_MEMO, **fields)


def decide(one: OpenPayment, *documents: Document, rules: RuleSet = DEFAULT_RULES) -> Decision:
    (decision,) = match([one], documents, rules)
    return decision


def applied(one: OpenPayment, *documents: Document, rules: RuleSet = DEFAULT_RULES) -> Solution:
    """What is applied by itself; it must be."""
    decision = decide(one, *documents, rules=rules)
    assert decision.outcome is Outcome.AUTO, decision
    return decision.solutions[0]


def waiting(one: OpenPayment, *documents: Document, rules: RuleSet = DEFAULT_RULES) -> Decision:
    """The decision of a payment that must not be applied by itself."""
    decision = decide(one, *documents, rules=rules)
    assert decision.outcome is not Outcome.AUTO, decision
    return decision


def paid(solution: Solution) -> dict[int, int]:
    """Number of the document -> cents of the payment."""
    return {share.document_id // 10: share.amount for share in solution.shares}


def numbers(solutions: Iterable[Solution]) -> list[list[int]]:
    return [sorted(paid(solution)) for solution in solutions]
