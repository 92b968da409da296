-- STAND-IN, not Sage's code: the code lists and their view (reference 2.17: view, tables and columns
-- are certain), with the codes of reference 3.3 and 3.4. String numbers are invented.
CREATE VIEW dbo.vListValidationString
AS
SELECT v.TableName, v.ColumnName, v.DBValue, v.IsDefault, v.IsHidden, v.StringNo, s.LocalText
  FROM dbo.tsmListValidation v
  LEFT JOIN dbo.tsmLocalString s ON s.StringNo = v.StringNo AND s.LanguageID = 1033;
GO
INSERT INTO dbo.tsmLocalString (StringNo, LanguageID, LocalText) VALUES
  (9101, 1033, 'Open'), (9102, 1033, 'Closed'),
  (9201, 1033, 'Active'), (9202, 1033, 'Inactive'), (9203, 1033, 'Temporary'), (9204, 1033, 'Deleted'),
  (9301, 1033, 'Incomplete'), (9302, 1033, 'Pending'), (9303, 1033, 'Posted'), (9304, 1033, 'Purged'),
  (9305, 1033, 'Void'), (9400, 1033, 'Undefined'), (9401, 1033, 'In Use'), (9402, 1033, 'On Hold'),
  (9403, 1033, 'Out of Balance'), (9404, 1033, 'Balanced'), (9405, 1033, 'Posting'), (9406, 1033, 'Posted'),
  (9407, 1033, 'Interrupted'), (9501, 1033, 'Open Item'), (9502, 1033, 'Balance Forward'),
  (9601, 1033, 'Round to nearest'), (9602, 1033, 'Round up'), (9603, 1033, 'Round down');
INSERT INTO dbo.tsmListValidation (TableName, ColumnName, DBValue, IsDefault, StringNo) VALUES
  ('tarInvoice', 'Status', 1, 1, 9101), ('tarInvoice', 'Status', 2, 0, 9102),
  ('tarCustomer', 'Status', 1, 1, 9201), ('tarCustomer', 'Status', 2, 0, 9202),
  ('tarCustomer', 'Status', 3, 0, 9203), ('tarCustomer', 'Status', 4, 0, 9204),
  ('tarCustPmtLog', 'TranStatus', 1, 1, 9301), ('tarCustPmtLog', 'TranStatus', 2, 0, 9302),
  ('tarCustPmtLog', 'TranStatus', 3, 0, 9303), ('tarCustPmtLog', 'TranStatus', 4, 0, 9304),
  ('tarCustPmtLog', 'TranStatus', 5, 0, 9305),
  ('tciBatchLog', 'Status', 0, 0, 9400), ('tciBatchLog', 'Status', 1, 0, 9401),
  ('tciBatchLog', 'Status', 2, 0, 9402), ('tciBatchLog', 'Status', 3, 0, 9403),
  ('tciBatchLog', 'Status', 4, 1, 9404), ('tciBatchLog', 'Status', 5, 0, 9405),
  ('tciBatchLog', 'Status', 6, 0, 9406), ('tciBatchLog', 'Status', 7, 0, 9407),
  ('tarCustomer', 'BillingType', 1, 1, 9501), ('tarCustomer', 'BillingType', 2, 0, 9502),
  ('tmcCurrency', 'RoundMeth', 1, 1, 9601), ('tmcCurrency', 'RoundMeth', 2, 0, 9602),
  ('tmcCurrency', 'RoundMeth', 3, 0, 9603);
GO
