"""An authorization: what of it may be taken, until when it is expected to hold, and its capture."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from paysync.domain.errors import RuleError, StateError
from paysync.domain.money import Money

#: A person hears of it so long before it is expected to lapse (chosen).
WARN_BEFORE = timedelta(days=2)


class CaptureState(StrEnum):
    """Where the capture of an authorization stands."""

    DUE = "due"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    FAILED = "failed"


#: An authorization is captured once (certain, error key 816), so that what nobody knows may be sent
#: again once a look shows that it is still only authorized.
CAPTURE_EDGES: dict[CaptureState, frozenset[CaptureState]] = {
    CaptureState.DUE: frozenset({CaptureState.SENDING}),
    CaptureState.SENDING: frozenset(
        {CaptureState.DUE, CaptureState.UNKNOWN, CaptureState.DONE, CaptureState.FAILED}
    ),
    CaptureState.UNKNOWN: frozenset({CaptureState.SENDING}),
    CaptureState.DONE: frozenset(),
    CaptureState.FAILED: frozenset(),
}

#: Not decided yet: nothing else is done with the payment.
LIVE_CAPTURES = frozenset({CaptureState.DUE, CaptureState.SENDING, CaptureState.UNKNOWN})


def require_capture_edge(old: CaptureState, new: CaptureState) -> None:
    """Raise StateError unless a capture may go from `old` to `new`."""
    if new not in CAPTURE_EDGES[old]:
        raise StateError(f"A capture that is {old} cannot become {new}.")


def holds_until(authorized_at: datetime, days: int) -> datetime:
    """Until when it is expected to hold. PayTrace names no period: it depends on bank and processor
    (reference §4.3, unknown), so the days are a setting and this is no proof.
    """
    return authorized_at + timedelta(days=days)


def require_capture(amount: Money, authorized: Money) -> None:
    """Raise RuleError unless that much of an authorization may be captured.

    Less is allowed (certain, §4.3). What PayTrace does with more is unknown: it is refused here.
    """
    if amount.currency != authorized.currency:
        raise RuleError(f"The authorization is in {authorized.currency}, not {amount.currency}.")
    if amount.amount <= 0:
        raise RuleError("The amount has to be more than zero.")
    if authorized < amount:
        raise RuleError(f"Only {authorized} is authorized: ask the customer for the rest.")
