"""People at a site on a T-SQL server: the `ErpSite` of the contract suite.

Posting runs the chain of reference 4.3, call by call, with the stand-ins for Sage's procedures.
Everything else changes rows as a person at Sage's screens would; the twin's clerk
(`paysync/sandbox/sage500/clerk.py`, `clerk_edit.py`, `site.py`) does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tests.mssql.site import SageSite

BALANCED, INTERRUPTED = 4, 7
CHOSEN = """
    SELECT l.BatchKey FROM dbo.tciBatchLog l
     WHERE l.BatchType = 503 AND l.Status = ? AND l.PostStatus < 500 AND l.SourceCompanyID = ?
     ORDER BY l.BatchKey"""
STOP_AFTER = "INSERT INTO standin.StopAt (Step) VALUES (?)"

#: Steps 1 to 9 of the chain. Answers what a person reads off the register.
REGISTER = """
    SET NOCOUNT ON;
    DECLARE @Key int, @Company varchar(3), @Home varchar(3), @Status smallint, @Ret int,
            @Balanced smallint, @Printed smallint, @Errors smallint, @Exist smallint;
    SET @Key = ?;
    SELECT @Company = l.PostCompanyID, @Home = c.CurrID
      FROM dbo.tciBatchLog l JOIN dbo.tsmCompany c ON c.CompanyID = l.PostCompanyID
     WHERE l.BatchKey = @Key;
    EXEC dbo.spGetBatchStatus @Key, @Status OUTPUT, @Ret OUTPUT;
    DELETE FROM dbo.tciErrorLog WHERE BatchKey = @Key;
    EXEC dbo.spciValidatePosting @Key, @Key, 5, 503, @Ret OUTPUT;
    IF @Ret IN (0, 1)
      EXEC dbo.spciPrePost @Key, @Key, 5, @Ret OUTPUT;
    IF @Ret = 0
    BEGIN
      EXEC dbo.spARValGLCurr @Key, @Home, @Company, @Ret OUTPUT;
      EXEC dbo.sparCheckBalance @Key, @Key, @Balanced OUTPUT;
      EXEC dbo.sparSetRegPrintFlg @Key, 1, @Company, @Ret OUTPUT;
    END;
    EXEC dbo.sparCheckRgstrStatus2 @Company, @Key, 503, @Printed OUTPUT, @Errors OUTPUT,
                                   @Status OUTPUT, @Exist OUTPUT;
    SELECT @Ret, @Balanced, @Printed, @Errors"""
#: Steps 10 to 13, each only after the one before it.
POST = """
    SET NOCOUNT ON;
    DECLARE @Key int, @From int, @Ret int;
    SET @Key = ?;
    SELECT @From = PostStatus, @Ret = 0 FROM dbo.tciBatchLog WHERE BatchKey = @Key;
    IF @From < 250
      EXEC dbo.spciModPost @Key, @Key, 5, @Ret OUTPUT;
    IF @Ret = 0 AND @From < 350
      EXEC dbo.spciGLPost @Key, 5, @Ret OUTPUT;
    IF @Ret = 0
      EXEC dbo.spciModCleanup @Key, 5, @Ret OUTPUT;
    SELECT @Ret"""
STATE = "SELECT Status, PostStatus FROM dbo.tciBatchLog WHERE BatchKey = ?"
PROBLEMS = """
    SELECT ErrorCmnt, StringData1 FROM dbo.tciErrorLog
     WHERE BatchKey = ? AND Severity = 2 ORDER BY SessionID, EntryNo"""

OPEN = "UPDATE dbo.tciBatchLog SET Status = 1 WHERE BatchKey = ? AND PostStatus = 0"
RECEIPT = """
    SELECT p.CustPmtKey, p.BatchKey FROM ptx.Receipt r
      JOIN dbo.tarPendCustPmt p ON p.CustPmtKey = r.CustPmtKey WHERE r.IdemKey = ?"""
DROP_LINKS = "DELETE FROM dbo.tarPendCustPmtAppl WHERE ApplyFromPmtKey = ?"
NEXT_SEQUENCE = "UPDATE dbo.tciBatchLog SET NextSeqNo = NextSeqNo + 1 WHERE BatchKey = ?"
LINK = """
    INSERT INTO dbo.tarPendCustPmtAppl (BatchKey, SeqNo, AppliedAtCreation, ApplyFromPmtKey,
                                        ApplyFromTranDate, ApplyFromTranID, ApplyToInvcKey,
                                        ApplyToTranDate, ApplyToTranID, CreateDate, CreateUserID,
                                        CurrExchRate, PmtAmt, PmtAmtIC, UpdateDate)
    SELECT p.BatchKey, b.NextSeqNo - 1, 1, p.CustPmtKey, p.TranDate, p.TranID, i.InvcKey,
           i.TranDate, i.TranID, GETDATE(), 'clerk', p.CurrExchRate, CAST(? AS decimal(15,3)),
           CAST(? AS decimal(15,3)), GETDATE()
      FROM dbo.tarPendCustPmt p
      JOIN dbo.tciBatchLog b ON b.BatchKey = p.BatchKey
      JOIN dbo.tarInvoice i ON i.CompanyID = b.SourceCompanyID AND i.TranID = ?
     WHERE p.CustPmtKey = ?"""
#: A receipt that a person enters, in a batch of its own; no table of ours knows of either.
ENTER = """
    SET NOCOUNT ON;
    DECLARE @Key int, @Batch int, @No int, @BatchID varchar(12), @Ret int, @Cust int, @Class int,
            @Amt decimal(15,3), @Day datetime, @Number varchar(10), @Comment varchar(50);
    SELECT @Cust = CustKey, @Class = CustClassKey
      FROM dbo.tarCustomer WHERE CompanyID = 'SOA' AND CustID = ?;
    SELECT @Amt = CAST(? AS decimal(15,3)), @Day = CAST(? AS datetime),
           @Number = CAST(? AS varchar(10)), @Comment = CAST(? AS varchar(50));
    EXEC dbo.spGetNextBatch 'SOA', 5, 503, 'clerk', 'Entered by hand', @Day, @Batch OUTPUT,
                            @No OUTPUT, @Ret OUTPUT;
    EXEC dbo.spGetNextSurrogateKey 'tarCustPmtLog', @Key OUTPUT;
    INSERT INTO dbo.tarCustPmtLog (CustPmtKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo,
                                   TranStatus, TranType)
      VALUES (@Key, 'SOA', @Amt, @Day, 'CR-' + @Number, @Number, 2, 511);
    INSERT INTO dbo.tarPendCustPmt (CustPmtKey, BatchKey, CreateDate, CurrExchRate, CurrID,
                                    CustClassKey, CustKey, PmtRcptDate, SeqNo, TranAmt, TranAmtHC,
                                    TranCmnt, TranDate, TranID, TranNo, TranType, UnappliedAmt,
                                    UnappliedAmtHC)
      VALUES (@Key, @Batch, GETDATE(), 1, 'USD', @Class, @Cust, @Day, 1, @Amt, @Amt, @Comment, @Day,
              'CR-' + @Number, @Number, 511, @Amt, @Amt);
    UPDATE dbo.tciBatchLog SET BatchTotal = @Amt, NextSeqNo = NextSeqNo + 1 WHERE BatchKey = @Batch;
    SELECT @Key, @Batch"""
#: The new amount, what is applied of it, and the batch's totals after it.
AMOUNT = """
    SET NOCOUNT ON;
    DECLARE @Key int, @Amt decimal(15,3), @Applied decimal(15,3), @Discount decimal(15,3);
    SELECT @Key = ?, @Amt = CAST(? AS decimal(15,3));
    SELECT @Applied = COALESCE(SUM(PmtAmt), 0), @Discount = COALESCE(SUM(DiscTakenAmt), 0)
      FROM dbo.tarPendCustPmtAppl WHERE ApplyFromPmtKey = @Key;
    UPDATE b SET BatchTotal = b.BatchTotal + @Amt - p.TranAmt
      FROM dbo.tciBatchLog b JOIN dbo.tarPendCustPmt p ON p.BatchKey = b.BatchKey
     WHERE p.CustPmtKey = @Key;
    UPDATE dbo.tarPendCustPmt
       SET TranAmt = @Amt, TranAmtHC = standin.HomeAmt(@Amt, CurrExchRate, 2),
           UnappliedAmt = @Amt - @Applied,
           UnappliedAmtHC = standin.HomeAmt(@Amt - @Applied, CurrExchRate, 2),
           DiscTakenAmt = @Discount, UpdateDate = GETDATE(), UpdateUserID = 'clerk',
           UpdateCounter = UpdateCounter + 1
     WHERE CustPmtKey = @Key"""
#: As far as the reversal looks; what Sage's Reverse Applications leaves behind is unknown.
UNAPPLY = """
    UPDATE c SET UnappliedAmt = c.TranAmt, UnappliedAmtHC = c.TranAmtHC
      FROM dbo.tarCustPmt c JOIN ptx.Receipt r ON r.CustPmtKey = c.CustPmtKey
     WHERE r.IdemKey = ?"""
RELEASE = """
    SET NOCOUNT ON;
    DECLARE @Key int, @Status smallint, @Ret int;
    SET @Key = ?;
    UPDATE h SET Hold = 0, HoldReason = NULL, TranCtrl = l.BatchTotal,
                 UpdateCounter = h.UpdateCounter + 1
      FROM dbo.tarBatch h JOIN dbo.tciBatchLog l ON l.BatchKey = h.BatchKey
     WHERE h.BatchKey = @Key;
    EXEC dbo.spGetBatchStatus @Key, @Status OUTPUT, @Ret OUTPUT;
    SELECT @Status"""
#: The pending rows go, the log rows stay as void (5, inferred), the batch is marked deleted.
DELETE_BATCH = """
    SET NOCOUNT ON;
    DECLARE @Key int;
    SET @Key = ?;
    UPDATE dbo.tarCustPmtLog SET TranStatus = 5
     WHERE CustPmtKey IN (SELECT CustPmtKey FROM dbo.tarPendCustPmt WHERE BatchKey = @Key);
    DELETE FROM dbo.tarPendCustPmtAppl WHERE BatchKey = @Key;
    DELETE FROM dbo.tarPendCustPmt WHERE BatchKey = @Key;
    UPDATE dbo.tarBatch SET TranCtrl = 0, UpdateCounter = UpdateCounter + 1 WHERE BatchKey = @Key;
    UPDATE dbo.tciBatchLog SET BatchTotal = 0, PostStatus = 999, UpdateCounter = UpdateCounter + 1
     WHERE BatchKey = @Key AND PostStatus = 0"""

#: Somebody else's receipt, of which only the invoice side is booked, as at the twin.
PAY = """
    SET NOCOUNT ON;
    DECLARE @Key int, @Batch int, @Amt decimal(15,3), @Day datetime;
    SELECT @Key = InvcKey, @Batch = BatchKey FROM dbo.tarInvoice WHERE CompanyID = ? AND TranID = ?;
    SELECT @Amt = CAST(? AS decimal(15,3)), @Day = CAST(? AS datetime);
    INSERT INTO dbo.tarInvoiceAppl (ApplyToInvcKey, EntryNo, ApplyFromTranDate, ApplyFromTranID,
                                    BatchKey, PmtAmt, PmtAmtHC, PostDate)
    SELECT InvcKey, NextApplEntryNo, @Day, 'CR-ELSEWHERE', @Batch, @Amt, @Amt, @Day
      FROM dbo.tarInvoice WHERE InvcKey = @Key;
    UPDATE dbo.tarInvoice
       SET Balance = Balance - @Amt, BalanceHC = Balance - @Amt,
           NextApplEntryNo = NextApplEntryNo + 1, UpdateCounter = UpdateCounter + 1,
           UpdateDate = GETDATE(), Status = CASE WHEN Balance = @Amt THEN 2 ELSE Status END,
           ClosingTranDate = CASE WHEN Balance = @Amt THEN @Day END,
           ClosingPostDate = CASE WHEN Balance = @Amt THEN @Day END
     WHERE InvcKey = @Key;
    SELECT @Key"""
PERIOD = """
    UPDATE dbo.tglFiscalPeriod SET Status = ?, LockAR = ?
     WHERE CompanyID = ? AND CAST(? AS datetime) BETWEEN StartDate AND EndDate"""
PERIOD_STATES = {"open": (1, 0), "close": (2, 0), "lock": (1, 1)}
LEDGER = """
    SELECT g.CompanyID, g.GLAcctNo, SUM(t.PostAmt)
      FROM dbo.tglTransaction t JOIN dbo.tglAccount g ON g.GLAcctKey = t.GLAcctKey
     GROUP BY g.CompanyID, g.GLAcctNo"""
#: A currency that no program can read, in the row that a list shows last; for customers, no id.
SPOIL = {
    "invoices": """
        UPDATE dbo.tarInvoice SET CurrID = '?' WHERE InvcKey = (
          SELECT TOP (1) InvcKey FROM dbo.tarInvoice WHERE CompanyID = 'SOA' AND CurrID <> '?'
           ORDER BY CustKey DESC, InvcKey DESC)""",
    "customers": """
        UPDATE dbo.tarCustomer SET CustID = '' WHERE CustKey = (
          SELECT MAX(CustKey) FROM dbo.tarCustomer WHERE CompanyID = 'SOA')""",
    "payable": """
        UPDATE dbo.tarInvoice SET CurrID = '?'
         WHERE CompanyID = 'SOA' AND TranID = 'IN-0000000002'""",
    "staff-receipts": """
        UPDATE dbo.tarPendCustPmt SET CurrID = '?' WHERE CustPmtKey = (
          SELECT MAX(CustPmtKey) FROM dbo.tarPendCustPmt)""",
    "receipts": """
        UPDATE ptx.Receipt SET CurrID = '?' WHERE CustPmtKey = (
          SELECT MAX(CustPmtKey) FROM ptx.Receipt)""",
}


class EngineClerk:
    """Works at one site, over the connection that the tests keep."""

    def __init__(self, site: SageSite) -> None:
        self._site = site

    def ask(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, or of the last SELECT of a batch."""
        return [tuple(row) for row in self._site.connection.execute(sql, *params).fetchall()]

    def tell(self, sql: str, *params: Any) -> int:
        """Run a change; returns the number of rows its last statement touched."""
        counted = f"SET NOCOUNT ON; {sql}; SELECT @@ROWCOUNT"
        return int(self._site.connection.execute(counted, *params).fetchone()[0])

    def post(self, company_id: str) -> None:
        done = [self.post_batch(key) for key in self._chosen(BALANCED, company_id)]
        assert done and set(done) == {"posted"}, done

    def interrupt(self, company_id: str, stop_after: str = "module") -> None:
        for key in self._chosen(BALANCED, company_id):
            self.tell(STOP_AFTER, stop_after)
            assert self.post_batch(key) == "interrupted"

    def resume(self, company_id: str) -> None:
        done = [self._post(key) for key in self._chosen(INTERRUPTED, company_id)]
        assert done and set(done) == {"posted"}, done

    def open_batches(self, company_id: str) -> None:
        keys = self._chosen(BALANCED, company_id)
        assert keys and all(self.tell(OPEN, key) == 1 for key in keys)

    def edit(self, key: str, *, amount: str, applications: Sequence[tuple[str, str]]) -> None:
        ((receipt, batch),) = self.ask(RECEIPT, key)
        self.tell(DROP_LINKS, receipt)
        for name, paid in applications:
            self.tell(NEXT_SEQUENCE, batch)
            assert self.tell(LINK, paid, paid, name, receipt) == 1, name
        self.tell(AMOUNT, receipt, amount)
        assert self.ask(RELEASE, batch) == [(BALANCED,)]

    def unapply(self, key: str) -> None:
        assert self.tell(UNAPPLY, key) == 1

    def delete_batches(self, company_id: str) -> None:
        keys = self._chosen(BALANCED, company_id)
        assert keys
        for key in keys:
            assert self.tell(DELETE_BATCH, key) == 1

    def pay_invoice(self, company_id: str, tran_id: str, amount: str) -> None:
        day = date.today().strftime("%Y%m%d")
        assert self.ask(PAY, company_id, tran_id, amount, day)[0][0], tran_id

    def enter(
        self,
        today: date,
        number: str,
        amount: str,
        *links: tuple[str, str],
        comment: str = "",
        customer_id: str = "ACME0001",
    ) -> None:
        day = f"{today:%Y%m%d}"
        ((receipt, batch),) = self.ask(ENTER, customer_id, amount, day, number, comment)
        for name, paid in links:
            self.tell(NEXT_SEQUENCE, batch)
            assert self.tell(LINK, paid, paid, name, receipt) == 1, name
        self.tell(AMOUNT, receipt, amount)
        assert self.ask(RELEASE, batch) == [(BALANCED,)]

    def set_period(self, company_id: str, day: date, action: str) -> None:
        status, lock = PERIOD_STATES[action]
        assert self.tell(PERIOD, status, lock, company_id, f"{day:%Y%m%d}") == 1

    def spoil(self, what: str) -> None:
        self.tell(SPOIL[what])

    def ledger_sums(self) -> dict[tuple[str, str], Decimal]:
        return {(company, account): total for company, account, total in self.ask(LEDGER)}

    def post_batch(self, key: int) -> str:
        """Register and post one batch: "posted", "interrupted", or the register's complaints."""
        self.ask(REGISTER, key)
        problems = self.ask(PROBLEMS, key)
        if problems:
            return "; ".join(f"{problem}: {data}" for problem, data in problems)
        return "interrupted" if self._state(key)[0] == INTERRUPTED else self._post(key)

    def _post(self, key: int) -> str:
        ((answer,),) = self.ask(POST, key)
        state = self._state(key)
        found = {(6, 500): "posted", (INTERRUPTED, state[1]): "interrupted"}
        return found.get(state, f"answer {answer} in state {state}")

    def _state(self, key: int) -> tuple[int, int]:
        ((status, post_status),) = self.ask(STATE, key)
        return status, post_status

    def _chosen(self, status: int, company_id: str) -> list[int]:
        return [key for (key,) in self.ask(CHOSEN, status, company_id)]
