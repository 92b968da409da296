"""Take a match apart, and take up again what was left half done."""

from __future__ import annotations

from datetime import datetime

from paysync.domain.errors import (
    ExternalError,
    RecordError,
    RuleError,
)
from paysync.ports import ErpLedger
from reconciliation.services.withdrawing.claiming import claim
from reconciliation.services.withdrawing.taking import take_back
from reconciliation.services.withdrawing.tries import LEASE, WORKER, Asked, Undone, tries


def withdraw_and_unmatch(
    transaction_id: int,
    *,
    ledger: ErpLedger,
    actor: str,
    reason: str,
    now: datetime,
    expected_revision: int | None = None,
) -> Undone:
    """Undo a match, wherever its receipt is.

    Not in the ERP: taken back here. In a batch that is still open: withdrawn there, then undone.
    Posted: the match stays, and an item tells a person to reverse the receipt. Raises ConflictError
    where somebody else was quicker, RuleError where it cannot be undone now, and ExternalError
    where the ERP was not reached; then nothing has changed.
    """
    asked = claim(transaction_id, actor, reason, now, expected_revision)
    if isinstance(asked, Undone):
        return asked
    return take_back(asked, ledger, now)


def resume_withdrawals(company_id: int, *, ledger: ErpLedger, now: datetime) -> int:
    """Ask about tries whose outcome is not known, or whose worker is gone. Returns how many ended.

    Call it before the receipts are followed: a receipt that is gone from its batch because we took
    it back is not one that somebody deleted.
    """
    ended = 0
    failed: list[Exception] = []
    lost = tries().filter(
        receipt__company_id=company_id, ended_at__isnull=True, started_at__lte=now - LEASE
    )
    for found in lost.select_related("receipt__company", "receipt__transaction").order_by("pk"):
        actor = found.worker.removeprefix(WORKER)
        asked = Asked(found.receipt, found.number, actor, found.message, may_be_done=True)
        try:
            ended += take_back(asked, ledger, now) == Undone.DONE
        except RuleError:  # a clear no ends the try; the person sees the match as it was
            ended += 1
        except (ExternalError, RecordError) as error:  # one that fails holds up no other
            failed.append(error)
    if failed:
        raise failed[0]
    return ended
