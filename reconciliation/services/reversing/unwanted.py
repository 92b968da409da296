"""Take a reversal back that nobody wants any more: the money came back before it was posted."""

from __future__ import annotations

import logging

from paysync.domain.errors import ExternalError, RecordError
from paysync.domain.ledger import ReversalState, SubmitCode
from paysync.models import Company
from paysync.ports import ErpLedger
from reconciliation.models import ReceiptReversal
from reconciliation.services.reversing.answers import move_on
from reconciliation.services.reversing.wanted import submitted, wanted

logger = logging.getLogger(__name__)
TAKEN_BACK = frozenset({SubmitCode.CREATED, SubmitCode.ALREADY_THERE})


def take_back_unwanted(company: Company, *, erp: ErpLedger) -> int:
    """Returns how many were taken back. Safe to repeat: one of them stays until Sage 500 has said
    that it is gone, and one that is posted by now ends the match as any other.
    """
    taken = 0
    for part in submitted(company.pk):
        still = wanted([row.receipt_id for row in part])
        for row in part:
            if row.receipt_id not in still:
                taken += take_back(row, erp)
    return taken


def take_back(row: ReceiptReversal, erp: ErpLedger) -> bool:
    """One that fails holds up no other, and is asked again by the next run."""
    try:
        result = erp.withdraw_receipt(row.idempotency_key)
    except (ExternalError, RecordError) as error:
        logger.info("not taken back", extra={"reversal": row.pk, "error": str(error)})
        return False
    return result.code in TAKEN_BACK and move_on(row, ReversalState.WITHDRAWN, "")
