-- A fresh CustPmtKey from Sage's own counter. Called outside of any transaction, because the
-- counter's row stays locked until commit (reference 2.7); a key that is not used leaves a harmless
-- gap. A counter behind its table is a known cause of errors (2.6): it is asked again a few times,
-- then the key stays NULL and @oMessage says why.
IF OBJECT_ID('$(Schema).PaymentKey', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).PaymentKey;
GO
CREATE PROCEDURE $(Schema).PaymentKey
  @oCustPmtKey int OUTPUT,
  @oMessage varchar(400) OUTPUT
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT ON;
  DECLARE @Key int, @Highest int, @Try int;
  SELECT @oCustPmtKey = NULL, @oMessage = NULL, @Try = 0;
  WHILE @oCustPmtKey IS NULL AND @Try < $(KeyTries)
  BEGIN
    SELECT @Try = @Try + 1, @Key = NULL;
    EXEC $(NextKeyProc) '$(PaymentKeyName)', @Key OUTPUT;
    SELECT @Highest = MAX(CustPmtKey) FROM dbo.tarCustPmtLog;
    IF @Key > COALESCE(@Highest, 0)
      SET @oCustPmtKey = @Key;
  END;
  IF @oCustPmtKey IS NULL
    SET @oMessage = 'the key counter $(PaymentKeyName) gave ' + COALESCE(CONVERT(varchar(11), @Key), 'nothing')
      + ', but tarCustPmtLog already holds ' + COALESCE(CONVERT(varchar(11), @Highest), 'nothing')
      + ': have the counter in tciSurrogateKey put right';
END;
GO
