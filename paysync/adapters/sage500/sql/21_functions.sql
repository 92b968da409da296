-- Small functions of the wrappers.
IF OBJECT_ID('$(Schema).AmtText') IS NOT NULL
  DROP FUNCTION $(Schema).AmtText;
GO
-- 12.500 -> '12.50', 12.505 -> '12.505': as our messages show amounts.
CREATE FUNCTION $(Schema).AmtText (@Amt decimal(15,3))
RETURNS varchar(20)
AS
BEGIN
  DECLARE @Text varchar(20);
  SET @Text = CONVERT(varchar(20), @Amt);
  RETURN CASE WHEN RIGHT(@Text, 1) = '0' THEN LEFT(@Text, LEN(@Text) - 1) ELSE @Text END;
END;
GO
IF OBJECT_ID('$(Schema).Digest') IS NOT NULL
  DROP FUNCTION $(Schema).Digest;
GO
-- A SHA-256 chain over the text, as eight whole numbers. In pieces, because HASHBYTES takes no
-- more than 8000 bytes before SQL Server 2016.
CREATE FUNCTION $(Schema).Digest (@Text varchar(max))
RETURNS varchar(100)
AS
BEGIN
  DECLARE @At int, @Hash varbinary(32), @Digest varchar(100);
  SELECT @At = 1, @Digest = '';
  WHILE @At = 1 OR @At <= LEN(@Text)
  BEGIN
    SET @Hash = HASHBYTES('SHA2_256', @Digest + SUBSTRING(@Text, @At, 7800));
    SET @Digest = CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 1, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 5, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 9, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 13, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 17, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 21, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 25, 4) AS int))
          + '.' + CONVERT(varchar(11), CAST(SUBSTRING(@Hash, 29, 4) AS int));
    SET @At = @At + 7800;
  END;
  RETURN @Digest;
END;
GO
IF OBJECT_ID('$(Schema).PeriodProblem') IS NOT NULL
  DROP FUNCTION $(Schema).PeriodProblem;
GO
-- Why a day cannot be posted to in AR, NULL when it can (reference 10). LockAR and the window of
-- the AR options are inferred.
CREATE FUNCTION $(Schema).PeriodProblem (@CompanyID varchar(3), @Day datetime)
RETURNS varchar(100)
AS
BEGIN
  DECLARE @Year varchar(5), @Per smallint, @Status smallint, @Locked smallint, @Ahead int,
          @NowYear varchar(5), @NowPer smallint, @Prior smallint, @Future smallint, @Most smallint;
  SELECT TOP (1) @Year = FiscYear, @Per = FiscPer, @Status = Status, @Locked = LockAR
    FROM dbo.tglFiscalPeriod
   WHERE CompanyID = @CompanyID AND @Day BETWEEN StartDate AND EndDate
   ORDER BY FiscYear, FiscPer;
  IF @Year IS NULL OR @Status = $(PeriodClosed) OR @Locked = 1
    RETURN CONVERT(varchar(10), @Day, 120) + ' is in no open period';
  SELECT @NowYear = CurntFiscYear, @NowPer = CurntFiscPer, @Prior = AllowPriorPerPost,
         @Future = AllowFuturePerPost, @Most = NoOfFuturePer
    FROM dbo.tarOptions WHERE CompanyID = @CompanyID;
  IF (@Year < @NowYear OR (@Year = @NowYear AND @Per < @NowPer)) AND @Prior = 0
    RETURN CONVERT(varchar(10), @Day, 120) + ' is before the current AR period';
  IF @Year > @NowYear OR (@Year = @NowYear AND @Per > @NowPer)
  BEGIN
    SELECT @Ahead = COUNT(*) FROM dbo.tglFiscalPeriod
     WHERE CompanyID = @CompanyID
       AND (FiscYear > @NowYear OR (FiscYear = @NowYear AND FiscPer > @NowPer))
       AND (FiscYear < @Year OR (FiscYear = @Year AND FiscPer <= @Per));
    IF @Future = 0 OR @Ahead > @Most
      RETURN CONVERT(varchar(10), @Day, 120) + ' is too far ahead for AR';
  END;
  RETURN NULL;
END;
GO
