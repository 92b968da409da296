"""Receipts entered by hand: the tick with Sage's number, its undoing, and "it is posted"."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Protocol

from django.db import transaction
from django.db.models import Q

from paysync.domain.desk import DeskState, News
from paysync.domain.errors import RuleError
from paysync.models import Connection, DeskReceipt
from paysync.services.audit import record
from paysync.services.desk.news import CLOCKS_DIFFER, is_taken, lock_receipts, tell

PERMISSION = "paysync.enter_deskreceipt"
#: `CR-0000001234`, or the number alone: what Sage shows as TranID, at most 13 characters (certain).
NUMBER = re.compile(r"[A-Z0-9][A-Z0-9-]{0,12}")
SAYS = {
    DeskState.WITHDRAWN: "was taken back meanwhile. Delete it in Sage 500 if it is there.",
    DeskState.POSTED: "is posted already.",
    DeskState.DELETED: "was deleted in Sage 500.",
    DeskState.REJECTED: "was refused.",
}


class Person(Protocol):
    """Who does it, as Django knows people."""

    def has_perm(self, perm: str, /) -> bool: ...

    def get_username(self) -> str: ...


class NotAllowedError(RuleError):
    code = "not_allowed"


def enter_receipt(receipt_pk: int, number: str, *, person: Person, now: datetime) -> DeskReceipt:
    """Tick a receipt: it is in Sage 500 under this number. The same again changes nothing.

    Raises RuleError with a sentence for the person.
    """
    require_allowed(person)
    tran_id = number_of(number)
    with transaction.atomic():
        row = lock_one(receipt_pk)
        if row.state == DeskState.ENTERED and row.sage_tran_id == tran_id:
            return row
        require_waiting(row)
        if is_taken(row.connection_id, row, tran_id):
            raise RuleError(f"{tran_id} belongs to another receipt of {row.company_id}.")
        news = News(DeskState.ENTERED, now, now, tran_id, number_told=False)
        tell(row, news, now)
        row.entered_by, row.entered_at = person.get_username()[:150], now
        row.news_at = None  # a tick is no news of Sage's: any list that has the receipt counts
        row.save(update_fields=["entered_by", "entered_at", "news_at"])
        record(person.get_username(), "enter receipt", row, {"sage_number": tran_id})
    return row


def undo_entry(receipt_pk: int, *, person: Person, now: datetime) -> DeskReceipt:
    """Take a tick back: the receipt is on the work list again."""
    require_allowed(person)
    with transaction.atomic():
        row = lock_one(receipt_pk)
        if row.state != DeskState.ENTERED or row.number_told or not row.entered_by:
            raise RuleError("Only a tick that Sage's own list has not borne out can be undone.")
        was = row.sage_tran_id
        row.state, row.sage_tran_id, row.changed_at, row.news_at = DeskState.WAITING, "", now, None
        row.entered_by, row.entered_at = "", None
        row.save()
        record(person.get_username(), "undo entered receipt", row, {"sage_number": was})
    return row


def post_entered(receipt_pk: int, posted_on: date, *, person: Person, now: datetime) -> DeskReceipt:
    """Say that Sage 500 has posted a ticked receipt: for sites that export no list of receipts."""
    require_allowed(person)
    with transaction.atomic():
        row = lock_one(receipt_pk)
        if row.state != DeskState.ENTERED:
            raise RuleError("Only a receipt that is entered can be posted.")
        if posted_on > now.date():
            raise RuleError("That day is still to come.")
        tell(row, News(DeskState.POSTED, now, now + CLOCKS_DIFFER, post_date=posted_on), now)
        record(person.get_username(), "post entered receipt", row, {"posted_on": str(posted_on)})
    return row


def require_allowed(person: Person) -> None:
    if not person.has_perm(PERMISSION):
        raise NotAllowedError("Entering receipts by hand needs a permission that you do not have.")


def lock_one(receipt_pk: int) -> DeskReceipt:
    """The receipt of a connection by hand, locked. Raises DoesNotExist."""
    found = DeskReceipt.objects.select_related("connection").get(
        pk=receipt_pk, connection__kind=Connection.Kind.SAGE500_MANUAL
    )
    return lock_receipts(found.connection_id, Q(pk=receipt_pk))[0]


def require_waiting(row: DeskReceipt) -> None:
    state = DeskState(row.state)
    if state is DeskState.WAITING:
        return
    if state in SAYS:
        raise RuleError(f"Receipt {row.tran_no} {SAYS[state]}")
    whose = f" by {row.entered_by}" if row.entered_by else ""
    raise RuleError(f"Receipt {row.tran_no} is entered already{whose}, as {row.sage_tran_id}.")


def number_of(text: str) -> str:
    """Sage's number as a person types it. Raises RuleError."""
    number = text.strip().upper()
    if not NUMBER.fullmatch(number):
        raise RuleError("Sage's number has up to 13 letters and digits, such as CR-0000001234.")
    return number
