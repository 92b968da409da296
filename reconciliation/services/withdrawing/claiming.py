"""What undoing a match needs: nothing, a call to the ERP, or a person who reverses a receipt."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database

from paysync.domain.errors import (
    RuleError,
)
from paysync.domain.ledger import ReceiptState
from paysync.domain.money import Money
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import Application, CashReceipt, GatewayTransaction
from reconciliation.services.leftovers import (
    Finding,
    open_items,
    reverse_key,
)
from reconciliation.services.releasing import (
    live_receipt,
    require_match,
    unmatch,
)
from reconciliation.services.withdrawing.tries import Asked, Undone, name_of, new_try


def claim(
    transaction_id: int, actor: str, reason: str, now: datetime, expected_revision: int | None
) -> Asked | Undone:
    """What needs no call is done at once; else the try is committed before any call."""
    with database.atomic():
        row = locked(GatewayTransaction.objects.all()).get(pk=transaction_id)
        require_match(row, expected_revision)
        receipt = live_receipt(row)
        if receipt is not None and receipt.state == ReceiptState.SUBMITTED:
            return new_try(receipt, actor, reason, now)
        if receipt is not None and receipt.state == ReceiptState.POSTED:
            ask_to_reverse(row, receipt, actor, reason, now)
            return Undone.TO_REVERSE
        if receipt is not None and receipt.state == ReceiptState.EDITED_IN_ERP:
            raise RuleError(
                f"Receipt {receipt.erp_tran_id or receipt.tran_no} was changed in Sage 500: "
                "delete it there, then undo the match."
            )
        unmatch(transaction_id, actor=actor, reason=reason, now=now)
    return Undone.DONE


def ask_to_reverse(
    row: GatewayTransaction, receipt: CashReceipt, actor: str, reason: str, now: datetime
) -> None:
    """Every reference a clerk needs to reverse the receipt in Sage 500."""
    batch = receipt.erp_batch.batch_id if receipt.erp_batch else "unknown"
    paid = Application.objects.filter(match=receipt.match).order_by("pk")
    tran_ids = list(paid.values_list("invoice__tran_id", flat=True)[:4])
    sentence = (
        f"Reverse receipt {name_of(receipt)} (batch {batch}, posted {receipt.posted_on}) of "
        f"{receipt.customer.customer_id}, {Money(receipt.amount, receipt.currency)}, "
        f"for {', '.join(tran_ids) or 'on account'}; {actor}: {reason}"
    )
    money = Money(receipt.amount, receipt.currency)
    finding = Finding(reverse_key(receipt.pk), Reason.TO_REVERSE, sentence, money, row, receipt)
    open_items(row.company, [finding], now=now)
