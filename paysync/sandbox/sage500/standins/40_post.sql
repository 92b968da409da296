-- STAND-IN, not Sage's code: posting a registered batch, steps 10-13 of the chain (reference 4.3).
-- Each step is one transaction. @oRetVal: 0 done, 1 not its turn or no open period, 3 broke off here.
CREATE PROCEDURE dbo.spciModPost
  @iBatchKey int,
  @iSessionID int,
  @iSourceModule smallint,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Begun int, @Digits int, @CompanyID varchar(3), @PostDate datetime, @Now datetime, @Seq int;
  SET @Now = GETDATE();
  BEGIN TRANSACTION;
  EXEC standin.BeginStep @iBatchKey, 150, 200, @Begun OUTPUT;
  IF @Begun = 0
  BEGIN
    EXEC standin.LogError @iSessionID, @iBatchKey, 2, 'wrong_step', 'module';
    COMMIT TRANSACTION;
    SET @oRetVal = 1;
    RETURN;
  END;
  SELECT @PostDate = PostDate, @CompanyID = PostCompanyID FROM dbo.tciBatchLog WHERE BatchKey = @iBatchKey;
  SET @Digits = standin.HomeDigits(@CompanyID);

  INSERT INTO dbo.tarCustPmt (CustPmtKey, BatchKey, CompanyID, CreateDate, CreateType, CreateUserID, CurrExchRate,
                              CurrExchSchdKey, CurrID, CustClassKey, CustKey, DiscTakenAmt, GuarntdExchRate,
                              ManualChk, NextApplEntryNo, PmtRcptDate, PostDate, PrepaidCustInvcNo,
                              RefundCustPmtKey, RevrsCustPmtKey, TranAmt, TranAmtHC, TranCmnt, TranDate, TranID,
                              TranNo, TranType, UnappliedAmt, UnappliedAmtHC, UpdateDate, UpdateUserID)
  SELECT CustPmtKey, BatchKey, @CompanyID, CreateDate, CreateType, CreateUserID, CurrExchRate,
         CurrExchSchdKey, CurrID, CustClassKey, CustKey, DiscTakenAmt, GuarntdExchRate,
         ManualChk, 1, PmtRcptDate, @PostDate, PrepaidCustInvcNo,
         RefundCustPmtKey, RevrsCustPmtKey, TranAmt, TranAmtHC, TranCmnt, TranDate, TranID,
         TranNo, TranType, UnappliedAmt, UnappliedAmtHC, @Now, 'clerk'
    FROM dbo.tarPendCustPmt WHERE BatchKey = @iBatchKey;
  UPDATE dbo.tarCustPmtLog SET TranStatus = 3
   WHERE CustPmtKey IN (SELECT CustPmtKey FROM dbo.tarPendCustPmt WHERE BatchKey = @iBatchKey);

  -- One application after the other: each takes the next entry number and sees the balance that the
  -- one before it left. What becomes of a write-off is unknown; here it lowers the balance.
  SELECT @Seq = MIN(SeqNo) FROM dbo.tarPendCustPmtAppl WHERE BatchKey = @iBatchKey;
  WHILE @Seq IS NOT NULL
  BEGIN
    INSERT INTO dbo.tarInvoiceAppl (ApplyToInvcKey, EntryNo, AppliedAtCreation, ApplyFromPmtKey, ApplyFromTranDate,
                                    ApplyFromTranID, ApplyFromTranType, BatchKey, DiscTakenAmt, DiscTakenAmtHC,
                                    PmtAmt, PmtAmtHC, PostDate)
    SELECT a.ApplyToInvcKey, i.NextApplEntryNo, 1, a.ApplyFromPmtKey, a.ApplyFromTranDate,
           a.ApplyFromTranID, p.TranType, a.BatchKey, a.DiscTakenAmt,
           standin.HomeAmt(a.DiscTakenAmt, a.CurrExchRate, @Digits),
           a.PmtAmt, standin.HomeAmt(a.PmtAmt, a.CurrExchRate, @Digits), @PostDate
      FROM dbo.tarPendCustPmtAppl a
      JOIN dbo.tarInvoice i ON i.InvcKey = a.ApplyToInvcKey
      JOIN dbo.tarCustPmt p ON p.CustPmtKey = a.ApplyFromPmtKey
     WHERE a.BatchKey = @iBatchKey AND a.SeqNo = @Seq;
    IF @@ROWCOUNT <> 1
    BEGIN;
      THROW 50001, 'An application names no invoice or no payment.', 1;
    END;
    INSERT INTO dbo.tarCustPmtAppl (CustPmtKey, EntryNo, ApplyToInvcKey, ApplyToTranDate, ApplyToTranID, BatchKey,
                                    CreateDate, CreateUserID, CurrExchRate, DiscTaken, DiscTakenAmtHC,
                                    PmtAmt, PmtAmtHC)
    SELECT a.ApplyFromPmtKey, p.NextApplEntryNo, a.ApplyToInvcKey, a.ApplyToTranDate, a.ApplyToTranID, a.BatchKey,
           @Now, 'clerk', a.CurrExchRate, a.DiscTakenAmt,
           standin.HomeAmt(a.DiscTakenAmt, a.CurrExchRate, @Digits),
           a.PmtAmt, standin.HomeAmt(a.PmtAmt, a.CurrExchRate, @Digits)
      FROM dbo.tarPendCustPmtAppl a
      JOIN dbo.tarCustPmt p ON p.CustPmtKey = a.ApplyFromPmtKey
     WHERE a.BatchKey = @iBatchKey AND a.SeqNo = @Seq;
    UPDATE p SET NextApplEntryNo = p.NextApplEntryNo + 1
      FROM dbo.tarCustPmt p JOIN dbo.tarPendCustPmtAppl a ON a.ApplyFromPmtKey = p.CustPmtKey
     WHERE a.BatchKey = @iBatchKey AND a.SeqNo = @Seq;
    UPDATE i
       SET Balance = i.Balance - q.Reduction,
           BalanceHC = CASE WHEN i.Balance = q.Reduction THEN 0
                            ELSE i.BalanceHC - standin.HomeAmt(q.Reduction, i.CurrExchRate, @Digits) END,
           DiscTakenAmt = i.DiscTakenAmt + q.DiscTakenAmt,
           NextApplEntryNo = i.NextApplEntryNo + 1,
           Status = CASE WHEN i.Balance = q.Reduction THEN 2 ELSE i.Status END,
           ClosingTranDate = CASE WHEN i.Balance = q.Reduction THEN q.ApplyFromTranDate END,
           ClosingPostDate = CASE WHEN i.Balance = q.Reduction THEN @PostDate END,
           UpdateDate = @Now, UpdateCounter = i.UpdateCounter + 1
      FROM dbo.tarInvoice i
      JOIN (SELECT ApplyToInvcKey, DiscTakenAmt, ApplyFromTranDate,
                   PmtAmtIC + DiscTakenAmtIC + WriteOffAmtIC AS Reduction
              FROM dbo.tarPendCustPmtAppl WHERE BatchKey = @iBatchKey AND SeqNo = @Seq) q
        ON q.ApplyToInvcKey = i.InvcKey;
    SELECT @Seq = MIN(SeqNo) FROM dbo.tarPendCustPmtAppl WHERE BatchKey = @iBatchKey AND SeqNo > @Seq;
  END;

  DELETE FROM dbo.tarPendCustPmtAppl WHERE BatchKey = @iBatchKey;
  DELETE FROM dbo.tarPendCustPmt WHERE BatchKey = @iBatchKey;
  EXEC standin.EndStep @iBatchKey, 'module', 250, @oRetVal OUTPUT;
  COMMIT TRANSACTION;
END;
GO
-- The lines of tglPosting become tglTransaction under fresh keys. A line of nothing has rate 1 (certain).
CREATE PROCEDURE dbo.spciGLPost
  @iBatchKey int,
  @iSourceModule smallint,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Begun int, @CompanyID varchar(3), @PostDate datetime, @Year varchar(5), @Per smallint,
          @Count int, @First int, @Last int, @Day varchar(30);
  SET @oRetVal = 1;
  SELECT @PostDate = PostDate, @CompanyID = PostCompanyID FROM dbo.tciBatchLog WHERE BatchKey = @iBatchKey;
  SELECT @Year = FiscYear, @Per = FiscPer FROM dbo.tglFiscalPeriod
   WHERE CompanyID = @CompanyID AND @PostDate BETWEEN StartDate AND EndDate AND Status <> 2 AND LockAR = 0;
  IF @Year IS NULL
  BEGIN
    SET @Day = CONVERT(varchar(10), @PostDate, 120);
    EXEC standin.LogError @iBatchKey, @iBatchKey, 2, 'period_closed', @Day;
    RETURN;
  END;
  BEGIN TRANSACTION;
  EXEC standin.BeginStep @iBatchKey, 250, 300, @Begun OUTPUT;
  IF @Begun = 0
  BEGIN
    EXEC standin.LogError @iBatchKey, @iBatchKey, 2, 'wrong_step', 'gl';
    COMMIT TRANSACTION;
    RETURN;
  END;
  SELECT @Count = COUNT(*) FROM dbo.tglPosting WHERE BatchKey = @iBatchKey;
  IF @Count > 0
  BEGIN
    EXEC dbo.spGetNextBlockSurrogateKey 'tglTransaction', @Count, @First OUTPUT, @Last OUTPUT;
    INSERT INTO dbo.tglTransaction (glTranKey, BatchKey, CreateDate, CreateType, CurrExchRate, CurrID, FiscPer,
                                    FiscYear, GLAcctKey, JrnlKey, PostAmt, PostAmtHC, PostCmnt, PostDate,
                                    SourceModuleNo, TranDate, TranKey, TranNo, TranType)
    SELECT @First - 1 + ROW_NUMBER() OVER (ORDER BY p.PostingKey), p.BatchKey, GETDATE(), 1,
           CASE WHEN p.PostAmt = 0 THEN 1 ELSE CAST(p.PostAmtHC AS float) / CAST(p.PostAmt AS float) END,
           p.CurrID, @Per, @Year, p.GLAcctKey, t.JrnlKey, p.PostAmt, p.PostAmtHC, p.PostCmnt, p.PostDate,
           p.SourceModuleNo, p.TranDate, p.TranKey, p.TranNo, p.TranType
      FROM dbo.tglPosting p
      LEFT JOIN dbo.tciTranTypeCompany t ON t.CompanyID = @CompanyID AND t.TranType = p.TranType
     WHERE p.BatchKey = @iBatchKey;
  END;
  EXEC standin.EndStep @iBatchKey, 'gl', 350, @oRetVal OUTPUT;
  COMMIT TRANSACTION;
END;
GO
-- The work table is emptied and the batch is posted: Status 6, PostStatus 500. The last step can
-- break off between the two.
CREATE PROCEDURE dbo.spciModCleanup
  @iBatchKey int,
  @iSourceModule smallint,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Begun int;
  SET @oRetVal = 0;
  BEGIN TRANSACTION;
  EXEC standin.BeginStep @iBatchKey, 350, 400, @Begun OUTPUT;
  IF @Begun = 1
  BEGIN
    DELETE FROM dbo.tglPosting WHERE BatchKey = @iBatchKey;
    EXEC standin.EndStep @iBatchKey, 'cleanup', 450, @oRetVal OUTPUT;
  END;
  IF @oRetVal = 0
  BEGIN
    UPDATE dbo.tciBatchLog SET Status = 6, PostStatus = 500, UpdateCounter = UpdateCounter + 1
     WHERE BatchKey = @iBatchKey AND PostStatus = 450 AND Status IN (5, 7);
    IF @@ROWCOUNT = 0
    BEGIN
      EXEC standin.LogError @iBatchKey, @iBatchKey, 2, 'wrong_step', 'cleanup';
      SET @oRetVal = 1;
    END;
  END;
  COMMIT TRANSACTION;
END;
GO
