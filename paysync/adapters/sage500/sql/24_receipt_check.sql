-- What a receipt must satisfy, apart from its applications (reference 14.3 steps 2 and 3), and what
-- is needed to write it. Everything is looked up at once; then the first rule that says no fills
-- @oReason. NULL there means yes.
-- @Decimals: the most decimals any amount of the receipt has.
IF OBJECT_ID('$(Schema).ReceiptCheck', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptCheck;
GO
CREATE PROCEDURE $(Schema).ReceiptCheck
  @CompanyID varchar(3),
  @CustID varchar(12),
  @CashAcctID varchar(15),
  @PostDate datetime,
  @TranDate datetime,
  @TranNo varchar(10),
  @CurrID varchar(3),
  @TranAmt decimal(15,3),
  @Decimals int,
  @Comment varchar(50),
  @TranType int,
  @oTranType int OUTPUT,
  @oTranID varchar(13) OUTPUT,
  @oCustKey int OUTPUT,
  @oCustClassKey int OUTPUT,
  @oAllowWriteOff smallint OUTPUT,
  @oCashAcctKey int OUTPUT,
  @oRate float OUTPUT,
  @oHomeDigits int OUTPUT,
  @oOverpay smallint OUTPUT,
  @oMaxWriteOff decimal(15,3) OUTPUT,
  @oNationalAccts smallint OUTPUT,
  @oReason varchar(40) OUTPUT,
  @oRetVal int OUTPUT,
  @oMessage varchar(400) OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Active smallint, @AllowSame smallint, @TranTypeID varchar(2), @CustStatus smallint, @CashStatus smallint,
          @CashCurrID varchar(3), @HomeCurrID varchar(3), @Digits int, @Problem varchar(100), @Start varchar(50),
          @Length int, @Found varchar(13);
  SELECT @oReason = NULL, @oRetVal = NULL, @oMessage = NULL, @oTranType = NULL, @oRate = NULL;

  SELECT TOP (1) @oTranType = t.TranType, @TranTypeID = t.TranTypeID
    FROM dbo.tciTranTypeCompany t
   WHERE t.CompanyID = @CompanyID
     AND (t.TranType = @TranType
          OR (@TranType = 0 AND EXISTS (SELECT 1 FROM dbo.tciBatchTranType b
                                         WHERE b.BatchType = $(BatchType) AND b.TranType = t.TranType)))
   ORDER BY t.TranType;
  SELECT @Active = m.Active, @AllowSame = o.AllowDuplicateChecks, @oCustKey = k.CustKey,
         @oCustClassKey = k.CustClassKey, @oAllowWriteOff = k.AllowWriteOff, @CustStatus = k.Status,
         @oCashAcctKey = a.CashAcctKey, @CashCurrID = a.CurrID, @CashStatus = a.Status, @HomeCurrID = c.CurrID,
         @Digits = d.DigitsAfterDecimal, @oHomeDigits = h.DigitsAfterDecimal,
         @oTranID = RTRIM(@TranTypeID) + '-' + @TranNo, @oOverpay = o.AllowInvOverpayment,
         @oMaxWriteOff = o.MaxWriteOffLimit, @oNationalAccts = o.UseNationalAccts
    FROM (SELECT @CompanyID AS CompanyID) w
    LEFT JOIN dbo.tsmCompanyModule m ON m.CompanyID = @CompanyID AND m.ModuleNo = $(ModuleNo)
    LEFT JOIN dbo.tarOptions o ON o.CompanyID = @CompanyID
    LEFT JOIN dbo.tarCustomer k ON k.CompanyID = @CompanyID AND k.CustID = @CustID
    LEFT JOIN dbo.tcmCashAcct a ON a.CompanyID = @CompanyID AND a.CashAcctID = @CashAcctID
    LEFT JOIN dbo.tsmCompany c ON c.CompanyID = @CompanyID
    LEFT JOIN dbo.tmcCurrency d ON d.CurrID = @CurrID AND d.IsUsed = 1
    LEFT JOIN dbo.tmcCurrency h ON h.CurrID = c.CurrID AND h.IsUsed = 1;
  -- Home currency = natural x rate (certain).
  IF @CurrID = @HomeCurrID
    SET @oRate = 1;
  ELSE
    SELECT TOP (1) @oRate = CurrExchRate FROM dbo.tmcCurrExchSchdDtl
     WHERE SourceCurrID = @CurrID AND TargetCurrID = @HomeCurrID AND EffectiveDate <= @TranDate
     ORDER BY EffectiveDate DESC;

  IF COALESCE(@Active, 0) = 0
    SELECT @oReason = 'ar_inactive', @oMessage = 'accounts receivable is not active';
  ELSE IF @AllowSame IS NULL OR @oTranType IS NULL
    SELECT @oReason = 'not_set_up', @oMessage = 'no AR options or no receipt type for the company';
  ELSE IF @oCustKey IS NULL
    SELECT @oReason = 'unknown_customer', @oMessage = 'no customer ' + @CustID;
  ELSE IF @CustStatus <> $(CustomerActive)
    SELECT @oReason = 'inactive_customer', @oMessage = 'customer ' + @CustID + ' is not active';
  ELSE IF @oCashAcctKey IS NULL
    SELECT @oReason = 'unknown_cash_account', @oMessage = 'no cash account ' + @CashAcctID;
  ELSE IF @CashStatus <> $(CashAcctActive)
    SELECT @oReason = 'inactive_cash_account', @oMessage = @CashAcctID + ' is not active';
  ELSE IF @CashCurrID <> @CurrID
    SELECT @oReason = 'currency_mismatch', @oMessage = @CashAcctID + ' is kept in ' + @CashCurrID;
  ELSE IF @Digits IS NULL
    SELECT @oReason = 'unknown_currency', @oMessage = 'currency ' + @CurrID + ' is not in use';
  ELSE IF @oRate IS NULL
    SELECT @oReason = 'no_exchange_rate',
           @oMessage = 'no rate from ' + @CurrID + ' to ' + COALESCE(@HomeCurrID, '?') + ' on '
                     + CONVERT(varchar(10), @TranDate, 120);
  ELSE IF @oHomeDigits IS NULL
    SELECT @oReason = 'unknown_currency', @oMessage = 'currency ' + @HomeCurrID + ' is not in use';
  ELSE IF @TranAmt = 0 OR @Decimals > @Digits
    SELECT @oReason = 'bad_amount', @oMessage = $(Schema).AmtText(@TranAmt) + ' is not a payable amount';

  IF @oReason IS NULL
  BEGIN
    SET @Problem = $(Schema).PeriodProblem(@CompanyID, @PostDate);
    IF @Problem IS NOT NULL
      SELECT @oReason = 'period_closed', @oRetVal = 12, @oMessage = @Problem;
  END;

  -- The guard inside Sage itself: the same number, or a comment that carries the gateway's id.
  IF @oReason IS NULL AND @AllowSame = 0
     AND EXISTS (SELECT 1 FROM dbo.tarCustPmtLog
                  WHERE CompanyID = @CompanyID AND TranType = @oTranType AND TranNo = @TranNo
                    AND TranStatus <> $(VoidTranStatus))
    SELECT @oReason = 'duplicate_tran_no', @oMessage = 'receipt number ' + @TranNo + ' is taken';

  IF @oReason IS NULL AND LEFT(LTRIM(@Comment), 3) = 'PT ' COLLATE Latin1_General_BIN2
  BEGIN
    SET @Start = LTRIM(SUBSTRING(LTRIM(@Comment), 4, 50));
    SET @Start = LEFT(@Start, CHARINDEX(' ', @Start + ' ') - 1);
    IF @Start <> ''
    BEGIN
      -- One character more than the text: the end of the word, since blanks at the end do not count.
      SET @Start = 'PT ' + @Start;
      SET @Length = LEN(@Start) + 1;
      SELECT TOP (1) @Found = TranID FROM dbo.tarPendCustPmt
       WHERE CustKey = @oCustKey AND SUBSTRING(TranCmnt, 1, @Length) = @Start;
      IF @Found IS NULL
        SELECT TOP (1) @Found = TranID FROM dbo.tarCustPmt
         WHERE CompanyID = @CompanyID AND CustKey = @oCustKey
           AND SUBSTRING(TranCmnt, 1, @Length) = @Start;
      IF @Found IS NOT NULL
        SELECT @oReason = 'duplicate_reference', @oMessage = @Found + ' carries ' + @Start;
    END;
  END;

  IF @oReason IS NOT NULL AND @oRetVal IS NULL
    SET @oRetVal = 10;
END;
GO
