"""Undo a match whose receipt is in Sage 500: take the receipt back there first.

As with sending, the try is written down before the call, and an outcome that nobody knows is kept
as such and asked about. Taking back is safe to repeat: the ERP says when it was done already.
"""

from reconciliation.services.withdrawing.claiming import claim
from reconciliation.services.withdrawing.gone import withdraw_gone
from reconciliation.services.withdrawing.resuming import resume_withdrawals, withdraw_and_unmatch
from reconciliation.services.withdrawing.tries import Undone, is_being_taken_back

__all__ = [
    "Undone",
    "claim",
    "is_being_taken_back",
    "resume_withdrawals",
    "withdraw_and_unmatch",
    "withdraw_gone",
]
