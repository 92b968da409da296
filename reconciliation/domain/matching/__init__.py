"""Which payment pays which documents: pure functions. In prose: docs/reconciliation.md."""

from reconciliation.domain.matching.cards import card_of
from reconciliation.domain.matching.engine import match
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.names import is_representable, number_of
from reconciliation.domain.matching.results import (
    Credit,
    Decision,
    Outcome,
    Share,
    Signal,
    Solution,
)
from reconciliation.domain.matching.rules import (
    DEFAULT_RULES,
    Allowed,
    Conditions,
    Limits,
    Rule,
    RuleSet,
    Strategy,
    contradictions,
)

__all__ = [
    "DEFAULT_RULES",
    "Allowed",
    "Conditions",
    "Credit",
    "Decision",
    "Document",
    "Limits",
    "OpenPayment",
    "Outcome",
    "Rule",
    "RuleSet",
    "Share",
    "Signal",
    "Solution",
    "Strategy",
    "card_of",
    "contradictions",
    "is_representable",
    "match",
    "number_of",
]
