"""The rule time machine: the last days decided again under other rules; nothing is written."""

from reconciliation.services.replaying.asking import (
    LEASE,
    MOST_DAYS,
    UNDER_WAY,
    ask_replay,
    due_replays,
    take_back_lost,
)
from reconciliation.services.replaying.running import run_replay

__all__ = [
    "LEASE",
    "MOST_DAYS",
    "UNDER_WAY",
    "ask_replay",
    "due_replays",
    "run_replay",
    "take_back_lost",
]
