"""The receivables side of posting: pending rows become posted ones, balances go down."""

from __future__ import annotations

from typing import Any

from paysync.sandbox.sage500.amounts import home_of
from paysync.sandbox.sage500.rates import digits_of, home_currency
from paysync.sandbox.sage500.store import Row, Store

POST_PAYMENTS = """
    INSERT INTO tarCustPmt (CustPmtKey, BatchKey, CompanyID, CreateDate, CreateType, CreateUserID,
                            CurrExchRate, CurrExchSchdKey, CurrID, CustClassKey, CustKey,
                            DiscTakenAmt, GuarntdExchRate, ManualChk, NextApplEntryNo, PmtRcptDate,
                            PostDate, PrepaidCustInvcNo, RefundCustPmtKey, RevrsCustPmtKey, TranAmt,
                            TranAmtHC, TranCmnt, TranDate, TranID, TranNo, TranType, UnappliedAmt,
                            UnappliedAmtHC, UpdateDate, UpdateUserID)
    SELECT CustPmtKey, BatchKey, :company, CreateDate, CreateType, CreateUserID, CurrExchRate,
           CurrExchSchdKey, CurrID, CustClassKey, CustKey, DiscTakenAmt, GuarntdExchRate, ManualChk,
           1, PmtRcptDate, :post_date, PrepaidCustInvcNo, RefundCustPmtKey, RevrsCustPmtKey,
           TranAmt, TranAmtHC, TranCmnt, TranDate, TranID, TranNo, TranType, UnappliedAmt,
           UnappliedAmtHC, :now, 'clerk'
      FROM tarPendCustPmt WHERE BatchKey = :batch"""
POSTED_LOG = """
    UPDATE tarCustPmtLog SET TranStatus = 3
     WHERE CustPmtKey IN (SELECT CustPmtKey FROM tarPendCustPmt WHERE BatchKey = ?)"""
LINKS = """
    SELECT a.*, i.CurrExchRate AS InvoiceRate, i.NextApplEntryNo AS InvoiceEntry, i.Balance,
           p.NextApplEntryNo AS PaymentEntry, p.TranType AS FromType
      FROM tarPendCustPmtAppl a
      JOIN tarInvoice i ON i.InvcKey = a.ApplyToInvcKey
      JOIN tarCustPmt p ON p.CustPmtKey = a.ApplyFromPmtKey
     WHERE a.BatchKey = ? AND a.SeqNo = ?"""
SEQUENCE = "SELECT SeqNo FROM tarPendCustPmtAppl WHERE BatchKey = ? ORDER BY SeqNo"
INVOICE_SIDE = """
    INSERT INTO tarInvoiceAppl (ApplyToInvcKey, EntryNo, AppliedAtCreation, ApplyFromPmtKey,
                                ApplyFromTranDate, ApplyFromTranID, ApplyFromTranType, BatchKey,
                                DiscTakenAmt, DiscTakenAmtHC, PmtAmt, PmtAmtHC, PostDate)
        VALUES (:invoice, :invoice_entry, 1, :payment, :from_date, :from_id, :from_type, :batch,
                :discount, :discount_hc, :amount, :amount_hc, :post_date)"""
PAYMENT_SIDE = """
    INSERT INTO tarCustPmtAppl (CustPmtKey, EntryNo, ApplyToInvcKey, ApplyToTranDate, ApplyToTranID,
                                BatchKey, CreateDate, CreateUserID, CurrExchRate, DiscTaken,
                                DiscTakenAmtHC, PmtAmt, PmtAmtHC)
        VALUES (:payment, :payment_entry, :invoice, :to_date, :to_id, :batch, :now, 'clerk', :rate,
                :discount, :discount_hc, :amount, :amount_hc)"""
NEXT_PAYMENT_ENTRY = """
    UPDATE tarCustPmt SET NextApplEntryNo = NextApplEntryNo + 1 WHERE CustPmtKey = :payment"""
LOWER_BALANCE = """
    UPDATE tarInvoice
       SET Balance = Balance - :reduction,
           BalanceHC = CASE WHEN Balance = :reduction THEN 0 ELSE BalanceHC - :reduction_hc END,
           DiscTakenAmt = DiscTakenAmt + :discount, NextApplEntryNo = NextApplEntryNo + 1,
           Status = CASE WHEN Balance = :reduction THEN 2 ELSE Status END,
           ClosingTranDate = CASE WHEN Balance = :reduction THEN :from_date END,
           ClosingPostDate = CASE WHEN Balance = :reduction THEN :post_date END,
           UpdateDate = :now, UpdateCounter = UpdateCounter + 1
     WHERE InvcKey = :invoice"""
DROP_LINKS = "DELETE FROM tarPendCustPmtAppl WHERE BatchKey = ?"
DROP_PENDING = "DELETE FROM tarPendCustPmt WHERE BatchKey = ?"


def post_module(store: Store, batch: Row, now: str) -> None:
    """spciModPost: payments, both application tables, balances and closing dates."""
    key, company = batch["BatchKey"], batch["PostCompanyID"]
    digits = digits_of(store, home_currency(store, company))
    values = {"batch": key, "company": company, "post_date": batch["PostDate"], "now": now}
    store.execute(POST_PAYMENTS, values)
    store.execute(POSTED_LOG, (key,))
    for (sequence,) in store.rows(SEQUENCE, (key,)):
        link = store.rows(LINKS, (key, sequence))[0]
        row = {**values, **link_values(link, digits)}
        for statement in (INVOICE_SIDE, PAYMENT_SIDE, NEXT_PAYMENT_ENTRY, LOWER_BALANCE):
            store.execute(statement, row)
    store.execute(DROP_LINKS, (key,))
    store.execute(DROP_PENDING, (key,))


def link_values(link: Row, digits: int) -> dict[str, Any]:
    """The posted form of one application; what becomes of a write-off is unknown (U)."""
    reduction = link["PmtAmtIC"] + link["DiscTakenAmtIC"] + link["WriteOffAmtIC"]
    rate = link["CurrExchRate"]
    return {
        "invoice": link["ApplyToInvcKey"], "invoice_entry": link["InvoiceEntry"],
        "payment": link["ApplyFromPmtKey"], "payment_entry": link["PaymentEntry"],
        "from_date": link["ApplyFromTranDate"], "from_id": link["ApplyFromTranID"],
        "from_type": link["FromType"], "to_date": link["ApplyToTranDate"],
        "to_id": link["ApplyToTranID"], "rate": rate, "discount": link["DiscTakenAmt"],
        "discount_hc": home_of(link["DiscTakenAmt"], rate, digits), "amount": link["PmtAmt"],
        "amount_hc": home_of(link["PmtAmt"], rate, digits), "reduction": reduction,
        "reduction_hc": home_of(reduction, link["InvoiceRate"], digits),
    }  # fmt: skip
