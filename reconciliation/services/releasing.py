"""Take money out of where it lies: end a match, book what left the gateway."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database

from paysync.domain.errors import RecordError, RuleError
from paysync.domain.ledger import Bucket, ReceiptState, move, take
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, State
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction, Match
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    left_key,
    match_key,
    open_items,
    receipt_key,
)

#: Not in the ERP, and no try is under way: such a receipt can simply be taken back here.
RECALLABLE = frozenset({ReceiptState.DUE, ReceiptState.HELD})


def money_left(
    row: GatewayTransaction, target: Bucket, money: Money, event_key: str, *, now: datetime
) -> None:
    """Book that `money` of a payment went back (voided, returned, refunded), once per event.

    Where the whole payment went back and its receipt is still ours alone, the match ends first.
    Where the ERP may have the receipt, a person is told to reverse it there.
    Call inside a transaction, with the row locked.
    """
    receipt = (
        CashReceipt.objects.select_for_update()
        .filter(transaction=row, state__in=[state.value for state in LIVE])
        .first()
    )
    whole = State(row.state) not in MONEY_STATES
    if whole or receipt is None or receipt.state in RECALLABLE:
        end_match(row, receipt, "paysync", f"the money is {target}", now=now)
    balances = balances_of([row]).get(row.pk, {})
    try:
        lines = take(balances, target, money)
    except RecordError as error:
        note_overdrawn(row, money, event_key, str(error), now)
        if State(row.state) in MONEY_STATES:
            close_after_leaving(row, now)  # what is still here is matched again
        return
    write_entries([Draft(row, event_key, target.value, now.date(), lines)], now=now)
    close_after_leaving(row, now)
    if receipt is not None and receipt.state not in RECALLABLE | {ReceiptState.WITHDRAWN}:
        note_receipt_left_behind(row, receipt, target, money, now)


LIVE = frozenset(ReceiptState) - {
    ReceiptState.WITHDRAWN,
    ReceiptState.DELETED_IN_ERP,
    ReceiptState.REVERSED,
}


def close_after_leaving(row: GatewayTransaction, now: datetime) -> None:
    """A payment with nothing left to explain needs no match and has no open question."""
    balances = balances_of([row]).get(row.pk, {})
    waiting = [balances.get(b) for b in (Bucket.UNIDENTIFIED, Bucket.UNAPPLIED)]
    on_account = balances.get(Bucket.POSTED_UNAPPLIED)
    has_match = Match.objects.filter(transaction=row, ended_at__isnull=True).exists()
    needs_match = any(waiting) and not has_match
    if not needs_match and not any(waiting) and not on_account:
        close_items(row.company, [match_key(row.pk)], "The money went back.", now=now)
    GatewayTransaction.objects.filter(pk=row.pk).update(needs_match=needs_match)
    row.needs_match = needs_match


def note_overdrawn(
    row: GatewayTransaction, money: Money, event_key: str, why: str, now: datetime
) -> None:
    open_items(
        row.company,
        [Finding(f"overdrawn:{event_key}", Reason.STATE_CONFLICT, why, money, row)],
        now=now,
    )


def note_receipt_left_behind(
    row: GatewayTransaction, receipt: CashReceipt, target: Bucket, money: Money, now: datetime
) -> None:
    where = receipt.erp_tran_id or receipt.tran_no
    sentence = (
        f"{money} of payment {row.gateway_id} is {target.replace('_', ' ')}, "
        f"but receipt {where} in Sage 500 still counts it."
    )
    finding = Finding(left_key(receipt.pk), Reason.MONEY_WENT_BACK, sentence, money, row, receipt)
    open_items(row.company, [finding], now=now)


def end_match(
    row: GatewayTransaction,
    receipt: CashReceipt | None,
    actor: str,
    reason: str,
    *,
    now: datetime,
) -> bool:
    """End the active match of a payment whose receipt is not in the ERP. False if it may be.

    The money moves from applied back to unapplied: the payer stays known.
    """
    match = Match.objects.filter(transaction=row, ended_at__isnull=True).first()
    if match is None:
        return True
    if receipt is not None:
        if receipt.state not in RECALLABLE:
            return False
        receipt.state = ReceiptState.WITHDRAWN
        receipt.held_because = ""
        receipt.last_error = f"Taken back: {reason}."
        receipt.save(update_fields=["state", "held_because", "last_error"])
        keys = [receipt_key(receipt.pk), left_key(receipt.pk)]
        close_items(row.company, keys, "Taken back.", now=now)
    match.ended_at, match.ended_by = now, actor
    match.save(update_fields=["ended_at", "ended_by"])
    # A refund booked meanwhile may have taken a part of what was applied.
    held = balances_of([row]).get(row.pk, {}).get(Bucket.APPLIED, Money.zero(match.currency))
    applied = min(Money(match.applied, match.currency), held)
    lines = move(Bucket.APPLIED, Bucket.UNAPPLIED, applied)
    write_entries([Draft(row, f"unmatch:{match.pk}", "unmatched", now.date(), lines)], now=now)
    record(actor, "match ended", match, {"reason": reason})
    return True


def unmatch(transaction_id: int, *, actor: str, reason: str, now: datetime) -> GatewayTransaction:
    """A person undoes a match. Raises RuleError once the receipt is, or may be, in the ERP."""
    with database.atomic():
        row = locked(GatewayTransaction.objects.all()).get(pk=transaction_id)
        receipt = (
            CashReceipt.objects.select_for_update()
            .filter(transaction=row, state__in=[state.value for state in LIVE])
            .first()
        )
        if not end_match(row, receipt, actor, reason, now=now):
            raise RuleError(
                "The receipt is, or may be, in Sage 500: it has to be withdrawn there first."
            )
        row.needs_match = State(row.state) in MONEY_STATES and row.amount > 0
        row.save(update_fields=["needs_match"])
    return row
