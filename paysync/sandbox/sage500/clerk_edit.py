"""What the clerk does to a pending receipt: change amount or applications, fit, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from paysync.sandbox.sage500.amounts import home_of, mills_of
from paysync.sandbox.sage500.batches import close_batch
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.store import Row, Store
from paysync.sandbox.sage500.withdraw import DROP_LINKS, remove_pending

KEY_OF = "SELECT CustPmtKey FROM ptx_Receipt WHERE IdemKey = ?"
PENDING = "SELECT * FROM tarPendCustPmt WHERE CustPmtKey = ?"
NEXT_SEQUENCE = """
    UPDATE tciBatchLog SET NextSeqNo = NextSeqNo + 1 WHERE BatchKey = ? RETURNING NextSeqNo - 1"""
TOTAL = "UPDATE tciBatchLog SET BatchTotal = BatchTotal + ? WHERE BatchKey = ?"
LINK = """
    INSERT INTO tarPendCustPmtAppl (BatchKey, SeqNo, AppliedAtCreation, ApplyFromPmtKey,
                                    ApplyFromTranDate, ApplyFromTranID, ApplyToInvcKey,
                                    ApplyToTranDate, ApplyToTranID, CreateDate, CreateUserID,
                                    CurrExchRate, DiscTakenAmt, DiscTakenAmtIC, PmtAmt, PmtAmtIC,
                                    WriteOffAmt, WriteOffAmtIC, UpdateDate)
    SELECT :batch, :seq, 1, :key, :tran_date, :tran_id, i.InvcKey, i.TranDate, i.TranID, :now,
           'clerk', :rate, :discount, :discount, :amount, :amount, :write_off, :write_off, :now
      FROM tarInvoice i JOIN tarCustPmtLog l ON l.CompanyID = i.CompanyID
     WHERE l.CustPmtKey = :key AND i.TranID = :invoice"""
AMOUNTS = """
    UPDATE tarPendCustPmt
       SET TranAmt = :amount, TranAmtHC = :amount_hc, UnappliedAmt = :unapplied,
           UnappliedAmtHC = :unapplied_hc, DiscTakenAmt = :discount, UpdateDate = :now,
           UpdateUserID = 'clerk', UpdateCounter = UpdateCounter + 1
     WHERE CustPmtKey = :key"""
SUMS = """
    SELECT COALESCE(SUM(PmtAmt), 0), COALESCE(SUM(DiscTakenAmt), 0)
      FROM tarPendCustPmtAppl WHERE ApplyFromPmtKey = ?"""
EXCESS = """
    SELECT a.BatchKey, a.SeqNo, a.ApplyFromPmtKey, a.PmtAmt,
           SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC)
               OVER (PARTITION BY a.ApplyToInvcKey ORDER BY a.SeqNo) - i.Balance AS TooMuch
      FROM tarPendCustPmtAppl a JOIN tarInvoice i ON i.InvcKey = a.ApplyToInvcKey
     WHERE a.BatchKey = ?"""
LOWER_LINK = """
    UPDATE tarPendCustPmtAppl SET PmtAmt = PmtAmt - :cut, PmtAmtIC = PmtAmtIC - :cut
     WHERE BatchKey = :batch AND SeqNo = :seq"""
DROP_EMPTY = """
    DELETE FROM tarPendCustPmtAppl
     WHERE BatchKey = ? AND PmtAmt = 0 AND DiscTakenAmt = 0 AND WriteOffAmt = 0"""

Order = Mapping[str, Any]


def pending_of(store: Store, order: Order) -> Row:
    """The pending receipt an order names. Raises LookupError."""
    key = order.get("receipt_key")
    if key is None:
        key = store.value(KEY_OF, (order.get("idempotency_key"),))
    found = store.row(PENDING, (key,))
    if found is None:
        raise LookupError("no such pending receipt")
    return found


def edit_receipt(store: Store, order: Order, now: datetime) -> dict[str, Any]:
    """Change the amount, the applications or both; the batch stays balanced."""
    with store.write():
        receipt = pending_of(store, order)
        key, batch = receipt["CustPmtKey"], receipt["BatchKey"]
        if "applications" in order:
            store.execute(DROP_LINKS, (key,))
            add_links(store, receipt, order["applications"], stamp_of(now))
        amount = mills_of(order["amount"]) if "amount" in order else receipt["TranAmt"]
        set_amount(store, receipt, amount, stamp_of(now))
        close_batch(store, batch)
    return {"done": "edited", "receipt_key": str(key), "batch_key": str(batch)}


def add_links(store: Store, receipt: Row, links: Sequence[Order], now: str) -> None:
    for link in links:
        values = {
            "batch": receipt["BatchKey"], "key": receipt["CustPmtKey"], "now": now,
            "seq": store.rows(NEXT_SEQUENCE, (receipt["BatchKey"],))[0][0],
            "tran_date": receipt["TranDate"], "tran_id": receipt["TranID"],
            "rate": receipt["CurrExchRate"], "invoice": link["invoice_tran_id"],
            "amount": mills_of(link["amount"]), "discount": mills_of(link.get("discount", "0")),
            "write_off": mills_of(link.get("write_off", "0")),
        }  # fmt: skip
        if store.execute(LINK, values) != 1:
            raise LookupError(f"no document {link['invoice_tran_id']}")


def set_amount(store: Store, receipt: Row, amount: int, now: str) -> None:
    key, rate = receipt["CustPmtKey"], receipt["CurrExchRate"]
    applied, discount = store.rows(SUMS, (key,))[0]
    if applied > amount:
        raise ValueError("the applications are more than the receipt")
    store.execute(TOTAL, (amount - receipt["TranAmt"], receipt["BatchKey"]))
    values = {
        "key": key, "amount": amount, "amount_hc": home_of(amount, rate, 2), "now": now,
        "unapplied": amount - applied, "unapplied_hc": home_of(amount - applied, rate, 2),
        "discount": discount,
    }  # fmt: skip
    store.execute(AMOUNTS, values)


def fit_applications(store: Store, batch: int, now: datetime) -> None:
    """Where an invoice was paid meanwhile, lower our applications; the rest becomes unapplied."""
    with store.write():
        for row in store.rows(EXCESS, (batch,)):
            cut = min(row["TooMuch"], row["PmtAmt"])
            if cut <= 0:
                continue
            store.execute(LOWER_LINK, {"cut": cut, "batch": batch, "seq": row["SeqNo"]})
            receipt = pending_of(store, {"receipt_key": row["ApplyFromPmtKey"]})
            set_amount(store, receipt, receipt["TranAmt"], stamp_of(now))
        store.execute(DROP_EMPTY, (batch,))


def delete_receipt(store: Store, order: Order) -> dict[str, Any]:
    """One receipt: its pending rows go, the batch goes on without it."""
    with store.write():
        receipt = pending_of(store, order)
        remove_pending(store, receipt["CustPmtKey"])
        close_batch(store, receipt["BatchKey"])
    return {"done": "deleted", "receipt_key": str(receipt["CustPmtKey"])}
