-- A general journal entry, such as gateway fees and adjustments, once. No posting table is ever
-- written by us: the entry is made by a procedure of the site's own (setting GLEntryProc), which
-- public sources do not know. Without one this says not_mapped.
--
-- The site's procedure is called by position, inside our transaction, which it must leave open:
--   @CompanyID varchar(3), @PostDate datetime, @TranDate datetime, @TranNo varchar(10),
--   @CurrID varchar(3), @Comment varchar(50), @Lines xml, @UserID varchar(30),
--   @oBatchKey int OUTPUT, @oBatchID varchar(12) OUTPUT, @oRetVal int OUTPUT (1 made),
--   @oMessage varchar(400) OUTPUT
-- It leaves an unposted batch of the GL type.
IF OBJECT_ID('$(Schema).GLEntryNotMapped', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).GLEntryNotMapped;
GO
-- Takes the place of the site's procedure until there is one.
CREATE PROCEDURE $(Schema).GLEntryNotMapped
  @CompanyID varchar(3),
  @PostDate datetime,
  @TranDate datetime,
  @TranNo varchar(10),
  @CurrID varchar(3),
  @Comment varchar(50),
  @Lines xml,
  @UserID varchar(30),
  @oBatchKey int OUTPUT,
  @oBatchID varchar(12) OUTPUT,
  @oRetVal int OUTPUT,
  @oMessage varchar(400) OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SELECT @oRetVal = -1, @oMessage = 'no procedure of the site enters general journals';
END;
GO
IF OBJECT_ID('$(Schema).GLEntrySubmit', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).GLEntrySubmit;
GO
-- @oRetVal: 1 made, 2 made before, 10 refused (@oReason says why), 11 key reused with other content,
--   12 period closed, 20 try again, 99 error.
CREATE PROCEDURE $(Schema).GLEntrySubmit
  @IdemKey varchar(64),
  @CompanyID varchar(3),
  @PostDate datetime,
  @TranDate datetime,
  @TranNo varchar(10),
  @CurrID varchar(3),
  @Comment varchar(50),
  @Lines xml,
  @UserID varchar(30),
  @oBatchKey int OUTPUT,
  @oBatchID varchar(12) OUTPUT,
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

  DECLARE @Hash varchar(100), @OurHash varchar(100), @Text varchar(max), @Field varchar(20), @Count int, @Wrong int,
          @Sum decimal(18,6), @Digits int, @HomeCurrID varchar(3), @Status smallint, @BatchKey int, @BatchID varchar(12),
          @Made int, @Lock int, @Resource nvarchar(100), @Error int;
  DECLARE @Line TABLE (Place int NOT NULL, GLAcctNo varchar(100) NULL, PostAmt decimal(18,6) NULL, PostCmnt varchar(50) NULL);
  SELECT @oBatchKey = NULL, @oBatchID = NULL, @oReason = NULL, @oRetVal = NULL, @oMessage = NULL;
  IF @@TRANCOUNT > 0
  BEGIN
    SELECT @oRetVal = 99, @oReason = 'open_transaction',
           @oMessage = 'called inside a transaction: nothing was done';
    RETURN;
  END;

  BEGIN TRY
    SELECT @IdemKey = RTRIM(@IdemKey), @CompanyID = RTRIM(@CompanyID), @TranNo = RTRIM(@TranNo), @CurrID = RTRIM(@CurrID),
           @Comment = COALESCE(RTRIM(@Comment), ''), @UserID = COALESCE(NULLIF(RTRIM(@UserID), ''), '$(SageUser)'),
           @PostDate = CAST(CAST(@PostDate AS date) AS datetime), @TranDate = CAST(CAST(@TranDate AS date) AS datetime);
    SET @Field = CASE WHEN COALESCE(@IdemKey, '') = '' THEN 'idempotency_key'
                      WHEN COALESCE(@CompanyID, '') = '' THEN 'company_id'
                      WHEN COALESCE(@TranNo, '') = '' THEN 'tran_no'
                      WHEN COALESCE(@CurrID, '') = '' THEN 'currency'
                      WHEN @PostDate IS NULL THEN 'post_date'
                      WHEN @TranDate IS NULL THEN 'tran_date' END;
    INSERT INTO @Line (Place, GLAcctNo, PostAmt, PostCmnt)
    SELECT Place, GLAcctNo, PostAmt, PostCmnt FROM $(Schema).GLEntryRows(@Lines);
    SELECT @HomeCurrID = CurrID FROM dbo.tsmCompany WHERE CompanyID = @CompanyID;
    SELECT @Digits = DigitsAfterDecimal FROM dbo.tmcCurrency WHERE CurrID = @CurrID AND IsUsed = 1;
    SELECT @Count = COUNT(*), @Sum = COALESCE(SUM(COALESCE(PostAmt, 0)), 0),
           @Wrong = COALESCE(SUM(CASE WHEN PostAmt <> 0 AND PostAmt = ROUND(PostAmt, @Digits) THEN 0 ELSE 1 END), 0)
      FROM @Line;
    IF @Field IS NOT NULL
      SELECT @oRetVal = 10, @oReason = 'bad_field', @oMessage = @Field + ' is missing';
    ELSE IF @IdemKey + @TranNo + @Comment + @UserID
            LIKE '%[' + CHAR(1) + '-' + CHAR(31) + CHAR(127) + ']%' COLLATE Latin1_General_BIN2
      SELECT @oRetVal = 10, @oReason = 'bad_text', @oMessage = 'a text has characters the ERP cannot store';
    ELSE IF @HomeCurrID IS NULL
      SELECT @oRetVal = 10, @oReason = 'unknown_company', @oMessage = 'no company ' + @CompanyID;
    ELSE IF @Digits IS NULL
      SELECT @oRetVal = 10, @oReason = 'unknown_currency', @oMessage = 'currency ' + @CurrID + ' is not in use';
    ELSE IF @Wrong > 0
      SELECT @oRetVal = 10, @oReason = 'bad_amount', @oMessage = 'a line has an amount that is zero or too fine';
    ELSE IF @Count < 2 OR @Sum <> 0
      SELECT @oRetVal = 10, @oReason = 'unbalanced', @oMessage = 'debits and credits are not equal';

    IF @oRetVal IS NULL
    BEGIN
      SET @Text = (SELECT GLAcctNo + '=' + CONVERT(varchar(20), CONVERT(decimal(15,3), PostAmt)) + '/' + PostCmnt + ';'
                     FROM @Line ORDER BY GLAcctNo, PostAmt, PostCmnt FOR XML PATH(''));
      SET @Hash = $(Schema).Digest(@CompanyID + CHAR(31) + CONVERT(varchar(8), @PostDate, 112) + CHAR(31)
                + CONVERT(varchar(8), @TranDate, 112) + CHAR(31) + @TranNo + CHAR(31) + @CurrID + CHAR(31)
                + @Comment + CHAR(31) + @Text);
      BEGIN TRANSACTION;
      SET @Resource = '$(Schema).glentry:' + @IdemKey;
      EXEC @Lock = sp_getapplock @Resource = @Resource, @LockMode = 'Exclusive',
                                 @LockOwner = 'Transaction', @LockTimeout = $(LockTimeoutMs);
      SELECT @OurHash = PayloadHash, @BatchKey = BatchKey, @BatchID = BatchID
        FROM $(Schema).GLEntry WHERE IdemKey = @IdemKey;
      SELECT TOP (1) @Status = Status FROM dbo.tglFiscalPeriod
       WHERE CompanyID = @CompanyID AND @PostDate BETWEEN StartDate AND EndDate
       ORDER BY FiscYear, FiscPer;
      IF @Lock < 0
        SELECT @oRetVal = 20, @oReason = CASE @Lock WHEN -3 THEN 'deadlock' ELSE 'lock_timeout' END,
               @oMessage = 'this entry is being written by somebody else';
      ELSE IF @OurHash <> @Hash
        SELECT @oRetVal = 11, @oReason = 'key_reused', @oMessage = 'the key stands for other content';
      ELSE IF @OurHash IS NOT NULL
        SELECT @oRetVal = 2, @oReason = '', @oMessage = '', @oBatchKey = @BatchKey, @oBatchID = @BatchID;
      ELSE IF @Status IS NULL OR @Status = $(PeriodClosed)
        SELECT @oRetVal = 12, @oReason = 'period_closed',
               @oMessage = CONVERT(varchar(10), @PostDate, 120) + ' is in no open period';
      ELSE
        -- Usable: of the company, active, financial, its currency, inside its dates (reference 8).
        SELECT TOP (1) @oRetVal = 10, @oReason = c.Reason,
               @oMessage = CASE c.Reason WHEN 'unknown_account' THEN 'no account ' + c.GLAcctNo
                                         WHEN 'inactive_account' THEN 'account ' + c.GLAcctNo + ' is not active'
                                         ELSE 'account ' + c.GLAcctNo + ' does not take ' + @CurrID + ' on this day' END
          FROM (SELECT l.Place, COALESCE(l.GLAcctNo, '?') AS GLAcctNo,
                       CASE WHEN a.GLAcctKey IS NULL THEN 'unknown_account'
                            WHEN a.Status <> $(AccountActive) THEN 'inactive_account'
                            WHEN a.PostingType NOT IN (1, 3) OR (a.CurrRestriction = 0 AND @CurrID <> @HomeCurrID)
                              OR (a.CurrRestriction = 1 AND COALESCE(a.RestrictedCurrID, '') <> @CurrID)
                              OR @PostDate < COALESCE(a.EffStartDate, @PostDate)
                              OR @PostDate > COALESCE(a.EffEndDate, @PostDate) THEN 'account_not_allowed' END AS Reason
                  FROM @Line l
                  LEFT JOIN dbo.tglAccount a
                    ON a.CompanyID = @CompanyID AND a.GLAcctNo = l.GLAcctNo COLLATE DATABASE_DEFAULT) c
         WHERE c.Reason IS NOT NULL
         ORDER BY c.Place;

      IF @oRetVal IS NULL
      BEGIN
        SELECT @BatchKey = NULL, @BatchID = NULL;
        EXEC $(GLEntryProc) @CompanyID, @PostDate, @TranDate, @TranNo, @CurrID, @Comment, @Lines, @UserID,
                            @BatchKey OUTPUT, @BatchID OUTPUT, @Made OUTPUT, @oMessage OUTPUT;
        IF @Made = -1
          SELECT @oRetVal = 10, @oReason = 'not_mapped';
        ELSE IF COALESCE(@Made, 0) <> 1
          SELECT @oRetVal = 10, @oReason = 'refused_by_site', @oMessage = COALESCE(@oMessage, '$(GLEntryProc) made nothing');
        ELSE IF @@TRANCOUNT <> 1
             OR NOT EXISTS (SELECT 1 FROM dbo.tciBatchLog
                             WHERE BatchKey = @BatchKey AND BatchType = $(GLBatchType) AND PostStatus = 0
                               AND SourceCompanyID = @CompanyID)
          SELECT @oRetVal = 99, @oReason = 'error',
                 @oMessage = '$(GLEntryProc) left no unposted journal batch, or ended our transaction: look in Sage before trying again';
        ELSE
        BEGIN
          SELECT @BatchID = BatchID FROM dbo.tciBatchLog WHERE BatchKey = @BatchKey;
          INSERT INTO $(Schema).GLEntry (IdemKey, CompanyID, PayloadHash, BatchKey, BatchID, TranNo, PostDate, CurrID, CreateDate)
            VALUES (@IdemKey, @CompanyID, @Hash, @BatchKey, @BatchID, @TranNo, @PostDate, @CurrID, GETDATE());
          SELECT @oRetVal = 1, @oReason = '', @oMessage = '', @oBatchKey = @BatchKey, @oBatchID = @BatchID;
        END;
      END;
      IF @@TRANCOUNT > 0
      BEGIN
        IF @oRetVal = 1
          COMMIT TRANSACTION;
        ELSE
          ROLLBACK TRANSACTION;
      END;
    END;
  END TRY
  BEGIN CATCH
    SELECT @Error = ERROR_NUMBER(),
           @oMessage = LEFT(CONVERT(varchar(11), ERROR_NUMBER()) + ': ' + ERROR_MESSAGE(), 400);
    IF @@TRANCOUNT > 0
      ROLLBACK TRANSACTION;
    SELECT @oBatchKey = NULL, @oBatchID = NULL, @oRetVal = CASE WHEN @Error IN (1205, 1222) THEN 20 ELSE 99 END,
           @oReason = CASE @Error WHEN 1205 THEN 'deadlock' WHEN 1222 THEN 'lock_timeout' ELSE 'error' END;
  END CATCH;
END;
GO
