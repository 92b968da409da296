"""Take money out of where it lies: end a match, book what left the gateway."""

from reconciliation.services.releasing.ending import (
    LIVE,
    PAYER_KNOWN,
    RECALLABLE,
    active_match,
    end_match,
    last_deed,
    live_receipt,
    require_match,
    unmatch,
    wait_again,
)
from reconciliation.services.releasing.leaving import GONE, money_left

__all__ = [
    "GONE",
    "LIVE",
    "PAYER_KNOWN",
    "RECALLABLE",
    "active_match",
    "end_match",
    "last_deed",
    "live_receipt",
    "money_left",
    "require_match",
    "unmatch",
    "wait_again",
]
