"""Follow receipts in the ERP until they are posted; see what people did to them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction as database

from paysync.domain.errors import RecordError
from paysync.domain.ledger import (
    TAKE_ORDER,
    Bucket,
    ErpReceipt,
    ErpReceiptState,
    Line,
    ReceiptState,
    move,
    require_edge,
)
from paysync.domain.money import Money
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.bulk import locked, update_rows
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction
from reconciliation.services.journal import Balances, Draft, balances_of, write_entries
from reconciliation.services.leftovers import (
    Finding,
    close_items,
    left_key,
    open_items,
    receipt_key,
)
from reconciliation.services.lookups import find_receipts
from reconciliation.services.releasing import end_match

FOLLOWED = [ReceiptState.SUBMITTED, ReceiptState.EDITED_IN_ERP]
FIELDS = [
    "state", "posted_on", "erp_tran_id", "erp_amount", "erp_unapplied", "followed_at", "last_error",
]  # fmt: skip
GONE = {
    ErpReceiptState.DELETED: "was deleted in Sage 500",
    ErpReceiptState.WITHDRAWN: "was withdrawn in Sage 500, not by paysync",
    ErpReceiptState.NOT_FOUND: "is not in Sage 500 any more",
}


@dataclass(slots=True)
class Seen:
    """What one part of the receipts came to, to be written in bulk."""

    posted: list[CashReceipt] = field(default_factory=list)
    gone: list[CashReceipt] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def follow_receipts(company_id: int, *, erp: ErpLedger, now: datetime, size: int = 500) -> int:
    """Ask for every submitted receipt once and follow what the ERP shows. Returns how many.

    A receipt that cannot be read stays as it is. When all are done a RecordError names the first.
    """
    company = Company.objects.get(pk=company_id)
    followed, last_pk = 0, 0
    unread: list[str] = []
    while True:
        part = list(
            CashReceipt.objects.filter(
                company=company, state__in=FOLLOWED, pk__gt=last_pk
            ).order_by("pk")[:size]
        )
        if not part:
            break
        last_pk = part[-1].pk
        try:
            found = find_receipts([row.idempotency_key for row in part], erp)
        except RecordError as error:  # none of this part can be read
            unread.append(str(error))
            continue
        unread += follow_part(company, [row.pk for row in part], found, now)
        followed += len(part)
    if unread:
        raise RecordError(unread[0])
    return followed


def follow_part(
    company: Company, receipt_ids: Sequence[int], found: dict[str, ErpReceipt], now: datetime
) -> list[str]:
    """Write down what was seen of these receipts, in one transaction.

    Returns what is to be told of those that nobody can read.
    """
    with database.atomic():
        ids = CashReceipt.objects.filter(pk__in=receipt_ids).values("transaction_id")
        transactions = {
            row.pk: row
            for row in locked(GatewayTransaction.objects.all()).filter(pk__in=ids).order_by("pk")
        }
        rows = list(
            CashReceipt.objects.select_for_update().filter(pk__in=receipt_ids, state__in=FOLLOWED)
        )
        part = Seen()
        for row in rows:
            row.transaction = transactions[row.transaction_id]
            see(company, row, found.get(row.idempotency_key) or missing(row), part, now)
        write_posted(part.posted, found, now)
        update_rows(CashReceipt, rows, FIELDS)
        close_items(company, part.settled, "Posted in Sage 500.", now=now)
        part.findings += write_gone(company, part.gone, now)
        open_items(company, part.findings, now=now)
    return part.unread


def missing(row: CashReceipt) -> ErpReceipt:
    return ErpReceipt(row.idempotency_key, ErpReceiptState.NOT_FOUND)


def see(company: Company, row: CashReceipt, seen: ErpReceipt, part: Seen, now: datetime) -> None:
    """Follow one receipt along its edges. Source: Sage reference §14.4."""
    if seen.state == ErpReceiptState.UNREADABLE:  # it is there: neither gone nor posted
        row.last_error = f"cannot be read in Sage 500: {seen.message}"[:400]
        part.unread.append(f"receipt {row.tran_no} {row.last_error}")
        return
    row.followed_at = now
    row.last_error = GONE.get(seen.state, "")
    row.erp_amount = seen.amount.amount if seen.amount else row.erp_amount
    row.erp_unapplied = seen.unapplied.amount if seen.unapplied else row.erp_unapplied
    if seen.state in GONE:
        go(row, ReceiptState.DELETED_IN_ERP)
        part.gone.append(row)
        return
    if seen.differs:
        if row.state == ReceiptState.SUBMITTED:
            go(row, ReceiptState.EDITED_IN_ERP)
        part.findings.append(finding(row, Reason.EDITED_IN_ERP, edited(row, seen)))
    if seen.state == ErpReceiptState.INTERRUPTED:
        part.findings.append(finding(row, Reason.BATCH_INTERRUPTED, "is in a batch that stopped."))
        raise_alert(
            "batch_interrupted",
            f"batch_interrupted:{company.pk}:{seen.batch_id}",
            f"Batch {seen.batch_id} of {company.company_id} was interrupted while posting.",
            advice=Reason.BATCH_INTERRUPTED.advice,
            company=company,
            now=now,
        )
    if seen.state == ErpReceiptState.POSTED:
        go(row, ReceiptState.POSTED)
        row.posted_on = seen.posted_on or row.post_date
        row.erp_tran_id = seen.tran_id or row.erp_tran_id
        part.posted.append(row)
        if not seen.differs:
            part.settled.append(receipt_key(row.pk))
        close_alert(f"batch_interrupted:{company.pk}:{seen.batch_id}", actor="paysync")


def go(row: CashReceipt, state: ReceiptState) -> None:
    require_edge(ReceiptState(row.state), state)
    row.state = state


def finding(row: CashReceipt, reason: Reason, what: str) -> Finding:
    return Finding(
        receipt_key(row.pk),
        reason,
        f"Receipt {row.erp_tran_id or row.tran_no} {what}",
        Money(row.amount, row.currency),
        row.transaction,
        row,
    )


def edited(row: CashReceipt, seen: ErpReceipt) -> str:
    ours = Money(row.amount, row.currency)
    if seen.amount and seen.amount != ours:
        return f"was changed in Sage 500 from {ours} to {seen.amount}."
    return "has other applications in Sage 500 than were sent."


def write_gone(company: Company, gone: Sequence[CashReceipt], now: datetime) -> list[Finding]:
    """Receipts that left Sage 500. Returns the open question of each, where there is one.

    Where money of the payment went back, the deletion is what its open item asked for. If nothing
    is left of the payment, nothing is left to decide: its match ends with the receipt.
    """
    balances = balances_of([row.transaction for row in gone])
    findings: list[Finding] = []
    answered = [left_key(row.pk) for row in gone]
    for row in gone:
        held = balances.get(row.transaction_id, {})
        if any(held.get(bucket) for bucket in TAKE_ORDER):
            findings.append(finding(row, Reason.DELETED_IN_ERP, f"{row.last_error}."))
        else:
            end_match(row.transaction, None, "paysync", "money and receipt are gone", now=now)
            answered.append(receipt_key(row.pk))
    close_items(company, answered, "The receipt is gone from Sage 500.", now=now)
    return findings


def write_posted(
    posted: Sequence[CashReceipt], found: dict[str, ErpReceipt], now: datetime
) -> None:
    """Move the money of posted receipts to where the ERP's ledger has it now."""
    balances = balances_of([row.transaction for row in posted])
    write_entries(
        [
            Draft(
                row.transaction,
                f"post:{row.pk}",
                "posted",
                row.posted_on or row.post_date,
                posted_lines(row, found[row.idempotency_key], balances.get(row.transaction_id, {})),
            )
            for row in posted
        ],
        now=now,
    )


def posted_lines(row: CashReceipt, seen: ErpReceipt, held: Balances) -> tuple[Line, ...]:
    """What the ERP posted, but never more than the payment still holds.

    A clerk may have changed the receipt: what the ERP did not post stays where it was, with an
    open item; what it posted beyond the payment is no money of the gateway's.
    """
    zero = Money.zero(row.currency)
    applied, unapplied = held.get(Bucket.APPLIED, zero), held.get(Bucket.UNAPPLIED, zero)
    total = min(seen.amount or applied + unapplied, applied + unapplied)
    on_account = min(seen.unapplied or zero, total)
    to_posted = total - on_account
    from_applied = min(to_posted, applied)
    rest_applied = applied - from_applied
    account_from_unapplied = min(on_account, unapplied)
    return (
        *move(Bucket.APPLIED, Bucket.POSTED, from_applied),
        *move(Bucket.UNAPPLIED, Bucket.POSTED, min(to_posted - from_applied, unapplied)),
        *move(Bucket.UNAPPLIED, Bucket.POSTED_UNAPPLIED, account_from_unapplied),
        *move(
            Bucket.APPLIED,
            Bucket.POSTED_UNAPPLIED,
            min(on_account - account_from_unapplied, rest_applied),
        ),
    )
