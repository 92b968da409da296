"""The receipts that people entered themselves, for the HTTP contract: none of ours among them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from paysync.sandbox.sage500.amounts import text_of
from paysync.sandbox.sage500.store import Store, json_list

#: A receipt is pending or posted, never both; a reversal or a refund is no receipt of money.
RECEIPTS = """
    SELECT l.CustPmtKey, l.CompanyID, l.TranID, l.TranNo, l.TranDate, k.CustID,
           COALESCE(c.CurrID, p.CurrID) AS CurrID, COALESCE(c.TranAmt, p.TranAmt) AS TranAmt,
           COALESCE(c.TranCmnt, p.TranCmnt) AS TranCmnt, c.CustPmtKey IS NOT NULL AS IsPosted
      FROM tarCustPmtLog l
      LEFT JOIN tarCustPmt c ON c.CustPmtKey = l.CustPmtKey
      LEFT JOIN tarPendCustPmt p ON p.CustPmtKey = l.CustPmtKey
      LEFT JOIN tarCustomer k ON k.CustKey = COALESCE(c.CustKey, p.CustKey)
     WHERE l.CompanyID = :company AND l.CustPmtKey > :after
       AND l.TranDate BETWEEN :start AND :end
       AND COALESCE(c.TranAmt, p.TranAmt) > 0
       AND COALESCE(c.RevrsCustPmtKey, p.RevrsCustPmtKey, c.RefundCustPmtKey,
                    p.RefundCustPmtKey) IS NULL
       AND NOT EXISTS (SELECT 1 FROM ptx_Receipt r WHERE r.CustPmtKey = l.CustPmtKey)
     ORDER BY l.CustPmtKey LIMIT :limit"""
#: Those of a later batch of applications are pending while their receipt is posted.
LINKS = """
    SELECT CustPmtKey, ApplyToTranID, PmtAmt FROM tarCustPmtAppl
     WHERE CustPmtKey IN (SELECT value FROM json_each(:keys))
    UNION ALL
    SELECT ApplyFromPmtKey, ApplyToTranID, PmtAmt FROM tarPendCustPmtAppl
     WHERE ApplyFromPmtKey IN (SELECT value FROM json_each(:keys))
     ORDER BY 1, 2"""


def list_staff_receipts(
    store: Store, company_id: str, start: str, end: str, after: int, limit: int
) -> list[dict[str, Any]]:
    values = {"company": company_id, "start": start, "end": end, "after": after, "limit": limit}
    rows = store.rows(RECEIPTS, values)
    links: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
    keys = json_list(row["CustPmtKey"] for row in rows)
    for owner, name, amount in store.rows(LINKS, {"keys": keys}):
        links[owner].append({"invoice_tran_id": name, "amount": text_of(amount)})
    return [
        {
            "key": str(row["CustPmtKey"]), "company_id": row["CompanyID"], "tran_id": row["TranID"],
            "tran_no": row["TranNo"], "customer_id": row["CustID"] or "",
            "tran_date": row["TranDate"], "currency": row["CurrID"],
            "amount": text_of(row["TranAmt"]), "comment": row["TranCmnt"] or "",
            "is_posted": bool(row["IsPosted"]), "applications": links[row["CustPmtKey"]],
        }
        for row in rows
    ]  # fmt: skip
