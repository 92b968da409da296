"""What the HTTP contract shows of Sage's tables. Every list goes by key: `after`, then `limit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paysync.sandbox.sage500.amounts import text_of
from paysync.sandbox.sage500.store import Row, Store, json_list

Item = dict[str, Any]

INVOICE = """
    SELECT i.InvcKey, i.CompanyID, i.TranID, i.TranNo, i.TranType, c.CustID, i.TranDate, i.DueDate,
           i.TranAmt, i.Balance, i.CurrID, i.Status, i.InDispute, i.CustPONo, i.DiscDate,
           i.DiscAmt - i.DiscTakenAmt
             - (SELECT COALESCE(SUM(a.DiscTakenAmtIC), 0)
                  FROM tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey) AS DiscLeft,
           i.UpdateDate, i.UpdateCounter,
           (SELECT COALESCE(SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC), 0)
              FROM tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey) AS Pending
      FROM tarInvoice i JOIN tarCustomer c ON c.CustKey = i.CustKey"""
OPEN_INVOICES = (
    INVOICE
    + """
     WHERE i.CompanyID = :company AND i.InvcKey > :after AND i.Status = 1 AND i.Balance <> 0
     ORDER BY i.InvcKey LIMIT :limit"""
)
CHANGED_INVOICES = (
    INVOICE  # noqa: S608 - two constants
    + """
     WHERE i.CompanyID = :company AND i.InvcKey > :after
       AND (i.UpdateDate >= :since OR i.InvcKey IN (
               SELECT s.InvcKey FROM ptx_ReceiptAppl s JOIN ptx_Receipt r ON r.IdemKey = s.IdemKey
                WHERE r.UpdateDate >= :since
               UNION ALL
               SELECT ApplyToInvcKey FROM tarPendCustPmtAppl
                WHERE COALESCE(UpdateDate, CreateDate) >= :since))
     ORDER BY i.InvcKey LIMIT :limit"""
)
ONE_INVOICE = INVOICE + " WHERE i.CompanyID = ? AND i.TranID = ?"
NAMED_INVOICES = (
    INVOICE  # noqa: S608 - two constants
    + """
     WHERE i.CompanyID = ? AND i.TranID IN (SELECT value FROM json_each(?))
     ORDER BY i.InvcKey"""
)

CUSTOMERS = """
    SELECT c.CustKey, c.CompanyID, c.CustID, c.CustName, c.Status, c.UpdateDate, c.UpdateCounter,
           t.Name AS Contact, t.Phone, t.EMailAddr, a.AddrLine1, a.AddrLine2, a.AddrLine3, a.City,
           a.StateID, a.PostalCode, a.CountryID, d.CurrID, p.CustID AS ParentID
      FROM tarCustomer c
      JOIN tciAddress a ON a.AddrKey = c.PrimaryAddrKey
      LEFT JOIN tarCustAddr d ON d.AddrKey = c.DfltBillToAddrKey
      LEFT JOIN tciContact t ON t.CntctKey = c.PrimaryCntctKey
      LEFT JOIN tarNationalAcctMember m ON m.ChildCustKey = c.CustKey
      LEFT JOIN tarCustomer p ON p.CustKey = m.ParentCustKey
     WHERE c.CompanyID = :company AND c.CustKey > :after
       AND (:since IS NULL OR c.UpdateDate >= :since)
     ORDER BY c.CustKey LIMIT :limit"""
CASH_ACCOUNTS = """
    SELECT CashAcctKey, CompanyID, CashAcctID, Description, CurrID, GLAcctKey, Status
      FROM tcmCashAcct WHERE CompanyID = :company AND CashAcctKey > :after
     ORDER BY CashAcctKey LIMIT :limit"""
GL_ACCOUNTS = """
    SELECT g.GLAcctKey, g.CompanyID, g.GLAcctNo, g.Description, g.Status,
           (SELECT GROUP_CONCAT(v.AcctSegValue, '-')
              FROM (SELECT s.AcctSegValue FROM tglAcctSegment s
                      JOIN tglSegment n ON n.SegmentKey = s.SegmentKey
                     WHERE s.GLAcctKey = g.GLAcctKey ORDER BY n.Number) v) AS Formatted
      FROM tglAccount g WHERE g.CompanyID = :company AND g.GLAcctKey > :after
     ORDER BY g.GLAcctKey LIMIT :limit"""
PERIODS = """
    SELECT CompanyID, FiscYear, FiscPer, StartDate, EndDate, Status, LockAR
      FROM tglFiscalPeriod WHERE CompanyID = ? ORDER BY StartDate"""
COMPANY = "SELECT 1 FROM tsmCompany WHERE CompanyID = ?"
PAYABLE_TYPES = (501, 503, 504)


def company_exists(store: Store, company_id: str) -> bool:
    return store.row(COMPANY, (company_id,)) is not None


def list_invoices(store: Store, values: dict[str, Any]) -> list[Item]:
    """`values`: company, after, limit, since (None: the open ones)."""
    sql = OPEN_INVOICES if values["since"] is None else CHANGED_INVOICES
    return [invoice_of(row) for row in store.rows(sql, values)]


def find_invoice(store: Store, company_id: str, tran_id: str) -> Item | None:
    row = store.row(ONE_INVOICE, (company_id, tran_id))
    return None if row is None else invoice_of(row)


def payable_now(store: Store, company_id: str, tran_ids: Sequence[str]) -> list[Item]:
    names = json_list(name.rstrip().upper() for name in tran_ids)
    rows = store.rows(NAMED_INVOICES, (company_id, names))
    wanted = ("tran_id", "currency", "balance", "payable")
    return [{name: invoice_of(row)[name] for name in wanted} for row in rows]


def invoice_of(row: Row) -> Item:
    """Payable = Balance less pending applications (inferred); nothing on a credit memo."""
    is_open = row["Status"] == 1 and row["Balance"] != 0
    can_be_paid = row["TranType"] in PAYABLE_TYPES
    return {
        "key": str(row["InvcKey"]), "company_id": row["CompanyID"], "tran_id": row["TranID"],
        "tran_no": row["TranNo"], "tran_type": row["TranType"], "customer_id": row["CustID"],
        "tran_date": row["TranDate"], "due_date": row["DueDate"], "currency": row["CurrID"],
        "total": text_of(row["TranAmt"]), "balance": text_of(row["Balance"]),
        "payable": text_of(row["Balance"] - row["Pending"] if can_be_paid else 0),
        "is_open": is_open, "in_dispute": bool(row["InDispute"]),
        "customer_po": row["CustPONo"] or "", "discount_date": row["DiscDate"],
        "discount_available": text_of(row["DiscLeft"]), "updated_at": moment_of(row["UpdateDate"]),
        "update_counter": row["UpdateCounter"],
    }  # fmt: skip


def list_customers(store: Store, values: dict[str, Any]) -> list[Item]:
    return [customer_of(row) for row in store.rows(CUSTOMERS, values)]


def customer_of(row: Row) -> Item:
    columns = {
        "line1": "AddrLine1", "line2": "AddrLine2", "line3": "AddrLine3", "city": "City",
        "state": "StateID", "postal_code": "PostalCode", "country": "CountryID",
    }  # fmt: skip
    return {
        "key": str(row["CustKey"]), "company_id": row["CompanyID"], "customer_id": row["CustID"],
        "name": row["CustName"], "status": row["Status"], "is_active": row["Status"] == 1,
        "contact_name": row["Contact"] or "", "email": row["EMailAddr"] or "",
        "phone": row["Phone"] or "", "currency": row["CurrID"] or "",
        "address": {name: row[column] or "" for name, column in columns.items()},
        "national_parent_id": row["ParentID"] or "", "updated_at": moment_of(row["UpdateDate"]),
        "update_counter": row["UpdateCounter"],
    }  # fmt: skip


def list_cash_accounts(store: Store, values: dict[str, Any]) -> list[Item]:
    return [
        {
            "key": str(row["CashAcctKey"]), "company_id": row["CompanyID"],
            "cash_account_id": row["CashAcctID"], "description": row["Description"] or "",
            "currency": row["CurrID"], "gl_account_key": str(row["GLAcctKey"]),
            "is_active": row["Status"] == 1,
        }
        for row in store.rows(CASH_ACCOUNTS, values)
    ]  # fmt: skip


def list_gl_accounts(store: Store, values: dict[str, Any]) -> list[Item]:
    return [
        {
            "key": str(row["GLAcctKey"]), "company_id": row["CompanyID"],
            "number": row["GLAcctNo"], "formatted": row["Formatted"] or row["GLAcctNo"],
            "description": row["Description"] or "", "is_active": row["Status"] == 1,
        }
        for row in store.rows(GL_ACCOUNTS, values)
    ]  # fmt: skip


def list_periods(store: Store, company_id: str) -> list[Item]:
    """Open = Status open and AR not locked (meaning of the lock: inferred)."""
    return [
        {
            "company_id": row["CompanyID"], "year": row["FiscYear"], "period": row["FiscPer"],
            "start": row["StartDate"], "end": row["EndDate"],
            "is_open": row["Status"] == 1 and not row["LockAR"],
        }
        for row in store.rows(PERIODS, (company_id,))
    ]  # fmt: skip


def moment_of(stamp: str | None) -> str | None:
    return None if stamp is None else f"{stamp}Z"
