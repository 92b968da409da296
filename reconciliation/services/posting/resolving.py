"""Ask about receipts whose outcome is not known. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction as database

from paysync.domain.errors import ExternalError, RecordError
from paysync.domain.ledger import ErpReceiptState, ReceiptState
from paysync.ports import ErpLedger
from reconciliation.domain.backoff import delay_s
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt
from reconciliation.services.lookups import find_receipts
from reconciliation.services.outcomes import note_outcome, submitted, tell
from reconciliation.services.posting.answers import note_unknown, to_result, unreadable
from reconciliation.services.posting.run import Posting
from reconciliation.services.posting.tries import NOT_FOUND


def resolve_unknown(
    company_id: int,
    *,
    erp: ErpLedger,
    now: datetime,
    delays_s: Sequence[float],
    lease_s: float,
) -> Posting:
    """Ask the ERP about receipts whose outcome is not known; nothing is sent from here.

    A receipt that has been "sending" longer than `lease_s` lost its worker: it becomes unknown.
    Found: it is submitted. Not there: it is due again, with the same fingerprint. There, but not
    readable: asked again; a RecordError at the end names the first of them.
    delays_s: when to ask again after the 1st, 2nd … look-up that got no answer; the last repeats.
    """
    lost = CashReceipt.objects.filter(
        company_id=company_id,
        state=ReceiptState.SENDING,
        claimed_at__lt=now - timedelta(seconds=lease_s),
    )
    for row in lost:
        give_up_claim(row.pk, now)
    posting = Posting()
    unread: list[str] = []
    while rows := list(
        CashReceipt.objects.filter(
            company_id=company_id, state=ReceiptState.UNKNOWN, due_at__lte=now
        )
        .select_related("company", "transaction", "cash_account")
        .order_by("due_at", "pk")[:200]
    ):
        unread += resolve_group(rows, erp, posting, now, delays_s)
    if unread:
        raise RecordError(unread[0])
    return posting


def give_up_claim(receipt_id: int, now: datetime) -> None:
    """The worker of a claimed receipt is gone: whether it sent the receipt is not known."""
    with database.atomic():
        row = CashReceipt.objects.select_for_update().get(pk=receipt_id)
        if row.state == ReceiptState.SENDING:
            note_unknown(row, "The worker that was sending it stopped.", now, 0)


def resolve_group(
    rows: list[CashReceipt],
    erp: ErpLedger,
    posting: Posting,
    now: datetime,
    delays_s: Sequence[float],
) -> list[str]:
    """Look these receipts up at once. Returns what is to be told of those nobody can read."""
    try:
        found = find_receipts([row.idempotency_key for row in rows], erp)
    except (ExternalError, RecordError) as error:
        for row in rows:
            ask_later(row, str(error), now, delays_s)
        raise
    unread: list[str] = []
    for row in rows:
        receipt = found.get(row.idempotency_key)
        if receipt is None:
            not_there(row, now)
            posting.count("not found")
        elif receipt.state == ErpReceiptState.UNREADABLE:
            unread.append(f"receipt {row.tran_no}: {unreadable(receipt)}")
            with database.atomic():
                if ask_later(row, unreadable(receipt), now, delays_s):
                    tell(row, Reason.OUTCOME_UNKNOWN, unreadable(receipt), now)
            posting.count("unreadable")
        else:
            submitted(row, to_result(receipt), now)
            posting.count("found")
    posting.sent += len(rows)
    return unread


def ask_later(row: CashReceipt, why: str, now: datetime, delays_s: Sequence[float]) -> bool:
    """Still unknown. False where another worker has found it out meanwhile."""
    still = CashReceipt.objects.filter(pk=row.pk, state=ReceiptState.UNKNOWN)
    return bool(
        still.update(
            due_at=next_look_up(row.claimed_at or now, now, delays_s), last_error=why[:400]
        )
    )


def not_there(row: CashReceipt, now: datetime) -> None:
    note_outcome(
        row,
        ReceiptState.DUE,
        NOT_FOUND,
        "Sage 500 does not have it: it can be sent.",
        now,
        due_at=now + timedelta(seconds=delay_s(row.attempts_made, row.pk)),
    )


def next_look_up(tried_at: datetime, now: datetime, delays_s: Sequence[float]) -> datetime:
    """The next instant of the plan (seconds after the try); past its end the last one repeats."""
    planned = (tried_at + timedelta(seconds=delay) for delay in delays_s)
    return next((at for at in planned if at > now), now + timedelta(seconds=delays_s[-1]))
