"""Which payment pays which documents: pure functions. In prose: docs/reconciliation.md."""

from reconciliation.domain.matching.first import (
    BY_AMOUNT,
    BY_REFERENCE,
    RULE_VERSION,
    Candidate,
    Decision,
    LeftOver,
    Matched,
    OpenPayment,
    is_representable,
    match,
    number_of,
)

__all__ = [
    "BY_AMOUNT",
    "BY_REFERENCE",
    "RULE_VERSION",
    "Candidate",
    "Decision",
    "LeftOver",
    "Matched",
    "OpenPayment",
    "is_representable",
    "match",
    "number_of",
]
