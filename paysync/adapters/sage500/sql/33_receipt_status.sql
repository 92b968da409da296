-- Every receipt of ours by receipt date, live or not: first the receipts, then their applications
-- as sent, pending and posted.
IF OBJECT_ID('$(Schema).ReceiptStatus', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptStatus;
GO
CREATE PROCEDURE $(Schema).ReceiptStatus
  @CompanyID varchar(3),
  @FromDate datetime,
  @ToDate datetime
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET LOCK_TIMEOUT $(LockTimeoutMs);
  SELECT IdemKey, CompanyID, GatewayRef, State, CustPmtKey, BatchKey, BatchID, TranID, TranDate, PostDate,
         CustID, CurrID, SentAmt, TranAmt, UnappliedAmt, PostedOn, RevrsCustPmtKey
    FROM $(Schema).vReceipt
   WHERE CompanyID = @CompanyID AND TranDate BETWEEN @FromDate AND @ToDate
   ORDER BY CustPmtKey;
  SELECT a.IdemKey, a.Source, a.SeqNo, a.InvcKey, a.TranID, a.PmtAmt, a.DiscTakenAmt, a.WriteOffAmt
    FROM $(Schema).vReceiptAppl a JOIN $(Schema).Receipt r ON r.IdemKey = a.IdemKey
   WHERE r.CompanyID = @CompanyID AND r.TranDate BETWEEN @FromDate AND @ToDate
   ORDER BY r.CustPmtKey, a.Source, a.SeqNo;
END;
GO
