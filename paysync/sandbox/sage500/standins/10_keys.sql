-- STAND-IN, not Sage's code: surrogate keys (reference 2.3-2.7).
-- The counter's row stays locked until the caller's transaction ends, as in Sage. A counter that is
-- not there yet begins at 1 (invented).
CREATE PROCEDURE dbo.spGetNextBlockSurrogateKey
  @iTableName varchar(30),
  @iCount int,
  @oStartKey int OUTPUT,
  @oEndKey int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  BEGIN TRANSACTION;
  INSERT INTO dbo.tciSurrogateKey (TableName, NextKey)
  SELECT @iTableName, 1
   WHERE NOT EXISTS (SELECT 1 FROM dbo.tciSurrogateKey WITH (UPDLOCK, HOLDLOCK) WHERE TableName = @iTableName);
  UPDATE dbo.tciSurrogateKey SET NextKey = NextKey + @iCount WHERE TableName = @iTableName;
  SELECT @oStartKey = NextKey - @iCount, @oEndKey = NextKey - 1
    FROM dbo.tciSurrogateKey WHERE TableName = @iTableName;
  COMMIT TRANSACTION;
END;
GO
CREATE PROCEDURE dbo.spGetNextSurrogateKey
  @iTableName varchar(30),
  @oNewKey int OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @EndKey int;
  EXEC dbo.spGetNextBlockSurrogateKey @iTableName, 1, @oNewKey OUTPUT, @EndKey OUTPUT;
END;
GO
