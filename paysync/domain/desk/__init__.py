"""The desk: what we know of a Sage 500 that we can only hand things to, by file or by hand."""

from paysync.domain.desk.entries import (
    Claimed,
    DeskEntry,
    Shown,
    intent_of,
    intent_to_json,
    mark_of,
    payload_hash,
    shown_of,
    shown_to_json,
)
from paysync.domain.desk.lists import Listed, Sighting, Taken
from paysync.domain.desk.matching import Matched, Question, match_rows
from paysync.domain.desk.news import Acknowledgement, AckStatus, Kept, News, SageReceipt
from paysync.domain.desk.problems import Problem, error_file
from paysync.domain.desk.states import (
    DESK_EDGES,
    LIVE_STATES,
    OUT_STATES,
    DeskKind,
    DeskState,
    RacedError,
    may_become,
)

__all__ = [
    "AckStatus",
    "Acknowledgement",
    "Claimed",
    "DESK_EDGES",
    "DeskEntry",
    "DeskKind",
    "DeskState",
    "Kept",
    "LIVE_STATES",
    "Listed",
    "Matched",
    "News",
    "OUT_STATES",
    "Problem",
    "Question",
    "RacedError",
    "SageReceipt",
    "Shown",
    "Sighting",
    "Taken",
    "error_file",
    "intent_of",
    "intent_to_json",
    "mark_of",
    "match_rows",
    "may_become",
    "payload_hash",
    "shown_of",
    "shown_to_json",
]
