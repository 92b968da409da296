"""Where one of our cash receipts stands, and which state may follow which."""

from __future__ import annotations

from enum import StrEnum

from paysync.domain.errors import StateError


class ReceiptState(StrEnum):
    """Where one of our cash receipts stands."""

    DUE = "due"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    EDITED_IN_ERP = "edited_in_erp"
    POSTED = "posted"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    DELETED_IN_ERP = "deleted_in_erp"
    REVERSED = "reversed"


#: Source: design §4. `sending → held` is the ERP's clear no; `unknown → submitted` is "found".
RECEIPT_EDGES: dict[ReceiptState, frozenset[ReceiptState]] = {
    ReceiptState.DUE: frozenset({ReceiptState.SENDING, ReceiptState.HELD, ReceiptState.WITHDRAWN}),
    ReceiptState.SENDING: frozenset(
        {ReceiptState.SUBMITTED, ReceiptState.UNKNOWN, ReceiptState.DUE, ReceiptState.HELD}
    ),
    ReceiptState.UNKNOWN: frozenset({ReceiptState.SUBMITTED, ReceiptState.DUE}),
    ReceiptState.SUBMITTED: frozenset(
        {
            ReceiptState.POSTED,
            ReceiptState.EDITED_IN_ERP,
            ReceiptState.WITHDRAWN,
            ReceiptState.DELETED_IN_ERP,
        }
    ),
    ReceiptState.EDITED_IN_ERP: frozenset({ReceiptState.POSTED, ReceiptState.DELETED_IN_ERP}),
    ReceiptState.HELD: frozenset({ReceiptState.DUE, ReceiptState.WITHDRAWN}),
    ReceiptState.POSTED: frozenset({ReceiptState.REVERSED}),
    ReceiptState.WITHDRAWN: frozenset(),
    ReceiptState.DELETED_IN_ERP: frozenset(),
    ReceiptState.REVERSED: frozenset(),
}

#: A receipt that exists in the ERP or may yet: at most one of these per payment.
LIVE_RECEIPT_STATES = frozenset(
    {
        ReceiptState.DUE,
        ReceiptState.SENDING,
        ReceiptState.UNKNOWN,
        ReceiptState.SUBMITTED,
        ReceiptState.EDITED_IN_ERP,
        ReceiptState.POSTED,
        ReceiptState.HELD,
    }
)


def require_edge(old: ReceiptState, new: ReceiptState) -> None:
    """Raise StateError unless a receipt may go from `old` to `new`."""
    if new not in RECEIPT_EDGES[old]:
        raise StateError(f"a receipt that is {old} cannot become {new}")
