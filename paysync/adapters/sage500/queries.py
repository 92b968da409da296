"""What we read of Sage's tables. Templates: `$(...)` is a site setting (site.py).

Text parameters are cast to varchar: an nvarchar parameter against a varchar column would turn an
index seek into a scan (reference 2.13). Dates come as text in the one form that no language setting
reads otherwise. `(?*)` stands for a list of texts. Lists go by key, a page at a time; the pages of
open invoices run along the index (CompanyID, Status, CustKey) that Sage ships (certain).
"""

from __future__ import annotations

COMPANY = "SELECT CompanyID FROM dbo.tsmCompany WHERE CompanyID = CAST(? AS varchar(255))"

INVOICE = """
    SELECT TOP (?) i.InvcKey, i.CompanyID, i.TranID, i.TranNo, i.TranType, i.CustKey, c.CustID,
           i.TranDate, i.DueDate, i.TranAmt, i.Balance, i.CurrID, i.Status, i.InDispute,
           i.CustPONo, i.UpdateDate, i.UpdateCounter,
           CASE WHEN i.TranType IN ($(PayableTypes)) THEN 1 ELSE 0 END AS CanBePaid,
           (SELECT SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC)
              FROM dbo.tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey) AS Pending,
           i.DiscDate,
           CASE WHEN i.DiscDate IS NOT NULL AND i.DiscAmt > i.DiscTakenAmt
                THEN i.DiscAmt - i.DiscTakenAmt
                     - (SELECT COALESCE(SUM(a.DiscTakenAmtIC), 0)
                          FROM dbo.tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = i.InvcKey)
           END AS DiscLeft
      FROM dbo.tarInvoice i JOIN dbo.tarCustomer c ON c.CustKey = i.CustKey
     WHERE i.CompanyID = CAST(? AS varchar(255))"""
OPEN_INVOICES = (
    INVOICE
    + """
       AND i.Status = 1 AND i.Balance <> 0
       AND i.CustKey >= ? AND (i.CustKey > ? OR i.InvcKey > ?)
     ORDER BY i.CustKey, i.InvcKey"""
)
#: Changed since a moment, closed ones too; what has no date counts as changed while it is open. Our
#: own receipts change what is payable without touching the invoice.
CHANGED_INVOICES = (
    INVOICE  # noqa: S608 - two constants
    + """
       AND i.InvcKey > ?
       AND (i.UpdateDate >= CAST(? AS datetime)
            OR (i.UpdateDate IS NULL AND (i.Status = 1 OR i.ClosingPostDate >= CAST(? AS datetime)))
            OR EXISTS (SELECT 1 FROM dbo.tarPendCustPmtAppl p
                        WHERE p.ApplyToInvcKey = i.InvcKey
                          AND COALESCE(p.UpdateDate, p.CreateDate) >= CAST(? AS datetime))
            OR i.InvcKey IN (SELECT s.InvcKey
                               FROM $(Schema).ReceiptAppl s
                               JOIN $(Schema).Receipt r ON r.IdemKey = s.IdemKey
                              WHERE r.UpdateDate >= CAST(? AS datetime)))
     ORDER BY i.InvcKey"""
)
NAMED_INVOICES = INVOICE + " AND i.TranID IN (?*) ORDER BY i.InvcKey"

#: One national account parent a customer; terms and contact may be missing.
CUSTOMERS = """
    SELECT TOP (?) c.CustKey, c.CompanyID, c.CustID, c.CustName, c.UpdateDate, c.UpdateCounter,
           CASE WHEN c.Status = $(CustomerActive) THEN 1 ELSE 0 END AS IsActive,
           t.Name AS Contact, t.Phone, t.EMailAddr,
           a.AddrLine1, a.AddrLine2, a.AddrLine3, a.AddrLine4, a.AddrLine5,
           a.City, a.StateID, a.PostalCode, a.CountryID,
           (SELECT MIN(p.CustID)
              FROM dbo.tarNationalAcctMember m JOIN dbo.tarCustomer p ON p.CustKey = m.ParentCustKey
             WHERE m.ChildCustKey = c.CustKey) AS ParentID
      FROM dbo.tarCustomer c
      LEFT JOIN dbo.tciAddress a ON a.AddrKey = c.PrimaryAddrKey
      LEFT JOIN dbo.tciContact t ON t.CntctKey = c.PrimaryCntctKey
     WHERE c.CompanyID = CAST(? AS varchar(255)) AND c.CustKey > ?"""
ALL_CUSTOMERS = CUSTOMERS + " ORDER BY c.CustKey"
CHANGED_CUSTOMERS = (
    CUSTOMERS
    + """
       AND (c.UpdateDate IS NULL OR c.UpdateDate >= CAST(? AS datetime)
            OR t.UpdateDate >= CAST(? AS datetime))
     ORDER BY c.CustKey"""
)

CASH_ACCOUNTS = """
    SELECT TOP (?) CashAcctKey, CompanyID, CashAcctID, Description, CurrID, GLAcctKey,
           CASE WHEN Status = $(CashAcctActive) THEN 1 ELSE 0 END AS IsActive
      FROM dbo.tcmCashAcct
     WHERE CompanyID = CAST(? AS varchar(255)) AND CashAcctKey > ?
     ORDER BY CashAcctKey"""

GL_ACCOUNTS = """
    SELECT TOP (?) g.GLAcctKey, g.CompanyID, g.GLAcctNo, g.Description, g.Status
      FROM dbo.tglAccount g
     WHERE g.CompanyID = CAST(? AS varchar(255)) AND g.GLAcctKey > ?
     ORDER BY g.GLAcctKey"""
HAS_FORMATTED = "SELECT OBJECT_ID('dbo.vFormattedGLAcct')"
FORMATTED = """
    SELECT g.GLAcctKey, v.FormattedGLAcctNo
      FROM dbo.tglAccount g
      JOIN dbo.vFormattedGLAcct v ON v.CompanyID = g.CompanyID AND v.GLAcctNo = g.GLAcctNo
     WHERE g.CompanyID = CAST(? AS varchar(255)) AND g.GLAcctKey BETWEEN ? AND ?
     ORDER BY g.GLAcctKey"""
SEGMENTS = """
    SELECT s.GLAcctKey, s.AcctSegValue
      FROM dbo.tglAccount g
      JOIN dbo.tglAcctSegment s ON s.GLAcctKey = g.GLAcctKey
      JOIN dbo.tglSegment n ON n.SegmentKey = s.SegmentKey
     WHERE g.CompanyID = CAST(? AS varchar(255)) AND g.GLAcctKey BETWEEN ? AND ?
     ORDER BY s.GLAcctKey, n.Number"""

PERIODS = """
    SELECT p.CompanyID, p.FiscYear, p.FiscPer, p.StartDate, p.EndDate,
           CASE WHEN p.Status = $(PeriodClosed) OR p.LockAR = 1 THEN 0 ELSE 1 END AS IsOpen
      FROM dbo.tglFiscalPeriod p
     WHERE p.CompanyID = CAST(? AS varchar(255))
     ORDER BY p.FiscYear, p.FiscPer"""
AR_WINDOW = """
    SELECT CurntFiscYear, CurntFiscPer, AllowPriorPerPost, AllowFuturePerPost, NoOfFuturePer
      FROM dbo.tarOptions WHERE CompanyID = CAST(? AS varchar(255))"""

CURRENCIES = """
    SELECT c.CurrID, c.DigitsAfterDecimal, c.IsUsed, c.Description,
           CASE WHEN c.CurrID = h.CurrID THEN 1 ELSE 0 END AS IsHome
      FROM dbo.tmcCurrency c
      JOIN dbo.tsmCompany h ON h.CompanyID = CAST(? AS varchar(255))
     ORDER BY c.CurrID"""
#: Of each schedule and currency the newest rate that has begun and not ended.
RATES = """
    SELECT s.CurrExchSchdID, d.SourceCurrID, d.TargetCurrID, d.CurrExchRate, d.EffectiveDate,
           d.ExpirationDate
      FROM dbo.tmcCurrExchSchdDtl d
      JOIN dbo.tmcCurrExchSchd s ON s.CurrExchSchdKey = d.CurrExchSchdKey
      JOIN dbo.tsmCompany h ON h.CurrID = d.TargetCurrID
     WHERE h.CompanyID = CAST(? AS varchar(255)) AND d.EffectiveDate <= CAST(? AS datetime)
       AND (d.ExpirationDate IS NULL OR d.ExpirationDate >= CAST(? AS datetime))
       AND NOT EXISTS (SELECT 1 FROM dbo.tmcCurrExchSchdDtl n
                        WHERE n.CurrExchSchdKey = d.CurrExchSchdKey
                          AND n.SourceCurrID = d.SourceCurrID AND n.TargetCurrID = d.TargetCurrID
                          AND n.EffectiveDate > d.EffectiveDate
                          AND n.EffectiveDate <= CAST(? AS datetime))
     ORDER BY s.CurrExchSchdID, d.SourceCurrID"""
TERMS = """
    SELECT PmtTermsKey, CompanyID, PmtTermsID, Description, DueDateOption, DueDayOrMonth,
           DiscDateOption, DiscDayOrMonth, DiscPct
      FROM dbo.tciPaymentTerms
     WHERE CompanyID = CAST(? AS varchar(255))
     ORDER BY PmtTermsKey"""

#: A receipt and its applications in one statement, so that one cannot change between two.
RECEIPT = """
    SELECT r.IdemKey, r.CompanyID, r.GatewayRef, r.State, r.CustPmtKey, r.BatchKey, r.BatchID,
           r.TranID, r.TranDate, r.CustID, r.CurrID, r.SentAmt, r.TranAmt, r.UnappliedAmt,
           r.PostedOn, r.RevrsCustPmtKey, a.Source, a.TranID AS ApplTranID, a.PmtAmt,
           a.DiscTakenAmt, a.WriteOffAmt,
           (SELECT MIN(z.TranID) FROM dbo.tarCustPmt z
             WHERE z.RevrsCustPmtKey = r.CustPmtKey) AS ReversedBy"""
RECEIPTS_BY_KEY = (
    RECEIPT
    + """
      FROM $(Schema).vReceipt r
      LEFT JOIN $(Schema).vReceiptAppl a ON a.IdemKey = r.IdemKey
     WHERE r.IdemKey IN (?*)
     ORDER BY r.CustPmtKey, a.Source, a.SeqNo"""
)
RECEIPTS_BY_DAY = (
    RECEIPT  # noqa: S608 - two constants
    + """
      FROM (SELECT TOP (?) v.IdemKey, v.CompanyID, v.GatewayRef, v.State, v.CustPmtKey,
                   v.BatchKey, v.BatchID, v.TranID, v.TranDate, v.CustID, v.CurrID, v.SentAmt,
                   v.TranAmt, v.UnappliedAmt, v.PostedOn, v.RevrsCustPmtKey
              FROM $(Schema).vReceipt v
             WHERE v.CompanyID = CAST(? AS varchar(255)) AND v.CustPmtKey > ?
               AND v.TranDate >= CAST(? AS datetime) AND v.TranDate < CAST(? AS datetime)
             ORDER BY v.CustPmtKey) r
      LEFT JOIN $(Schema).vReceiptAppl a ON a.IdemKey = r.IdemKey
     ORDER BY r.CustPmtKey, a.Source, a.SeqNo"""
)

#: Receipts that people entered: not in our own table, no reversal, no refund. A receipt is pending
#: or posted; its applications may be both, as a later batch of them is pending by itself.
STAFF_RECEIPTS = """
    SELECT r.CustPmtKey, r.TranID, r.TranNo, r.TranDate, r.CurrID, r.TranAmt, r.TranCmnt,
           r.IsPosted, k.CustID, a.ApplyToTranID AS ApplTranID, a.PmtAmt
      FROM (SELECT TOP (?) s.CustPmtKey, s.TranID, s.TranNo, s.TranDate, s.CurrID, s.TranAmt,
                   s.TranCmnt, s.CustKey, s.IsPosted
              FROM (SELECT c.CustPmtKey, c.CompanyID, c.TranID, c.TranNo, c.TranDate, c.CurrID,
                           c.TranAmt, c.TranCmnt, c.CustKey, 1 AS IsPosted
                      FROM dbo.tarCustPmt c
                     WHERE c.TranAmt > 0 AND c.RevrsCustPmtKey IS NULL
                       AND c.RefundCustPmtKey IS NULL
                    UNION ALL
                    SELECT p.CustPmtKey, l.CompanyID, p.TranID, p.TranNo, p.TranDate, p.CurrID,
                           p.TranAmt, p.TranCmnt, p.CustKey, 0
                      FROM dbo.tarPendCustPmt p
                      JOIN dbo.tarCustPmtLog l ON l.CustPmtKey = p.CustPmtKey
                     WHERE p.TranAmt > 0 AND p.RevrsCustPmtKey IS NULL
                       AND p.RefundCustPmtKey IS NULL
                       AND NOT EXISTS (SELECT 1 FROM dbo.tarCustPmt d
                                        WHERE d.CustPmtKey = p.CustPmtKey)) s
             WHERE s.CompanyID = CAST(? AS varchar(255)) AND s.CustPmtKey > ?
               AND s.TranDate >= CAST(? AS datetime) AND s.TranDate < CAST(? AS datetime)
               AND NOT EXISTS (SELECT 1 FROM $(Schema).Receipt o
                                WHERE o.CustPmtKey = s.CustPmtKey)
             ORDER BY s.CustPmtKey) r
      LEFT JOIN dbo.tarCustomer k ON k.CustKey = r.CustKey
      LEFT JOIN (SELECT CustPmtKey, ApplyToTranID, PmtAmt FROM dbo.tarCustPmtAppl
                 UNION ALL
                 SELECT ApplyFromPmtKey, ApplyToTranID, PmtAmt FROM dbo.tarPendCustPmtAppl) a
             ON a.CustPmtKey = r.CustPmtKey
     ORDER BY r.CustPmtKey, a.ApplyToTranID"""

#: What the wrappers answer with. Stray result sets of a site's procedures have other columns.
ANSWER = ("code", "receipt_key", "batch_key", "batch_id", "tran_id", "reason", "message")
DECLARED = """
    SET NOCOUNT ON;
    DECLARE @oBatchKey int, @oBatchID varchar(12), @oCustPmtKey int, @oTranID varchar(13),
            @oReason varchar(40), @oRetVal int, @oMessage varchar(400);"""
OUTPUTS = """@oBatchKey = @oBatchKey OUTPUT, @oBatchID = @oBatchID OUTPUT,
         @oCustPmtKey = @oCustPmtKey OUTPUT, @oTranID = @oTranID OUTPUT,
         @oReason = @oReason OUTPUT, @oRetVal = @oRetVal OUTPUT, @oMessage = @oMessage OUTPUT;
    SELECT @oRetVal AS code, @oCustPmtKey AS receipt_key, @oBatchKey AS batch_key,
           @oBatchID AS batch_id, @oTranID AS tran_id, @oReason AS reason, @oMessage AS message;"""
SUBMIT = (
    DECLARED
    + """
    EXEC $(Schema).ReceiptSubmit @IdemKey = ?, @CompanyID = ?, @CustID = ?, @CashAcctID = ?,
         @PostDate = ?, @TranDate = ?, @TranNo = ?, @CurrID = ?, @TranAmt = ?, @Comment = ?,
         @GatewayRef = ?, @Appl = ?, @UserID = ?, """
    + OUTPUTS
)
REVERSE = (
    DECLARED
    + """
    EXEC $(Schema).ReversalSubmit @IdemKey = ?, @OfIdemKey = ?, @PostDate = ?, @TranDate = ?,
         @TranNo = ?, @Comment = ?, @GatewayRef = ?, @UserID = ?, """
    + OUTPUTS
)
WITHDRAW = (
    DECLARED
    + """
    EXEC $(Schema).ReceiptWithdraw @IdemKey = ?, @UserID = ?, """
    + OUTPUTS
)

#: Lists are padded to one of these lengths, so that the server keeps few plans.
LENGTHS = (1, 10, 100, 500)


def listing(sql: str, texts: list[str]) -> tuple[str, list[str]]:
    """`sql` with as many placeholders as it takes, and the texts padded to that many."""
    length = next(found for found in LENGTHS if found >= len(texts))
    marks = ", ".join(["CAST(? AS varchar(255))"] * length)
    return sql.replace("?*", marks), texts + texts[-1:] * (length - len(texts))
