"""What a site exports from its Sage 500: reports over Sage's tables, written as CSV files.

The twin's database plays Sage's. Nothing here reads the integration's own tables.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from paysync.sandbox.sage500.amounts import text_of
from paysync.sandbox.sage500.store import Store

INVOICES = """
    SELECT i.CompanyID, i.InvcKey, i.TranID, i.TranNo, i.TranType, c.CustID, i.TranDate, i.DueDate,
           i.CurrID, i.TranAmt, i.Balance, i.Status, i.InDispute, i.CustPONo, i.DiscDate, i.DiscAmt,
           i.DiscTakenAmt, i.UpdateCounter
      FROM tarInvoice i JOIN tarCustomer c ON c.CustKey = i.CustKey
     WHERE i.Status = 1 AND i.Balance <> 0 ORDER BY i.InvcKey"""
CUSTOMERS = """
    SELECT c.CompanyID, c.CustKey, c.CustID, c.CustName, c.Status, t.EMailAddr, t.Phone,
           a.AddrLine1, a.AddrLine2, a.City, a.StateID, a.PostalCode, a.CountryID,
           p.CustID AS ParentCustID, c.AllowWriteOff, c.UpdateCounter
      FROM tarCustomer c
      JOIN tciAddress a ON a.AddrKey = c.PrimaryAddrKey
      LEFT JOIN tciContact t ON t.CntctKey = c.PrimaryCntctKey
      LEFT JOIN tarNationalAcctMember m ON m.ChildCustKey = c.CustKey
      LEFT JOIN tarCustomer p ON p.CustKey = m.ParentCustKey
     ORDER BY c.CustKey"""
CASH_ACCOUNTS = """
    SELECT CompanyID, CashAcctKey, CashAcctID, Description, CurrID, GLAcctKey, Status
      FROM tcmCashAcct ORDER BY CashAcctKey"""
GL_ACCOUNTS = """
    SELECT g.CompanyID, g.GLAcctKey, g.GLAcctNo, g.Description, g.Status,
           (SELECT GROUP_CONCAT(v.AcctSegValue, '-')
              FROM (SELECT s.AcctSegValue FROM tglAcctSegment s
                      JOIN tglSegment n ON n.SegmentKey = s.SegmentKey
                     WHERE s.GLAcctKey = g.GLAcctKey ORDER BY n.Number) v) AS FormattedGLAcctNo
      FROM tglAccount g ORDER BY g.GLAcctKey"""
PERIODS = """
    SELECT CompanyID, FiscYear, FiscPer, StartDate, EndDate, Status, LockAR
      FROM tglFiscalPeriod ORDER BY CompanyID, StartDate"""
RECEIPTS = """
    SELECT l.CompanyID, l.TranNo, l.TranID, l.TranDate, c.CustID,
           COALESCE(t.CurrID, p.CurrID, m.CurrID) AS CurrID,
           COALESCE(t.TranAmt, p.TranAmt, l.TranAmtHC) AS TranAmt,
           COALESCE(t.UnappliedAmt, p.UnappliedAmt) AS UnappliedAmt,
           COALESCE(t.TranCmnt, p.TranCmnt) AS TranCmnt, b.BatchID, b.Status, b.PostStatus,
           t.PostDate, l.TranStatus
      FROM tarCustPmtLog l
      JOIN tsmCompany m ON m.CompanyID = l.CompanyID
      LEFT JOIN tarPendCustPmt p ON p.CustPmtKey = l.CustPmtKey
      LEFT JOIN tarCustPmt t ON t.CustPmtKey = l.CustPmtKey
      LEFT JOIN tarCustomer c ON c.CustKey = COALESCE(t.CustKey, p.CustKey)
      LEFT JOIN tciBatchLog b ON b.BatchKey = COALESCE(t.BatchKey, p.BatchKey)
     ORDER BY l.CustPmtKey"""
APPLICATIONS = """
    SELECT l.CompanyID, l.TranID AS ApplyFromTranID, a.ApplyToTranID, a.PmtAmt,
           a.DiscTaken AS DiscTakenAmt, NULL AS WriteOffAmt
      FROM tarCustPmtAppl a JOIN tarCustPmtLog l ON l.CustPmtKey = a.CustPmtKey
    UNION ALL
    SELECT l.CompanyID, l.TranID, a.ApplyToTranID, a.PmtAmt, a.DiscTakenAmt, a.WriteOffAmt
      FROM tarPendCustPmtAppl a JOIN tarCustPmtLog l ON l.CustPmtKey = a.ApplyFromPmtKey
     WHERE NOT EXISTS (SELECT 1 FROM tarCustPmt t WHERE t.CustPmtKey = l.CustPmtKey)"""

#: In the order docs/sage500-files.md asks for: receipts before invoices.
EXPORTS = {
    "gl-accounts": GL_ACCOUNTS,
    "cash-accounts": CASH_ACCOUNTS,
    "periods": PERIODS,
    "customers": CUSTOMERS,
    "applications": APPLICATIONS,
    "receipts": RECEIPTS,
    "invoices": INVOICES,
}
#: The headings of a report with no row in it.
HEADINGS = {
    "receipts": ["CompanyID", "TranNo", "TranID", "TranDate", "CustID", "CurrID", "TranAmt",
                 "UnappliedAmt", "TranCmnt", "BatchID", "Status", "PostStatus", "PostDate",
                 "TranStatus"],
    "applications": ["CompanyID", "ApplyFromTranID", "ApplyToTranID", "PmtAmt", "DiscTakenAmt",
                     "WriteOffAmt"],
}  # fmt: skip
AMOUNTS = {"TranAmt", "Balance", "DiscAmt", "DiscTakenAmt", "UnappliedAmt", "PmtAmt", "WriteOffAmt"}


def export(store: Store, kind: str, folder: Path, moment: datetime) -> Path:
    """Write one report, as the site's job does: the name says when its query began."""
    rows = store.rows(EXPORTS[kind])
    names = rows[0].keys() if rows else HEADINGS[kind]
    cells = [[cell_of(name, row[name]) for name in names] for row in rows]
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    return write_csv(folder / f"{kind}-{stamp}.csv", list(names), cells, moment)


def cell_of(column: str, value: Any) -> str:
    if value is None:
        return ""
    return text_of(value) if column in AMOUNTS else str(value)


def write_csv(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], moment: datetime
) -> Path:
    with path.open("w", encoding="cp1252", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(names)
        writer.writerows(rows)
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return path
