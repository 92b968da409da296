-- Take a pending receipt of ours back (reference 14.5): its pending rows go, its log row stays as
-- void (inferred). Only from an unposted batch that nobody has open.
-- @oRetVal: 1 taken back, 2 it was already, 10 not ours, 14 too late (@oReason is its state),
--   20 try again, 99 error.
IF OBJECT_ID('$(Schema).ReceiptWithdraw', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptWithdraw;
GO
CREATE PROCEDURE $(Schema).ReceiptWithdraw
  @IdemKey varchar(64),
  @UserID varchar(30),
  @oBatchKey int OUTPUT,
  @oBatchID varchar(12) OUTPUT,
  @oCustPmtKey int OUTPUT,
  @oTranID varchar(13) OUTPUT,
  @oReason varchar(40) OUTPUT,
  @oRetVal int OUTPUT,
  @oMessage varchar(400) OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET ANSI_PADDING ON;
  SET ANSI_WARNINGS ON;
  SET CONCAT_NULL_YIELDS_NULL ON;
  SET ARITHABORT ON;
  SET NUMERIC_ROUNDABORT OFF;
  SET IMPLICIT_TRANSACTIONS OFF;
  SET LOCK_TIMEOUT $(LockTimeoutMs);

  DECLARE @Key int, @BatchKey int, @BatchID varchar(12), @TranID varchar(13), @Scope nvarchar(100), @Lock int,
          @Resource nvarchar(100), @State varchar(20), @BatchStatus int, @Amt decimal(15,3), @Status int, @Ret int,
          @Error int;
  SELECT @oBatchKey = NULL, @oBatchID = NULL, @oCustPmtKey = NULL, @oTranID = NULL, @oReason = NULL,
         @oRetVal = NULL, @oMessage = NULL;
  IF @@TRANCOUNT > 0
  BEGIN
    SELECT @oRetVal = 99, @oReason = 'open_transaction',
           @oMessage = 'called inside a transaction: nothing was done';
    RETURN;
  END;

  BEGIN TRY
    BEGIN TRANSACTION;
    -- The same locks in the same order as a submission takes them.
    SET @IdemKey = COALESCE(RTRIM(@IdemKey), '');
    SET @Resource = '$(Schema).receipt:' + @IdemKey;
    EXEC @Lock = sp_getapplock @Resource = @Resource, @LockMode = 'Exclusive',
                               @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
    IF @Lock >= 0
    BEGIN
      SELECT @Key = r.CustPmtKey, @BatchKey = r.BatchKey, @BatchID = r.BatchID, @TranID = r.TranID,
             @Scope = '$(Schema).batch:' + b.CompanyID + ':' + CONVERT(varchar(11), b.CashAcctKey) + ':'
                    + CONVERT(varchar(8), b.PostDate, 112) + ':' + b.CurrID
        FROM $(Schema).Receipt r LEFT JOIN $(Schema).Batch b ON b.BatchKey = r.BatchKey
       WHERE r.IdemKey = @IdemKey;
      IF @Scope IS NOT NULL
        EXEC @Lock = sp_getapplock @Resource = @Scope, @LockMode = 'Exclusive',
                                   @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
    END;
    IF @Lock < 0
      SELECT @oRetVal = 20, @oReason = CASE @Lock WHEN -3 THEN 'deadlock' ELSE 'lock_timeout' END,
             @oMessage = 'this receipt or its batch is being written by somebody else';
    ELSE IF @Key IS NULL
      SELECT @oRetVal = 10, @oReason = 'not_found', @oMessage = 'no receipt under this key';
    ELSE
    BEGIN
      -- Hold the batch, so that nobody opens or posts it meanwhile.
      SELECT @BatchStatus = Status FROM dbo.tciBatchLog WITH (UPDLOCK, ROWLOCK) WHERE BatchKey = @BatchKey;
      SELECT @State = State FROM $(Schema).vReceipt WHERE IdemKey = @IdemKey;
      IF @State = 'withdrawn'
        SELECT @oRetVal = 2, @oReason = '', @oMessage = '';
      ELSE IF @State <> 'pending' OR COALESCE(@BatchStatus, 0) NOT IN ($(StatusOnHold), $(StatusBalanced))
        SELECT @oRetVal = 14, @oReason = @State, @oMessage = 'the receipt is ' + @State;
    END;

    IF @oRetVal IS NULL
    BEGIN
      -- A person may have changed the amount since: the batch goes down by what is there now.
      SELECT @Amt = TranAmt FROM dbo.tarPendCustPmt WITH (UPDLOCK, ROWLOCK) WHERE CustPmtKey = @Key;
      DELETE FROM dbo.tarPendCustPmtAppl WHERE ApplyFromPmtKey = @Key;
      DELETE FROM dbo.tarPendCustPmt WHERE CustPmtKey = @Key;
      UPDATE dbo.tarCustPmtLog SET TranStatus = $(VoidTranStatus) WHERE CustPmtKey = @Key;
      UPDATE dbo.tciBatchLog
         SET BatchTotal = BatchTotal - @Amt, UpdateCounter = UpdateCounter + 1
       WHERE BatchKey = @BatchKey;
      UPDATE h
         SET TranCtrl = l.BatchTotal, UpdateCounter = h.UpdateCounter + 1
        FROM dbo.tarBatch h JOIN dbo.tciBatchLog l ON l.BatchKey = h.BatchKey
       WHERE h.BatchKey = @BatchKey;
      EXEC $(BatchStatusProc) @BatchKey, @Status OUTPUT, @Ret OUTPUT;
      UPDATE $(Schema).Receipt SET State = 'withdrawn', UpdateDate = GETDATE() WHERE IdemKey = @IdemKey;
      IF EXISTS (SELECT 1 FROM dbo.tarPendCustPmt WHERE CustPmtKey = @Key)
         OR EXISTS (SELECT 1 FROM dbo.tarPendCustPmtAppl WHERE ApplyFromPmtKey = @Key)
        SELECT @oRetVal = 99, @oReason = 'error',
               @oMessage = 'receipt ' + CONVERT(varchar(11), @Key) + ' was not taken back as ordered';
      ELSE
        SELECT @oRetVal = 1, @oReason = '', @oMessage = '';
    END;

    IF @oRetVal = 1 AND @@TRANCOUNT = 1
      COMMIT TRANSACTION;
    ELSE
    BEGIN
      IF @@TRANCOUNT > 0
        ROLLBACK TRANSACTION;
      IF @oRetVal = 1
        SELECT @oRetVal = 99, @oReason = 'error', @oMessage = 'a procedure or trigger ended our transaction';
    END;
    IF @oRetVal IN (1, 2)
      SELECT @oBatchKey = @BatchKey, @oBatchID = @BatchID, @oCustPmtKey = @Key, @oTranID = @TranID;
  END TRY
  BEGIN CATCH
    SELECT @Error = ERROR_NUMBER(),
           @oMessage = LEFT(CONVERT(varchar(11), ERROR_NUMBER()) + ': ' + ERROR_MESSAGE(), 400);
    IF @@TRANCOUNT > 0
      ROLLBACK TRANSACTION;
    SELECT @oRetVal = CASE WHEN @Error IN (1205, 1222) THEN 20 ELSE 99 END,
           @oReason = CASE @Error WHEN 1205 THEN 'deadlock' WHEN 1222 THEN 'lock_timeout' ELSE 'error' END;
  END CATCH;
END;
GO
