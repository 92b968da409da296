"""Where a refund request stands, and which state may follow which."""

from __future__ import annotations

from enum import StrEnum

from paysync.domain.errors import StateError


class RefundState(StrEnum):
    """Where a request to give money back stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


#: Source: design §4. `sending → approved`: the gateway was not reached, or the money has to settle
#: first; `unknown → approved`: looked up, and it did not happen.
REFUND_EDGES: dict[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset(
        {
            RefundState.APPROVED,
            RefundState.REJECTED,
            RefundState.CANCELLED,
            RefundState.EXPIRED,
        }
    ),
    RefundState.APPROVED: frozenset(
        {RefundState.SENDING, RefundState.CANCELLED, RefundState.EXPIRED}
    ),
    RefundState.SENDING: frozenset(
        {RefundState.DONE, RefundState.FAILED, RefundState.UNKNOWN, RefundState.APPROVED}
    ),
    RefundState.UNKNOWN: frozenset({RefundState.DONE, RefundState.FAILED, RefundState.APPROVED}),
    RefundState.DONE: frozenset(),
    RefundState.FAILED: frozenset(),
    RefundState.REJECTED: frozenset(),
    RefundState.CANCELLED: frozenset(),
    RefundState.EXPIRED: frozenset(),
}

#: The money of such a request is spoken for.
PENDING = frozenset(
    {RefundState.REQUESTED, RefundState.APPROVED, RefundState.SENDING, RefundState.UNKNOWN}
)
#: The gateway may be doing it this moment: nothing else of the payment is sent meanwhile.
UNDER_WAY = frozenset({RefundState.SENDING, RefundState.UNKNOWN})


def require_edge(old: RefundState, new: RefundState) -> None:
    """Raise StateError unless a request may go from `old` to `new`."""
    if new not in REFUND_EDGES[old]:
        raise StateError(f"A refund request that is {old} cannot become {new}.")
