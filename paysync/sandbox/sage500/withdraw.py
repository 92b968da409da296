"""Take a pending receipt back (reference 14.5), and what deleting one leaves behind."""

from __future__ import annotations

from datetime import datetime

from paysync.sandbox.sage500.batches import BALANCED, ON_HOLD, close_batch, get_batch
from paysync.sandbox.sage500.follow import find
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.orders import ALREADY_THERE, BATCH_NOT_OPEN, CREATED, INVALID
from paysync.sandbox.sage500.store import Store
from paysync.sandbox.sage500.submit import OURS, Answer, answer_of

#: 5 = void, as in the shipment log (inferred for receipts).
VOID_LOG = "UPDATE tarCustPmtLog SET TranStatus = 5 WHERE CustPmtKey = ?"
DROP_LINKS = "DELETE FROM tarPendCustPmtAppl WHERE ApplyFromPmtKey = ?"
DROP_PENDING = "DELETE FROM tarPendCustPmt WHERE CustPmtKey = ? RETURNING BatchKey, TranAmt"
LOWER_TOTAL = """
    UPDATE tciBatchLog SET BatchTotal = BatchTotal - ?, UpdateCounter = UpdateCounter + 1
     WHERE BatchKey = ?"""
MARK = "UPDATE ptx_Receipt SET State = 'withdrawn', UpdateDate = ? WHERE IdemKey = ?"


def withdraw(store: Store, idempotency_key: str, now: datetime) -> Answer:
    """1 taken back, 2 it was already, 14 too late; 10 when the key is not ours."""
    with store.write():
        ours = store.row(OURS, (idempotency_key,))
        if ours is None:
            return Answer(INVALID, reason="not_found", message="no receipt under this key")
        state = find(store, [idempotency_key])[0]["state"]
        if state == "withdrawn":
            return answer_of(ALREADY_THERE, ours)
        batch = get_batch(store, ours["BatchKey"])
        if state != "pending" or batch["Status"] not in (ON_HOLD, BALANCED):
            return Answer(BATCH_NOT_OPEN, reason=state, message=f"the receipt is {state}")
        remove_pending(store, ours["CustPmtKey"])
        close_batch(store, ours["BatchKey"])
        store.execute(MARK, (stamp_of(now), idempotency_key))
        return answer_of(CREATED, ours)


def remove_pending(store: Store, key: int) -> None:
    """The pending rows go, the log row stays as void (inferred: reference 5, Delete)."""
    store.execute(DROP_LINKS, (key,))
    for batch, amount in store.rows(DROP_PENDING, (key,)):
        store.execute(LOWER_TOTAL, (amount, batch))
    store.execute(VOID_LOG, (key,))
