"""What finance does with payments that wait: every deed a step that can be undone."""

from reconciliation.services.workbench.bulk import Picked, Result, do_each
from reconciliation.services.workbench.choosing import Split, digest_of
from reconciliation.services.workbench.linking import link
from reconciliation.services.workbench.matching import (
    accept,
    apply_to_oldest,
    leave_on_account,
    match_by_hand,
)
from reconciliation.services.workbench.presence import look, others_at
from reconciliation.services.workbench.steps import Deed
from reconciliation.services.workbench.tending import assign, park, set_aside, write_note
from reconciliation.services.workbench.undoing import Undoing, last_group, undo
from reconciliation.services.workbench.unmatching import LedgerOf, unmatch_payment

__all__ = [
    "Deed",
    "LedgerOf",
    "Picked",
    "Result",
    "Split",
    "Undoing",
    "accept",
    "apply_to_oldest",
    "assign",
    "digest_of",
    "do_each",
    "last_group",
    "leave_on_account",
    "link",
    "look",
    "match_by_hand",
    "others_at",
    "park",
    "set_aside",
    "undo",
    "unmatch_payment",
    "write_note",
]
