-- A reversing receipt for one of ours that was posted (NSF, chargeback, refund of everything):
-- a new pending entry with RevrsCustPmtKey in an unposted batch (reference 5 and 14.5).
--
-- All of it is inferred: type, sign and what Sage does with it at posting. It refuses to do anything
-- until the site says that it was rehearsed in a test company. Applications of the original are
-- reversed by a person in Sage first (AR > Activities > Reverse Applications).
-- @OfIdemKey: the key under which the original was submitted. Always the whole amount; rate and home
-- amount are those of the original, so that both cancel out.
-- @oRetVal: as ReceiptSubmit.
IF OBJECT_ID('$(Schema).ReversalSubmit', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReversalSubmit;
GO
CREATE PROCEDURE $(Schema).ReversalSubmit
  @IdemKey varchar(64),
  @OfIdemKey varchar(64),
  @PostDate datetime,
  @TranDate datetime,
  @TranNo varchar(10),
  @Comment varchar(50),
  @GatewayRef varchar(64),
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

  DECLARE @Key int, @OfKey int, @BatchKey int, @BatchID varchar(12), @TranID varchar(13), @Seq int, @Status int,
          @Ret int, @Try int, @Keep int, @Lock int, @Resource nvarchar(100), @Error int, @Now datetime,
          @Hash varchar(100), @OurHash varchar(100), @OurState varchar(20), @Other varchar(64), @Field varchar(20), @Sign int,
          @CompanyID varchar(3), @CustID varchar(12), @CashAcctID varchar(15), @CurrID varchar(3), @Amt decimal(15,3),
          @AmtHC decimal(15,3), @Unapplied decimal(15,3), @Rate float, @OfTranID varchar(13), @TranType int,
          @CustKey int, @CustClassKey int, @AllowWriteOff smallint, @CashAcctKey int, @RateNow float, @HomeDigits int,
          @Overpay smallint, @MaxWriteOff decimal(15,3), @NationalAccts smallint;
  SELECT @oBatchKey = NULL, @oBatchID = NULL, @oCustPmtKey = NULL, @oTranID = NULL, @oReason = NULL,
         @oRetVal = NULL, @oMessage = NULL, @Try = 0, @Now = GETDATE(),
         @Sign = CASE $(ReversalNegative) WHEN 1 THEN -1 ELSE 1 END;
  IF @@TRANCOUNT > 0
  BEGIN
    SELECT @oRetVal = 99, @oReason = 'open_transaction',
           @oMessage = 'called inside a transaction: nothing was done';
    RETURN;
  END;
  IF $(ReversalRehearsed) <> 1
  BEGIN
    SELECT @oRetVal = 10, @oReason = 'not_rehearsed',
           @oMessage = 'reversals are switched off until the site has rehearsed one in a test company';
    RETURN;
  END;

  BEGIN TRY
    SELECT @IdemKey = RTRIM(@IdemKey), @OfIdemKey = RTRIM(@OfIdemKey), @TranNo = RTRIM(@TranNo),
           @Comment = COALESCE(RTRIM(@Comment), ''), @GatewayRef = RTRIM(@GatewayRef),
           @UserID = COALESCE(NULLIF(RTRIM(@UserID), ''), '$(SageUser)'),
           @PostDate = CAST(CAST(@PostDate AS date) AS datetime), @TranDate = CAST(CAST(@TranDate AS date) AS datetime);
    SET @Field = CASE WHEN COALESCE(@IdemKey, '') = '' THEN 'idempotency_key'
                      WHEN COALESCE(@OfIdemKey, '') = '' THEN 'of_key'
                      WHEN COALESCE(@TranNo, '') = '' THEN 'tran_no'
                      WHEN COALESCE(@GatewayRef, '') = '' THEN 'gateway_reference'
                      WHEN @PostDate IS NULL THEN 'post_date'
                      WHEN @TranDate IS NULL THEN 'tran_date' END;
    IF @Field IS NOT NULL
      SELECT @oRetVal = 10, @oReason = 'bad_field', @oMessage = @Field + ' is missing';
    ELSE IF @IdemKey + @TranNo + @Comment + @GatewayRef + @UserID
            LIKE '%[' + CHAR(1) + '-' + CHAR(31) + CHAR(127) + ']%' COLLATE Latin1_General_BIN2
      SELECT @oRetVal = 10, @oReason = 'bad_text', @oMessage = 'a text has characters the ERP cannot store';
    ELSE
    BEGIN
      IF LEN(@TranNo) < $(TranNoWidth)
        SET @TranNo = RIGHT(REPLICATE('0', $(TranNoWidth)) + @TranNo, $(TranNoWidth));
      SET @Hash = $(Schema).Digest(@OfIdemKey + CHAR(31) + CONVERT(varchar(8), @PostDate, 112) + CHAR(31)
                + CONVERT(varchar(8), @TranDate, 112) + CHAR(31) + @TranNo + CHAR(31) + @Comment + CHAR(31) + @GatewayRef);
      IF NOT EXISTS (SELECT 1 FROM $(Schema).Receipt WHERE IdemKey = @IdemKey)
      BEGIN
        EXEC $(Schema).PaymentKey @Key OUTPUT, @oMessage OUTPUT;
        IF @Key IS NULL
          SELECT @oRetVal = 99, @oReason = 'key_counter';
      END;
    END;

    -- A second round follows when a batch had to be made first.
    WHILE @oRetVal IS NULL
    BEGIN
      SELECT @Try = @Try + 1, @Keep = 0, @BatchKey = NULL, @OurHash = NULL, @OfKey = NULL, @OurState = NULL, @Other = NULL, @Amt = NULL;
      BEGIN TRANSACTION;
      -- The original is locked as a receipt is, so that it is reversed once.
      SET @Resource = '$(Schema).receipt:' + @IdemKey;
      EXEC @Lock = sp_getapplock @Resource = @Resource, @LockMode = 'Exclusive',
                                 @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
      IF @Lock >= 0
      BEGIN
        SET @Resource = '$(Schema).receipt:' + @OfIdemKey;
        EXEC @Lock = sp_getapplock @Resource = @Resource, @LockMode = 'Exclusive',
                                   @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
      END;
      IF @Lock < 0
        SELECT @oRetVal = 20, @oReason = CASE @Lock WHEN -3 THEN 'deadlock' ELSE 'lock_timeout' END,
               @oMessage = 'this receipt is being written by somebody else';

      IF @oRetVal IS NULL
      BEGIN
        SELECT @OurHash = PayloadHash, @oCustPmtKey = CustPmtKey, @oBatchKey = BatchKey, @oBatchID = BatchID,
               @oTranID = TranID
          FROM $(Schema).Receipt WHERE IdemKey = @IdemKey;
        IF @OurHash <> @Hash
          SELECT @oRetVal = 11, @oReason = 'key_reused', @oMessage = 'the key stands for other content';
        ELSE IF @OurHash IS NOT NULL
        BEGIN
          SELECT @OurState = State FROM $(Schema).vReceipt WHERE IdemKey = @IdemKey;
          IF @OurState IN ('withdrawn', 'deleted')
          BEGIN
            UPDATE $(Schema).Receipt SET State = @OurState WHERE IdemKey = @IdemKey AND State = 'live';
            SELECT @oRetVal = 10, @oReason = 'receipt_' + @OurState, @oMessage = 'this receipt was ' + @OurState, @Keep = 1;
          END
          ELSE
            SELECT @oRetVal = 2, @oReason = '', @oMessage = '';
        END;
        IF @oRetVal IN (10, 11)
          SELECT @oCustPmtKey = NULL, @oBatchKey = NULL, @oBatchID = NULL, @oTranID = NULL;
      END;

      IF @oRetVal IS NULL
      BEGIN
        SELECT @Other = IdemKey FROM $(Schema).Receipt
         WHERE CompanyID = (SELECT CompanyID FROM $(Schema).Receipt WHERE IdemKey = @OfIdemKey)
           AND GatewayRef = @GatewayRef AND State = 'live';
        IF @Other IS NOT NULL
        BEGIN
          SELECT @OurState = State FROM $(Schema).vReceipt WHERE IdemKey = @Other;
          IF @OurState = 'deleted'
            UPDATE $(Schema).Receipt SET State = 'deleted' WHERE IdemKey = @Other;
          ELSE
            SELECT @oRetVal = 10, @oReason = 'duplicate_reference', @oMessage = @Other + ' has this gateway reference';
        END;
      END;

      -- The original: ours, posted, no longer applied to anything, not reversed yet.
      IF @oRetVal IS NULL
      BEGIN
        SELECT @OfKey = v.CustPmtKey, @OurState = v.State, @CompanyID = v.CompanyID, @CustID = v.CustID,
               @OfTranID = v.TranID, @CurrID = v.CurrID
          FROM $(Schema).vReceipt v WHERE v.IdemKey = @OfIdemKey AND v.RevrsCustPmtKey IS NULL;
        SELECT @Amt = p.TranAmt, @AmtHC = p.TranAmtHC, @Unapplied = p.UnappliedAmt, @Rate = p.CurrExchRate,
               @CashAcctID = a.CashAcctID
          FROM dbo.tarCustPmt p
          JOIN dbo.tarBatch b ON b.BatchKey = p.BatchKey
          JOIN dbo.tcmCashAcct a ON a.CashAcctKey = b.CashAcctKey
         WHERE p.CustPmtKey = @OfKey;
        IF @OfKey IS NULL
          SELECT @oRetVal = 10, @oReason = 'not_found', @oMessage = 'no receipt under this key';
        ELSE IF @OurState <> 'posted' OR @Amt IS NULL
          SELECT @oRetVal = 10, @oReason = 'not_posted', @oMessage = @OfTranID + ' is ' + @OurState;
        ELSE IF EXISTS (SELECT 1 FROM dbo.tarPendCustPmt WHERE RevrsCustPmtKey = @OfKey)
             OR EXISTS (SELECT 1 FROM dbo.tarCustPmt WHERE RevrsCustPmtKey = @OfKey)
          SELECT @oRetVal = 10, @oReason = 'already_reversed', @oMessage = @OfTranID + ' has a reversing receipt';
        ELSE IF @Unapplied <> @Amt
          SELECT @oRetVal = 10, @oReason = 'still_applied',
                 @oMessage = 'reverse the applications of ' + @OfTranID + ' in Sage first';
      END;

      IF @oRetVal IS NULL
        EXEC $(Schema).ReceiptCheck @CompanyID, @CustID, @CashAcctID, @PostDate, @TranDate, @TranNo, @CurrID,
             @Amt, 0, @Comment, $(ReversalTranType), @TranType OUTPUT, @TranID OUTPUT, @CustKey OUTPUT,
             @CustClassKey OUTPUT, @AllowWriteOff OUTPUT, @CashAcctKey OUTPUT, @RateNow OUTPUT, @HomeDigits OUTPUT,
             @Overpay OUTPUT, @MaxWriteOff OUTPUT, @NationalAccts OUTPUT, @oReason OUTPUT, @oRetVal OUTPUT, @oMessage OUTPUT;

      IF @oRetVal IS NULL
      BEGIN
        SET @Resource = '$(Schema).batch:' + @CompanyID + ':' + CONVERT(varchar(11), @CashAcctKey) + ':'
                      + CONVERT(varchar(8), @PostDate, 112) + ':' + @CurrID;
        EXEC @Lock = sp_getapplock @Resource = @Resource, @LockMode = 'Exclusive',
                                   @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
        IF @Lock < 0
          SELECT @oRetVal = 20, @oReason = CASE @Lock WHEN -3 THEN 'deadlock' ELSE 'lock_timeout' END,
                 @oMessage = 'another receipt of this batch is being written';
      END;
      IF @oRetVal IS NULL
      BEGIN
        SELECT TOP (1) @BatchKey = BatchKey, @BatchID = BatchID, @Seq = NextSeqNo
          FROM $(Schema).vOpenBatch WITH (UPDLOCK, ROWLOCK)
         WHERE CompanyID = @CompanyID AND CashAcctKey = @CashAcctKey AND PostDate = @PostDate AND CurrID = @CurrID
         ORDER BY BatchKey;
        IF @BatchKey IS NULL AND @Try >= 3
          SELECT @oRetVal = 14, @oReason = 'batch_not_open', @oMessage = 'somebody opens our batches as soon as they are made';
      END;

      IF @oRetVal IS NULL AND @BatchKey IS NOT NULL
      BEGIN
        SELECT @Amt = @Sign * @Amt, @AmtHC = @Sign * @AmtHC;
        INSERT INTO dbo.tarCustPmtLog (CustPmtKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo, TranStatus, TranType)
          VALUES (@Key, @CompanyID, @AmtHC, @TranDate, @TranID, @TranNo, $(PendingTranStatus), @TranType);
        INSERT INTO dbo.tarPendCustPmt (CustPmtKey, BatchKey, CreateDate, CreateType, CreateUserID, CurrExchRate, CurrID,
                                        CustClassKey, CustKey, PmtRcptDate, RevrsCustPmtKey, SeqNo, TranAmt, TranAmtHC,
                                        TranCmnt, TranDate, TranID, TranNo, TranType, UnappliedAmt, UnappliedAmtHC)
          VALUES (@Key, @BatchKey, @Now, $(CreateType), @UserID, @Rate, @CurrID,
                  @CustClassKey, @CustKey, @TranDate, @OfKey, @Seq, @Amt, @AmtHC,
                  @Comment, @TranDate, @TranID, @TranNo, @TranType, @Amt, @AmtHC);
        INSERT INTO $(Schema).Receipt (IdemKey, CompanyID, GatewayRef, PayloadHash, CustPmtKey, BatchKey, BatchID, CustKey,
                                       TranID, TranDate, PostDate, CurrID, TranAmt, RevrsCustPmtKey, CreateDate, UpdateDate)
          VALUES (@IdemKey, @CompanyID, @GatewayRef, @Hash, @Key, @BatchKey, @BatchID, @CustKey,
                  @TranID, @TranDate, @PostDate, @CurrID, @Amt, @OfKey, @Now, @Now);
        UPDATE dbo.tciBatchLog
           SET BatchTotal = BatchTotal + @Amt, NextSeqNo = NextSeqNo + 1, UpdateCounter = UpdateCounter + 1
         WHERE BatchKey = @BatchKey;
        UPDATE h
           SET Hold = $(HoldAfter), HoldReason = CASE $(HoldAfter) WHEN 1 THEN '$(HoldReason)' END,
               TranCtrl = l.BatchTotal, UpdateCounter = h.UpdateCounter + 1
          FROM dbo.tarBatch h JOIN dbo.tciBatchLog l ON l.BatchKey = h.BatchKey
         WHERE h.BatchKey = @BatchKey;
        EXEC $(BatchStatusProc) @BatchKey, @Status OUTPUT, @Ret OUTPUT;
        IF NOT EXISTS (SELECT 1
                         FROM dbo.tarPendCustPmt p
                         JOIN dbo.tarCustPmtLog g ON g.CustPmtKey = p.CustPmtKey
                         JOIN dbo.tciBatchLog l ON l.BatchKey = p.BatchKey
                        WHERE p.CustPmtKey = @Key AND p.BatchKey = @BatchKey AND p.CustKey = @CustKey
                          AND p.TranAmt = @Amt AND p.UnappliedAmt = @Amt AND p.RevrsCustPmtKey = @OfKey
                          AND p.TranID = @TranID AND p.TranDate = @TranDate AND COALESCE(p.TranCmnt, '') = @Comment
                          AND g.CompanyID = @CompanyID AND g.TranNo = @TranNo
                          AND l.NextSeqNo = @Seq + 1 AND l.PostStatus = 0)
          SELECT @oRetVal = 99, @oReason = 'error',
                 @oMessage = 'receipt ' + CONVERT(varchar(11), @Key) + ' was not written as ordered';
        ELSE IF COALESCE(@Status, 0) <> CASE $(HoldAfter) WHEN 1 THEN $(StatusOnHold) ELSE $(StatusBalanced) END
          SELECT @oRetVal = 99, @oReason = 'error',
                 @oMessage = 'batch ' + @BatchID + ' does not balance: status ' + COALESCE(CONVERT(varchar(11), @Status), 'none');
        ELSE
          SELECT @oRetVal = 1, @oReason = '', @oMessage = '', @oCustPmtKey = @Key, @oBatchKey = @BatchKey,
                 @oBatchID = @BatchID, @oTranID = @TranID, @Keep = 1;
      END;

      IF @Keep = 1 AND @@TRANCOUNT = 1
        COMMIT TRANSACTION;
      ELSE
      BEGIN
        IF @@TRANCOUNT > 0
          ROLLBACK TRANSACTION;
        IF @Keep = 1
          SELECT @oRetVal = 99, @oReason = 'error', @oMessage = 'a procedure or trigger ended our transaction',
                 @oCustPmtKey = NULL, @oBatchKey = NULL, @oBatchID = NULL, @oTranID = NULL;
      END;
      IF @oRetVal IS NULL
      BEGIN
        EXEC $(Schema).BatchOpen @CompanyID, @CashAcctKey, @PostDate, @CurrID, @UserID,
             @oReason OUTPUT, @oRetVal OUTPUT, @oMessage OUTPUT;
        IF @oRetVal = 1
          SET @oRetVal = NULL;
      END;
    END;
  END TRY
  BEGIN CATCH
    SELECT @Error = ERROR_NUMBER(),
           @oMessage = LEFT(CONVERT(varchar(11), ERROR_NUMBER()) + ': ' + ERROR_MESSAGE(), 400);
    IF @@TRANCOUNT > 0
      ROLLBACK TRANSACTION;
    SELECT @oCustPmtKey = NULL, @oBatchKey = NULL, @oBatchID = NULL, @oTranID = NULL,
           @oRetVal = CASE WHEN @Error IN (1205, 1222) THEN 20 ELSE 99 END,
           @oReason = CASE @Error WHEN 1205 THEN 'deadlock' WHEN 1222 THEN 'lock_timeout' ELSE 'error' END;
  END CATCH;
END;
GO
