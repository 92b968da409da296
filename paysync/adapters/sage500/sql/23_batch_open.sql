-- See to it that a batch of ours can take a receipt of this company, cash account, posting date and
-- currency: one that is there, else a new one by Sage's own procedure (reference 4.1, 14.3 step 4).
-- In a transaction of its own, so that batch numbers and keys are locked for a moment only. A new
-- batch is on hold until its first receipt is complete.
-- @oRetVal: 1 there is one, 20 try again, 99 error.
IF OBJECT_ID('$(Schema).BatchOpen', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).BatchOpen;
GO
CREATE PROCEDURE $(Schema).BatchOpen
  @CompanyID varchar(3),
  @CashAcctKey int,
  @PostDate datetime,
  @CurrID varchar(3),
  @UserID varchar(30),
  @oReason varchar(40) OUTPUT,
  @oRetVal int OUTPUT,
  @oMessage varchar(400) OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Lock int, @Scope nvarchar(100), @BatchKey int, @BatchNo int, @Made smallint,
          @BatchID varchar(12), @Error int;
  SELECT @oReason = '', @oRetVal = NULL, @oMessage = '';
  SET @Scope = '$(Schema).batch:' + @CompanyID + ':' + CONVERT(varchar(11), @CashAcctKey) + ':'
             + CONVERT(varchar(8), @PostDate, 112) + ':' + @CurrID;
  BEGIN TRY
    BEGIN TRANSACTION;
    EXEC @Lock = sp_getapplock @Resource = @Scope, @LockMode = 'Exclusive',
                               @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
    IF @Lock < 0
      SELECT @oRetVal = 20, @oReason = CASE @Lock WHEN -3 THEN 'deadlock' ELSE 'lock_timeout' END,
             @oMessage = 'another receipt of this batch is being written';
    -- Another worker may have made one while we waited for the lock.
    IF @oRetVal IS NULL
       AND EXISTS (SELECT 1 FROM $(Schema).vOpenBatch
                    WHERE CompanyID = @CompanyID AND CashAcctKey = @CashAcctKey
                      AND PostDate = @PostDate AND CurrID = @CurrID)
      SET @oRetVal = 1;
    IF @oRetVal IS NULL
    BEGIN
      -- By position: the names of the parameters differ between sources (certain).
      EXEC $(NextBatchProc) @CompanyID, $(ModuleNo), $(BatchType), @UserID, '$(BatchComment)',
                            @PostDate, @BatchKey OUTPUT, @BatchNo OUTPUT, @Made OUTPUT, 0, NULL;
      SELECT @BatchID = BatchID FROM dbo.tciBatchLog
       WHERE BatchKey = @BatchKey AND BatchType = $(BatchType) AND PostStatus = 0;
      IF COALESCE(@Made, 0) <> 1 OR @BatchID IS NULL
        SELECT @oRetVal = 99, @oReason = 'error',
               @oMessage = '$(NextBatchProc) made no batch: it returned '
                         + COALESCE(CONVERT(varchar(11), @Made), 'nothing');
    END;
    IF @oRetVal IS NULL
    BEGIN
      UPDATE dbo.tarBatch
         SET CashAcctKey = @CashAcctKey, Hold = 1, HoldReason = '$(HoldReason)',
             UpdateCounter = UpdateCounter + 1
       WHERE BatchKey = @BatchKey;
      IF @@ROWCOUNT = 1
      BEGIN
        INSERT INTO $(Schema).Batch (BatchKey, BatchID, CompanyID, CashAcctKey, PostDate, CurrID, CreateDate)
          VALUES (@BatchKey, @BatchID, @CompanyID, @CashAcctKey, @PostDate, @CurrID, GETDATE());
        SET @oRetVal = 1;
      END
      ELSE
        SELECT @oRetVal = 99, @oReason = 'error',
               @oMessage = 'batch ' + @BatchID + ' has no row in tarBatch';
    END;
    -- The site's procedure may have ended the transaction itself.
    IF @@TRANCOUNT > 0
    BEGIN
      IF @oRetVal = 1
        COMMIT TRANSACTION;
      ELSE
        ROLLBACK TRANSACTION;
    END;
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
