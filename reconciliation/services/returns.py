"""What people enter about returned ACH payments: the bank's code, and notices of change."""

from __future__ import annotations

import re
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database
from django.utils import timezone

from paysync.domain.errors import RuleError
from paysync.domain.payments import Method, State
from paysync.services.audit import record
from reconciliation.domain.reasons import Reason
from reconciliation.domain.returns.changes import apply_by, explain_change
from reconciliation.domain.returns.returns import RETURN_CODES
from reconciliation.models import GatewayTransaction, ReconcilingItem
from reconciliation.services.leftovers import Finding, open_items
from reconciliation.services.matching.applying import lock_payment

WORKS = "reconciliation.change_reconcilingitem"
NOTE_LENGTH = 120
#: Nobody needs more of a number than its last four digits.
DIGITS = re.compile(r"(?:\d[ -]?){5,}")


def set_return_code(
    payment_id: int, code: str, *, user: AbstractUser, now: datetime
) -> GatewayTransaction:
    """Enter, or correct, why the bank sent a payment back. No money moves on it.

    Raises PermissionDenied, RuleError for a code that is not in the table or a payment that did not
    come back.
    """
    if not user.has_perm(WORKS):
        raise PermissionDenied
    code = code.strip().upper()
    if code not in RETURN_CODES:
        raise RuleError("That is no return code: R and two digits, such as R01.")
    with database.atomic():
        row = lock_payment(payment_id)
        if row.method != Method.ACH or row.state != State.RETURNED:
            raise RuleError("The bank did not send this payment back.")
        before, row.return_code = row.return_code, code
        row.save(update_fields=["return_code"])
        detail = {"from": before, "to": code}
        record(str(user.get_username()), "return code entered", row, detail)
    return row


def note_change(
    payment_id: int, code: str, note: str, *, user: AbstractUser, now: datetime
) -> ReconcilingItem:
    """A bank's notification of change: a task says what to change, and by when.

    note: which account, never more than four digits of its number. Told twice, it is one task.
    """
    if not user.has_perm(WORKS):
        raise PermissionDenied
    note = " ".join(note.split())
    if len(note) > NOTE_LENGTH:
        raise RuleError(f"The note is longer than {NOTE_LENGTH} characters: shorten it.")
    if DIGITS.search(note):
        raise RuleError("Write no more than the last four digits of a bank number.")
    change = explain_change(code)
    if not change.is_known:
        raise RuleError("That is no code of a notification of change: C01 to C14.")
    with database.atomic():
        row = lock_payment(payment_id)
        if row.method != Method.ACH:
            raise RuleError("Only an ACH payment has bank details.")
        day = apply_by(timezone.localdate(now))
        what = ", ".join(one.value for one in change.fields) or change.next_step
        sentence = (
            f"{change.code}, {change.title}: change {what} by {day:%Y-%m-%d} (six banking days, "
            f"inferred). {note}"
        ).strip()
        key = f"noc:{row.pk}:{change.code}"
        finding = Finding(key, Reason.BANK_DETAILS, sentence, None, row)
        open_items(row.company, [finding], now=now)
        record(str(user.get_username()), "notification of change", row, {"code": change.code})
        item = ReconcilingItem.objects.filter(company=row.company, key=key).latest("pk")
        if item.due_on is None:
            item.due_on = day
            item.save(update_fields=["due_on"])
    return item
