"""A reversing receipt: what takes one of our posted receipts back in the ERP, as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from paysync.domain.errors import RecordError, StateError


@dataclass(frozen=True, slots=True)
class ReversalIntent:
    """One reversing receipt we mean to have in the ERP, the same over every try.

    of_key: idempotency key of the receipt it takes back, always whole. Customer, amount, rate and
    cash account are those of that receipt. idempotency_key: at most 64; tran_no: at most 10;
    comment: at most 50, Windows-1252. gateway_reference: at most one live receipt each, so never
    that of the receipt itself. Source: Sage reference §14.5 (the mechanism is inferred).
    """

    idempotency_key: str
    company_id: str
    of_key: str
    post_date: date
    tran_date: date
    tran_no: str
    comment: str
    gateway_reference: str


class ReversalNo(StrEnum):
    """Why a reversal was not made: the reasons of VALIDATION_ERROR that a caller tells apart.

    NOT_REHEARSED: the site, or this way of reaching it, lets nobody reverse for it. STILL_APPLIED:
    a person takes the applications of the receipt back first.
    """

    NOT_REHEARSED = "not_rehearsed"
    STILL_APPLIED = "still_applied"
    NOT_POSTED = "not_posted"
    NOT_FOUND = "not_found"
    ALREADY_REVERSED = "already_reversed"
    DUPLICATE_REFERENCE = "duplicate_reference"


def reversal_key(of_key: str, sequence: int) -> str:
    """The idempotency key of the `sequence`-th try to have a receipt reversed: 1 to 64 characters.

    A reversal that somebody deleted in the ERP is never made again under its key.
    """
    if sequence < 1:
        raise RecordError("the first reversal of a receipt has the number 1")
    digest = hashlib.sha256(f"{of_key}\n{sequence}".encode()).hexdigest()[:12]
    return f"R{sequence}-{of_key.rpartition('-')[0][:40]}-{digest}"


class ReversalState(StrEnum):
    """Where a reversing receipt of ours stands."""

    DUE = "due"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    POSTED = "posted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DELETED_IN_ERP = "deleted_in_erp"


#: As a receipt's (design §4). What ends without a posting is never taken up again: a new one has a
#: new key.
REVERSAL_EDGES: dict[ReversalState, frozenset[ReversalState]] = {
    ReversalState.DUE: frozenset({ReversalState.SENDING}),
    ReversalState.SENDING: frozenset(
        {
            ReversalState.SUBMITTED,
            ReversalState.UNKNOWN,
            ReversalState.DUE,
            ReversalState.REFUSED,
            ReversalState.WITHDRAWN,
            ReversalState.DELETED_IN_ERP,
        }
    ),
    ReversalState.UNKNOWN: frozenset({ReversalState.SENDING}),
    ReversalState.SUBMITTED: frozenset(
        {ReversalState.POSTED, ReversalState.WITHDRAWN, ReversalState.DELETED_IN_ERP}
    ),
    ReversalState.POSTED: frozenset(),
    ReversalState.REFUSED: frozenset(),
    ReversalState.WITHDRAWN: frozenset(),
    ReversalState.DELETED_IN_ERP: frozenset(),
}

#: It is in the ERP or may yet be: at most one of these per receipt.
LIVE_REVERSALS = frozenset(
    {
        ReversalState.DUE,
        ReversalState.SENDING,
        ReversalState.UNKNOWN,
        ReversalState.SUBMITTED,
    }
)


def require_reversal_edge(old: ReversalState, new: ReversalState) -> None:
    """Raise StateError unless a reversal may go from `old` to `new`."""
    if new not in REVERSAL_EDGES[old]:
        raise StateError(f"a reversal that is {old} cannot become {new}")
