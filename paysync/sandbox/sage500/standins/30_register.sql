-- STAND-IN, not Sage's code: the register of a batch, steps 4-9 of the chain (reference 4.3).
-- @oRetVal: 0 in order, 1 warnings, 2 errors; every problem is a line in tciErrorLog.
CREATE PROCEDURE dbo.spciValidatePosting
  @iBatchKey int,
  @iSessionID int,
  @iSourceModule smallint,
  @iBatchType int,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @CompanyID varchar(3), @PostDate datetime, @TranID varchar(13), @Day varchar(30);
  SELECT @oRetVal = 0;
  SELECT @CompanyID = l.PostCompanyID, @PostDate = l.PostDate
    FROM dbo.tciBatchLog l JOIN dbo.tarBatch h ON h.BatchKey = l.BatchKey
   WHERE l.BatchKey = @iBatchKey AND l.BatchType = @iBatchType AND l.Status = 4 AND l.PostStatus = 0
     AND h.Hold = 0;
  IF @CompanyID IS NULL
  BEGIN
    EXEC standin.LogError @iSessionID, @iBatchKey, 2, 'batch_status', '';
    SET @oRetVal = 2;
    RETURN;
  END;
  IF NOT EXISTS (SELECT 1 FROM dbo.tglFiscalPeriod
                  WHERE CompanyID = @CompanyID AND @PostDate BETWEEN StartDate AND EndDate
                    AND Status <> 2 AND LockAR = 0)
  BEGIN
    SET @Day = CONVERT(varchar(10), @PostDate, 120);
    EXEC standin.LogError @iSessionID, @iBatchKey, 2, 'period_closed', @Day;
    SET @oRetVal = 2;
  END;
  SELECT @TranID = MIN(i.TranID)
    FROM dbo.tarInvoice i
    JOIN dbo.tarOptions o ON o.CompanyID = i.CompanyID AND o.AllowInvOverpayment = 0
   WHERE i.Balance < (SELECT SUM(a.PmtAmtIC + a.DiscTakenAmtIC + a.WriteOffAmtIC)
                        FROM dbo.tarPendCustPmtAppl a
                       WHERE a.BatchKey = @iBatchKey AND a.ApplyToInvcKey = i.InvcKey);
  IF @TranID IS NOT NULL
  BEGIN
    EXEC standin.LogError @iSessionID, @iBatchKey, 2, 'over_application', @TranID;
    SET @oRetVal = 2;
  END;
  IF @oRetVal = 0
     AND EXISTS (SELECT 1 FROM dbo.tarPendCustPmt p JOIN dbo.tarOptions o ON o.CompanyID = @CompanyID
                  WHERE p.BatchKey = @iBatchKey AND p.UnappliedAmt > 0 AND o.WarnForUnapplPmt = 1)
  BEGIN
    EXEC standin.LogError @iSessionID, @iBatchKey, 1, 'unapplied_payment', '';
    SET @oRetVal = 1;
  END;
END;
GO
-- Fills tglPosting (inferred). Debits are positive: cash, discount and write-off; the receivable is
-- the credit that balances them, also in home currency. @oRetVal: 0 done, 1 not its turn, 3 broke off.
CREATE PROCEDURE dbo.spciPrePost
  @iBatchKey int,
  @iSessionID int,
  @iSourceModule smallint,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Begun int, @Digits int, @PostDate datetime;
  DECLARE @Leg TABLE (CustPmtKey int NOT NULL, Leg int NOT NULL, GLAcctKey int NOT NULL,
                      Amt decimal(15,3) NOT NULL, AmtHC decimal(15,3) NOT NULL,
                      PRIMARY KEY (CustPmtKey, Leg));
  BEGIN TRANSACTION;
  EXEC standin.BeginStep @iBatchKey, 0, 100, @Begun OUTPUT;
  IF @Begun = 0
  BEGIN
    EXEC standin.LogError @iSessionID, @iBatchKey, 2, 'wrong_step', 'prep';
    COMMIT TRANSACTION;
    SET @oRetVal = 1;
    RETURN;
  END;
  SELECT @PostDate = PostDate, @Digits = standin.HomeDigits(PostCompanyID)
    FROM dbo.tciBatchLog WHERE BatchKey = @iBatchKey;
  INSERT INTO @Leg (CustPmtKey, Leg, GLAcctKey, Amt, AmtHC)
  SELECT p.CustPmtKey, 1, k.GLAcctKey, p.TranAmt, standin.HomeAmt(p.TranAmt, p.CurrExchRate, @Digits)
    FROM dbo.tarPendCustPmt p
    JOIN dbo.tarBatch b ON b.BatchKey = p.BatchKey
    JOIN dbo.tcmCashAcct k ON k.CashAcctKey = b.CashAcctKey
   WHERE p.BatchKey = @iBatchKey AND p.TranAmt <> 0;
  INSERT INTO @Leg (CustPmtKey, Leg, GLAcctKey, Amt, AmtHC)
  SELECT q.CustPmtKey, 2, q.DiscTakenAcctKey, q.Amt, standin.HomeAmt(q.Amt, q.CurrExchRate, @Digits)
    FROM (SELECT p.CustPmtKey, c.DiscTakenAcctKey, p.CurrExchRate, SUM(a.DiscTakenAmt) AS Amt
            FROM dbo.tarPendCustPmt p
            JOIN dbo.tarCustClass c ON c.CustClassKey = p.CustClassKey
            JOIN dbo.tarPendCustPmtAppl a ON a.ApplyFromPmtKey = p.CustPmtKey
           WHERE p.BatchKey = @iBatchKey
           GROUP BY p.CustPmtKey, c.DiscTakenAcctKey, p.CurrExchRate) q
   WHERE q.Amt <> 0;
  INSERT INTO @Leg (CustPmtKey, Leg, GLAcctKey, Amt, AmtHC)
  SELECT q.CustPmtKey, 3, q.WriteOffAcctKey, q.Amt, standin.HomeAmt(q.Amt, q.CurrExchRate, @Digits)
    FROM (SELECT p.CustPmtKey, c.WriteOffAcctKey, p.CurrExchRate, SUM(a.WriteOffAmt) AS Amt
            FROM dbo.tarPendCustPmt p
            JOIN dbo.tarCustClass c ON c.CustClassKey = p.CustClassKey
            JOIN dbo.tarPendCustPmtAppl a ON a.ApplyFromPmtKey = p.CustPmtKey
           WHERE p.BatchKey = @iBatchKey
           GROUP BY p.CustPmtKey, c.WriteOffAcctKey, p.CurrExchRate) q
   WHERE q.Amt <> 0;
  INSERT INTO @Leg (CustPmtKey, Leg, GLAcctKey, Amt, AmtHC)
  SELECT p.CustPmtKey, 4, c.AcctsRecAcctKey,
         -(SELECT SUM(d.Amt) FROM @Leg d WHERE d.CustPmtKey = p.CustPmtKey),
         -(SELECT SUM(d.AmtHC) FROM @Leg d WHERE d.CustPmtKey = p.CustPmtKey)
    FROM dbo.tarPendCustPmt p JOIN dbo.tarCustClass c ON c.CustClassKey = p.CustClassKey
   WHERE p.BatchKey = @iBatchKey
     AND EXISTS (SELECT 1 FROM @Leg d WHERE d.CustPmtKey = p.CustPmtKey);
  INSERT INTO dbo.tglPosting (BatchKey, GLAcctKey, CurrID, PostAmt, PostAmtHC, PostCmnt, PostDate, TranDate,
                              SourceModuleNo, TranType, TranKey, TranNo)
  SELECT @iBatchKey, g.GLAcctKey, p.CurrID, g.Amt, g.AmtHC, 'Cash receipt', @PostDate, p.TranDate,
         5, p.TranType, p.CustPmtKey, p.TranID
    FROM @Leg g JOIN dbo.tarPendCustPmt p ON p.CustPmtKey = g.CustPmtKey
   ORDER BY g.CustPmtKey, g.Leg;
  EXEC standin.EndStep @iBatchKey, 'prep', 150, @oRetVal OUTPUT;
  COMMIT TRANSACTION;
END;
GO
-- Currency restrictions of the accounts (reference 8). @_oRetVal: 0 in order, 1 not.
CREATE PROCEDURE dbo.spARValGLCurr
  @_iBatchKey int,
  @_iHomeCurrency varchar(3),
  @_iCompanyID varchar(3),
  @_oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @Account varchar(30);
  SELECT @Account = LEFT(MIN(g.GLAcctNo), 30)
    FROM dbo.tglPosting p JOIN dbo.tglAccount g ON g.GLAcctKey = p.GLAcctKey
   WHERE p.BatchKey = @_iBatchKey
     AND ((g.CurrRestriction = 0 AND p.CurrID <> @_iHomeCurrency)
          OR (g.CurrRestriction = 1 AND p.CurrID <> COALESCE(g.RestrictedCurrID, '')));
  SET @_oRetVal = CASE WHEN @Account IS NULL THEN 0 ELSE 1 END;
  IF @Account IS NOT NULL
    EXEC standin.LogError @_iBatchKey, @_iBatchKey, 2, 'account_currency', @Account;
END;
GO
-- @RetVal: 1 the GL lines net to zero (certain that 1 is success), 0 they do not.
CREATE PROCEDURE dbo.sparCheckBalance
  @BatchKey int,
  @SessionID int,
  @RetVal smallint OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SELECT @RetVal = CASE WHEN COALESCE(SUM(PostAmtHC), 0) = 0 THEN 1 ELSE 0 END
    FROM dbo.tglPosting WHERE BatchKey = @BatchKey;
  IF @RetVal = 0
    EXEC standin.LogError @SessionID, @BatchKey, 2, 'out_of_balance', '';
END;
GO
CREATE PROCEDURE dbo.sparSetRegPrintFlg
  @iBatchKey int,
  @iFlagValue smallint,
  @iCompanyID varchar(3),
  @iRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  UPDATE dbo.tciBatchLog SET RgstrPrinted = @iFlagValue, UpdateCounter = UpdateCounter + 1
   WHERE BatchKey = @iBatchKey AND PostCompanyID = @iCompanyID;
  SET @iRetVal = CASE WHEN @@ROWCOUNT = 1 THEN 0 ELSE 1 END;
END;
GO
-- The gate. @oPrintStatus: 1 the register was printed. The other outputs are inferred.
CREATE PROCEDURE dbo.sparCheckRgstrStatus2
  @iCompanyID varchar(3),
  @iBatchKey int,
  @iBatchType int,
  @oPrintStatus smallint OUTPUT,
  @oErrorStatus smallint OUTPUT,
  @oStatus smallint OUTPUT,
  @oRecordsExist smallint OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SELECT @oPrintStatus = 0, @oErrorStatus = 0, @oStatus = 0, @oRecordsExist = 0;
  SELECT @oPrintStatus = RgstrPrinted, @oStatus = Status FROM dbo.tciBatchLog
   WHERE BatchKey = @iBatchKey AND BatchType = @iBatchType AND PostCompanyID = @iCompanyID;
  IF EXISTS (SELECT 1 FROM dbo.tciErrorLog WHERE BatchKey = @iBatchKey AND Severity = 2)
    SET @oErrorStatus = 1;
  IF EXISTS (SELECT 1 FROM dbo.tarPendCustPmt WHERE BatchKey = @iBatchKey)
    SET @oRecordsExist = 1;
END;
GO
