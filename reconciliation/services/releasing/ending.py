"""End a match: money, documents and payer are as before it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database
from django.db.models import Q

from paysync.domain.errors import ConflictError, RuleError
from paysync.domain.ledger import Bucket, Line, ReceiptState, move
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, State
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    Invoice,
    JournalLine,
    Match,
)
from reconciliation.queries.promises import credit_key
from reconciliation.services.journal import Draft, balances_of, write_entries
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    left_key,
    match_key,
    open_items,
    receipt_key,
)

#: In the card of a match: whether the payer was known before it.
PAYER_KNOWN = "payer_known_before"
#: Not in the ERP, and no try is under way: such a receipt can simply be taken back here.
RECALLABLE = frozenset({ReceiptState.DUE, ReceiptState.HELD})
#: In the ERP, or it may yet be.
LIVE = frozenset(ReceiptState) - {
    ReceiptState.WITHDRAWN,
    ReceiptState.DELETED_IN_ERP,
    ReceiptState.REVERSED,
}


def end_match(
    row: GatewayTransaction,
    receipt: CashReceipt | None,
    actor: str,
    reason: str,
    *,
    now: datetime,
) -> bool:
    """End the active match of a payment whose receipt is not in the ERP. False if it may be.

    The money goes back to where the match took it from, and the payer is known as before.
    """
    match = active_match(row)
    if match is None:
        return True
    if receipt is not None:
        if receipt.state not in RECALLABLE:
            return False
        receipt.state = ReceiptState.WITHDRAWN
        receipt.held_because = ""
        receipt.last_error = f"Taken back: {reason}."[:400]
        receipt.save(update_fields=["state", "held_because", "last_error"])
        keys = [receipt_key(receipt.pk), left_key(receipt.pk)]
        close_items(row.company, keys, "Taken back.", now=now)
    close_deleted(row, match, now)
    match.ended_at, match.ended_by = now, actor[:150]
    match.save(update_fields=["ended_at", "ended_by"])
    free_documents(match, now)
    lines = lines_back(row, match)
    write_entries([Draft(row, f"unmatch:{match.pk}", "unmatched", now.date(), lines)], now=now)
    forget_payer(row, match)
    close_items(row.company, [credit_key(match.pk)], "The match was undone.", now=now)
    record(actor, "match ended", match, {"reason": reason})
    return True


def close_deleted(row: GatewayTransaction, match: Match, now: datetime) -> None:
    """Whether a deleted receipt is to be sent again is no question once its match has ended."""
    gone = CashReceipt.objects.filter(match=match, state=ReceiptState.DELETED_IN_ERP)
    keys = [receipt_key(pk) for pk in gone.values_list("pk", flat=True)]
    text = "Its match has ended."
    close_items(row.company, keys, text, now=now, only=Reason.DELETED_IN_ERP)


def free_documents(match: Match, now: datetime) -> None:
    """What the match had taken is open again: payments that wait for it are decided anew."""
    freed = (
        Q(applications__match=match) | Q(credit_uses__match=match) | Q(credits_used__match=match)
    )
    keys = set(Invoice.objects.filter(freed).order_by().values_list("pk", flat=True))
    Invoice.objects.filter(pk__in=keys).update(changed_at=now)


def active_match(row: GatewayTransaction) -> Match | None:
    return Match.objects.filter(transaction=row, ended_at__isnull=True).first()


def lines_back(row: GatewayTransaction, match: Match) -> tuple[Line, ...]:
    """The match's entry, the other way round, as far as the money is still there: a refund booked
    meanwhile may have taken a part of it.
    """
    zero = Money.zero(match.currency)
    held = balances_of([row]).get(row.pk, {})
    applied = Money(match.applied, match.currency)
    moved = moved_by(match)
    unidentified = -moved.get(Bucket.UNIDENTIFIED, zero)
    was_unidentified = min(applied, unidentified)
    to_return = min(applied, held.get(Bucket.APPLIED, zero))
    first = min(to_return, was_unidentified)
    rest = min(unidentified - was_unidentified, held.get(Bucket.UNAPPLIED, zero))
    return (
        *move(Bucket.APPLIED, Bucket.UNIDENTIFIED, first),
        *move(Bucket.APPLIED, Bucket.UNAPPLIED, to_return - first),
        *move(Bucket.UNAPPLIED, Bucket.UNIDENTIFIED, rest),
    )


def moved_by(match: Match) -> dict[Bucket, Money]:
    """What the entry of the match put into each bucket."""
    moved: dict[Bucket, Money] = {}
    lines = JournalLine.objects.filter(entry__event_key=f"match:{match.pk}")
    for bucket, amount in lines.values_list("bucket", "amount"):
        money = Money(amount, match.currency)
        moved[Bucket(bucket)] = moved.get(Bucket(bucket), Money.zero(match.currency)) + money
    return moved


def forget_payer(row: GatewayTransaction, match: Match) -> None:
    """The payment is one that was never matched: decided again, by whom it was paid included."""
    row.revision += 1
    row.match_tried_at = None
    if not match.card.get(PAYER_KNOWN, True):
        row.customer_id = None
    row.save(update_fields=["revision", "match_tried_at", "customer"])


def unmatch(
    transaction_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
    expected_revision: int | None = None,
) -> GatewayTransaction:
    """A person undoes a match whose receipt is still ours alone: payment, documents and credit
    memos are as before it.

    Raises ConflictError where somebody else undid it, or changed the payment since the person saw
    `expected_revision` of it; RuleError once the receipt is, or may be, in the ERP (see
    withdrawing.py for that).
    """
    with database.atomic():
        row = locked(GatewayTransaction.objects.all()).get(pk=transaction_id)
        require_match(row, expected_revision)
        receipt = live_receipt(row)
        if not end_match(row, receipt, actor, reason, now=now):
            raise RuleError(
                "The receipt is, or may be, in Sage 500: it has to be withdrawn there first."
            )
        wait_again(row, actor, reason, now)
    return row


def require_match(row: GatewayTransaction, expected_revision: int | None) -> Match:
    """The active match. Raises ConflictError where there is none, or something came in between."""
    match = active_match(row)
    is_seen = expected_revision is None or row.revision == expected_revision
    if match is None or not is_seen:
        raise ConflictError(last_deed(row) or "This payment was changed meanwhile.")
    return match


def live_receipt(row: GatewayTransaction) -> CashReceipt | None:
    return (
        CashReceipt.objects.select_for_update()
        .filter(transaction=row, state__in=[state.value for state in LIVE])
        .first()
    )


def wait_again(row: GatewayTransaction, actor: str, reason: str, now: datetime) -> None:
    """After its match was undone the payment waits for another, if there is money in it."""
    zero = Money.zero(row.currency)
    held = balances_of([row]).get(row.pk, {})
    money = held.get(Bucket.UNIDENTIFIED, zero) + held.get(Bucket.UNAPPLIED, zero)
    row.needs_match = State(row.state) in MONEY_STATES and money.amount > 0
    row.save(update_fields=["needs_match"])
    if row.needs_match:
        sentence = f"{actor} undid the match of this payment: {reason}"
        finding = Finding(match_key(row.pk), Reason.NEEDS_CONFIRMATION, sentence, money, row)
        open_items(row.company, [finding], now=now)


def last_deed(row: GatewayTransaction) -> str:
    """Who last matched this payment, or undid a match of it; "" if nobody did."""
    match = Match.objects.filter(transaction=row).order_by("-pk").first()
    if match is None:
        return ""
    if match.ended_at is not None:
        at = f"{match.ended_at:%Y-%m-%d %H:%M} UTC"
        return f"{match.ended_by} undid the match of this payment at {at}."
    at = f"{match.made_at:%Y-%m-%d %H:%M} UTC"
    return f"{match.actor} matched this payment at {at}: {match.sentence}"[:400]
