"""Which payment pays which documents: pure functions. In prose: docs/reconciliation.md."""

from reconciliation.domain.matching.first import (
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
