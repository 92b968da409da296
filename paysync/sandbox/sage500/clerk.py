"""The clerk: a simulated person in accounts receivable. A stand-in, invented as a whole.

Enters, opens, edits and deletes receipts and registers and posts batches, as people do in Sage's
screens; fault cards make this person do something unlucky at posting time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from paysync.sandbox.faults import FaultDeck
from paysync.sandbox.sage500.batches import (
    BALANCED,
    DELETED,
    IN_USE,
    INTERRUPTED,
    batch_status,
    get_batch,
)
from paysync.sandbox.sage500.clerk_edit import delete_receipt, edit_receipt, fit_applications
from paysync.sandbox.sage500.clerk_enter import enter_receipt
from paysync.sandbox.sage500.clerk_reverse import reverse_receipt, unapply_receipt
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.posting import STEPS, CannotPost, post_batch, resume_batch
from paysync.sandbox.sage500.store import Row, Store

BATCHES = """
    SELECT l.BatchKey FROM tciBatchLog l JOIN tarBatch h ON h.BatchKey = l.BatchKey
     WHERE l.BatchType = 503 AND l.Status = :status
       AND l.PostStatus BETWEEN :least AND 499
       AND (:company IS NULL OR l.SourceCompanyID = :company)
       AND (:before IS NULL OR h.CreateDate <= :before)
     ORDER BY l.BatchKey"""
OPEN = """
    UPDATE tciBatchLog SET Status = 1 WHERE BatchKey = ? AND PostStatus = 0
    RETURNING BatchKey"""
PENDING_OF = "SELECT CustPmtKey FROM tarPendCustPmt WHERE BatchKey = ? ORDER BY CustPmtKey"
MARK_DELETED = """
    UPDATE tciBatchLog SET PostStatus = 999, UpdateCounter = UpdateCounter + 1
     WHERE BatchKey = ?"""

Order = Mapping[str, Any]
Result = dict[str, Any]
#: What each action looks for when it is not given a batch: status and least PostStatus.
LOOKS_FOR = {
    "post": (BALANCED, 0),
    "interrupt": (BALANCED, 0),
    "delete": (BALANCED, 0),
    "open": (BALANCED, 0),
    "close": (IN_USE, 0),
    "resume": (INTERRUPTED, 0),
}


class Clerk:
    """One person, one action at a time on each batch chosen."""

    def __init__(self, store: Store, faults: FaultDeck) -> None:
        self._store = store
        self._faults = faults
        self._busy = threading.Lock()
        self._actions: dict[str, Callable[[int, Order, datetime], Result]] = {
            "post": self._post,
            "interrupt": self._interrupt,
            "delete": self._delete,
            "open": self._open,
            "close": self._close,
            "resume": self._resume,
        }

    def act(self, order: Order, now: datetime) -> list[Result]:
        """Do `order["action"]`. Raises ValueError or LookupError when it cannot be understood."""
        name = str(order.get("action", ""))
        if name == "enter":
            return [enter_receipt(self._store, order, now)]
        if name == "edit":
            return [edit_receipt(self._store, order, now)]
        if name == "reverse":
            return [reverse_receipt(self._store, order, now)]
        if name == "unapply":
            return [unapply_receipt(self._store, order, now)]
        if name == "delete" and ("idempotency_key" in order or "receipt_key" in order):
            return [delete_receipt(self._store, order)]
        if name not in self._actions:
            known = sorted([*self._actions, "edit", "enter", "reverse", "unapply"])
            raise ValueError(f"the clerk knows {known}, not {name!r}")
        with self._busy:
            keys = self._chosen(name, order, now)
            return [self._do(name, key, order, now) for key in keys]

    def _chosen(self, action: str, order: Order, now: datetime) -> list[int]:
        """The batches meant: one by key, a company's, or all that are ready for the action."""
        if "batch_key" in order:
            return [int(get_batch(self._store, int(order["batch_key"]))["BatchKey"])]
        if not order.get("all") and "company_id" not in order:
            raise ValueError("say batch_key, company_id or all")
        status, least = LOOKS_FOR[action]
        age = timedelta(seconds=float(order.get("older_than_s", 0)))
        before = stamp_of(now - age) if age else None
        company = order.get("company_id")
        values = {"status": status, "least": least, "company": company, "before": before}
        return [row[0] for row in self._store.rows(BATCHES, values)]

    def _do(self, name: str, key: int, order: Order, now: datetime) -> Result:
        try:
            result = self._actions[name](key, order, now)
        except CannotPost as no:
            result = {"done": "refused", "problem": str(no)}
        return {**described(get_batch(self._store, key)), **result}

    def _post(self, key: int, order: Order, now: datetime) -> Result:
        """Post, unless a card makes the person delete, edit or break off first."""
        if self._faults.take("batch_deleted"):
            return self._delete(key, order, now)
        if self._faults.take("batch_edited"):
            self._edit_first(key, now)
        if self._faults.take("interrupted_batch"):
            return self._interrupt(key, order, now)
        if order.get("fit"):
            fit_applications(self._store, key, now)
        return {"done": post_batch(self._store, key, now)}

    def _interrupt(self, key: int, order: Order, now: datetime) -> Result:
        step = str(order.get("stop_after", "module"))
        if step not in STEPS or step == "cleanup":
            raise ValueError(f"stop_after is prep, module or gl, not {step!r}")
        return {"done": post_batch(self._store, key, now, stop_after=step)}

    def _resume(self, key: int, order: Order, now: datetime) -> Result:
        return {"done": resume_batch(self._store, key, now)}

    def _delete(self, key: int, order: Order, now: datetime) -> Result:
        """The whole batch: pending rows go, PostStatus 999 stays."""
        if get_batch(self._store, key)["PostStatus"] != 0:
            raise CannotPost("a batch that is being posted cannot be deleted")
        with self._store.write():
            for (receipt,) in self._store.rows(PENDING_OF, (key,)):
                delete_receipt(self._store, {"receipt_key": receipt})
            self._store.execute(MARK_DELETED, (key,))
        return {"done": "deleted", "post_status": DELETED}

    def _open(self, key: int, order: Order, now: datetime) -> Result:
        """Somebody has the batch on the screen: status 1, in use."""
        if not self._store.rows(OPEN, (key,)):
            raise CannotPost("a batch that is being posted cannot be opened")
        return {"done": "open"}

    def _close(self, key: int, order: Order, now: datetime) -> Result:
        return {"done": "closed", "status": batch_status(self._store, key)}

    def _edit_first(self, key: int, now: datetime) -> None:
        """The `batch_edited` card: unapply the first receipt of the batch."""
        receipt = self._store.value(PENDING_OF, (key,))
        if receipt is not None:
            edit_receipt(self._store, {"receipt_key": receipt, "applications": []}, now)


def described(batch: Row) -> Result:
    return {
        "batch_key": str(batch["BatchKey"]), "batch_id": batch["BatchID"],
        "company_id": batch["SourceCompanyID"], "status": batch["Status"],
        "post_status": batch["PostStatus"],
    }  # fmt: skip
