-- STAND-IN, not Sage's code: the ground under the stand-ins for Sage 500's own procedures.
--
-- Behaviour: reference 4.1, 4.3 and the end of 16. Certain are names, order and number of
-- parameters, return codes, status numbers and which tables change. Inferred or invented: what
-- exactly the rows hold, one GL line a leg, no realised exchange gain, a write-off as a leg of its
-- own, that over-application is refused at validation. The twin in Python
-- (posting.py, module_post.py, ledger_rows.py) does the same, and a test compares both row by row.
-- For a database made for tests; never install this where Sage is.
CREATE SCHEMA standin;
GO
-- Posting breaks off after the steps named here, each once: prep, module, gl, cleanup.
CREATE TABLE standin.StopAt (
  Step varchar(10) NOT NULL,
  PRIMARY KEY (Step));
GO
-- Home currency = natural x rate (certain), rounded half up to the home digits (inferred).
CREATE FUNCTION standin.HomeAmt (@Amt decimal(15,3), @Rate float, @Digits int)
RETURNS decimal(15,3)
AS
BEGIN
  IF @Rate = 1
    RETURN @Amt;
  RETURN ROUND(@Amt * CAST(@Rate AS decimal(20,12)), @Digits);
END;
GO
-- Digits of the home currency of a company.
CREATE FUNCTION standin.HomeDigits (@CompanyID varchar(3))
RETURNS int
AS
BEGIN
  DECLARE @Digits int;
  SELECT @Digits = c.DigitsAfterDecimal
    FROM dbo.tsmCompany h JOIN dbo.tmcCurrency c ON c.CurrID = h.CurrID
   WHERE h.CompanyID = @CompanyID;
  RETURN @Digits;
END;
GO
-- One line of the error log. Severity 1 is a warning, 2 is fatal; ErrorType 3 an interface error (certain).
CREATE PROCEDURE standin.LogError
  @SessionID int,
  @BatchKey int,
  @Severity smallint,
  @Comment varchar(255),
  @Data varchar(30)
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @EntryNo int;
  SELECT @EntryNo = COALESCE(MAX(EntryNo), 0) + 1 FROM dbo.tciErrorLog WHERE SessionID = @SessionID;
  INSERT INTO dbo.tciErrorLog (SessionID, EntryNo, BatchKey, Severity, ErrorType, StringData1, ErrorCmnt)
    VALUES (@SessionID, @EntryNo, @BatchKey, @Severity, 3, @Data, @Comment);
END;
GO
-- Begin a posting step: only in its turn, only by one caller at a time. Called inside the step's
-- transaction. A batch that broke off (7) goes on the same way.
CREATE PROCEDURE standin.BeginStep
  @BatchKey int,
  @Before int,
  @Started int,
  @oBegun int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  UPDATE dbo.tciBatchLog
     SET Status = 5, PostStatus = @Started, PostUserID = 'clerk', UpdateCounter = UpdateCounter + 1
   WHERE BatchKey = @BatchKey AND PostStatus = @Before
     AND ((@Before = 0 AND Status = 4) OR (@Before > 0 AND Status IN (5, 7)));
  SET @oBegun = @@ROWCOUNT;
END;
GO
-- End a posting step. @oRetVal: 0 done, 3 done but posting breaks off here (3 is invented).
CREATE PROCEDURE standin.EndStep
  @BatchKey int,
  @Step varchar(10),
  @Completed int,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @Stops int;
  DELETE FROM standin.StopAt WHERE Step = @Step;
  SET @Stops = @@ROWCOUNT;
  UPDATE dbo.tciBatchLog
     SET Status = CASE WHEN @Stops > 0 THEN 7 ELSE 5 END, PostStatus = @Completed,
         UpdateCounter = UpdateCounter + 1
   WHERE BatchKey = @BatchKey;
  SET @oRetVal = CASE WHEN @Stops > 0 THEN 3 ELSE 0 END;
END;
GO
