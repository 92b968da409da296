"""AR cash receipt batches: make, reuse, total, status (reference 3.3, 4.1 and 14.3 steps 4-8)."""

from __future__ import annotations

from typing import Any

from paysync.sandbox.sage500.load_setup import RECEIPT_BATCH, USER
from paysync.sandbox.sage500.orders import Order
from paysync.sandbox.sage500.store import Row, Store

IN_USE, ON_HOLD, OUT_OF_BALANCE, BALANCED, POSTING, POSTED, INTERRUPTED = range(1, 8)
DELETED = 999

REUSABLE = """
    SELECT b.BatchKey, b.BatchID, b.NextSeqNo
      FROM ptx_Batch p JOIN tciBatchLog b ON b.BatchKey = p.BatchKey
     WHERE p.CompanyID = :company AND p.CashAcctKey = :cash AND p.PostDate = :day
       AND p.CurrID = :currency AND b.Status IN (2, 4) AND b.PostStatus = 0
     ORDER BY p.BatchKey LIMIT 1"""
NEXT_NUMBER = """
    UPDATE tciBatchTypCompany SET NextBatchNo = NextBatchNo + 1
     WHERE CompanyID = ? AND BatchType = ?
    RETURNING BatchTypeID, NextBatchNo - 1"""
NEW_LOG = """
    INSERT INTO tciBatchLog (BatchKey, BatchCmnt, BatchID, BatchNo, BatchType, CreateDate,
                             CreateType, OrigUserID, PostCompanyID, PostDate, SourceCompanyID,
                             Status)
        VALUES (:key, :comment, :batch_id, :number, :type, :now, 1, :user, :company, :day, :company,
                4)"""
NEW_HEAD = """
    INSERT INTO tarBatch (BatchKey, BatchCmnt, CashAcctKey, CreateDate, CreateType, Hold,
                          HoldReason, OrigUserID, PostDate)
        VALUES (:key, :comment, :cash, :now, 1, 1, 'being filled', :user, :day)"""
NEW_OURS = """
    INSERT INTO ptx_Batch (BatchKey, BatchID, CompanyID, CashAcctKey, PostDate, CurrID, CreateDate)
        VALUES (:key, :batch_id, :company, :cash, :day, :currency, :now)"""
ADD_TOTAL = """
    UPDATE tciBatchLog SET BatchTotal = BatchTotal + :amount, NextSeqNo = NextSeqNo + :seqs,
                           UpdateCounter = UpdateCounter + 1
     WHERE BatchKey = :key"""
CLOSE = """
    UPDATE tarBatch SET Hold = 0, HoldReason = NULL, UpdateCounter = UpdateCounter + 1,
                        TranCtrl = (SELECT BatchTotal FROM tciBatchLog l
                                     WHERE l.BatchKey = tarBatch.BatchKey)
     WHERE BatchKey = ?"""
RECOMPUTE = """
    UPDATE tciBatchLog
       SET Status = (SELECT CASE WHEN h.Hold = 1 THEN 2
                                 WHEN h.TranCtrl <> tciBatchLog.BatchTotal THEN 3
                                 ELSE 4 END
                       FROM tarBatch h WHERE h.BatchKey = tciBatchLog.BatchKey)
     WHERE BatchKey = ? AND PostStatus = 0
    RETURNING Status"""
BATCH = """
    SELECT l.*, h.CashAcctKey, h.Hold, h.TranCtrl
      FROM tciBatchLog l JOIN tarBatch h ON h.BatchKey = l.BatchKey
     WHERE l.BatchKey = ?"""


def open_batch(store: Store, order: Order, cash_key: int, now: str) -> Row:
    """Our open batch of this company, cash account, posting date and currency, made if need be."""
    values: dict[str, Any] = {
        "company": order.company_id, "cash": cash_key, "day": order.post_date,
        "currency": order.currency, "now": now, "user": order.user_id or USER,
    }  # fmt: skip
    found = store.row(REUSABLE, values)
    if found is None:
        make_batch(store, values)
        found = store.row(REUSABLE, values)
    if found is None:
        raise LookupError("the new batch is not there")
    return found


def make_batch(store: Store, values: dict[str, Any]) -> None:
    """What spGetNextBatch leaves behind; the ID's form is inferred for receipts."""
    name, number = store.rows(NEXT_NUMBER, (values["company"], RECEIPT_BATCH))[0]
    row = {**values, "key": store.take_keys("tciBatchLog"), "number": number, "type": RECEIPT_BATCH,
           "batch_id": f"AR{name}-{number:07d}", "comment": "PayTrace receipts"}  # fmt: skip
    for statement in (NEW_LOG, NEW_HEAD, NEW_OURS):
        store.execute(statement, row)


def add_to_batch(store: Store, key: int, amount: int, seqs: int) -> None:
    store.execute(ADD_TOTAL, {"key": key, "amount": amount, "seqs": seqs})


def close_batch(store: Store, key: int) -> int:
    """Release the hold, set the control total, recompute. Returns the status, 4 when balanced."""
    store.execute(CLOSE, (key,))
    return batch_status(store, key)


def batch_status(store: Store, key: int) -> int:
    """spGetBatchStatus: the recomputed status of an unposted batch."""
    rows = store.rows(RECOMPUTE, (key,))
    return int(rows[0][0]) if rows else int(get_batch(store, key)["Status"])


def get_batch(store: Store, key: int) -> Row:
    """Raises LookupError."""
    found = store.row(BATCH, (key,))
    if found is None:
        raise LookupError(f"no batch {key}")
    return found
