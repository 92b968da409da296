-- STAND-IN for ptx.GLEntryRows where the server has no XML methods (Babelfish): the same rows from
-- the same text, by way of JSON (20_appl_rows.sql). Never shipped.
IF OBJECT_ID('$(Schema).GLEntryRows') IS NOT NULL
  DROP FUNCTION $(Schema).GLEntryRows;
GO
CREATE FUNCTION $(Schema).GLEntryRows (@Lines xml)
RETURNS TABLE
AS
RETURN
  SELECT ROW_NUMBER() OVER (ORDER BY (SELECT 1)) AS Place,
         CAST(RTRIM(j.acct) AS varchar(100)) AS GLAcctNo,
         TRY_CONVERT(decimal(18,6), j.amt) AS PostAmt,
         CAST(COALESCE(RTRIM(j.cmnt), '') AS varchar(50)) AS PostCmnt
    FROM OPENJSON(standin.XmlAsJson(@Lines, 'lines', 'l'))
         WITH (acct varchar(100) '$.acct', amt varchar(40) '$.amt', cmnt varchar(200) '$.cmnt') AS j;
GO
