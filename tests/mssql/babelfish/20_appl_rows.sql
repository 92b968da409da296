-- STAND-IN for ptx.ApplRows where the server has no XML methods (Babelfish): the same rows from the
-- same text, by way of JSON. Never shipped; on SQL Server the tests run the shipped function.
IF OBJECT_ID('standin.XmlAsJson') IS NOT NULL
  DROP FUNCTION standin.XmlAsJson;
GO
-- <x><y a="1" b="2"/></x> -> [{"a":"1" ,"b":"2"}], for the attributes that our wrappers know.
CREATE FUNCTION standin.XmlAsJson (@Xml xml, @List varchar(10), @Item varchar(10))
RETURNS nvarchar(max)
AS
BEGIN
  DECLARE @Text nvarchar(max);
  SET @Text = COALESCE(NULLIF(CAST(@Xml AS nvarchar(max)), ''), '<' + @List + '/>');
  SET @Text = REPLACE(REPLACE(@Text, '\', '\\'), '<' + @List + '/>', '[]');
  SET @Text = REPLACE(REPLACE(@Text, '<' + @List + '>', '['), '</' + @List + '>', ']');
  SET @Text = REPLACE(REPLACE(@Text, ' id="', ' ,"id":"'), ' amt="', ' ,"amt":"');
  SET @Text = REPLACE(REPLACE(@Text, ' disc="', ' ,"disc":"'), ' wo="', ' ,"wo":"');
  SET @Text = REPLACE(REPLACE(@Text, ' acct="', ' ,"acct":"'), ' cmnt="', ' ,"cmnt":"');
  SET @Text = REPLACE(REPLACE(@Text, '<' + @Item + ' ,', '{'), '<' + @Item + '/>', '{},');
  SET @Text = REPLACE(REPLACE(@Text, '/>', '},'), ',]', ']');
  SET @Text = REPLACE(REPLACE(REPLACE(@Text, '&lt;', '<'), '&gt;', '>'), '&apos;', '''');
  RETURN REPLACE(REPLACE(@Text, '&quot;', '\"'), '&amp;', '&');
END;
GO
IF OBJECT_ID('$(Schema).ApplRows') IS NOT NULL
  DROP FUNCTION $(Schema).ApplRows;
GO
CREATE FUNCTION $(Schema).ApplRows (@Appl xml)
RETURNS TABLE
AS
RETURN
  SELECT ROW_NUMBER() OVER (ORDER BY (SELECT 1)) AS Place,
         CAST(UPPER(RTRIM(j.id)) AS varchar(20)) AS TranID,
         TRY_CONVERT(decimal(18,6), j.amt) AS PmtAmt,
         TRY_CONVERT(decimal(18,6), COALESCE(j.disc, '0')) AS DiscTakenAmt,
         TRY_CONVERT(decimal(18,6), COALESCE(j.wo, '0')) AS WriteOffAmt
    FROM OPENJSON(standin.XmlAsJson(@Appl, 'appls', 'a'))
         WITH (id varchar(40) '$.id', amt varchar(40) '$.amt', disc varchar(40) '$.disc', wo varchar(40) '$.wo') AS j;
GO
