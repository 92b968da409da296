"""Where a dispute stands, and which state may follow which."""

from __future__ import annotations

from enum import StrEnum

from paysync.domain.errors import StateError


class DisputeState(StrEnum):
    """Where a cardholder's claim stands.

    accepted: we do not contest it. withdrawn: the cardholder or their bank took it back.
    """

    OPENED = "opened"
    EVIDENCE_DUE = "evidence_due"
    SUBMITTED = "submitted"
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        return self in OPEN_DISPUTES


#: Source: design §4 for opened, evidence due, submitted, won, lost and the flips. Inferred from the
#: card brands' practice: accepted, withdrawn, and an end without evidence (the bank decides alone,
#: or the deadline passes). `submitted → evidence_due`: more evidence is asked for. What has ended
#: can still turn round: arbitration, or a credit after all.
DISPUTE_EDGES: dict[DisputeState, frozenset[DisputeState]] = {
    DisputeState.OPENED: frozenset(DisputeState) - {DisputeState.OPENED},
    DisputeState.EVIDENCE_DUE: frozenset(
        {
            DisputeState.SUBMITTED,
            DisputeState.WON,
            DisputeState.LOST,
            DisputeState.ACCEPTED,
            DisputeState.WITHDRAWN,
        }
    ),
    DisputeState.SUBMITTED: frozenset(
        {
            DisputeState.EVIDENCE_DUE,
            DisputeState.WON,
            DisputeState.LOST,
            DisputeState.ACCEPTED,
            DisputeState.WITHDRAWN,
        }
    ),
    DisputeState.WON: frozenset({DisputeState.LOST}),
    DisputeState.LOST: frozenset({DisputeState.WON}),
    DisputeState.ACCEPTED: frozenset({DisputeState.WON}),
    DisputeState.WITHDRAWN: frozenset({DisputeState.LOST}),
}

#: Somebody still has to do something, or wait for the bank.
OPEN_DISPUTES = frozenset({DisputeState.OPENED, DisputeState.EVIDENCE_DUE, DisputeState.SUBMITTED})
#: The money is ours again: the payment's applications are in force.
MONEY_IS_BACK = frozenset({DisputeState.WON, DisputeState.WITHDRAWN})
#: The money is taken, for now or for good: the payment's applications are rewound.
MONEY_IS_GONE = frozenset(DisputeState) - MONEY_IS_BACK


class Turn(StrEnum):
    """What a change of state does to the payment's applications."""

    NOTHING = "nothing"
    REWIND = "rewind"
    REPLAY = "replay"


def require_dispute_edge(old: DisputeState, new: DisputeState) -> None:
    """Raise StateError unless a dispute may go from `old` to `new`."""
    if new not in DISPUTE_EDGES[old]:
        raise StateError(f"A dispute that is {told(old)} cannot become {told(new)}.")


def turn(old: DisputeState | None, new: DisputeState) -> Turn:
    """Whether the applications are rewound or replayed. old: None when it is opened."""
    was_gone = old is not None and old in MONEY_IS_GONE
    is_gone = new in MONEY_IS_GONE
    if was_gone == is_gone:
        return Turn.NOTHING
    return Turn.REWIND if is_gone else Turn.REPLAY


def told(state: DisputeState) -> str:
    return state.replace("_", " ")
