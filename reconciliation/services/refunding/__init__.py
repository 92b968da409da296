"""Money that goes back: asked for, agreed to, sent exactly once, booked exactly once."""

from reconciliation.services.refunding.asking import ASKS, lane_of, policy_of, request_refund
from reconciliation.services.refunding.booking import book_done
from reconciliation.services.refunding.deciding import approve, cancel, expire_requests, reject
from reconciliation.services.refunding.looking import look_up, tell_outcome
from reconciliation.services.refunding.sending import RefundRun, send_refunds

__all__ = [
    "ASKS",
    "RefundRun",
    "approve",
    "book_done",
    "cancel",
    "expire_requests",
    "lane_of",
    "look_up",
    "policy_of",
    "reject",
    "request_refund",
    "send_refunds",
    "tell_outcome",
]
