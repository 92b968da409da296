"""Disputes: heard of, worked on, won or lost any number of times; the books follow each turn."""

from reconciliation.services.disputing.deciding import (
    DECIDES,
    add_note,
    change_state,
    charge_fee,
    set_deadline,
    set_owner,
    write_answer,
)
from reconciliation.services.disputing.documents import add_document, read_document
from reconciliation.services.disputing.importing import (
    follow_claim,
    layout_of,
    look_at_report,
    take_report,
)
from reconciliation.services.disputing.opening import (
    CHANGES,
    OPENS,
    find_payments,
    name_payment,
    open_dispute,
    take_missing,
)
from reconciliation.services.disputing.reminding import remind

__all__ = [
    "CHANGES",
    "DECIDES",
    "OPENS",
    "add_document",
    "add_note",
    "change_state",
    "charge_fee",
    "find_payments",
    "follow_claim",
    "layout_of",
    "look_at_report",
    "name_payment",
    "open_dispute",
    "read_document",
    "remind",
    "set_deadline",
    "set_owner",
    "take_missing",
    "take_report",
    "write_answer",
]
