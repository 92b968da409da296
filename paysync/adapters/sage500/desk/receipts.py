"""A receipt of the desk -> what the port says of it."""

from __future__ import annotations

from collections.abc import Iterable

from paysync.domain.desk import DeskEntry, DeskState, Shown, intent_of, shown_of
from paysync.domain.errors import RecordError
from paysync.domain.ledger import (
    Application,
    ErpReceipt,
    ErpReceiptState,
    SubmitCode,
    SubmitResult,
)
from paysync.domain.money import Money

#: A receipt that the site refused is as good as deleted: a person decides what becomes of it.
STATES = {
    DeskState.WAITING: ErpReceiptState.PENDING,
    DeskState.HANDED_OVER: ErpReceiptState.PENDING,
    DeskState.ENTERED: ErpReceiptState.PENDING,
    DeskState.EDITING: ErpReceiptState.BEING_EDITED,
    DeskState.POSTING: ErpReceiptState.POSTING,
    DeskState.INTERRUPTED: ErpReceiptState.INTERRUPTED,
    DeskState.POSTED: ErpReceiptState.POSTED,
    DeskState.REJECTED: ErpReceiptState.DELETED,
    DeskState.DELETED: ErpReceiptState.DELETED,
    DeskState.WITHDRAWN: ErpReceiptState.WITHDRAWN,
}
GONE = frozenset({ErpReceiptState.DELETED, ErpReceiptState.WITHDRAWN})


def to_result(code: SubmitCode, entry: DeskEntry) -> SubmitResult:
    """tran_id is empty until Sage 500 or a person has told it."""
    return SubmitResult(
        code, str(entry.pk), str(entry.batch_pk), entry.batch_reference, entry.sage_tran_id
    )


def to_receipt(entry: DeskEntry) -> ErpReceipt:
    """UNREADABLE when nobody can read what we stored: it is there, and that is all we know."""
    try:
        return read_receipt(entry)
    except RecordError as error:
        key = entry.idempotency_key
        return ErpReceipt(key, ErpReceiptState.UNREADABLE, message=str(error))


def read_receipt(entry: DeskEntry) -> ErpReceipt:
    """One that is gone shows what we sent."""
    sent, state = intent_of(entry.intent), STATES[entry.state]
    is_gone = state in GONE
    ours = Shown(sent.amount, None, sent.applications)
    seen = shown_of(entry.shown) if entry.shown and not is_gone else ours
    links = sent.applications if seen.applications is None else seen.applications
    unapplied = unapplied_of(seen.amount, links) if seen.unapplied is None else seen.unapplied
    return ErpReceipt(
        idempotency_key=entry.idempotency_key,
        state=state,
        receipt_key=str(entry.pk),
        batch_key=str(entry.batch_pk),
        batch_id=entry.sage_batch_id or entry.batch_reference,
        tran_id=entry.sage_tran_id,
        amount=seen.amount,
        unapplied=unapplied,
        applications=links,
        differs=(seen.amount, in_order(links), unapplied)
        != (sent.amount, in_order(sent.applications), unapplied_of(sent.amount, sent.applications)),
        posted_on=entry.posted_on if state is ErpReceiptState.POSTED else None,
        gateway_reference=entry.gateway_reference,
        message=entry.message,
    )


def unapplied_of(amount: Money, links: Iterable[Application]) -> Money:
    """May be negative where the site's export contradicts itself: it is shown as it is."""
    return amount - Money.total((link.amount for link in links), amount.currency)


def in_order(links: Iterable[Application]) -> list[Application]:
    return sorted(links, key=lambda link: (link.invoice_tran_id, link.amount.amount))
