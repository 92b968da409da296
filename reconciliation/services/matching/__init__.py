"""Match a company's open payments: read in bulk, decide in memory, write in bulk."""

from reconciliation.services.matching.applying import apply_solution
from reconciliation.services.matching.loading import Loaded, load
from reconciliation.services.matching.postable import find_mapping
from reconciliation.services.matching.receipts import is_late, late_for_period, next_sequences
from reconciliation.services.matching.run import MatchRun, match_company, propose

__all__ = [
    "Loaded",
    "MatchRun",
    "apply_solution",
    "find_mapping",
    "is_late",
    "late_for_period",
    "load",
    "match_company",
    "next_sequences",
    "propose",
]
