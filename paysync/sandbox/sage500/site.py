"""What other people do at the site meanwhile: pay an invoice, open or close a period. Invented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paysync.sandbox.sage500.amounts import mills_of, text_of
from paysync.sandbox.sage500.load import seed_batch, stamp_of
from paysync.sandbox.sage500.store import Store

INVOICE = """
    SELECT InvcKey, Balance, NextApplEntryNo FROM tarInvoice WHERE CompanyID = ? AND TranID = ?"""
APPLY = """
    INSERT INTO tarInvoiceAppl (ApplyToInvcKey, EntryNo, ApplyFromTranDate, ApplyFromTranID,
                                BatchKey, PmtAmt, PmtAmtHC, PostDate)
        VALUES (:key, :entry, :day, 'CR-ELSEWHERE', :batch, :amount, :amount, :day)"""
LOWER = """
    UPDATE tarInvoice
       SET Balance = Balance - :amount, BalanceHC = Balance - :amount,
           NextApplEntryNo = NextApplEntryNo + 1, UpdateCounter = UpdateCounter + 1,
           UpdateDate = :now, Status = CASE WHEN Balance = :amount THEN 2 ELSE Status END,
           ClosingTranDate = CASE WHEN Balance = :amount THEN :day END,
           ClosingPostDate = CASE WHEN Balance = :amount THEN :day END
     WHERE InvcKey = :key"""
PERIOD = """
    UPDATE tglFiscalPeriod SET Status = :status, LockAR = :lock
     WHERE CompanyID = :company AND :day BETWEEN StartDate AND EndDate"""
#: What to do with a period -> Status, LockAR.
PERIOD_STATES = {"open": (1, 0), "close": (2, 0), "lock": (1, 1)}


def pay_invoice(
    store: Store, company_id: str, tran_id: str, now: datetime, amount: str | None = None
) -> dict[str, Any]:
    """Somebody else's receipt pays `amount` (all of the balance when None). Raises LookupError.

    The twin books the invoice side only: that receipt is none of ours, nor are its GL lines.
    """
    with store.write():
        invoice = store.row(INVOICE, (company_id, tran_id))
        if invoice is None:
            raise LookupError(f"no document {tran_id}")
        paid = invoice["Balance"] if amount is None else mills_of(amount)
        values = {"key": invoice["InvcKey"], "entry": invoice["NextApplEntryNo"], "amount": paid,
                  "batch": seed_batch(store, company_id, now), "now": stamp_of(now),
                  "day": now.date().isoformat()}  # fmt: skip
        store.execute(APPLY, values)
        store.execute(LOWER, values)
    return {
        "tran_id": tran_id,
        "paid": text_of(paid),
        "balance": text_of(invoice["Balance"] - paid),
    }


def set_period(store: Store, order: Mapping[str, Any]) -> dict[str, Any]:
    """{"company_id", "date", "action": open, close or lock}. Raises ValueError, LookupError."""
    action = str(order.get("action"))
    if action not in PERIOD_STATES:
        raise ValueError(f"a period is opened, closed or locked, not {action!r}")
    status, lock = PERIOD_STATES[action]
    values = {"status": status, "lock": lock, "company": order["company_id"], "day": order["date"]}
    if not store.execute(PERIOD, values):
        raise LookupError("no such period")
    return dict(order)
