"""Take back pending receipts of payments whose money has all gone back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from paysync.domain.errors import RuleError
from paysync.domain.ledger import TAKE_ORDER, ReceiptState
from paysync.ports import ErpLedger
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, ReconcilingItem
from reconciliation.services.journal import balances_of
from reconciliation.services.withdrawing.resuming import withdraw_and_unmatch
from reconciliation.services.withdrawing.tries import Undone, is_being_taken_back

logger = logging.getLogger(__name__)
#: Of one run; the next one sees to the rest.
MOST = 200
WHY = "the money went back"


def withdraw_gone(company_id: int, *, ledger: ErpLedger, now: datetime) -> int:
    """Returns how many were taken back. What is too late stays with its open item: a person
    reverses it in Sage 500. An outage ends the run; nothing is lost by it.
    """
    done = 0
    for receipt in gone_receipts(company_id):
        try:
            outcome = withdraw_and_unmatch(
                receipt.transaction_id, ledger=ledger, actor="paysync", reason=WHY, now=now
            )
        except RuleError as error:
            logger.info("not taken back", extra={"receipt": receipt.pk, "error": str(error)})
            continue
        done += outcome == Undone.DONE
    return done


def gone_receipts(company_id: int) -> Iterator[CashReceipt]:
    """In a batch that is still open, with nothing left of their payment."""
    items = ReconcilingItem.objects.filter(
        company_id=company_id,
        state=ReconcilingItem.State.OPEN,
        reason=Reason.MONEY_WENT_BACK,
        receipt__state=ReceiptState.SUBMITTED,
        receipt__match__ended_at__isnull=True,
    ).select_related("receipt__transaction")
    receipts = [item.receipt for item in items.order_by("pk")[:MOST] if item.receipt]
    balances = balances_of([receipt.transaction for receipt in receipts])
    for receipt in receipts:
        held = balances.get(receipt.transaction_id, {})
        is_gone = not any(held.get(bucket) for bucket in TAKE_ORDER)
        if is_gone and not is_being_taken_back(receipt):
            yield receipt
