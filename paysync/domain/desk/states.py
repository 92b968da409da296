"""Where a receipt on the desk stands, and which state may follow which."""

from __future__ import annotations

from enum import StrEnum

from paysync.domain.errors import PaySyncError


class DeskKind(StrEnum):
    """What a site exports to us."""

    INVOICE = "invoice"
    CUSTOMER = "customer"
    CASH_ACCOUNT = "cash_account"
    GL_ACCOUNT = "gl_account"
    FISCAL_PERIOD = "fiscal_period"


class DeskState(StrEnum):
    """Where a receipt on the desk stands.

    waiting: on the work list, or to go into the next file. handed_over: in a file. entered and all
    after it: somebody told us that Sage 500 has it.
    """

    WAITING = "waiting"
    HANDED_OVER = "handed_over"
    ENTERED = "entered"
    EDITING = "editing"
    POSTING = "posting"
    INTERRUPTED = "interrupted"
    POSTED = "posted"
    REJECTED = "rejected"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"


IN_SAGE = frozenset(
    {DeskState.ENTERED, DeskState.EDITING, DeskState.POSTING, DeskState.INTERRUPTED}
)
ENDS = frozenset({DeskState.POSTED, DeskState.DELETED})
#: A state missing here is an end. `entered → waiting` undoes a tick; `rejected → withdrawn` is us
#: taking back what the site did not want.
DESK_EDGES: dict[DeskState, frozenset[DeskState]] = {
    DeskState.WAITING: IN_SAGE | ENDS | {DeskState.HANDED_OVER, DeskState.WITHDRAWN},
    DeskState.HANDED_OVER: IN_SAGE | ENDS | {DeskState.REJECTED},
    DeskState.ENTERED: IN_SAGE | ENDS | {DeskState.REJECTED, DeskState.WAITING},
    DeskState.EDITING: IN_SAGE | ENDS | {DeskState.REJECTED},
    DeskState.POSTING: IN_SAGE | ENDS,
    DeskState.INTERRUPTED: IN_SAGE | ENDS,
    DeskState.REJECTED: frozenset({DeskState.WITHDRAWN}),
    DeskState.POSTED: frozenset(),
    DeskState.DELETED: frozenset(),
    DeskState.WITHDRAWN: frozenset(),
}

#: Counts as the one receipt of its payment.
LIVE_STATES = frozenset(IN_SAGE | {DeskState.WAITING, DeskState.HANDED_OVER, DeskState.POSTED})
#: News may still come.
OUT_STATES = frozenset(IN_SAGE | {DeskState.WAITING, DeskState.HANDED_OVER})


def may_become(old: DeskState, new: DeskState) -> bool:
    return old == new or new in DESK_EDGES[old]


class RacedError(PaySyncError):
    """Another worker wrote the same thing first. Nothing was written here: look again."""

    code = "raced"
