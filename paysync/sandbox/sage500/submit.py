"""The receipt wrapper: one pending receipt per idempotency key (reference 14.3)."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from paysync.sandbox.sage500.amounts import home_of
from paysync.sandbox.sage500.batches import BALANCED, add_to_batch, close_batch, open_batch
from paysync.sandbox.sage500.follow import refresh_deleted
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.load_setup import USER
from paysync.sandbox.sage500.orders import (
    ALREADY_THERE,
    CREATED,
    ERROR,
    INVALID,
    KEY_REUSED,
    Order,
    Refused,
)
from paysync.sandbox.sage500.store import Row, Store
from paysync.sandbox.sage500.validate import Checked, CheckedLink, check

logger = logging.getLogger(__name__)

OURS = "SELECT * FROM ptx_Receipt WHERE IdemKey = ?"
SAME_REFERENCE = """
    SELECT IdemKey FROM ptx_Receipt WHERE CompanyID = ? AND GatewayRef = ? AND State = 'live'"""
LOG = """
    INSERT INTO tarCustPmtLog (CustPmtKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo,
                               TranStatus, TranType)
        VALUES (:key, :company, :amount_hc, :tran_date, :tran_id, :tran_no, 2, :tran_type)"""
PENDING = """
    INSERT INTO tarPendCustPmt (CustPmtKey, BatchKey, CreateDate, CreateType, CreateUserID,
                                CurrExchRate, CurrID, CustClassKey, CustKey, DiscTakenAmt,
                                PmtRcptDate, SeqNo, TranAmt, TranAmtHC, TranCmnt, TranDate, TranID,
                                TranNo, TranType, UnappliedAmt, UnappliedAmtHC)
        VALUES (:key, :batch, :now, 2, :user, :rate, :currency, :class_key, :cust_key, :discount,
                :tran_date, :seq, :amount, :amount_hc, :comment, :tran_date, :tran_id, :tran_no,
                :tran_type, :unapplied, :unapplied_hc)"""
APPLICATION = """
    INSERT INTO tarPendCustPmtAppl (BatchKey, SeqNo, AppliedAtCreation, ApplyFromPmtKey,
                                    ApplyFromTranDate, ApplyFromTranID, ApplyToInvcKey,
                                    ApplyToTranDate, ApplyToTranID, CreateDate, CreateUserID,
                                    CurrExchRate, DiscTakenAmt, DiscTakenAmtIC, PmtAmt, PmtAmtIC,
                                    WriteOffAmt, WriteOffAmtIC)
        VALUES (:batch, :seq, 1, :key, :tran_date, :tran_id, :invoice, :invoice_date, :invoice_id,
                :now, :user, :rate, :discount, :discount, :amount, :amount, :write_off,
                :write_off)"""
RECEIPT = """
    INSERT INTO ptx_Receipt (IdemKey, CompanyID, GatewayRef, PayloadHash, CustPmtKey, BatchKey,
                             BatchID, CustKey, TranID, TranDate, PostDate, CurrID, TranAmt,
                             CreateDate, UpdateDate)
        VALUES (:idem_key, :company, :gateway_reference, :hash, :key, :batch, :batch_id, :cust_key,
                :tran_id, :tran_date, :post_date, :currency, :amount, :now, :now)"""
SENT = """
    INSERT INTO ptx_ReceiptAppl (IdemKey, SeqNo, InvcKey, TranID, PmtAmt, DiscTakenAmt, WriteOffAmt)
        VALUES (:idem_key, :place, :invoice, :invoice_id, :amount, :discount, :write_off)"""
WRITTEN = """
    SELECT p.TranAmt, COUNT(a.SeqNo), COALESCE(SUM(a.PmtAmt), 0)
      FROM tarPendCustPmt p LEFT JOIN tarPendCustPmtAppl a ON a.ApplyFromPmtKey = p.CustPmtKey
     WHERE p.CustPmtKey = ?"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The wrapper's output parameters."""

    code: int
    receipt_key: str = ""
    batch_key: str = ""
    batch_id: str = ""
    tran_id: str = ""
    reason: str = ""
    message: str = ""


class Ordered(Protocol):
    """A receipt or a reversal, as far as its repeats go."""

    @property
    def idempotency_key(self) -> str: ...

    @property
    def company_id(self) -> str: ...

    @property
    def gateway_reference(self) -> str: ...

    @property
    def payload_hash(self) -> str: ...


def submit(store: Store, order: Order, now: datetime) -> Answer:
    """Make the receipt, once. Never raises for a business no: that is an answer."""
    try:
        with store.write():
            ours = store.row(OURS, (order.idempotency_key,))
            if ours is not None:
                return answer_again(store, ours, order)
            require_new_reference(store, order)
            return write(store, order, check(store, order), stamp_of(now))
    except Refused as no:
        return Answer(no.code, reason=no.reason, message=no.message)
    except (sqlite3.Error, LookupError, RuntimeError):
        logger.exception("receipt %s was rolled back", order.idempotency_key)
        return Answer(ERROR, reason="error", message="rolled back; see the service's log")


def answer_again(store: Store, ours: Row, order: Ordered) -> Answer:
    """Same content: already there. A receipt taken back or deleted is never made again."""
    if ours["PayloadHash"] != order.payload_hash:
        return Answer(KEY_REUSED, reason="key_reused", message="the key stands for other content")
    refresh_deleted(store, [order.idempotency_key])
    state = store.rows(OURS, (order.idempotency_key,))[0]["State"]
    if state != "live":
        return Answer(INVALID, reason=f"receipt_{state}", message=f"this receipt was {state}")
    return answer_of(ALREADY_THERE, ours)


def answer_of(code: int, ours: Row) -> Answer:
    return Answer(
        code, str(ours["CustPmtKey"]), str(ours["BatchKey"]), ours["BatchID"], ours["TranID"]
    )


def require_new_reference(store: Store, order: Ordered) -> None:
    """At most one live receipt per gateway reference; one that a clerk deleted is not live."""
    same = (order.company_id, order.gateway_reference)
    found = store.value(SAME_REFERENCE, same)
    if found:
        refresh_deleted(store, [found])
        if store.value(SAME_REFERENCE, same):
            raise Refused(INVALID, "duplicate_reference", f"{found} has this gateway reference")


def write(store: Store, order: Order, checked: Checked, now: str) -> Answer:
    """Insert log, pending receipt and applications, total the batch, note it as ours."""
    key = store.take_keys("tarCustPmtLog")
    batch = open_batch(store, order, checked.cash["CashAcctKey"], now)
    values = receipt_values(order, checked, batch, key, now)
    for statement in (LOG, PENDING, RECEIPT):
        store.execute(statement, values)
    for place, link in enumerate(checked.links, start=1):
        row = {**values, **link_values(link), "seq": batch["NextSeqNo"] + place, "place": place}
        store.execute(APPLICATION, row)
        store.execute(SENT, row)
    add_to_batch(store, batch["BatchKey"], order.amount, 1 + len(checked.links))
    verify(store, order, key)
    if close_batch(store, batch["BatchKey"]) != BALANCED:
        raise RuntimeError(f"batch {batch['BatchID']} does not balance")
    batch_key = str(batch["BatchKey"])
    return Answer(CREATED, str(key), batch_key, batch["BatchID"], checked.tran_id)


def receipt_values(
    order: Order, checked: Checked, batch: Row, key: int, now: str
) -> dict[str, Any]:
    unapplied = order.amount - sum(link.amount for link in order.links)
    return {
        "key": key, "batch": batch["BatchKey"], "batch_id": batch["BatchID"], "now": now,
        "seq": batch["NextSeqNo"], "company": order.company_id, "user": order.user_id or USER,
        "cust_key": checked.customer["CustKey"], "class_key": checked.customer["CustClassKey"],
        "currency": order.currency, "rate": checked.rate, "amount": order.amount,
        "amount_hc": home_of(order.amount, checked.rate, checked.home_digits),
        "unapplied": unapplied,
        "unapplied_hc": home_of(unapplied, checked.rate, checked.home_digits),
        "discount": sum(link.discount for link in order.links), "comment": order.comment,
        "tran_date": order.tran_date, "post_date": order.post_date, "tran_no": order.tran_no,
        "tran_id": checked.tran_id, "tran_type": checked.tran_type, "hash": order.payload_hash,
        "idem_key": order.idempotency_key, "gateway_reference": order.gateway_reference,
    }  # fmt: skip


def link_values(link: CheckedLink) -> dict[str, Any]:
    return {
        "invoice": link.invoice["InvcKey"], "invoice_id": link.invoice["TranID"],
        "invoice_date": link.invoice["TranDate"], "amount": link.ordered.amount,
        "discount": link.ordered.discount, "write_off": link.ordered.write_off,
    }  # fmt: skip


def verify(store: Store, order: Order, key: int) -> None:
    """Step 7: what was written is what was asked."""
    expected = (order.amount, len(order.links), sum(link.amount for link in order.links))
    if tuple(store.rows(WRITTEN, (key,))[0]) != expected:
        raise RuntimeError(f"receipt {key} was not written as ordered")
