"""The clerk reverses a posted receipt: a receipt of the other sign that names it (reference §5,
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


def reverse_receipt(store: Store, order: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """{"idempotency_key" or "receipt_key"}. Raises LookupError for what is not posted, ValueError
    for what is reversed already.
    """
    key = order.get("receipt_key")
    if key is None:
        key = store.value(KEY_OF, (order.get("idempotency_key"),))
    with store.write():
        found = store.row(POSTED, (key,))
        if found is None:
            raise LookupError("no posted receipt of that key")
        if store.value(REVERSED_BY, (key,)):
            raise ValueError(f"{found['TranID']} is reversed already")
        new = store.take_keys("tarCustPmtLog")
        values = {
            "new": new, "old": key, "now": stamp_of(now), "day": now.date().isoformat(),
            "tran_id": f"CR-V{new}", "tran_no": f"V{new}",
        }  # fmt: skip
        for statement in (LOG, REVERSAL):
            store.execute(statement, values)
        for invoice, reduction, discount in store.rows(LINKS, (key,)):
            store.execute(
                REOPEN,
                {"invoice": invoice, "reduction": reduction, "discount": discount}
                | {"now": values["now"]},
            )
    return {"done": "reversed", "receipt_key": str(key), "tran_id": values["tran_id"]}
