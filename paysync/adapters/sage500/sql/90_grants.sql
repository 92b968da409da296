-- What paysync's login may do: read the tables listed here and our views, run our procedures, and
-- nothing else. The procedures write Sage's tables by ownership chaining: the schema belongs to dbo,
-- and nothing in them is dynamic SQL (reference 15).
-- Afterwards: CREATE USER ... FOR LOGIN ..., then ALTER ROLE $(AppRole) ADD MEMBER ...
IF DATABASE_PRINCIPAL_ID('$(AppRole)') IS NULL
  CREATE ROLE $(AppRole);
GO
-- Sage's tables that we read.
GRANT SELECT ON dbo.tarBatch TO $(AppRole);
GRANT SELECT ON dbo.tarCustPmt TO $(AppRole);
GRANT SELECT ON dbo.tarCustPmtAppl TO $(AppRole);
GRANT SELECT ON dbo.tarCustPmtLog TO $(AppRole);
GRANT SELECT ON dbo.tarCustomer TO $(AppRole);
GRANT SELECT ON dbo.tarInvoice TO $(AppRole);
GRANT SELECT ON dbo.tarInvoiceAppl TO $(AppRole);
GRANT SELECT ON dbo.tarNationalAcctMember TO $(AppRole);
GRANT SELECT ON dbo.tarOptions TO $(AppRole);
GRANT SELECT ON dbo.tarPendCustPmt TO $(AppRole);
GRANT SELECT ON dbo.tarPendCustPmtAppl TO $(AppRole);
GRANT SELECT ON dbo.tciAddress TO $(AppRole);
GRANT SELECT ON dbo.tciBatchLog TO $(AppRole);
GRANT SELECT ON dbo.tciBatchTranType TO $(AppRole);
GRANT SELECT ON dbo.tciBatchTypCompany TO $(AppRole);
GRANT SELECT ON dbo.tciContact TO $(AppRole);
GRANT SELECT ON dbo.tciPaymentTerms TO $(AppRole);
GRANT SELECT ON dbo.tciSurrogateKey TO $(AppRole);
GRANT SELECT ON dbo.tciTranTypeCompany TO $(AppRole);
GRANT SELECT ON dbo.tcmCashAcct TO $(AppRole);
GRANT SELECT ON dbo.tglAccount TO $(AppRole);
GRANT SELECT ON dbo.tglAcctSegment TO $(AppRole);
GRANT SELECT ON dbo.tglFiscalPeriod TO $(AppRole);
GRANT SELECT ON dbo.tglSegment TO $(AppRole);
GRANT SELECT ON dbo.tmcCurrExchSchd TO $(AppRole);
GRANT SELECT ON dbo.tmcCurrExchSchdDtl TO $(AppRole);
GRANT SELECT ON dbo.tmcCurrency TO $(AppRole);
GRANT SELECT ON dbo.tsmCompany TO $(AppRole);
GRANT SELECT ON dbo.tsmCompanyModule TO $(AppRole);
GRANT SELECT ON dbo.tsmModule TO $(AppRole);
GO
-- Whether our user is there; nothing else of the users.
GRANT SELECT ON dbo.tsmUser (UserID) TO $(AppRole);
GO
-- Views that a site should have.
IF OBJECT_ID('dbo.vFormattedGLAcct') IS NOT NULL
  GRANT SELECT ON dbo.vFormattedGLAcct TO $(AppRole);
GO
IF OBJECT_ID('dbo.vListValidationString') IS NOT NULL
  GRANT SELECT ON dbo.vListValidationString TO $(AppRole);
GO
-- Our own record, to read.
GRANT SELECT ON $(Schema).Version TO $(AppRole);
GRANT SELECT ON $(Schema).Batch TO $(AppRole);
GRANT SELECT ON $(Schema).Receipt TO $(AppRole);
GRANT SELECT ON $(Schema).ReceiptAppl TO $(AppRole);
GRANT SELECT ON $(Schema).GLEntry TO $(AppRole);
GRANT SELECT ON $(Schema).vReceipt TO $(AppRole);
GRANT SELECT ON $(Schema).vReceiptAppl TO $(AppRole);
GRANT SELECT ON $(Schema).vOpenBatch TO $(AppRole);
GO
-- Our procedures. Those they call among themselves are not granted.
GRANT EXECUTE ON $(Schema).ReceiptSubmit TO $(AppRole);
GRANT EXECUTE ON $(Schema).ReceiptWithdraw TO $(AppRole);
GRANT EXECUTE ON $(Schema).ReceiptFind TO $(AppRole);
GRANT EXECUTE ON $(Schema).ReceiptStatus TO $(AppRole);
GRANT EXECUTE ON $(Schema).ReversalSubmit TO $(AppRole);
GRANT EXECUTE ON $(Schema).GLEntrySubmit TO $(AppRole);
GRANT EXECUTE ON $(Schema).CustomerUpdate TO $(AppRole);
GO
