-- STAND-INS, not Sage's code: what a site adds of its own so that general journals and customer
-- changes can be made, and the part of Sage's Data Import that this needs (reference 7.1, 13.1).
-- Names and meaning of the columns are certain as far as the reference goes; types are inferred.
CREATE TABLE dbo.StgCustomer (
  RowKey int IDENTITY NOT NULL, SessionKey int NOT NULL, ProcessStatus smallint NOT NULL, Action smallint NULL,
  CustID varchar(12) NULL, CustName varchar(40) NULL, AddrName varchar(40) NULL, AddrLine1 varchar(40) NULL,
  AddrLine2 varchar(40) NULL, AddrLine3 varchar(40) NULL, AddrLine4 varchar(40) NULL, AddrLine5 varchar(40) NULL,
  City varchar(20) NULL, StateID varchar(3) NULL, PostalCode varchar(10) NULL, CountryID varchar(3) NULL,
  Name varchar(40) NULL, Title varchar(40) NULL, Phone varchar(17) NULL, PhoneExt varchar(4) NULL, Fax varchar(17) NULL,
  FaxExt varchar(4) NULL, EMailAddr varchar(256) NULL, PmtTermsID varchar(15) NULL,
  PRIMARY KEY (RowKey));
CREATE TABLE dbo.tdiDataTrnsfrJobExecute (SessionKey int NOT NULL, DataTrnsfrJobDefKey int NOT NULL);
CREATE TABLE dbo.tdiDataTrnsfrJobDefStep (
  DataTrnsfrJobDefStepKey int NOT NULL, DataTrnsfrJobDefKey int NOT NULL, InternalTableName varchar(30) NOT NULL);
CREATE TABLE dbo.tdiDataTrnsfrColumnMap (
  DataTrnsfrJobDefStepKey int NOT NULL, InternalColumnName varchar(35) NOT NULL, AllowUpdate smallint NOT NULL);
CREATE TABLE dbo.tdmMigrationLogWrk (
  SessionKey int NOT NULL, EntityID varchar(255) NULL, ColumnID varchar(35) NULL, ColumnValue varchar(100) NULL,
  Comment varchar(255) NULL, Duplicate smallint NULL, Status smallint NOT NULL);
GO
-- The site's own: a session of job 7.
CREATE PROCEDURE dbo.zSiteCustomerSession
  @CompanyID varchar(3),
  @UserID varchar(30),
  @oSessionKey int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  EXEC dbo.spGetNextSurrogateKey 'tsmMigrateSession', @oSessionKey OUTPUT;
  INSERT INTO dbo.tdiDataTrnsfrJobExecute (SessionKey, DataTrnsfrJobDefKey) VALUES (@oSessionKey, 7);
END;
GO
-- As Sage's import: one row a call, @oContinue 1 while there are more; a blank state fails.
CREATE PROCEDURE dbo.spARapiCustomerIns
  @oContinue smallint OUTPUT,
  @iCancel smallint,
  @iSessionKey int,
  @iCompanyID varchar(3),
  @iRptOption int,
  @iPrintWarnings smallint,
  @iUseStageTable smallint,
  @oRecsProcessed int OUTPUT,
  @oFailedRecs int OUTPUT,
  @oTotalRecs int OUTPUT,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @Row int, @Cust int;
  SELECT TOP (1) @Row = s.RowKey, @Cust = c.CustKey
    FROM dbo.StgCustomer s JOIN dbo.tarCustomer c ON c.CompanyID = @iCompanyID AND c.CustID = s.CustID
   WHERE s.SessionKey = @iSessionKey AND s.ProcessStatus = 0 AND s.Action = 2
   ORDER BY s.RowKey;
  IF EXISTS (SELECT 1 FROM dbo.StgCustomer WHERE RowKey = @Row AND CustName = 'REFUSED')
  BEGIN
    UPDATE dbo.StgCustomer SET ProcessStatus = 2 WHERE RowKey = @Row;
    INSERT INTO dbo.tdmMigrationLogWrk (SessionKey, EntityID, ColumnID, Comment, Status)
      VALUES (@iSessionKey, 'x', 'CustName', 'The name is not valid.', 1);
    SET @oFailedRecs = @oFailedRecs + 1;
  END
  ELSE
  BEGIN
    UPDATE c SET CustName = s.CustName, UpdateCounter = c.UpdateCounter + 1
      FROM dbo.tarCustomer c JOIN dbo.StgCustomer s ON s.RowKey = @Row
     WHERE c.CustKey = @Cust;
    UPDATE a SET AddrLine1 = COALESCE(s.AddrLine1, ''), AddrLine2 = COALESCE(s.AddrLine2, ''), City = COALESCE(s.City, '')
      FROM dbo.tciAddress a JOIN dbo.tarCustomer c ON c.PrimaryAddrKey = a.AddrKey
      JOIN dbo.StgCustomer s ON s.RowKey = @Row
     WHERE c.CustKey = @Cust;
    UPDATE k SET EMailAddr = s.EMailAddr, Name = COALESCE(s.Name, '')
      FROM dbo.tciContact k JOIN dbo.tarCustomer c ON c.PrimaryCntctKey = k.CntctKey
      JOIN dbo.StgCustomer s ON s.RowKey = @Row
     WHERE c.CustKey = @Cust;
    UPDATE dbo.StgCustomer SET ProcessStatus = 1 WHERE RowKey = @Row;
  END;
  SELECT @oRecsProcessed = @oRecsProcessed + 1, @oTotalRecs = 1, @oRetVal = 1,
         @oContinue = CASE WHEN EXISTS (SELECT 1 FROM dbo.StgCustomer
                                         WHERE SessionKey = @iSessionKey AND ProcessStatus = 0) THEN 1 ELSE 0 END;
END;
GO
-- The site's own: an unposted general journal batch. What else it writes is the site's business.
CREATE PROCEDURE dbo.zSiteGLEntry
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
  IF @Comment = 'no'
  BEGIN
    SELECT @oRetVal = 0, @oMessage = 'not today';
    RETURN;
  END;
  EXEC dbo.spGetNextSurrogateKey 'tciBatchLog', @oBatchKey OUTPUT;
  INSERT INTO dbo.tciBatchLog (BatchKey, BatchCmnt, BatchID, BatchNo, BatchType, OrigUserID, PostCompanyID, PostDate,
                               SourceCompanyID, PostStatus)
    VALUES (@oBatchKey, @Comment, 'GLGJ-' + RIGHT('0000000' + CONVERT(varchar(7), @oBatchKey), 7), @oBatchKey, 301,
            @UserID, @CompanyID, @PostDate, @CompanyID, CASE @Comment WHEN 'posts' THEN 500 ELSE 0 END);
  SET @oRetVal = 1;
END;
GO
