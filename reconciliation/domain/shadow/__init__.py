"""Shadow mode, pure: which receipt of the staff is which payment, and whether we agree on it."""

from reconciliation.domain.shadow.pairing import (
    DAYS_AFTER,
    DAYS_BEFORE,
    Paired,
    Pairing,
    ShadowPayment,
    pair,
)
from reconciliation.domain.shadow.verdicts import Applied, Compared, Ours, Verdict, compare

__all__ = [
    "Applied",
    "Compared",
    "DAYS_AFTER",
    "DAYS_BEFORE",
    "Ours",
    "Paired",
    "Pairing",
    "ShadowPayment",
    "Verdict",
    "compare",
    "pair",
]
