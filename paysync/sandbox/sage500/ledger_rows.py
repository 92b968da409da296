"""The general ledger side of posting: tglPosting lines, then tglTransaction.

Accounts of the legs are certain as columns (class: receivable, discount, write-off; batch: cash
account, its `GLAcctKey` inferred). Debits are positive. The home amount of the receivable leg is
what balances the others, so a receipt nets to zero whatever the rounding (invented).
"""

from __future__ import annotations

from typing import Any

from paysync.sandbox.sage500.amounts import home_of
from paysync.sandbox.sage500.rates import digits_of, home_currency
from paysync.sandbox.sage500.store import Row, Store

PENDING = """
    SELECT p.CustPmtKey, p.TranID, p.TranType, p.TranDate, p.TranAmt, p.CurrID, p.CurrExchRate,
           COALESCE(SUM(a.DiscTakenAmt), 0) AS Discount,
           COALESCE(SUM(a.WriteOffAmt), 0) AS WriteOff,
           c.AcctsRecAcctKey, c.DiscTakenAcctKey, c.WriteOffAcctKey, k.GLAcctKey
      FROM tarPendCustPmt p
      JOIN tarCustClass c ON c.CustClassKey = p.CustClassKey
      JOIN tarBatch b ON b.BatchKey = p.BatchKey
      JOIN tcmCashAcct k ON k.CashAcctKey = b.CashAcctKey
      LEFT JOIN tarPendCustPmtAppl a ON a.ApplyFromPmtKey = p.CustPmtKey
     WHERE p.BatchKey = ?
     GROUP BY p.CustPmtKey ORDER BY p.CustPmtKey"""
POSTING = """
    INSERT INTO tglPosting (BatchKey, GLAcctKey, CurrID, PostAmt, PostAmtHC, PostCmnt, PostDate,
                            TranDate, SourceModuleNo, TranType, TranKey, TranNo)
        VALUES (:batch, :account, :currency, :amount, :amount_hc, 'Cash receipt', :post_date,
                :tran_date, 5, :tran_type, :key, :tran_id)"""
POSTINGS = "SELECT * FROM tglPosting WHERE BatchKey = ? ORDER BY PostingKey"
NET = "SELECT COALESCE(SUM(PostAmtHC), 0) FROM tglPosting WHERE BatchKey = ?"
JOURNAL = "SELECT JrnlKey FROM tciTranTypeCompany WHERE CompanyID = ? AND TranType = ?"
LEDGER = """
    INSERT INTO tglTransaction (glTranKey, BatchKey, CreateDate, CreateType, CurrExchRate, CurrID,
                                FiscPer, FiscYear, GLAcctKey, JrnlKey, PostAmt, PostAmtHC, PostCmnt,
                                PostDate, SourceModuleNo, TranDate, TranKey, TranNo, TranType)
        VALUES (:gl_key, :batch, :now, 1, :rate, :currency, :period, :year, :account,
                :journal, :amount, :amount_hc, :comment, :post_date, 5, :tran_date, :key, :tran_id,
                :tran_type)"""
CLEAR = "DELETE FROM tglPosting WHERE BatchKey = ?"


def fill_postings(store: Store, batch: Row) -> None:
    """spciPrePost: cash, discount and write-off are debits, the receivable is the credit."""
    digits = digits_of(store, home_currency(store, batch["PostCompanyID"]))
    rows: list[dict[str, Any]] = []
    for receipt in store.rows(PENDING, (batch["BatchKey"],)):
        rows += legs_of(receipt, batch, digits)
    store.many(POSTING, rows)
    if store.value(NET, (batch["BatchKey"],)) != 0:
        raise RuntimeError("the GL lines of the batch do not net to zero")


def legs_of(receipt: Row, batch: Row, digits: int) -> list[dict[str, Any]]:
    debits = [
        (receipt["GLAcctKey"], receipt["TranAmt"]),
        (receipt["DiscTakenAcctKey"], receipt["Discount"]),
        (receipt["WriteOffAcctKey"], receipt["WriteOff"]),
    ]
    shared = {
        "batch": batch["BatchKey"], "post_date": batch["PostDate"], "currency": receipt["CurrID"],
        "tran_date": receipt["TranDate"], "tran_type": receipt["TranType"],
        "key": receipt["CustPmtKey"], "tran_id": receipt["TranID"],
    }  # fmt: skip
    rate = receipt["CurrExchRate"]
    legs = [
        {**shared, "account": account, "amount": mills, "amount_hc": home_of(mills, rate, digits)}
        for account, mills in debits
        if mills
    ]
    credit = {name: -sum(leg[name] for leg in legs) for name in ("amount", "amount_hc")}
    return [*legs, {**shared, "account": receipt["AcctsRecAcctKey"], **credit}]


def move_to_ledger(store: Store, batch: Row, period: Row, now: str) -> None:
    """spciGLPost: the lines go to tglTransaction under fresh keys."""
    lines = store.rows(POSTINGS, (batch["BatchKey"],))
    first = store.take_keys("tglTransaction", max(len(lines), 1))
    rows = []
    for place, line in enumerate(lines):
        journal = store.value(JOURNAL, (batch["PostCompanyID"], line["TranType"]))
        rows.append({
            "gl_key": first + place, "batch": line["BatchKey"], "now": now, "journal": journal,
            "rate": line["PostAmtHC"] / line["PostAmt"], "currency": line["CurrID"],
            "period": period["FiscPer"], "year": period["FiscYear"], "account": line["GLAcctKey"],
            "amount": line["PostAmt"], "amount_hc": line["PostAmtHC"], "comment": line["PostCmnt"],
            "post_date": line["PostDate"], "tran_date": line["TranDate"], "key": line["TranKey"],
            "tran_id": line["TranNo"], "tran_type": line["TranType"],
        })  # fmt: skip
    store.many(LEDGER, rows)


def clean_up(store: Store, batch_key: int) -> None:
    """spciModCleanup: the work table is emptied."""
    store.execute(CLEAR, (batch_key,))
