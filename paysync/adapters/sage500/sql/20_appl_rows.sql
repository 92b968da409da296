-- The applications of one receipt as rows:
-- <appls><a id="IN-0000000001" amt="100.000" disc="0.000" wo="0.000"/>...</appls>
-- Six decimals, so that an amount finer than the columns hold is seen and not rounded away.
-- NULL: an attribute that is missing or no number.
IF OBJECT_ID('$(Schema).ApplRows') IS NOT NULL
  DROP FUNCTION $(Schema).ApplRows;
GO
CREATE FUNCTION $(Schema).ApplRows (@Appl xml)
RETURNS TABLE
AS
RETURN
  SELECT ROW_NUMBER() OVER (ORDER BY (SELECT 1)) AS Place,
         UPPER(RTRIM(n.a.value('@id', 'varchar(20)'))) AS TranID,
         TRY_CONVERT(decimal(18,6), n.a.value('@amt', 'varchar(30)')) AS PmtAmt,
         TRY_CONVERT(decimal(18,6), COALESCE(n.a.value('@disc', 'varchar(30)'), '0')) AS DiscTakenAmt,
         TRY_CONVERT(decimal(18,6), COALESCE(n.a.value('@wo', 'varchar(30)'), '0')) AS WriteOffAmt
    FROM @Appl.nodes('/appls/a') AS n(a);
GO
