"""Book what left the gateway, and say what of it Sage 500 still counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from paysync.domain.errors import RecordError, RuleError
from paysync.domain.ledger import TAKE_ORDER, Bucket, ReceiptState, take
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, State
from reconciliation.domain.reasons import Reason
from reconciliation.domain.refunds.refundable import Applied, reopening
from reconciliation.domain.returns.returns import explain
from reconciliation.models import (
    Application,
    CashReceipt,
    GatewayTransaction,
    Match,
    ReconcilingItem,
)
from reconciliation.services.journal import Balances, Draft, balances_of, write_entries
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    left_key,
    match_key,
    open_items,
)
from reconciliation.services.releasing.ending import RECALLABLE, end_match, live_receipt

#: What is no longer with us.
GONE = (Bucket.REFUNDED, Bucket.CHARGED_BACK, Bucket.VOIDED)


def money_left(
    row: GatewayTransaction,
    target: Bucket,
    money: Money,
    event_key: str,
    *,
    now: datetime,
    chosen: Sequence[str] = (),
) -> None:
    """Book that `money` of a payment went back (voided, returned, refunded), once per event.

    Where the whole payment went back and its receipt is still ours alone, the match ends first.
    Where the ERP may have the receipt, a person is told to reverse it there. chosen: the documents
    that people want open again first. Where the whole payment went back and a part of it had gone
    before (a dispute, then a return), what is still here goes, and a person is told.
    Call inside a transaction, with the row locked.
    """
    receipt = live_receipt(row)
    whole = State(row.state) not in MONEY_STATES
    if whole or receipt is None or receipt.state in RECALLABLE:
        end_match(row, receipt, "paysync", f"the money is {target}", now=now)
    balances = balances_of([row]).get(row.pk, {})
    try:
        lines = take(balances, target, money)
    except RecordError as error:
        note_overdrawn(row, money, event_key, str(error), now)
        if not whole:
            close_after_leaving(row, now)  # what is still here is matched again
            return
        lines = take(balances, target, still_here(row, balances))
    if lines:
        write_entries([Draft(row, event_key, target.value, now.date(), lines)], now=now)
    close_after_leaving(row, now)
    if receipt is not None and receipt.state not in RECALLABLE | {ReceiptState.WITHDRAWN}:
        note_receipt_left_behind(row, receipt, target, money, now, chosen)


def still_here(row: GatewayTransaction, held: Balances) -> Money:
    return sum((held.get(bucket, Money.zero(row.currency)) for bucket in TAKE_ORDER),
               Money.zero(row.currency))  # fmt: skip


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
    if needs_match and Match.objects.filter(transaction=row).exists():
        note_rest(row, now)


def note_rest(row: GatewayTransaction, now: datetime) -> None:
    """What is left of a payment that was matched is decided anew by the next run: until then an
    item says so.
    """
    held = ReconcilingItem.objects.filter(
        company=row.company_id, key=match_key(row.pk), state=ReconcilingItem.State.OPEN
    )
    if not held.exists():
        sentence = "Money of this payment went back: the rest waits for its match."
        finding = Finding(match_key(row.pk), Reason.NEEDS_CONFIRMATION, sentence, None, row)
        open_items(row.company, [finding], now=now)


def note_overdrawn(
    row: GatewayTransaction, money: Money, event_key: str, why: str, now: datetime
) -> None:
    open_items(
        row.company,
        [Finding(f"overdrawn:{event_key}", Reason.STATE_CONFLICT, why, money, row)],
        now=now,
    )


def note_receipt_left_behind(
    row: GatewayTransaction,
    receipt: CashReceipt,
    target: Bucket,
    money: Money,
    now: datetime,
    chosen: Sequence[str] = (),
) -> None:
    """Every reference a clerk needs to put the receipt right in Sage 500."""
    where = receipt.erp_tran_id or receipt.tran_no
    batch = f" (batch {receipt.erp_batch.batch_id})" if receipt.erp_batch else ""
    opened = opens_again(row, receipt, chosen)
    sentence = (
        f"{money} of payment {row.gateway_id} {went(row, target)}, "
        f"but receipt {where}{batch} in Sage 500 still counts it{opened}."
    )
    finding = Finding(left_key(receipt.pk), Reason.MONEY_WENT_BACK, sentence, money, row, receipt)
    open_items(row.company, [finding], now=now)


def went(row: GatewayTransaction, target: Bucket) -> str:
    if State(row.state) != State.RETURNED:
        return f"is {target.replace('_', ' ')}"
    if not row.return_code:
        return "was returned by the bank"
    return f"was returned by the bank ({row.return_code}, {explain(row.return_code).title})"


def opens_again(row: GatewayTransaction, receipt: CashReceipt, chosen: Sequence[str]) -> str:
    """Which documents of the receipt are open again, by all that has gone back so far."""
    held = balances_of([row]).get(row.pk, {})
    zero = Money.zero(row.currency)
    gone = sum((held.get(bucket, zero) for bucket in GONE), zero)
    parts = Application.objects.filter(match=receipt.match_id).select_related("invoice")
    applied = [
        Applied(part.invoice.tran_id, Money(part.amount, row.currency), part.pk) for part in parts
    ]
    on_account = Money(receipt.match.unapplied, row.currency)
    names = {one.document for one in applied}
    try:
        opened = reopening(applied, on_account, gone, [one for one in chosen if one in names])
    except RuleError:  # more has gone back than the receipt was for: a person has to look anyway
        return ""
    if not opened:
        return ": nothing but money on account"
    listed = ", ".join(f"{one.document} by {one.amount}" for one in opened[:4])
    more = f" and {len(opened) - 4} more" if len(opened) > 4 else ""
    return f"; open again: {listed}{more}"
