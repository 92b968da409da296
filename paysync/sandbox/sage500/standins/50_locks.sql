-- STAND-IN, not Sage's code: logical locks (reference 2.20). Table and columns are certain by name,
-- their types inferred. The parameters of the procedure are invented; its answers are certain:
-- 1 created, 2 unknown type, 3 bad lock type, 101 shared refused, 102 exclusive refused.
CREATE TABLE dbo.tsmLogicalLockType (
  LogicalLockType int NOT NULL, Description varchar(40) NULL,
  PRIMARY KEY (LogicalLockType));
CREATE TABLE dbo.tsmLogicalLock (
  LogicalLockKey int IDENTITY NOT NULL, LogicalLockType int NOT NULL, LogicalLockID varchar(80) NOT NULL,
  LockType smallint NOT NULL, ActualUserID varchar(30) NULL, HostName varchar(80) NULL, HostID varchar(20) NULL,
  LoginTime datetime NULL, SpID int NULL, LockCleanupParam1 varchar(80) NULL, LockCleanupParam2 varchar(80) NULL,
  LockCleanupParam3 varchar(80) NULL, LockCleanupParam4 varchar(80) NULL, LockCleanupParam5 varchar(80) NULL,
  PRIMARY KEY (LogicalLockKey));
INSERT INTO dbo.tsmLogicalLockType (LogicalLockType, Description) VALUES (1, 'Batch');
GO
-- A lock is dead when its session no longer exists (certain), and is swept away.
CREATE PROCEDURE dbo.spsmLogicalLockAdd
  @iLogicalLockType int,
  @iLogicalLockID varchar(80),
  @iLockType smallint,
  @iUserID varchar(30),
  @oLogicalLockKey int OUTPUT,
  @oRetVal int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @LoginTime datetime;
  SELECT @oLogicalLockKey = NULL, @oRetVal = NULL;
  IF NOT EXISTS (SELECT 1 FROM dbo.tsmLogicalLockType WHERE LogicalLockType = @iLogicalLockType)
    SET @oRetVal = 2;
  ELSE IF @iLockType IS NULL OR @iLockType NOT IN (1, 2)
    SET @oRetVal = 3;
  IF @oRetVal IS NOT NULL
    RETURN;
  BEGIN TRANSACTION;
  EXEC sp_getapplock @Resource = 'standin.LogicalLock', @LockMode = 'Exclusive', @LockOwner = 'Transaction';
  DELETE FROM dbo.tsmLogicalLock
   WHERE NOT EXISTS (SELECT 1 FROM sys.dm_exec_sessions s
                      WHERE s.session_id = tsmLogicalLock.SpID AND s.login_time = tsmLogicalLock.LoginTime);
  SET @oRetVal = 1;
  IF @iLockType = 1 AND EXISTS (SELECT 1 FROM dbo.tsmLogicalLock
                                 WHERE LogicalLockType = @iLogicalLockType
                                   AND LogicalLockID = @iLogicalLockID AND LockType = 2)
    SET @oRetVal = 101;
  IF @iLockType = 2 AND EXISTS (SELECT 1 FROM dbo.tsmLogicalLock
                                 WHERE LogicalLockType = @iLogicalLockType AND LogicalLockID = @iLogicalLockID)
    SET @oRetVal = 102;
  IF @oRetVal = 1
  BEGIN
    SELECT @LoginTime = login_time FROM sys.dm_exec_sessions WHERE session_id = @@SPID;
    INSERT INTO dbo.tsmLogicalLock (LogicalLockType, LogicalLockID, LockType, ActualUserID, HostName, HostID,
                                    LoginTime, SpID)
      VALUES (@iLogicalLockType, @iLogicalLockID, @iLockType, @iUserID, HOST_NAME(), HOST_ID(),
              @LoginTime, @@SPID);
    SET @oLogicalLockKey = SCOPE_IDENTITY();
  END;
  COMMIT TRANSACTION;
END;
GO
