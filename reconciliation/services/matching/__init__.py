"""Match a company's open payments: read in bulk, decide in memory, write in bulk."""

from reconciliation.services.matching.postable import find_mapping
from reconciliation.services.matching.receipts import is_late, late_for_period, next_sequences
from reconciliation.services.matching.run import match_company
from reconciliation.services.matching.writing import MatchRun

__all__ = [
    "MatchRun",
    "find_mapping",
    "is_late",
    "late_for_period",
    "match_company",
    "next_sequences",
]
