"""The clerk enters a receipt by hand: the same rows as the wrapper makes, and no mark of ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paysync.sandbox.sage500.batches import (
    NEW_HEAD,
    NEW_LOG,
    NEXT_NUMBER,
    add_to_batch,
    close_batch,
    get_batch,
)
from paysync.sandbox.sage500.load import stamp_of
from paysync.sandbox.sage500.load_setup import RECEIPT_BATCH
from paysync.sandbox.sage500.orders import Order, Refused, order_of
from paysync.sandbox.sage500.store import Row, Store
from paysync.sandbox.sage500.submit import APPLICATION, LOG, PENDING, link_values, receipt_values
from paysync.sandbox.sage500.validate import check

CLERK = "clerk"


def enter_receipt(store: Store, order: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """{"company_id", "customer_id", "cash_account_id", "tran_no", "amount", "tran_date",
    "comment", "applications": [{"invoice_tran_id", "amount"}]}, in a batch of its own.

    Raises ValueError for what Sage's screen would not take.
    """
    day = str(order.get("tran_date") or now.date().isoformat())
    body = {
        "currency": "USD", "comment": "", "cash_account_id": "MERCH-USD", "post_date": day, **order,
        "tran_date": day, "gateway_reference": "by hand", "user_id": CLERK,
    }  # fmt: skip
    try:
        made = order_of("by hand", str(order["company_id"]), body)
        with store.write():
            return write(store, made, stamp_of(now))
    except Refused as no:
        raise ValueError(f"{no.reason}: {no}") from no


def write(store: Store, order: Order, now: str) -> dict[str, Any]:
    checked = check(store, order)
    key = store.take_keys("tarCustPmtLog")
    batch = people_batch(store, order, checked.cash["CashAcctKey"], now)
    values = receipt_values(order, checked, batch, key, now)
    for statement in (LOG, PENDING):
        store.execute(statement, values)
    for place, link in enumerate(checked.links, start=1):
        store.execute(APPLICATION, {**values, **link_values(link), "seq": 1 + place})
    add_to_batch(store, batch["BatchKey"], order.amount, 1 + len(checked.links))
    close_batch(store, batch["BatchKey"])
    return {"done": "entered", "receipt_key": str(key), "tran_id": checked.tran_id,
            "batch_key": str(batch["BatchKey"])}  # fmt: skip


def people_batch(store: Store, order: Order, cash_key: int, now: str) -> Row:
    """A batch that is none of ours."""
    name, number = store.rows(NEXT_NUMBER, (order.company_id, RECEIPT_BATCH))[0]
    key = store.take_keys("tciBatchLog")
    values = {
        "key": key, "company": order.company_id, "cash": cash_key, "day": order.post_date,
        "now": now, "user": CLERK, "number": number, "type": RECEIPT_BATCH,
        "batch_id": f"AR{name}-{number:07d}", "comment": "Entered by hand",
    }  # fmt: skip
    for statement in (NEW_LOG, NEW_HEAD):
        store.execute(statement, values)
    return get_batch(store, key)
