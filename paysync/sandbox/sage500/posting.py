"""Register and post a receipt batch, step by step: the simulated `spci*` chain.

A stand-in for Sage's own procedures (reference 4.3, last paragraph of 16). Certain: the order of
the steps, the status numbers, which tables are written, that the GL nets to zero. Inferred or
invented: the exact contents of the rows, one GL line per leg (not summarised), no realised
exchange gain, a write-off as its own GL leg, refusing over-application at validation.
"""

from __future__ import annotations

from datetime import datetime

from paysync.sandbox.sage500.batches import BALANCED, INTERRUPTED, POSTED, POSTING, get_batch
from paysync.sandbox.sage500.ledger_rows import clean_up, fill_postings, move_to_ledger
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.module_post import post_module
from paysync.sandbox.sage500.store import Row, Store

#: Step -> PostStatus when it is started and when it is complete.
STEPS = {"prep": (100, 150), "module": (200, 250), "gl": (300, 350), "cleanup": (400, 450)}
DONE = 500

SET_STATUS = """
    UPDATE tciBatchLog SET Status = :status, PostStatus = :post_status, PostUserID = 'clerk',
                           RgstrPrinted = 1, UpdateCounter = UpdateCounter + 1
     WHERE BatchKey = :key"""
OPEN_PERIOD = """
    SELECT FiscYear, FiscPer FROM tglFiscalPeriod
     WHERE CompanyID = ? AND ? BETWEEN StartDate AND EndDate AND Status <> 2 AND LockAR = 0"""
OVER_APPLIED = """
    SELECT i.TranID
      FROM tarInvoice i
      JOIN tarOptions o ON o.CompanyID = i.CompanyID AND o.AllowInvOverpayment = 0
     WHERE i.InvcKey IN (SELECT ApplyToInvcKey FROM tarPendCustPmtAppl WHERE BatchKey = :key)
       AND i.Balance < (SELECT SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC)
                          FROM tarPendCustPmtAppl a
                         WHERE a.BatchKey = :key AND a.ApplyToInvcKey = i.InvcKey)
     ORDER BY i.TranID"""
LOG_ERROR = """
    INSERT OR REPLACE INTO tciErrorLog (SessionID, EntryNo, BatchKey, Severity, ErrorType,
                                        StringData1, ErrorCmnt)
        VALUES (:key, 1, :key, 2, 3, :data, :comment)"""


class CannotPost(Exception):
    """The register shows a fatal error: the batch stays as it was."""


def post_batch(store: Store, key: int, now: datetime, stop_after: str | None = None) -> str:
    """Post, or stop after a step and leave status 7. Returns "posted" or "interrupted"."""
    batch = get_batch(store, key)
    if batch["Status"] != BALANCED or batch["PostStatus"] != 0 or batch["Hold"]:
        raise CannotPost(f"batch {batch['BatchID']} has status {batch['Status']}")
    validate(store, batch)
    return run_steps(store, batch, now, stop_after)


def resume_batch(store: Store, key: int, now: datetime) -> str:
    """Go on where an interrupted batch stopped, as only Sage itself may."""
    batch = get_batch(store, key)
    if batch["Status"] != INTERRUPTED:
        raise CannotPost(f"batch {batch['BatchID']} is not interrupted")
    return run_steps(store, batch, now, None)


def validate(store: Store, batch: Row) -> None:
    """Steps 3 and 4 of the chain: period and applications, errors into tciErrorLog."""
    key = batch["BatchKey"]
    if store.row(OPEN_PERIOD, (batch["PostCompanyID"], batch["PostDate"])) is None:
        refuse(store, key, "period_closed", batch["PostDate"])
    over = store.value(OVER_APPLIED, {"key": key})
    if over:
        refuse(store, key, "over_application", over)


def refuse(store: Store, key: int, problem: str, data: str) -> None:
    store.execute(LOG_ERROR, {"key": key, "data": data, "comment": problem})
    raise CannotPost(f"{problem}: {data}")


def run_steps(store: Store, batch: Row, now: datetime, stop_after: str | None) -> str:
    key, done = batch["BatchKey"], batch["PostStatus"]
    for name, (started, completed) in STEPS.items():
        if completed <= done:
            continue
        with store.write():
            set_status(store, key, POSTING, started)
            run_step(store, name, get_batch(store, key), stamp_of(now))
            set_status(store, key, INTERRUPTED if name == stop_after else POSTING, completed)
        if name == stop_after:
            return "interrupted"
    set_status(store, key, POSTED, DONE)
    return "posted"


def run_step(store: Store, name: str, batch: Row, now: str) -> None:
    if name == "prep":
        fill_postings(store, batch)
    elif name == "module":
        post_module(store, batch, now)
    elif name == "gl":
        period = store.row(OPEN_PERIOD, (batch["PostCompanyID"], batch["PostDate"]))
        if period is None:
            raise CannotPost("the period was closed meanwhile")
        move_to_ledger(store, batch, period, now)
    else:
        clean_up(store, batch["BatchKey"])


def set_status(store: Store, key: int, status: int, post_status: int) -> None:
    store.execute(SET_STATUS, {"key": key, "status": status, "post_status": post_status})
