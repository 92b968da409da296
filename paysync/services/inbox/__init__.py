"""The inbox: keep what arrived, once, without card data; then see it through or park it."""

from paysync.services.inbox.arrivals import Arrival, to_event
from paysync.services.inbox.counting import count
from paysync.services.inbox.receiving import look_again, receive, receive_one
from paysync.services.inbox.working import claim_event, due_events, mark_done, mark_failed, replay

__all__ = [
    "Arrival",
    "claim_event",
    "count",
    "due_events",
    "look_again",
    "mark_done",
    "mark_failed",
    "receive",
    "receive_one",
    "replay",
    "to_event",
]
