"""What the queue runs. Each task is one call to a service that is safe to repeat.

Tables hold the work and the queue only wakes somebody up: every task finds its own rows, so a
message that is lost or comes twice costs nothing.
"""

from reconciliation.tasks.books import match, match_all, post, post_all, prove
from reconciliation.tasks.erp import follow, follow_all, refresh, refresh_all, refresh_all_fully
from reconciliation.tasks.gateway import (
    check,
    check_yesterday,
    poll,
    poll_all,
    process_event,
    process_hints,
    recheck,
    recheck_all,
)
from reconciliation.tasks.money_out import refund, refund_all, watch_disputes
from reconciliation.tasks.names import MATCH, POST, REFUND, REPLAY
from reconciliation.tasks.replays import replay, replay_all
from reconciliation.tasks.shadow import compare, compare_all

__all__ = [
    "MATCH",
    "POST",
    "REFUND",
    "REPLAY",
    "check",
    "check_yesterday",
    "compare",
    "compare_all",
    "follow",
    "follow_all",
    "match",
    "match_all",
    "poll",
    "poll_all",
    "post",
    "post_all",
    "process_event",
    "process_hints",
    "prove",
    "recheck",
    "recheck_all",
    "refresh",
    "refresh_all",
    "refresh_all_fully",
    "refund",
    "refund_all",
    "replay",
    "replay_all",
    "watch_disputes",
]
