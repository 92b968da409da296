-- STAND-IN, not Sage's code: batches (reference 4.1).
-- Eleven parameters in this order (certain; their names differ between sources, so call by position).
-- @oRetVal: 1 valid, 0 error, 2 no free number, 3 no tciBatchTypCompany row, 4 log row not created,
-- 5 module's batch row not created, 6 exists (certain). What makes it 0 is invented.
CREATE PROCEDURE dbo.spGetNextBatch
  @iCompanyID varchar(3),
  @iModuleNo smallint,
  @iBatchType int,
  @iUserID varchar(30),
  @iDefBatchCmnt varchar(50),
  @iPostDate datetime,
  @oBatchKey int OUTPUT,
  @oNextBatchNo int OUTPUT,
  @oRetVal smallint OUTPUT,
  @optHiddenBatch smallint = 0,
  @optInvcDate datetime = NULL
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @TypeID varchar(2), @CashAcctKey int, @BatchID varchar(12);
  SELECT @oBatchKey = NULL, @oNextBatchNo = NULL, @oRetVal = NULL;
  -- Only AR has a module table here.
  IF @iModuleNo <> 5 OR NOT EXISTS (SELECT 1 FROM dbo.tciBatchType
                                     WHERE BatchType = @iBatchType AND ModuleNo = @iModuleNo)
    SET @oRetVal = 0;
  IF @oRetVal IS NULL
  BEGIN
    UPDATE dbo.tciBatchTypCompany SET NextBatchNo = NextBatchNo + 1
     WHERE CompanyID = @iCompanyID AND BatchType = @iBatchType AND NextBatchNo BETWEEN 1 AND 9999999;
    IF @@ROWCOUNT = 0
      SELECT @oRetVal = CASE WHEN COUNT(*) = 0 THEN 3 ELSE 2 END
        FROM dbo.tciBatchTypCompany WHERE CompanyID = @iCompanyID AND BatchType = @iBatchType;
  END;
  IF @oRetVal IS NULL
  BEGIN
    SELECT @TypeID = BatchTypeID, @oNextBatchNo = NextBatchNo - 1
      FROM dbo.tciBatchTypCompany WHERE CompanyID = @iCompanyID AND BatchType = @iBatchType;
    IF EXISTS (SELECT 1 FROM dbo.tciBatchLog
                WHERE SourceCompanyID = @iCompanyID AND BatchType = @iBatchType AND BatchNo = @oNextBatchNo)
      SET @oRetVal = 6;
  END;
  IF @oRetVal IS NULL
  BEGIN
    EXEC dbo.spGetNextSurrogateKey 'tciBatchLog', @oBatchKey OUTPUT;
    SET @BatchID = 'AR' + RTRIM(@TypeID) + '-' + RIGHT('0000000' + CONVERT(varchar(7), @oNextBatchNo), 7);
    SELECT @CashAcctKey = DfltCashAcctKey FROM dbo.tarOptions WHERE CompanyID = @iCompanyID;
    BEGIN TRY
      SET @oRetVal = 4;
      INSERT INTO dbo.tciBatchLog (BatchKey, BatchCmnt, BatchID, BatchNo, BatchType, CreateDate, CreateType,
                                   OrigUserID, PostCompanyID, PostDate, SourceCompanyID, Status, PostStatus)
        VALUES (@oBatchKey, @iDefBatchCmnt, @BatchID, @oNextBatchNo, @iBatchType, GETDATE(), 1,
                @iUserID, @iCompanyID, @iPostDate, @iCompanyID, 4, 0);
      SET @oRetVal = 5;
      INSERT INTO dbo.tarBatch (BatchKey, BatchCmnt, CashAcctKey, CreateDate, CreateType, Hold, OrigUserID,
                                PostDate, Private, SourceModule, TranCtrl)
        VALUES (@oBatchKey, @iDefBatchCmnt, @CashAcctKey, GETDATE(), 1, 0, @iUserID, @iPostDate, 0, 5, 0);
      SET @oRetVal = 1;
    END TRY
    BEGIN CATCH
      IF XACT_STATE() <> -1
        DELETE FROM dbo.tciBatchLog WHERE BatchKey = @oBatchKey;
      SET @oBatchKey = NULL;
    END CATCH;
  END;
END;
GO
-- The recomputed status of an unposted batch: 2 on hold, 3 out of balance, 4 balanced (certain as
-- numbers). @oRetVal: 1 there is such a batch, 0 there is none (its meaning is unknown).
CREATE PROCEDURE dbo.spGetBatchStatus
  @iBatchKey int,
  @oStatus smallint OUTPUT,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET @oStatus = NULL;
  UPDATE l
     SET Status = CASE WHEN h.Hold = 1 THEN 2 WHEN h.TranCtrl <> l.BatchTotal THEN 3 ELSE 4 END
    FROM dbo.tciBatchLog l JOIN dbo.tarBatch h ON h.BatchKey = l.BatchKey
   WHERE l.BatchKey = @iBatchKey AND l.PostStatus = 0;
  SELECT @oStatus = Status FROM dbo.tciBatchLog WHERE BatchKey = @iBatchKey;
  SET @oRetVal = CASE WHEN @oStatus IS NULL THEN 0 ELSE 1 END;
END;
GO
