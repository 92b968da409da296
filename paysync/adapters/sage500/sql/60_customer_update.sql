-- Change a customer's name, primary address or primary contact through Sage's own import
-- (reference 7.1 and 13.1). Nothing of a customer is ever written by us.
--
-- Sage changes only columns that a Data Import job of the site allows, so a job and a small procedure
-- of the site's own are needed (setting CustomerSessionProc). It is called by position and opens an
-- import session of that job:
--   @CompanyID varchar(3), @UserID varchar(30), @oSessionKey int OUTPUT (0 or NULL: not mapped)
-- Without one this says not_mapped.
IF OBJECT_ID('$(Schema).CustomerSessionNotMapped', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).CustomerSessionNotMapped;
GO
-- Takes the place of the site's procedure until there is one.
CREATE PROCEDURE $(Schema).CustomerSessionNotMapped
  @CompanyID varchar(3),
  @UserID varchar(30),
  @oSessionKey int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  SET @oSessionKey = 0;
END;
GO
IF OBJECT_ID('$(Schema).CustomerUpdate', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).CustomerUpdate;
GO
-- NULL leaves a field as it is, '' empties it. A column that the job allows and the row does not
-- fill would be emptied by Sage, so every column below is sent with its present value, and a job
-- that allows others is refused.
-- @UpdateCounter: the counter that the caller read; NULL does not ask.
-- The import commits by itself, one customer at a time (certain): no transaction of ours is around it.
-- Sending the same again is harmless.
-- @oRetVal: 1 done, 10 refused (@oReason says why), 20 try again, 99 error.
CREATE PROCEDURE $(Schema).CustomerUpdate
  @CompanyID varchar(3),
  @CustID varchar(12),
  @UpdateCounter int,
  @CustName varchar(40),
  @AddrLine1 varchar(40),
  @AddrLine2 varchar(40),
  @AddrLine3 varchar(40),
  @City varchar(20),
  @StateID varchar(3),
  @PostalCode varchar(10),
  @CountryID varchar(3),
  @ContactName varchar(40),
  @Phone varchar(17),
  @PhoneExt varchar(4),
  @EMailAddr varchar(256),
  @UserID varchar(30),
  @oSessionKey int OUTPUT,
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

  DECLARE @CustKey int, @AddrKey int, @Counter int, @Column varchar(60), @Continue smallint, @Done int, @Failed int,
          @Total int, @Ret int, @Round int, @Error int;
  SELECT @oSessionKey = NULL, @oReason = NULL, @oRetVal = NULL, @oMessage = NULL, @Continue = 1, @Done = 0,
         @Failed = 0, @Total = 0, @Round = 0;
  IF @@TRANCOUNT > 0
  BEGIN
    SELECT @oRetVal = 99, @oReason = 'open_transaction',
           @oMessage = 'called inside a transaction: nothing was done';
    RETURN;
  END;

  BEGIN TRY
    SELECT @CompanyID = RTRIM(@CompanyID), @CustID = RTRIM(@CustID),
           @UserID = COALESCE(NULLIF(RTRIM(@UserID), ''), '$(SageUser)');
    SELECT @CustKey = c.CustKey, @Counter = c.UpdateCounter, @CustID = c.CustID
      FROM dbo.tarCustomer c WHERE c.CompanyID = @CompanyID AND c.CustID = @CustID;
    IF @CustKey IS NULL
      SELECT @oRetVal = 10, @oReason = 'unknown_customer', @oMessage = 'no customer ' + COALESCE(@CustID, '?');
    ELSE IF @Counter <> @UpdateCounter
      SELECT @oRetVal = 10, @oReason = 'changed_meanwhile',
             @oMessage = 'customer ' + @CustID + ' was changed in Sage meanwhile';
    ELSE IF @CustName = ''
      SELECT @oRetVal = 10, @oReason = 'bad_field', @oMessage = 'a customer needs a name';
    ELSE IF COALESCE(@CustName, '') + COALESCE(@AddrLine1, '') + COALESCE(@AddrLine2, '') + COALESCE(@AddrLine3, '')
            + COALESCE(@City, '') + COALESCE(@StateID, '') + COALESCE(@PostalCode, '') + COALESCE(@CountryID, '')
            + COALESCE(@ContactName, '') + COALESCE(@Phone, '') + COALESCE(@PhoneExt, '') + COALESCE(@EMailAddr, '')
            LIKE '%[' + CHAR(1) + '-' + CHAR(31) + CHAR(127) + ']%' COLLATE Latin1_General_BIN2
      SELECT @oRetVal = 10, @oReason = 'bad_text', @oMessage = 'a text has characters the ERP cannot store';

    IF @oRetVal IS NULL
    BEGIN
      EXEC $(CustomerSessionProc) @CompanyID, @UserID, @oSessionKey OUTPUT;
      IF COALESCE(@oSessionKey, 0) = 0
        SELECT @oRetVal = 10, @oReason = 'not_mapped', @oSessionKey = NULL,
               @oMessage = 'no Data Import job of the site changes customers';
    END;

    IF @oRetVal IS NULL
    BEGIN
      -- A wider job would empty what we do not send.
      SELECT TOP (1) @Column = m.InternalColumnName
        FROM dbo.tdiDataTrnsfrJobExecute x
        JOIN dbo.tdiDataTrnsfrJobDefStep s ON s.DataTrnsfrJobDefKey = x.DataTrnsfrJobDefKey
        JOIN dbo.tdiDataTrnsfrColumnMap m ON m.DataTrnsfrJobDefStepKey = s.DataTrnsfrJobDefStepKey
       WHERE x.SessionKey = @oSessionKey AND s.InternalTableName = 'StgCustomer' AND m.AllowUpdate = 1
         AND m.InternalColumnName NOT IN ('CustID', 'CustName', 'AddrName', 'AddrLine1', 'AddrLine2', 'AddrLine3',
             'AddrLine4', 'AddrLine5', 'City', 'StateID', 'PostalCode', 'CountryID', 'Name', 'Title', 'Phone',
             'PhoneExt', 'Fax', 'FaxExt', 'EMailAddr')
       ORDER BY m.InternalColumnName;
      IF @Column IS NOT NULL
        SELECT @oRetVal = 10, @oReason = 'job_too_wide',
               @oMessage = 'the Data Import job also changes ' + @Column + ', which we do not send';
    END;

    -- A change that the job does not allow would be passed over in silence.
    IF @oRetVal IS NULL
    BEGIN
      SELECT TOP (1) @Column = w.ColumnName
        FROM (SELECT 1 AS Place, 'CustName' AS ColumnName, @CustName AS NewValue
              UNION ALL SELECT 2, 'AddrLine1', @AddrLine1
              UNION ALL SELECT 3, 'AddrLine2', @AddrLine2
              UNION ALL SELECT 4, 'AddrLine3', @AddrLine3
              UNION ALL SELECT 5, 'City', @City
              UNION ALL SELECT 6, 'StateID', @StateID
              UNION ALL SELECT 7, 'PostalCode', @PostalCode
              UNION ALL SELECT 8, 'CountryID', @CountryID
              UNION ALL SELECT 9, 'Name', @ContactName
              UNION ALL SELECT 10, 'Phone', @Phone
              UNION ALL SELECT 11, 'PhoneExt', @PhoneExt
              UNION ALL SELECT 12, 'EMailAddr', @EMailAddr) w
       WHERE w.NewValue IS NOT NULL
         AND NOT EXISTS (SELECT 1
                           FROM dbo.tdiDataTrnsfrJobExecute x
                           JOIN dbo.tdiDataTrnsfrJobDefStep s ON s.DataTrnsfrJobDefKey = x.DataTrnsfrJobDefKey
                           JOIN dbo.tdiDataTrnsfrColumnMap m ON m.DataTrnsfrJobDefStepKey = s.DataTrnsfrJobDefStepKey
                          WHERE x.SessionKey = @oSessionKey AND s.InternalTableName = 'StgCustomer'
                            AND m.AllowUpdate = 1 AND m.InternalColumnName = w.ColumnName COLLATE DATABASE_DEFAULT)
       ORDER BY w.Place;
      IF @Column IS NOT NULL
        SELECT @oRetVal = 10, @oReason = 'column_not_mapped',
               @oMessage = 'the Data Import job does not change ' + @Column;
    END;

    IF @oRetVal IS NULL
    BEGIN
      INSERT INTO dbo.StgCustomer (SessionKey, ProcessStatus, Action, CustID, CustName, AddrName, AddrLine1, AddrLine2,
                                   AddrLine3, AddrLine4, AddrLine5, City, StateID, PostalCode, CountryID, Name, Title,
                                   Phone, PhoneExt, Fax, FaxExt, EMailAddr)
      SELECT @oSessionKey, 0, 2, c.CustID, COALESCE(@CustName, c.CustName), COALESCE(@CustName, a.AddrName),
             COALESCE(@AddrLine1, a.AddrLine1), COALESCE(@AddrLine2, a.AddrLine2), COALESCE(@AddrLine3, a.AddrLine3),
             a.AddrLine4, a.AddrLine5, COALESCE(@City, a.City), COALESCE(@StateID, a.StateID),
             COALESCE(@PostalCode, a.PostalCode), COALESCE(@CountryID, a.CountryID), COALESCE(@ContactName, k.Name),
             k.Title, COALESCE(@Phone, k.Phone), COALESCE(@PhoneExt, k.PhoneExt), k.Fax, k.FaxExt,
             COALESCE(@EMailAddr, k.EMailAddr)
        FROM dbo.tarCustomer c
        LEFT JOIN dbo.tciAddress a ON a.AddrKey = c.PrimaryAddrKey
        LEFT JOIN dbo.tciContact k ON k.CntctKey = c.PrimaryCntctKey
       WHERE c.CustKey = @CustKey;
      -- Until there is nothing left to do; a limit, lest it never says so.
      WHILE @Continue <> 0 AND @Round < 20
      BEGIN
        SET @Round = @Round + 1;
        EXEC $(CustomerImportProc) @Continue OUTPUT, 0, @oSessionKey, @CompanyID, 3, 0, 1,
                                   @Done OUTPUT, @Failed OUTPUT, @Total OUTPUT, @Ret OUTPUT;
      END;
      -- Callers disagree on the return value (reference 13.1): the rows themselves decide.
      IF @Failed = 0 AND EXISTS (SELECT 1 FROM dbo.StgCustomer WHERE SessionKey = @oSessionKey)
         AND NOT EXISTS (SELECT 1 FROM dbo.StgCustomer WHERE SessionKey = @oSessionKey AND ProcessStatus <> 1)
        SELECT @oRetVal = 1, @oReason = '', @oMessage = '';
      ELSE
      BEGIN
        SELECT TOP (1) @oMessage = LEFT(RTRIM(ColumnID) + ': ' + Comment, 400)
          FROM dbo.tdmMigrationLogWrk WHERE SessionKey = @oSessionKey AND Status = 1;
        SELECT @oRetVal = 10, @oReason = 'refused_by_sage',
               @oMessage = COALESCE(@oMessage, 'the import returned ' + COALESCE(CONVERT(varchar(11), @Ret), 'nothing'));
      END;
    END;
    IF @@TRANCOUNT > 0
      ROLLBACK TRANSACTION;
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
