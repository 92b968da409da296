-- One receipt of ours as it is now, for people: first the receipt, then its applications as sent,
-- pending and posted. No row: there is none under this key.
IF OBJECT_ID('$(Schema).ReceiptFind', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptFind;
GO
CREATE PROCEDURE $(Schema).ReceiptFind
  @IdemKey varchar(64)
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET LOCK_TIMEOUT $(LockTimeoutMs);
  SELECT IdemKey, CompanyID, GatewayRef, State, CustPmtKey, BatchKey, BatchID, TranID, TranDate, PostDate,
         CustID, CurrID, SentAmt, TranAmt, UnappliedAmt, PostedOn, RevrsCustPmtKey
    FROM $(Schema).vReceipt
   WHERE IdemKey = RTRIM(@IdemKey);
  SELECT IdemKey, Source, SeqNo, InvcKey, TranID, PmtAmt, DiscTakenAmt, WriteOffAmt
    FROM $(Schema).vReceiptAppl
   WHERE IdemKey = RTRIM(@IdemKey)
   ORDER BY Source, SeqNo;
END;
GO
