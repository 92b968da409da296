-- The lines of a general journal entry as rows; a debit is positive, a credit negative:
-- <lines><l acct="101010000" amt="12.340" cmnt="fees of 23 November"/>...</lines>
-- Six decimals, so that an amount finer than the columns hold is seen and not rounded away.
IF OBJECT_ID('$(Schema).GLEntryRows') IS NOT NULL
  DROP FUNCTION $(Schema).GLEntryRows;
GO
CREATE FUNCTION $(Schema).GLEntryRows (@Lines xml)
RETURNS TABLE
AS
RETURN
  SELECT ROW_NUMBER() OVER (ORDER BY (SELECT 1)) AS Place,
         RTRIM(n.l.value('@acct', 'varchar(100)')) AS GLAcctNo,
         TRY_CONVERT(decimal(18,6), n.l.value('@amt', 'varchar(30)')) AS PostAmt,
         COALESCE(RTRIM(n.l.value('@cmnt', 'varchar(50)')), '') AS PostCmnt
    FROM @Lines.nodes('/lines/l') AS n(l);
GO
