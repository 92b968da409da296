"""The reversal wrapper: one pending receipt of the other sign that takes a posted one back, whole
(reference 14.5, inferred as a whole). Refused until the site says that it has rehearsed it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from paysync.sandbox.sage500.amounts import home_of
from paysync.sandbox.sage500.batches import BALANCED, add_to_batch, close_batch, open_batch
from paysync.sandbox.sage500.follow import find
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.load_setup import USER
from paysync.sandbox.sage500.orders import (
    CREATED,
    ERROR,
    INVALID,
    Order,
    Refused,
    day_of,
    text_of_field,
)
from paysync.sandbox.sage500.store import Row, Store
from paysync.sandbox.sage500.submit import LOG, OURS, Answer, answer_again, require_new_reference
from paysync.sandbox.sage500.validate import check

logger = logging.getLogger(__name__)

ORIGINAL = """
    SELECT r.CustPmtKey, r.CompanyID, c.TranAmt, c.UnappliedAmt, c.CurrExchRate, r.TranID, r.CurrID,
           c.CustClassKey, k.CustID, a.CashAcctID
      FROM ptx_Receipt r
      JOIN tarCustomer k ON k.CustKey = r.CustKey
      JOIN tarBatch b ON b.BatchKey = r.BatchKey
      JOIN tcmCashAcct a ON a.CashAcctKey = b.CashAcctKey
      LEFT JOIN tarCustPmt c ON c.CustPmtKey = r.CustPmtKey
     WHERE r.IdemKey = ? AND r.CompanyID = ? AND r.RevrsCustPmtKey IS NULL"""
REVERSED = """
    SELECT TranID FROM tarPendCustPmt WHERE RevrsCustPmtKey = :key
    UNION ALL SELECT TranID FROM tarCustPmt WHERE RevrsCustPmtKey = :key"""
PENDING = """
    INSERT INTO tarPendCustPmt (CustPmtKey, BatchKey, CreateDate, CreateType, CreateUserID,
                                CurrExchRate, CurrID, CustClassKey, CustKey, PmtRcptDate,
                                RevrsCustPmtKey, SeqNo, TranAmt, TranAmtHC, TranCmnt, TranDate,
                                TranID, TranNo, TranType, UnappliedAmt, UnappliedAmtHC)
        VALUES (:key, :batch, :now, 2, :user, :rate, :currency, :class_key, :cust_key, :tran_date,
                :of, :seq, :amount, :amount_hc, :comment, :tran_date, :tran_id, :tran_no,
                :tran_type, :amount, :amount_hc)"""
OURS_NEW = """
    INSERT INTO ptx_Receipt (IdemKey, CompanyID, GatewayRef, PayloadHash, CustPmtKey, BatchKey,
                             BatchID, CustKey, TranID, TranDate, PostDate, CurrID, TranAmt,
                             RevrsCustPmtKey, CreateDate, UpdateDate)
        VALUES (:idem_key, :company, :gateway_reference, :hash, :key, :batch, :batch_id, :cust_key,
                :tran_id, :tran_date, :post_date, :currency, :amount, :of, :now, :now)"""


@dataclass(frozen=True, slots=True)
class ReversalOrder:
    """One reversal to make. Dates are ISO text."""

    idempotency_key: str
    company_id: str
    of_key: str
    post_date: str
    tran_date: str
    tran_no: str
    comment: str
    gateway_reference: str
    user_id: str

    @property
    def payload_hash(self) -> str:
        content = asdict(self)
        del content["user_id"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def reversal_of(key: str, company_id: str, body: Mapping[str, Any]) -> ReversalOrder:
    """Read the body. Raises ValueError for a wrong shape, Refused(10) for a wrong value."""
    fields = {**body, "idempotency_key": key, "company_id": company_id}
    names = ("idempotency_key", "company_id", "tran_no", "comment", "gateway_reference", "user_id")
    texts = {name: text_of_field(fields, name) for name in names}
    of_key = text_of_field({"idempotency_key": body.get("of_key", "")}, "idempotency_key")
    days = {name: day_of(body, name) for name in ("post_date", "tran_date")}
    return ReversalOrder(of_key=of_key, **days, **texts)


def reverse(store: Store, order: ReversalOrder, now: datetime, *, rehearsed: bool) -> Answer:
    """Make the reversal, once. Never raises for a business no: that is an answer."""
    if not rehearsed:
        return Answer(INVALID, reason="not_rehearsed", message="reversals are not rehearsed here")
    try:
        with store.write():
            ours = store.row(OURS, (order.idempotency_key,))
            if ours is not None:
                return answer_again(store, ours, order)
            require_new_reference(store, order)
            return write(store, order, original_of(store, order), stamp_of(now))
    except Refused as no:
        return Answer(no.code, reason=no.reason, message=no.message)
    except (sqlite3.Error, LookupError, RuntimeError):
        logger.exception("reversal %s was rolled back", order.idempotency_key)
        return Answer(ERROR, reason="error", message="rolled back; see the service's log")


def original_of(store: Store, order: ReversalOrder) -> Row:
    """Ours, posted, applied to nothing any more, not reversed yet. Raises Refused."""
    found = store.row(ORIGINAL, (order.of_key, order.company_id))
    if found is None:
        raise Refused(INVALID, "not_found", "no receipt under this key")
    state = find(store, [order.of_key])[0]["state"]
    if state != "posted" or found["TranAmt"] is None:
        raise Refused(INVALID, "not_posted", f"{found['TranID']} is {state}")
    if store.row(REVERSED, {"key": found["CustPmtKey"]}):
        raise Refused(INVALID, "already_reversed", f"{found['TranID']} has a reversing receipt")
    if found["UnappliedAmt"] != found["TranAmt"]:
        text = f"reverse the applications of {found['TranID']} in Sage first"
        raise Refused(INVALID, "still_applied", text)
    return found


def write(store: Store, order: ReversalOrder, original: Row, now: str) -> Answer:
    """Customer, cash account, amount and rate are those of the original."""
    receipt = Order(
        order.idempotency_key, order.company_id, original["CustID"], original["CashAcctID"],
        order.post_date, order.tran_date, order.tran_no, original["CurrID"], original["TranAmt"],
        order.comment, order.gateway_reference, order.user_id, (),
    )  # fmt: skip
    checked = check(store, receipt)
    key = store.take_keys("tarCustPmtLog")
    batch = open_batch(store, receipt, checked.cash["CashAcctKey"], now)
    rate = original["CurrExchRate"]
    values = {
        "key": key, "batch": batch["BatchKey"], "batch_id": batch["BatchID"], "now": now,
        "seq": batch["NextSeqNo"], "company": order.company_id, "user": order.user_id or USER,
        "cust_key": checked.customer["CustKey"], "class_key": original["CustClassKey"],
        "currency": receipt.currency, "rate": rate, "amount": -receipt.amount,
        "amount_hc": -home_of(receipt.amount, rate, checked.home_digits),
        "comment": order.comment, "tran_date": order.tran_date, "post_date": order.post_date,
        "tran_no": order.tran_no, "tran_id": checked.tran_id, "tran_type": checked.tran_type,
        "hash": order.payload_hash, "idem_key": order.idempotency_key,
        "gateway_reference": order.gateway_reference, "of": original["CustPmtKey"],
    }  # fmt: skip
    for statement in (LOG, PENDING, OURS_NEW):
        store.execute(statement, values)
    add_to_batch(store, batch["BatchKey"], -receipt.amount, 1)
    if close_batch(store, batch["BatchKey"]) != BALANCED:
        raise RuntimeError(f"batch {batch['BatchID']} does not balance")
    batch_key = str(batch["BatchKey"])
    return Answer(CREATED, str(key), batch_key, batch["BatchID"], checked.tran_id)
