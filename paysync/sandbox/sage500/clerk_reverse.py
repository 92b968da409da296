"""The clerk takes back what a posted receipt pays ("unapply"), or the receipt ("reverse").

The clerk reverses a posted receipt: a receipt of the other sign that names it (reference §5,
inferred), and its documents are open again. No GL rows are made for it: a stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.store import Store

KEY_OF = "SELECT CustPmtKey FROM ptx_Receipt WHERE IdemKey = ?"
POSTED = "SELECT CustPmtKey, TranID FROM tarCustPmt WHERE CustPmtKey = ? AND TranAmt > 0"
REVERSED_BY = "SELECT TranID FROM tarCustPmt WHERE RevrsCustPmtKey = ?"
LOG = """
    INSERT INTO tarCustPmtLog (CustPmtKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo,
                               TranStatus, TranType)
    SELECT :new, CompanyID, -TranAmtHC, :day, :tran_id, :tran_no, 3, TranType
      FROM tarCustPmt WHERE CustPmtKey = :old"""
REVERSAL = """
    INSERT INTO tarCustPmt (CustPmtKey, BatchKey, CompanyID, CreateDate, CreateType, CreateUserID,
                            CurrExchRate, CurrID, CustClassKey, CustKey, NextApplEntryNo, PostDate,
                            RevrsCustPmtKey, TranAmt, TranAmtHC, TranCmnt, TranDate, TranID, TranNo,
                            TranType, UnappliedAmt, UnappliedAmtHC, UpdateDate, UpdateUserID)
    SELECT :new, BatchKey, CompanyID, :now, CreateType, 'clerk', CurrExchRate, CurrID,
           CustClassKey, CustKey, 1, :day, CustPmtKey, -TranAmt, -TranAmtHC, 'Reversal', :day,
           :tran_id, :tran_no, TranType, 0, 0, :now, 'clerk'
      FROM tarCustPmt WHERE CustPmtKey = :old"""
LINKS = """
    SELECT a.ApplyToInvcKey, a.PmtAmt + a.DiscTaken + COALESCE(s.WriteOffAmt, 0) AS Reduction,
           a.DiscTaken
      FROM tarCustPmtAppl a
      LEFT JOIN ptx_Receipt r ON r.CustPmtKey = a.CustPmtKey
      LEFT JOIN ptx_ReceiptAppl s ON s.IdemKey = r.IdemKey AND s.InvcKey = a.ApplyToInvcKey
     WHERE a.CustPmtKey = ?"""
REOPEN = """
    UPDATE tarInvoice
       SET Balance = Balance + :reduction, BalanceHC = BalanceHC + :reduction,
           DiscTakenAmt = DiscTakenAmt - :discount, Status = 1, ClosingTranDate = NULL,
           ClosingPostDate = NULL, UpdateDate = :now, UpdateCounter = UpdateCounter + 1
     WHERE InvcKey = :invoice"""


UNAPPLIED = """
    UPDATE tarCustPmt SET UnappliedAmt = TranAmt, UnappliedAmtHC = TranAmtHC, UpdateDate = :now
     WHERE CustPmtKey = :old"""
DROP_LINKS = "DELETE FROM tarCustPmtAppl WHERE CustPmtKey = ?"


def unapply_receipt(store: Store, order: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Sage's Reverse Applications, as a stand-in: documents open again, the rows of it are gone.

    {"idempotency_key" or "receipt_key"}. Raises LookupError for what is not posted.
    """
    with store.write():
        key, _ = posted(store, order)
        reopen(store, key, stamp_of(now))
        store.execute(UNAPPLIED, {"old": key, "now": stamp_of(now)})
        store.execute(DROP_LINKS, (key,))
    return {"done": "unapplied", "receipt_key": str(key)}


def posted(store: Store, order: Mapping[str, Any]) -> tuple[int, str]:
    """Its key and ID. Raises LookupError."""
    key = order.get("receipt_key")
    if key is None:
        key = store.value(KEY_OF, (order.get("idempotency_key"),))
    found = store.row(POSTED, (key,))
    if found is None:
        raise LookupError("no posted receipt of that key")
    return found["CustPmtKey"], found["TranID"]


def reopen(store: Store, key: int, now: str) -> None:
    for invoice, reduction, discount in store.rows(LINKS, (key,)):
        values = {"invoice": invoice, "reduction": reduction, "discount": discount, "now": now}
        store.execute(REOPEN, values)


def reverse_receipt(store: Store, order: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """{"idempotency_key" or "receipt_key"}. Raises LookupError for what is not posted, ValueError
    for what is reversed already.
    """
    with store.write():
        key, name = posted(store, order)
        if store.value(REVERSED_BY, (key,)):
            raise ValueError(f"{name} is reversed already")
        new = store.take_keys("tarCustPmtLog")
        values = {
            "new": new, "old": key, "now": stamp_of(now), "day": now.date().isoformat(),
            "tran_id": f"CR-V{new}", "tran_no": f"V{new}",
        }  # fmt: skip
        for statement in (LOG, REVERSAL):
            store.execute(statement, values)
        reopen(store, key, stamp_of(now))
    return {"done": "reversed", "receipt_key": str(key), "tran_id": values["tran_id"]}
