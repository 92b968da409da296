"""What became of our receipts (reference 14.4): Sage's tables, compared with what we sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from paysync.sandbox.sage500.amounts import text_of
from paysync.sandbox.sage500.batches import DELETED, IN_USE, INTERRUPTED, POSTED, POSTING
from paysync.sandbox.sage500.store import Row, Store, json_list

Link = dict[str, Any]

COLUMNS = """
    SELECT r.IdemKey, r.CompanyID, r.GatewayRef, r.State, r.CustPmtKey, r.BatchKey, r.BatchID,
           r.RevrsCustPmtKey, r.TranID, r.TranDate, r.PostDate, r.CurrID, r.TranAmt AS SentAmt,
           k.CustID,
           b.Status, b.PostStatus, p.CustPmtKey AS PendKey, c.CustPmtKey AS PostedKey,
           COALESCE(c.TranAmt, p.TranAmt) AS TranAmt, c.PostDate AS PostedOn,
           COALESCE(c.UnappliedAmt, p.UnappliedAmt) AS UnappliedAmt,
           (SELECT v.TranID FROM tarCustPmt v WHERE v.RevrsCustPmtKey = r.CustPmtKey) AS ReversedBy
      FROM ptx_Receipt r
      JOIN tarCustomer k ON k.CustKey = r.CustKey
      JOIN tciBatchLog b ON b.BatchKey = r.BatchKey
      LEFT JOIN tarPendCustPmt p ON p.CustPmtKey = r.CustPmtKey
      LEFT JOIN tarCustPmt c ON c.CustPmtKey = r.CustPmtKey"""
BY_KEYS = (
    COLUMNS  # noqa: S608 - two constants
    + """
     WHERE r.IdemKey IN (SELECT value FROM json_each(?))
     ORDER BY r.CustPmtKey"""
)
BY_DATES = (
    COLUMNS
    + """
     WHERE r.CompanyID = :company AND r.TranDate BETWEEN :start AND :end
       AND r.CustPmtKey > :after
     ORDER BY r.CustPmtKey LIMIT :limit"""
)
EVERY = COLUMNS + " ORDER BY r.CustPmtKey"

PENDING_LINKS = """
    SELECT ApplyFromPmtKey, ApplyToInvcKey, ApplyToTranID, PmtAmt, DiscTakenAmt, WriteOffAmt
      FROM tarPendCustPmtAppl
     WHERE ApplyFromPmtKey IN (SELECT value FROM json_each(?)) ORDER BY BatchKey, SeqNo"""
POSTED_LINKS = """
    SELECT a.CustPmtKey, a.ApplyToInvcKey, a.ApplyToTranID, a.PmtAmt, a.DiscTaken, NULL
      FROM tarCustPmtAppl a
     WHERE a.CustPmtKey IN (SELECT value FROM json_each(?)) ORDER BY a.CustPmtKey, a.EntryNo"""
SENT_LINKS = """
    SELECT r.CustPmtKey, a.InvcKey, a.TranID, a.PmtAmt, a.DiscTakenAmt, a.WriteOffAmt
      FROM ptx_ReceiptAppl a JOIN ptx_Receipt r ON r.IdemKey = a.IdemKey
     WHERE r.CustPmtKey IN (SELECT value FROM json_each(?)) ORDER BY a.IdemKey, a.SeqNo"""
MARK_DELETED = """
    UPDATE ptx_Receipt SET State = 'deleted' WHERE IdemKey IN (SELECT value FROM json_each(?))"""

LinkKey = tuple[int, str, int, int, int | None]


def find(store: Store, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Our receipts under these keys as they are now; missing keys are absent."""
    return described(store, store.rows(BY_KEYS, (json_list(keys),)))


def list_by_date(
    store: Store, company_id: str, start: str, end: str, after: int, limit: int
) -> list[dict[str, Any]]:
    """Ours by receipt date, live or not."""
    values = {"company": company_id, "start": start, "end": end, "after": after, "limit": limit}
    return described(store, store.rows(BY_DATES, values))


def list_all(store: Store) -> list[dict[str, Any]]:
    return described(store, store.rows(EVERY))


def refresh_deleted(store: Store, keys: Iterable[str]) -> None:
    """Note in the sidecar which of our live receipts somebody deleted in Sage."""
    rows = store.rows(BY_KEYS, (json_list(keys),))
    gone = [row["IdemKey"] for row in rows if state_of(row) == "deleted"]
    if gone:
        store.execute(MARK_DELETED, (json_list(gone),))


def state_of(row: Row) -> str:
    """The table of reference 14.4, top to bottom."""
    if row["State"] == "withdrawn":
        return "withdrawn"
    if row["PostStatus"] == DELETED or (row["PendKey"] is None and row["PostedKey"] is None):
        return "deleted"
    if row["Status"] == INTERRUPTED:
        return "interrupted"
    if row["Status"] == POSTED and row["PostedKey"] is not None:
        return "posted"
    if row["Status"] == POSTING or row["PostStatus"] > 0:
        return "posting"
    return "being_edited" if row["Status"] == IN_USE else "pending"


def described(store: Store, rows: list[Row]) -> list[dict[str, Any]]:
    keys = (json_list(row["CustPmtKey"] for row in rows),)
    sent = grouped(store.rows(SENT_LINKS, keys))
    found = grouped(store.rows(PENDING_LINKS, keys))
    found.update(grouped(store.rows(POSTED_LINKS, keys)))
    return [describe(row, sent[row[4]], found[row[4]]) for row in rows]


def grouped(rows: list[Row]) -> defaultdict[int, list[LinkKey]]:
    groups: defaultdict[int, list[LinkKey]] = defaultdict(list)
    for owner, invoice, name, amount, discount, write_off in rows:
        groups[owner].append((invoice, name, amount, discount, write_off))
    return groups


def describe(row: Row, sent: list[LinkKey], found: list[LinkKey]) -> dict[str, Any]:
    """One receipt for the API. A receipt that is gone shows what we sent."""
    state = state_of(row)
    gone = state in ("withdrawn", "deleted")
    links = sent if gone else restored(found, sent)
    amount = row["SentAmt"] if row["TranAmt"] is None else row["TranAmt"]
    return {
        "idempotency_key": row["IdemKey"], "company_id": row["CompanyID"],
        "gateway_reference": row["GatewayRef"], "state": state,
        "receipt_key": str(row["CustPmtKey"]), "batch_key": str(row["BatchKey"]),
        "batch_id": row["BatchID"], "tran_id": row["TranID"], "customer_id": row["CustID"],
        "tran_date": row["TranDate"], "post_date": row["PostDate"], "currency": row["CurrID"],
        "amount": text_of(amount),
        "unapplied": None if row["UnappliedAmt"] is None else text_of(row["UnappliedAmt"]),
        "applications": [link_of(link) for link in links],
        "differs": not gone and (amount != row["SentAmt"] or sorted(links) != sorted(sent)),
        "posted_on": row["PostedOn"] if state == "posted" else None,
        "reversed_by": row["ReversedBy"], "message": "",
        "reverses": None if row["RevrsCustPmtKey"] is None else str(row["RevrsCustPmtKey"]),
    }  # fmt: skip


def restored(found: list[LinkKey], sent: list[LinkKey]) -> list[LinkKey]:
    """Posted applications have no write-off column (certain): take what we sent (invented)."""
    write_offs = {link[0]: link[4] for link in sent}
    return [(*link[:4], write_offs.get(link[0], 0)) if link[4] is None else link for link in found]


def link_of(link: LinkKey) -> Link:
    _, name, amount, discount, write_off = link
    return {
        "invoice_tran_id": name, "amount": text_of(amount), "discount": text_of(discount),
        "write_off": text_of(write_off or 0),
    }  # fmt: skip
