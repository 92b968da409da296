-- One cash receipt into an unposted batch, once (reference 14.2 and 14.3). No posted table is ever
-- written; register and posting are Sage's own.
--
-- @Appl: the applications, see ApplRows; NULL or no <a> leaves the receipt unapplied.
-- @oRetVal: 1 created, 2 already there (same key, same content), 10 refused (@oReason says why),
--   11 key reused with other content, 12 period closed, 13 more than is payable, 14 no batch could
--   be had, 20 try again (deadlock, lock), 99 error: rolled back, @oMessage has number and text.
-- The caller checks the lengths of texts: SQL Server cuts a parameter that is too long in silence.
IF OBJECT_ID('$(Schema).ReceiptSubmit', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptSubmit;
GO
CREATE PROCEDURE $(Schema).ReceiptSubmit
  @IdemKey varchar(64),
  @CompanyID varchar(3),
  @CustID varchar(12),
  @CashAcctID varchar(15),
  @PostDate datetime,
  @TranDate datetime,
  @TranNo varchar(10),
  @CurrID varchar(3),
  @TranAmt decimal(15,3),
  @Comment varchar(50),
  @GatewayRef varchar(64),
  @Appl xml,
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

  DECLARE @Key int, @BatchKey int, @BatchID varchar(12), @TranID varchar(13), @Seq int, @Status int,
          @Ret int, @Try int, @Keep int, @Lock int, @Resource nvarchar(100), @Error int, @Now datetime,
          @Hash varchar(100), @OurHash varchar(100), @OurState varchar(20), @Other varchar(64), @Links varchar(max),
          @Control varchar(40), @Unnamed int, @Unreadable int, @Empty int, @Count int, @Names int, @Decimals int,
          @Applied decimal(28,6), @Discount decimal(28,6), @WriteOff decimal(28,6),
          @TranType int, @CustKey int, @CustClassKey int, @AllowWriteOff smallint, @CashAcctKey int,
          @Rate float, @HomeDigits int, @TranAmtHC decimal(15,3), @UnappliedAmt decimal(15,3), @UnappliedAmtHC decimal(15,3),
          @Overpay smallint, @MaxWriteOff decimal(15,3), @NationalAccts smallint;
  -- The applications, and beside each the document it pays.
  DECLARE @Link TABLE (
          Place int NOT NULL, Name varchar(20) NULL, PmtAmt decimal(18,6) NULL, DiscTakenAmt decimal(18,6) NULL,
          WriteOffAmt decimal(18,6) NULL, InvcKey int NULL, TranID varchar(13) NULL, TranDate datetime NULL,
          TranType int NULL, CustKey int NULL, CurrID varchar(3) NULL, InDispute smallint NULL,
          Balance decimal(15,3) NULL, DiscLeft decimal(15,3) NULL, DiscDate datetime NULL);

  SELECT @oBatchKey = NULL, @oBatchID = NULL, @oCustPmtKey = NULL, @oTranID = NULL, @oReason = NULL,
         @oRetVal = NULL, @oMessage = NULL, @Try = 0, @Now = GETDATE();
  IF @@TRANCOUNT > 0
  BEGIN
    SELECT @oRetVal = 99, @oReason = 'open_transaction',
           @oMessage = 'called inside a transaction: nothing was done';
    RETURN;
  END;

  BEGIN TRY
    -- 0. Shape: every field there, text that can be stored, amounts whole thousandths.
    SELECT @IdemKey = RTRIM(@IdemKey), @CompanyID = RTRIM(@CompanyID), @CustID = RTRIM(@CustID),
           @CashAcctID = RTRIM(@CashAcctID), @TranNo = RTRIM(@TranNo), @CurrID = RTRIM(@CurrID),
           @Comment = COALESCE(RTRIM(@Comment), ''), @GatewayRef = RTRIM(@GatewayRef),
           @UserID = COALESCE(RTRIM(@UserID), ''),
           @PostDate = CAST(CAST(@PostDate AS date) AS datetime),
           @TranDate = CAST(CAST(@TranDate AS date) AS datetime);
    INSERT INTO @Link (Place, Name, PmtAmt, DiscTakenAmt, WriteOffAmt)
    SELECT Place, TranID, PmtAmt, DiscTakenAmt, WriteOffAmt
      FROM $(Schema).ApplRows(@Appl);
    SELECT @Count = COUNT(*), @Names = COUNT(DISTINCT Name), @Applied = COALESCE(SUM(PmtAmt), 0),
           @Discount = COALESCE(SUM(DiscTakenAmt), 0), @WriteOff = COALESCE(SUM(WriteOffAmt), 0),
           @Unnamed = COALESCE(SUM(CASE WHEN COALESCE(Name, '') = '' THEN 1 ELSE 0 END), 0),
           @Unreadable = COALESCE(SUM(CASE WHEN PmtAmt >= 0 AND PmtAmt = ROUND(PmtAmt, 3)
                                            AND DiscTakenAmt >= 0 AND DiscTakenAmt = ROUND(DiscTakenAmt, 3)
                                            AND WriteOffAmt >= 0 AND WriteOffAmt = ROUND(WriteOffAmt, 3)
                                           THEN 0 ELSE 1 END), 0),
           @Empty = COALESCE(SUM(CASE WHEN PmtAmt + DiscTakenAmt + WriteOffAmt = 0 THEN 1 ELSE 0 END), 0),
           @Decimals = COALESCE(MAX(CASE WHEN PmtAmt + DiscTakenAmt + WriteOffAmt = ROUND(PmtAmt + DiscTakenAmt + WriteOffAmt, 0) THEN 0
                                         WHEN PmtAmt + DiscTakenAmt + WriteOffAmt = ROUND(PmtAmt + DiscTakenAmt + WriteOffAmt, 1) THEN 1
                                         WHEN PmtAmt + DiscTakenAmt + WriteOffAmt = ROUND(PmtAmt + DiscTakenAmt + WriteOffAmt, 2) THEN 2
                                         ELSE 3 END), 0)
      FROM @Link;
    SET @Other = CASE WHEN COALESCE(@IdemKey, '') = '' THEN 'idempotency_key'
                      WHEN COALESCE(@CompanyID, '') = '' THEN 'company_id'
                      WHEN COALESCE(@CustID, '') = '' THEN 'customer_id'
                      WHEN COALESCE(@CashAcctID, '') = '' THEN 'cash_account_id'
                      WHEN COALESCE(@TranNo, '') = '' THEN 'tran_no'
                      WHEN COALESCE(@CurrID, '') = '' THEN 'currency'
                      WHEN COALESCE(@GatewayRef, '') = '' THEN 'gateway_reference'
                      WHEN @Unnamed > 0 THEN 'invoice_tran_id'
                      WHEN @PostDate IS NULL THEN 'post_date'
                      WHEN @TranDate IS NULL THEN 'tran_date'
                      WHEN @TranAmt IS NULL THEN 'amount' END;
    IF @Other IS NOT NULL
      SELECT @oRetVal = 10, @oReason = 'bad_field', @oMessage = @Other + ' is missing';

    IF @oRetVal IS NULL
    BEGIN
      SET @Control = '%[' + CHAR(1) + '-' + CHAR(31) + CHAR(127) + ']%';
      IF @IdemKey + @CompanyID + @CustID + @CashAcctID + @TranNo + @CurrID + @Comment + @GatewayRef + @UserID
         LIKE @Control COLLATE Latin1_General_BIN2
        SELECT @oRetVal = 10, @oReason = 'bad_text',
               @oMessage = CASE WHEN @IdemKey LIKE @Control COLLATE Latin1_General_BIN2 THEN 'idempotency_key'
                                WHEN @CompanyID LIKE @Control COLLATE Latin1_General_BIN2 THEN 'company_id'
                                WHEN @CustID LIKE @Control COLLATE Latin1_General_BIN2 THEN 'customer_id'
                                WHEN @CashAcctID LIKE @Control COLLATE Latin1_General_BIN2 THEN 'cash_account_id'
                                WHEN @TranNo LIKE @Control COLLATE Latin1_General_BIN2 THEN 'tran_no'
                                WHEN @CurrID LIKE @Control COLLATE Latin1_General_BIN2 THEN 'currency'
                                WHEN @Comment LIKE @Control COLLATE Latin1_General_BIN2 THEN 'comment'
                                WHEN @UserID LIKE @Control COLLATE Latin1_General_BIN2 THEN 'user_id'
                                ELSE 'gateway_reference' END + ' has characters the ERP cannot store';
      ELSE IF @TranAmt < 0
        SELECT @oRetVal = 10, @oReason = 'bad_amount', @oMessage = 'amount is negative';
      ELSE IF @Unreadable > 0
        SELECT @oRetVal = 10, @oReason = 'bad_amount',
               @oMessage = 'an application has an amount that is negative or no whole thousandth';
    END;

    -- 1. What the content is, whatever the order of the applications.
    IF @oRetVal IS NULL
    BEGIN
      IF @UserID = ''
        SET @UserID = '$(SageUser)';
      IF LEN(@TranNo) < $(TranNoWidth)
        SET @TranNo = RIGHT(REPLICATE('0', $(TranNoWidth)) + @TranNo, $(TranNoWidth));
      SET @Decimals = CASE WHEN @TranAmt <> ROUND(@TranAmt, 2) THEN 3
                           WHEN @TranAmt <> ROUND(@TranAmt, 1) AND @Decimals < 2 THEN 2
                           WHEN @TranAmt <> ROUND(@TranAmt, 0) AND @Decimals < 1 THEN 1
                           ELSE @Decimals END;
      SET @Links = (SELECT Name + '=' + CONVERT(varchar(20), CONVERT(decimal(15,3), PmtAmt))
                         + '/' + CONVERT(varchar(20), CONVERT(decimal(15,3), DiscTakenAmt))
                         + '/' + CONVERT(varchar(20), CONVERT(decimal(15,3), WriteOffAmt)) + ';'
                      FROM @Link
                     ORDER BY Name, PmtAmt, DiscTakenAmt, WriteOffAmt
                       FOR XML PATH(''));
      SET @Hash = $(Schema).Digest(@CompanyID + CHAR(31) + @CustID + CHAR(31) + @CashAcctID + CHAR(31)
                + CONVERT(varchar(8), @PostDate, 112) + CHAR(31) + CONVERT(varchar(8), @TranDate, 112) + CHAR(31)
                + @TranNo + CHAR(31) + @CurrID + CHAR(31) + CONVERT(varchar(20), @TranAmt) + CHAR(31)
                + @Comment + CHAR(31) + @GatewayRef + CHAR(31) + COALESCE(@Links, ''));
      -- 5. The receipt's key, before the transaction.
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
      SELECT @Try = @Try + 1, @Keep = 0, @BatchKey = NULL, @OurHash = NULL, @Other = NULL;
      BEGIN TRANSACTION;
      SET @Resource = '$(Schema).receipt:' + @IdemKey;
      EXEC @Lock = sp_getapplock @Resource = @Resource, @LockMode = 'Exclusive',
                                 @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
      IF @Lock < 0
        SELECT @oRetVal = 20, @oReason = CASE @Lock WHEN -3 THEN 'deadlock' ELSE 'lock_timeout' END,
               @oMessage = 'this receipt is being written by somebody else';

      -- Is it there already? One that was taken back or deleted is never made again.
      IF @oRetVal IS NULL
      BEGIN
        SELECT @OurHash = PayloadHash, @oCustPmtKey = CustPmtKey, @oBatchKey = BatchKey, @oBatchID = BatchID,
               @oTranID = TranID
          FROM $(Schema).Receipt WHERE IdemKey = @IdemKey;
        IF @OurHash <> @Hash
          SELECT @oRetVal = 11, @oReason = 'key_reused', @oMessage = 'the key stands for other content',
                 @oCustPmtKey = NULL, @oBatchKey = NULL, @oBatchID = NULL, @oTranID = NULL;
        ELSE IF @OurHash IS NOT NULL
        BEGIN
          SELECT @OurState = State FROM $(Schema).vReceipt WHERE IdemKey = @IdemKey;
          IF @OurState IN ('withdrawn', 'deleted')
          BEGIN
            UPDATE $(Schema).Receipt SET State = @OurState WHERE IdemKey = @IdemKey AND State = 'live';
            SELECT @oRetVal = 10, @oReason = 'receipt_' + @OurState, @oMessage = 'this receipt was ' + @OurState,
                   @oCustPmtKey = NULL, @oBatchKey = NULL, @oBatchID = NULL, @oTranID = NULL, @Keep = 1;
          END
          ELSE
            SELECT @oRetVal = 2, @oReason = '', @oMessage = '';
        END;
      END;

      -- At most one live receipt per gateway reference; one that a person deleted is not live.
      IF @oRetVal IS NULL
      BEGIN
        SELECT @Other = IdemKey FROM $(Schema).Receipt
         WHERE CompanyID = @CompanyID AND GatewayRef = @GatewayRef AND State = 'live';
        IF @Other IS NOT NULL
        BEGIN
          SELECT @OurState = State FROM $(Schema).vReceipt WHERE IdemKey = @Other;
          IF @OurState = 'deleted'
            UPDATE $(Schema).Receipt SET State = 'deleted' WHERE IdemKey = @Other;
          ELSE
            SELECT @oRetVal = 10, @oReason = 'duplicate_reference', @oMessage = @Other + ' has this gateway reference';
        END;
      END;

      -- 2 and 3. Customer, cash account, currency, period, duplicates.
      IF @oRetVal IS NULL
        EXEC $(Schema).ReceiptCheck @CompanyID, @CustID, @CashAcctID, @PostDate, @TranDate, @TranNo, @CurrID,
             @TranAmt, @Decimals, @Comment, $(ReceiptTranType), @TranType OUTPUT, @TranID OUTPUT, @CustKey OUTPUT,
             @CustClassKey OUTPUT, @AllowWriteOff OUTPUT, @CashAcctKey OUTPUT, @Rate OUTPUT, @HomeDigits OUTPUT,
             @Overpay OUTPUT, @MaxWriteOff OUTPUT, @NationalAccts OUTPUT, @oReason OUTPUT, @oRetVal OUTPUT, @oMessage OUTPUT;

      -- One writer at a time in a batch; always after the key's lock, before the invoices' locks.
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
        -- The documents are locked first and the pending applications summed in a statement of its
        -- own: under row versions one statement would count what was there when it began to wait.
        UPDATE d
           SET InvcKey = f.InvcKey, TranID = f.TranID, TranDate = f.TranDate, TranType = f.TranType, CustKey = f.CustKey,
               CurrID = f.CurrID, InDispute = f.InDispute, Balance = f.Balance, DiscLeft = f.DiscLeft, DiscDate = f.DiscDate
          FROM @Link d
         CROSS APPLY (SELECT TOP (1) i.InvcKey, i.TranID, i.TranDate, i.TranType, i.CustKey, i.CurrID, i.InDispute, i.Balance,
                             i.DiscAmt - i.DiscTakenAmt AS DiscLeft, i.DiscDate
                        FROM dbo.tarInvoice i WITH (UPDLOCK, ROWLOCK)
                       WHERE i.CompanyID = @CompanyID AND i.TranID = d.Name COLLATE DATABASE_DEFAULT) f;
        -- A parent's receipt may pay children's documents; a discount counts until DiscDate (inferred). What
        -- unposted receipts take of it is not there any more (our own rule).
        SELECT TOP (1) @oReason = c.Reason,
               @oRetVal = CASE c.Reason WHEN 'balance_changed' THEN 13 ELSE 10 END,
               @oMessage = CASE c.Reason
                 WHEN 'unknown_invoice' THEN 'no document ' + c.Name
                 WHEN 'not_payable' THEN c.Name + ' is not a payable document'
                 WHEN 'wrong_customer' THEN c.TranID + ' is another customer''s'
                 WHEN 'currency_mismatch' THEN c.Name + ' is in ' + c.CurrID
                 WHEN 'in_dispute' THEN c.TranID + ' is in dispute'
                 WHEN 'discount_not_allowed' THEN 'no such discount on ' + c.TranID
                 WHEN 'write_off_not_allowed' THEN 'write-off on ' + c.Name + ' is over the limit'
                 ELSE c.Name + ' has ' + $(Schema).AmtText(c.Payable) + ' payable' END
          FROM (SELECT d.Place, d.Name, d.TranID, d.CurrID, d.Balance - p.Pending AS Payable,
                       CASE WHEN d.InvcKey IS NULL THEN 'unknown_invoice'
                            WHEN d.TranType NOT IN ($(PayableTypes)) THEN 'not_payable'
                            WHEN d.CustKey <> @CustKey
                             AND (@NationalAccts = 0
                                  OR NOT EXISTS (SELECT 1 FROM dbo.tarNationalAcctMember m
                                                  WHERE m.ParentCustKey = @CustKey AND m.ChildCustKey = d.CustKey))
                            THEN 'wrong_customer'
                            WHEN d.CurrID <> @CurrID THEN 'currency_mismatch'
                            WHEN $(RefuseDisputed) = 1 AND d.InDispute <> 0 THEN 'in_dispute'
                            WHEN d.DiscTakenAmt <> 0
                             AND (d.DiscDate IS NULL OR @TranDate > d.DiscDate
                                  OR d.DiscTakenAmt > d.DiscLeft - p.PendingDisc)
                            THEN 'discount_not_allowed'
                            WHEN d.WriteOffAmt <> 0 AND (d.WriteOffAmt > @MaxWriteOff OR @AllowWriteOff = 0)
                            THEN 'write_off_not_allowed'
                            WHEN d.PmtAmt + d.DiscTakenAmt + d.WriteOffAmt > d.Balance - p.Pending AND @Overpay = 0
                            THEN 'balance_changed' END AS Reason
                  FROM @Link d
                 CROSS APPLY (SELECT COALESCE(SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC), 0) AS Pending,
                                     COALESCE(SUM(a.DiscTakenAmtIC), 0) AS PendingDisc
                                FROM dbo.tarPendCustPmtAppl a WHERE a.ApplyToInvcKey = d.InvcKey) p) c
         WHERE c.Reason IS NOT NULL
         ORDER BY c.Place;
        IF @oRetVal IS NULL AND @Names < @Count
          SELECT @oRetVal = 10, @oReason = 'duplicate_application', @oMessage = 'an invoice is named twice';
        IF @oRetVal IS NULL AND @Empty > 0
          SELECT @oRetVal = 10, @oReason = 'bad_amount', @oMessage = 'an application of nothing';
        IF @oRetVal IS NULL AND @Applied > @TranAmt
          SELECT @oRetVal = 10, @oReason = 'over_applied', @oMessage = 'the applications are more than the receipt';
      END;

      -- 4. The batch: ours, of the same scope, unposted, not open on a screen.
      IF @oRetVal IS NULL
      BEGIN
        SELECT TOP (1) @BatchKey = BatchKey, @BatchID = BatchID, @Seq = NextSeqNo
          FROM $(Schema).vOpenBatch WITH (UPDLOCK, ROWLOCK)
         WHERE CompanyID = @CompanyID AND CashAcctKey = @CashAcctKey AND PostDate = @PostDate AND CurrID = @CurrID
         ORDER BY BatchKey;
        IF @BatchKey IS NULL AND @Try >= 3
          SELECT @oRetVal = 14, @oReason = 'batch_not_open', @oMessage = 'somebody opens our batches as soon as they are made';
      END;

      -- 6. Log, pending receipt, applications, and the row that makes it ours.
      IF @oRetVal IS NULL AND @BatchKey IS NOT NULL
      BEGIN
        SET @UnappliedAmt = @TranAmt - @Applied;
        SELECT @TranAmtHC = CASE WHEN @Rate = 1 THEN @TranAmt
                                 ELSE ROUND(@TranAmt * CONVERT(decimal(18,10), @Rate), @HomeDigits) END,
               @UnappliedAmtHC = CASE WHEN @Rate = 1 THEN @UnappliedAmt
                                      ELSE ROUND(@UnappliedAmt * CONVERT(decimal(18,10), @Rate), @HomeDigits) END;
        INSERT INTO dbo.tarCustPmtLog (CustPmtKey, CompanyID, TranAmtHC, TranDate, TranID, TranNo, TranStatus, TranType)
          VALUES (@Key, @CompanyID, @TranAmtHC, @TranDate, @TranID, @TranNo, $(PendingTranStatus), @TranType);
        INSERT INTO dbo.tarPendCustPmt (CustPmtKey, BatchKey, CreateDate, CreateType, CreateUserID, CurrExchRate, CurrID,
                                        CustClassKey, CustKey, DiscTakenAmt, PmtRcptDate, SeqNo, TranAmt, TranAmtHC,
                                        TranCmnt, TranDate, TranID, TranNo, TranType, UnappliedAmt, UnappliedAmtHC)
          VALUES (@Key, @BatchKey, @Now, $(CreateType), @UserID, @Rate, @CurrID,
                  @CustClassKey, @CustKey, @Discount, @TranDate, @Seq, @TranAmt, @TranAmtHC,
                  @Comment, @TranDate, @TranID, @TranNo, @TranType, @UnappliedAmt, @UnappliedAmtHC);
        INSERT INTO dbo.tarPendCustPmtAppl (BatchKey, SeqNo, AppliedAtCreation, ApplyFromPmtKey, ApplyFromTranDate,
                                            ApplyFromTranID, ApplyToInvcKey, ApplyToTranDate, ApplyToTranID, CreateDate,
                                            CreateUserID, CurrExchRate, DiscTakenAmt, DiscTakenAmtIC, PmtAmt, PmtAmtIC,
                                            WriteOffAmt, WriteOffAmtIC)
        SELECT @BatchKey, @Seq + Place, $(AppliedAtCreation), @Key, @TranDate, @TranID, InvcKey, TranDate, TranID, @Now,
               @UserID, @Rate, DiscTakenAmt, DiscTakenAmt, PmtAmt, PmtAmt, WriteOffAmt, WriteOffAmt
          FROM @Link;
        INSERT INTO $(Schema).Receipt (IdemKey, CompanyID, GatewayRef, PayloadHash, CustPmtKey, BatchKey, BatchID, CustKey,
                                       TranID, TranDate, PostDate, CurrID, TranAmt, CreateDate, UpdateDate)
          VALUES (@IdemKey, @CompanyID, @GatewayRef, @Hash, @Key, @BatchKey, @BatchID, @CustKey,
                  @TranID, @TranDate, @PostDate, @CurrID, @TranAmt, @Now, @Now);
        INSERT INTO $(Schema).ReceiptAppl (IdemKey, SeqNo, InvcKey, TranID, PmtAmt, DiscTakenAmt, WriteOffAmt)
        SELECT @IdemKey, Place, InvcKey, TranID, PmtAmt, DiscTakenAmt, WriteOffAmt FROM @Link;
        UPDATE dbo.tciBatchLog
           SET BatchTotal = BatchTotal + @TranAmt, NextSeqNo = NextSeqNo + 1 + @Count, UpdateCounter = UpdateCounter + 1
         WHERE BatchKey = @BatchKey;

        -- 8. Close: release our hold, set the control total, have Sage recompute the status.
        UPDATE h
           SET Hold = $(HoldAfter), HoldReason = CASE $(HoldAfter) WHEN 1 THEN '$(HoldReason)' END,
               TranCtrl = l.BatchTotal, UpdateCounter = h.UpdateCounter + 1
          FROM dbo.tarBatch h JOIN dbo.tciBatchLog l ON l.BatchKey = h.BatchKey
         WHERE h.BatchKey = @BatchKey;
        EXEC $(BatchStatusProc) @BatchKey, @Status OUTPUT, @Ret OUTPUT;

        -- 7. What was written is what was asked.
        IF NOT EXISTS (SELECT 1
                         FROM dbo.tarPendCustPmt p
                         JOIN dbo.tarCustPmtLog g ON g.CustPmtKey = p.CustPmtKey
                         JOIN dbo.tciBatchLog l ON l.BatchKey = p.BatchKey
                        WHERE p.CustPmtKey = @Key AND p.BatchKey = @BatchKey AND p.CustKey = @CustKey
                          AND p.TranAmt = @TranAmt AND p.UnappliedAmt = @UnappliedAmt AND p.DiscTakenAmt = @Discount
                          AND p.TranID = @TranID AND p.TranDate = @TranDate AND COALESCE(p.TranCmnt, '') = @Comment
                          AND g.CompanyID = @CompanyID AND g.TranNo = @TranNo
                          AND l.NextSeqNo = @Seq + 1 + @Count AND l.PostStatus = 0)
           OR NOT EXISTS (SELECT 1 FROM dbo.tarPendCustPmtAppl a
                           WHERE a.ApplyFromPmtKey = @Key
                          HAVING COUNT(*) = @Count AND COALESCE(SUM(a.PmtAmt), 0) = @Applied
                             AND COALESCE(SUM(a.DiscTakenAmt), 0) = @Discount
                             AND COALESCE(SUM(a.WriteOffAmt), 0) = @WriteOff)
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

      -- No batch yet: make one, then begin again. Its answer is kept unless there is one now.
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
    SELECT @oCustPmtKey = NULL, @oBatchKey = NULL, @oBatchID = NULL, @oTranID = NULL, @oRetVal = 99, @oReason = 'error';
    -- A duplicate that is a race: somebody else was faster with this key or reference.
    IF @Error IN (1205, 1222)
      SELECT @oRetVal = 20, @oReason = CASE @Error WHEN 1205 THEN 'deadlock' ELSE 'lock_timeout' END;
    ELSE IF @Error IN (2601, 2627)
         AND EXISTS (SELECT 1 FROM $(Schema).Receipt
                      WHERE IdemKey = @IdemKey
                         OR (CompanyID = @CompanyID AND GatewayRef = @GatewayRef AND State = 'live'))
      SELECT @oRetVal = 20, @oReason = 'lock_timeout';
  END CATCH;
END;
GO
