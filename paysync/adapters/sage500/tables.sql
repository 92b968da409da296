-- The part of the Sage 500 (MAS 500) application database that paysync touches, as T-SQL.
-- The one picture of Sage 500 in this repository: the twin reads it through a small translator.
--
-- Marks: C = name, type, nullability and default certain; N = name certain, type and nullability
-- inferred; I = inferred. Some tables are cut to the columns we need (the real ones have more).
-- Amounts are decimal(15,3) (C), rates float (C), dates datetime. Referenced tables come first.

CREATE TABLE dbo.tarCustPmtLog (
  CustPmtKey int NOT NULL, CompanyID varchar(3) NOT NULL, TranAmtHC decimal(15,3) NOT NULL DEFAULT 0, TranDate datetime NOT NULL,  -- C
  TranID varchar(13) NULL, TranNo varchar(10) NULL, TranStatus smallint NOT NULL DEFAULT 1, TranType int NULL,  -- C
  PRIMARY KEY (CustPmtKey));

CREATE TABLE dbo.tciBatchLog (
  BatchKey int NOT NULL, BatchCmnt varchar(50) NULL, BatchID varchar(12) NULL, BatchNo int NOT NULL, BatchOvrdSegKey int NULL,  -- C
  BatchOvrdSegValue varchar(15) NULL, BatchTotal decimal(15,3) NOT NULL DEFAULT 0, BatchType int NOT NULL, CreateDate datetime NULL,  -- C
  CreateType smallint NOT NULL DEFAULT 0, ImportLogKey int NULL, NextSeqNo int NOT NULL DEFAULT 1, OrigUserID varchar(30) NOT NULL,  -- C
  PostCompanyID varchar(3) NOT NULL, PostDate datetime NULL, PostError smallint NOT NULL DEFAULT 0, PostStatus smallint NOT NULL DEFAULT 0,  -- C
  PostUserID varchar(30) NULL, RevrsBatchKey int NULL, RgstrPrinted smallint NOT NULL DEFAULT 0, SourceCompanyID varchar(3) NOT NULL,  -- C
  Status smallint NOT NULL DEFAULT 4, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (BatchKey));

CREATE TABLE dbo.tarBatch (
  BatchKey int NOT NULL, BankDepAmt decimal(15,3) NOT NULL DEFAULT 0, BankDepDate datetime NULL, BankDepTranNo varchar(10) NULL,  -- C
  BatchCmnt varchar(50) NULL, BatchOvrdSegKey int NULL, BatchOvrdSegValue varchar(15) NULL, CashAcctKey int NULL, CashTranKey int NULL,  -- C
  CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0, CrHoldCount smallint NULL DEFAULT 0, DepSlipPrinted smallint NOT NULL DEFAULT 0,  -- C
  Hold smallint NOT NULL DEFAULT 0, HoldReason varchar(20) NULL, InterCompany smallint NOT NULL DEFAULT 0, InterCompBatchKey int NULL,  -- C
  LastUsedInvcKey int NULL, OrigUserID varchar(30) NOT NULL, PostDate datetime NOT NULL, Private smallint NOT NULL DEFAULT 0,  -- C
  SourceModule smallint NOT NULL DEFAULT 5, TranCtrl decimal(15,3) NOT NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (BatchKey),  -- C
  FOREIGN KEY (BatchKey) REFERENCES dbo.tciBatchLog (BatchKey));  -- C

CREATE TABLE dbo.tarPendCustPmt (
  CustPmtKey int NOT NULL, BatchKey int NOT NULL, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0, CreateUserID varchar(30) NULL,  -- C
  CurrExchRate float NOT NULL DEFAULT 1, CurrExchSchdKey int NULL, CurrID varchar(3) NOT NULL, CustClassKey int NULL, CustKey int NULL,  -- C
  DiscTakenAmt decimal(15,3) NOT NULL DEFAULT 0, GuarntdExchRate smallint NOT NULL DEFAULT 0, ManualChk smallint NOT NULL DEFAULT 0,  -- C
  PmtRcptDate datetime NULL, PrepaidCustInvcNo varchar(10) NULL, Printed smallint NOT NULL DEFAULT 0, RefundCustPmtKey int NULL,  -- C
  RevrsCustPmtKey int NULL, SeqNo int NOT NULL, TranAmt decimal(15,3) NOT NULL DEFAULT 0, TranAmtHC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  TranCmnt varchar(50) NULL, TranDate datetime NOT NULL, TranID varchar(13) NOT NULL, TranNo varchar(10) NOT NULL, TranType int NOT NULL,  -- C
  UnappliedAmt decimal(15,3) NOT NULL DEFAULT 0, UnappliedAmtHC decimal(15,3) NOT NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  UpdateDate datetime NULL, UpdateUserID varchar(30) NULL, VoidedChk smallint NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (CustPmtKey),  -- C
  FOREIGN KEY (CustPmtKey) REFERENCES dbo.tarCustPmtLog (CustPmtKey),  -- C
  FOREIGN KEY (BatchKey) REFERENCES dbo.tarBatch (BatchKey));  -- I

CREATE TABLE dbo.tarPendCustPmtAppl (
  BatchKey int NOT NULL, SeqNo int NOT NULL, AppliedAtCreation smallint NOT NULL DEFAULT 0, ApplyFromInvcKey int NULL, ApplyFromPmtKey int NULL,  -- C
  ApplyFromTranDate datetime NOT NULL, ApplyFromTranID varchar(13) NOT NULL, ApplyToInvcKey int NULL, ApplyToPmtKey int NULL,  -- C
  ApplyToTranDate datetime NOT NULL, ApplyToTranID varchar(13) NOT NULL, CreateDate datetime NULL, CreateUserID varchar(30) NULL,  -- C
  CurrExchRate float NOT NULL DEFAULT 1, DiscTakenAmt decimal(15,3) NOT NULL DEFAULT 0, DiscTakenAmtIC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  PmtAmt decimal(15,3) NOT NULL DEFAULT 0, PmtAmtIC decimal(15,3) NOT NULL DEFAULT 0, RealGainLossAmt decimal(15,3) NOT NULL DEFAULT 0,  -- C
  RevrsApplBatchKey int NULL, RevrsApplEntryNo int NULL, SalesOrderPmtKey int NULL, UpdateCounter int NOT NULL DEFAULT 0, UpdateDate datetime NULL,  -- C
  UpdateUserID varchar(30) NULL, WriteOffAmt decimal(15,3) NOT NULL DEFAULT 0, WriteOffAmtIC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (BatchKey, SeqNo),  -- C
  FOREIGN KEY (BatchKey) REFERENCES dbo.tarBatch (BatchKey));  -- I

CREATE TABLE dbo.tarCustPmt (
  CustPmtKey int NOT NULL, BatchKey int NOT NULL, CompanyID varchar(3) NOT NULL, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0,  -- C
  CreateUserID varchar(30) NULL, CurrExchRate float NOT NULL DEFAULT 1, CurrExchSchdKey int NULL, CurrID varchar(3) NOT NULL,  -- C
  CustClassKey int NOT NULL, CustKey int NULL, DiscTakenAmt decimal(15,3) NOT NULL DEFAULT 0, GuarntdExchRate smallint NOT NULL DEFAULT 0,  -- C
  ManualChk smallint NOT NULL DEFAULT 0, NextApplEntryNo int NULL, PmtRcptDate datetime NULL, PostDate datetime NOT NULL,  -- C
  PrepaidCustInvcNo varchar(10) NULL, RefundAmt decimal(15,3) NOT NULL DEFAULT 0, RefundAmtHC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  RefundCustPmtKey int NULL, RevrsCustPmtKey int NULL, TranAmt decimal(15,3) NOT NULL DEFAULT 0, TranAmtHC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  TranCmnt varchar(50) NULL, TranDate datetime NOT NULL, TranID varchar(13) NOT NULL, TranNo varchar(10) NOT NULL, TranType int NOT NULL,  -- C
  UnappliedAmt decimal(15,3) NOT NULL DEFAULT 0, UnappliedAmtHC decimal(15,3) NOT NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  UpdateDate datetime NULL, UpdateUserID varchar(30) NULL,  -- C
  PRIMARY KEY (CustPmtKey),  -- C
  FOREIGN KEY (CustPmtKey) REFERENCES dbo.tarCustPmtLog (CustPmtKey));  -- C

CREATE TABLE dbo.tarCustPmtAppl (
  CustPmtKey int NOT NULL, EntryNo int NOT NULL, ApplyToInvcKey int NULL, ApplyToPmtKey int NULL, ApplyToTranDate datetime NOT NULL,  -- C
  ApplyToTranID varchar(13) NOT NULL, BatchKey int NULL, CreateDate datetime NULL, CreateUserID varchar(30) NULL,  -- C
  CurrExchRate float NOT NULL DEFAULT 1, DiscTaken decimal(15,3) NOT NULL DEFAULT 0, DiscTakenAmtHC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  PmtAmt decimal(15,3) NOT NULL DEFAULT 0, PmtAmtHC decimal(15,3) NOT NULL DEFAULT 0, RevrsApplBatchKey int NULL, RevrsApplEntryNo int NULL,  -- C
  UpdateDate datetime NULL, UpdateUserID varchar(30) NULL,  -- C
  PRIMARY KEY (CustPmtKey, EntryNo),  -- C
  FOREIGN KEY (CustPmtKey) REFERENCES dbo.tarCustPmtLog (CustPmtKey),  -- C
  FOREIGN KEY (BatchKey) REFERENCES dbo.tarBatch (BatchKey));  -- C

CREATE TABLE dbo.tarInvoiceLog (
  InvcKey int NOT NULL, CompanyID varchar(3) NOT NULL, TranAmtHC decimal(15,3) NOT NULL DEFAULT 0, TranDate datetime NULL, TranID varchar(13) NOT NULL,  -- C
  TranNo varchar(10) NOT NULL, TranStatus smallint NOT NULL DEFAULT 1, TranType int NOT NULL,  -- C
  PRIMARY KEY (InvcKey));

CREATE TABLE dbo.tarInvoice (
  InvcKey int NOT NULL, AuthOvrdAmt decimal(15,3) NOT NULL DEFAULT 0, Balance decimal(15,3) NOT NULL DEFAULT 0,  -- C
  BalanceHC decimal(15,3) NOT NULL DEFAULT 0, BatchKey int NOT NULL, BillToAddrKey int NOT NULL, BillToCustAddrKey int NULL,  -- C
  ClosingPostDate datetime NULL, ClosingTranDate datetime NULL, CommPlanKey int NULL, CompanyID varchar(3) NOT NULL, ConfirmToCntctKey int NULL,  -- C
  CostOfSales decimal(15,3) NOT NULL DEFAULT 0, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0, CreateUserID varchar(30) NULL,  -- C
  CurrExchRate float NOT NULL DEFAULT 1, CurrExchSchdKey int NULL, CurrID varchar(3) NOT NULL, CustClassKey int NOT NULL, CustKey int NOT NULL,  -- C
  CustPONo varchar(15) NULL, DiscAmt decimal(15,3) NOT NULL DEFAULT 0, DiscDate datetime NULL, DiscTakenAmt decimal(15,3) NOT NULL DEFAULT 0,  -- C
  DueDate datetime NULL, FOBKey int NULL, HandlAmt decimal(15,3) NOT NULL DEFAULT 0, ImportLogKey int NULL, InDispute smallint NOT NULL DEFAULT 0,  -- C
  InvcFormKey int NULL, NextApplEntryNo int NULL DEFAULT 1, PmtTermsKey int NULL, PostDate datetime NOT NULL, PrimarySperKey int NULL,  -- C
  Printed smallint NOT NULL DEFAULT 1, ReasonCodeKey int NULL, RecurInvoiceKey int NULL, RetntAmt decimal(15,3) NOT NULL DEFAULT 0,  -- C
  RetntPct decimal(5,4) NULL DEFAULT 0, SalesAmt decimal(15,3) NOT NULL DEFAULT 0, ShipAmt decimal(15,3) NOT NULL DEFAULT 0, ShipMethKey int NULL,  -- C
  ShipToAddrKey int NOT NULL, ShipToCustAddrKey int NULL, ShipZoneKey int NULL, SourceModule smallint NOT NULL DEFAULT 5,  -- C
  Status smallint NOT NULL DEFAULT 1, STaxAmt decimal(15,3) NOT NULL DEFAULT 0, STaxCalc smallint NOT NULL DEFAULT 1, STaxTranKey int NULL,  -- C
  TradeDiscAmt decimal(15,3) NOT NULL DEFAULT 0, TranAmt decimal(15,3) NOT NULL DEFAULT 0, TranAmtHC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  TranCmnt varchar(50) NULL, TranDate datetime NOT NULL, TranID varchar(13) NOT NULL, TranNo varchar(10) NOT NULL,  -- C
  Transmitted smallint NOT NULL DEFAULT 0, TranType int NOT NULL, UpdateCounter int NOT NULL DEFAULT 0, UpdateDate datetime NULL,  -- C
  UpdateUserID varchar(30) NULL, VoucherKey int NULL,  -- C
  PRIMARY KEY (InvcKey),  -- C
  FOREIGN KEY (InvcKey) REFERENCES dbo.tarInvoiceLog (InvcKey));  -- C

CREATE TABLE dbo.tarInvoiceAppl (
  ApplyToInvcKey int NOT NULL, EntryNo int NOT NULL, AppliedAtCreation smallint NOT NULL DEFAULT 0, ApplyFromInvcKey int NULL,  -- C
  ApplyFromPmtKey int NULL, ApplyFromTranDate datetime NOT NULL, ApplyFromTranID varchar(13) NOT NULL, ApplyFromTranType int NULL,  -- C
  BatchKey int NOT NULL, DiscTakenAmt decimal(15,3) NOT NULL DEFAULT 0, DiscTakenAmtHC decimal(15,3) NOT NULL DEFAULT 0,  -- C
  PmtAmt decimal(15,3) NOT NULL DEFAULT 0, PmtAmtHC decimal(15,3) NOT NULL DEFAULT 0, PostDate datetime NOT NULL, RevrsApplBatchKey int NULL,  -- C
  RevrsApplEntryNo int NULL,  -- C
  PRIMARY KEY (ApplyToInvcKey, EntryNo),  -- C
  FOREIGN KEY (ApplyToInvcKey) REFERENCES dbo.tarInvoiceLog (InvcKey),  -- C
  FOREIGN KEY (ApplyFromInvcKey) REFERENCES dbo.tarInvoiceLog (InvcKey),  -- C
  FOREIGN KEY (ApplyFromPmtKey) REFERENCES dbo.tarCustPmt (CustPmtKey));  -- C

CREATE TABLE dbo.tglAccount (
  GLAcctKey int NOT NULL, CompanyID varchar(3) NOT NULL, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0,  -- C
  CreateUserID varchar(30) NULL, CurrRestriction smallint NOT NULL DEFAULT 2, Description varchar(40) NULL, EffEndDate datetime NULL,  -- C
  EffStartDate datetime NULL, ExtCmnt varchar(255) NULL, GLAcctNo varchar(100) NOT NULL, ImportLogKey int NULL, NaturalAcctKey int NOT NULL,  -- C
  PostingType smallint NOT NULL DEFAULT 3, RestrictedCurrID varchar(3) NULL, Revalue smallint NOT NULL DEFAULT 0, StatUnit varchar(6) NULL,  -- C
  Status smallint NOT NULL DEFAULT 1, UpdateCounter int NOT NULL DEFAULT 0, UpdateDate datetime NULL, UpdateUserID varchar(30) NULL,  -- C
  UserFld1 varchar(15) NULL, UserFld2 varchar(15) NULL, UserFld3 varchar(15) NULL, UserFld4 varchar(15) NULL,  -- C
  PRIMARY KEY (GLAcctKey));

CREATE TABLE dbo.tarCustClass (
  CustClassKey int NOT NULL, AcctsRecAcctKey int NOT NULL, AllowCustRefund smallint NOT NULL DEFAULT 0, AllowWriteOff smallint NOT NULL DEFAULT 0,  -- C
  BadDebtAcctKey int NOT NULL, BillingType smallint NOT NULL DEFAULT 1, ClassOvrdSegValue varchar(15) NULL, CompanyID varchar(3) NOT NULL,  -- C
  CreditLimit decimal(15,3) NOT NULL DEFAULT 0, CurrID varchar(3) NULL, CustClassID varchar(12) NOT NULL, CustClassName varchar(40) NULL,  -- C
  DfltSalesAcctKey int NULL, DiscTakenAcctKey int NOT NULL, FinChgAcctKey int NULL, LanguageID int NOT NULL, PmtTermsKey int NULL,  -- C
  RefundAcctKey int NULL, RetntRecAcctKey int NULL, SalesReturnAcctKey int NULL, STaxAcctKey int NULL, TradeDiscAcctKey int NULL,  -- C
  UpdateCounter int NOT NULL DEFAULT 0, UserFld1 varchar(15) NULL, UserFld2 varchar(15) NULL, UserFld3 varchar(15) NULL, UserFld4 varchar(15) NULL,  -- C
  WriteOffAcctKey int NOT NULL,  -- C
  PRIMARY KEY (CustClassKey),  -- C
  FOREIGN KEY (AcctsRecAcctKey) REFERENCES dbo.tglAccount (GLAcctKey),  -- C
  FOREIGN KEY (BadDebtAcctKey) REFERENCES dbo.tglAccount (GLAcctKey),  -- C
  FOREIGN KEY (DiscTakenAcctKey) REFERENCES dbo.tglAccount (GLAcctKey),  -- C
  FOREIGN KEY (WriteOffAcctKey) REFERENCES dbo.tglAccount (GLAcctKey));  -- C

CREATE TABLE dbo.tciAddress (
  AddrKey int NOT NULL, AddrLine1 varchar(40) NULL, AddrLine2 varchar(40) NULL, AddrLine3 varchar(40) NULL, AddrLine4 varchar(40) NULL,  -- C
  AddrLine5 varchar(40) NULL, AddrName varchar(40) NULL, City varchar(20) NULL, CountryID varchar(3) NULL, CRMAddrID varchar(32) NULL,  -- C
  Fax varchar(17) NULL, FaxExt varchar(4) NULL, Latitude decimal(9,6) NULL, Longitude decimal(9,6) NULL, MobilePhone varchar(17) NULL,  -- C
  Phone varchar(17) NULL, PhoneExt varchar(4) NULL, PostalCode varchar(9) NULL, Residential smallint NOT NULL DEFAULT 0, StateID varchar(3) NULL,  -- C
  TransactionOverride smallint NOT NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (AddrKey));

CREATE TABLE dbo.tarCustomer (
  CustKey int NOT NULL, ABANo varchar(10) NULL, AllowCustRefund smallint NOT NULL DEFAULT 0, AllowWriteOff smallint NOT NULL DEFAULT 0,  -- C
  BillingType smallint NOT NULL DEFAULT 1, BillToNationalAcctParent smallint NOT NULL DEFAULT 0, CompanyID varchar(3) NOT NULL,  -- C
  ConsolidatedStatement smallint NOT NULL DEFAULT 0, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0, CreateUserID varchar(30) NULL,  -- C
  CreditLimit decimal(15,3) NOT NULL DEFAULT 0, CreditLimitAgeCat smallint NOT NULL DEFAULT 0, CreditLimitUsed smallint NOT NULL DEFAULT 0,  -- C
  CRMCustID varchar(32) NULL, CurrExchSchdKey int NULL, CustClassKey int NOT NULL, CustID varchar(12) NOT NULL, CustName varchar(40) NOT NULL,  -- C
  CustRefNo varchar(15) NULL, DateEstab datetime NULL, DfltBillToAddrKey int NOT NULL, DfltItemKey int NULL,  -- C
  DfltMaxUpCharge decimal(15,3) NOT NULL DEFAULT 0, DfltMaxUpChargeType smallint NOT NULL DEFAULT 0, DfltSalesAcctKey int NULL,  -- C
  DfltSalesReturnAcctKey int NULL, DfltShipToAddrKey int NOT NULL, FinChgFlatAmt decimal(15,3) NOT NULL DEFAULT 0,  -- C
  FinChgPct decimal(5,4) NULL DEFAULT 0, Hold smallint NOT NULL DEFAULT 0, ImportLogKey int NULL, NationalAcctLevelKey int NULL,  -- C
  PmtByNationalAcctParent smallint NOT NULL DEFAULT 0, PrimaryAddrKey int NOT NULL, PrimaryCntctKey int NULL, PrintDunnMsg smallint NOT NULL DEFAULT 0,  -- C
  ReqCreditLimit decimal(15,3) NULL DEFAULT 0, ReqPO smallint NOT NULL DEFAULT 0, RetntPct decimal(5,4) NULL DEFAULT 0, SalesSourceKey int NULL,  -- C
  ShipPriority smallint NOT NULL DEFAULT 3, Status smallint NOT NULL DEFAULT 1, StdIndusCodeID varchar(7) NULL, StmtCycleKey int NULL,  -- C
  StmtFormKey int NULL, TradeDiscPct decimal(5,4) NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0, UpdateDate datetime NULL,  -- C
  UpdateUserID varchar(30) NULL, UserFld1 varchar(15) NULL, UserFld2 varchar(15) NULL, UserFld3 varchar(15) NULL, UserFld4 varchar(15) NULL,  -- C
  VendKey int NULL,  -- C
  PRIMARY KEY (CustKey),  -- C
  FOREIGN KEY (CustClassKey) REFERENCES dbo.tarCustClass (CustClassKey),  -- C
  FOREIGN KEY (PrimaryAddrKey) REFERENCES dbo.tciAddress (AddrKey),  -- C
  FOREIGN KEY (DfltBillToAddrKey) REFERENCES dbo.tciAddress (AddrKey),  -- C
  FOREIGN KEY (DfltShipToAddrKey) REFERENCES dbo.tciAddress (AddrKey));  -- C

CREATE TABLE dbo.tarCustAddr (
  AddrKey int NOT NULL, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0, CreateUserID varchar(30) NULL, CreditCardKey int NULL,  -- C
  CurrExchSchdKey int NULL, CurrID varchar(3) NOT NULL, CustAddrID varchar(15) NOT NULL, CustKey int NOT NULL, DfltCntctKey int NULL,  -- C
  LanguageID int NOT NULL, PmtTermsKey int NULL, SalesTerritoryKey int NULL, SperKey int NULL, STaxSchdKey int NULL, UpdateDate datetime NULL,  -- C
  UpdateUserID varchar(30) NULL,  -- C
  PRIMARY KEY (AddrKey));

CREATE TABLE dbo.tarOptions (
  CompanyID varchar(3) NOT NULL, AgeCat1 smallint NULL DEFAULT 30, AgeCat2 smallint NULL DEFAULT 60, AgeCat3 smallint NULL DEFAULT 90,  -- C
  AgeCat4 smallint NULL DEFAULT 120, AgeFromOpt smallint NOT NULL DEFAULT 2, AllowDuplicateChecks smallint NOT NULL DEFAULT 0,  -- C
  AllowFuturePerPost smallint NOT NULL DEFAULT 1, AllowInvOverpayment smallint NOT NULL DEFAULT 0, AllowPriorPerPost smallint NOT NULL DEFAULT 1,  -- C
  AllowPrivateBatch smallint NOT NULL DEFAULT 1, BatchOvrdDiscTaken smallint NOT NULL DEFAULT 0, BatchOvrdSegKey int NULL,  -- C
  BatchOvrdWriteOff smallint NOT NULL DEFAULT 0, CurntFiscPer smallint NOT NULL DEFAULT 0, CurntFiscYear varchar(5) NOT NULL, DfltCashAcctKey int NULL,  -- C
  DfltCustClassKey int NULL, IntegrateWithCM smallint NOT NULL DEFAULT 0, IntegrateWithGL smallint NOT NULL DEFAULT 0,  -- C
  InvcNoSize smallint NOT NULL DEFAULT 10, MaxRefundAmt decimal(15,3) NOT NULL DEFAULT 0, MaxWriteOffLimit decimal(15,3) NOT NULL DEFAULT 0,  -- C
  NoOfFuturePer smallint NOT NULL DEFAULT 0, PostInDetlAcctRec smallint NOT NULL DEFAULT 0, PostInDetlCash smallint NOT NULL DEFAULT 0,  -- C
  PostInDetlDiscTkn smallint NOT NULL DEFAULT 0, PostInDetlWritOff smallint NOT NULL DEFAULT 1, SameNoRangeForMemo smallint NOT NULL DEFAULT 0,  -- C
  TrackSTaxOnSales smallint NOT NULL DEFAULT 1, UpdateCounter int NOT NULL DEFAULT 0, UseMultCurr smallint NOT NULL DEFAULT 0,  -- C
  UseNationalAccts smallint NOT NULL DEFAULT 0, WarnForUnapplPmt smallint NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (CompanyID));

CREATE TABLE dbo.tglSegment (
  SegmentKey int NOT NULL, AcctSegID smallint NOT NULL, CompanyID varchar(3) NOT NULL, Description varchar(20) NOT NULL, Mask varchar(15) NULL,  -- C
  Number smallint NOT NULL DEFAULT 0, SegmentType smallint NOT NULL DEFAULT 1, Size smallint NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (SegmentKey));

CREATE TABLE dbo.tglAcctSegment (
  GLAcctKey int NOT NULL, SegmentKey int NOT NULL, AcctSegValue varchar(15) NOT NULL,  -- C
  PRIMARY KEY (GLAcctKey, SegmentKey));

CREATE TABLE dbo.tglFiscalYear (
  CompanyID varchar(3) NOT NULL, FiscYear varchar(5) NOT NULL, NoOfPeriods smallint NULL DEFAULT 0, Purged smallint NOT NULL DEFAULT 0,  -- C
  Status smallint NOT NULL DEFAULT 1,  -- C
  PRIMARY KEY (CompanyID, FiscYear));

CREATE TABLE dbo.tglFiscalPeriod (
  CompanyID varchar(3) NOT NULL, FiscYear varchar(5) NOT NULL, FiscPer smallint NOT NULL DEFAULT 0, EndDate datetime NULL,  -- C
  FiscYearPer varchar(9) NOT NULL, LockAP smallint NOT NULL DEFAULT 0, LockAR smallint NOT NULL DEFAULT 0, LockCM smallint NOT NULL DEFAULT 0,  -- C
  LockIM smallint NOT NULL DEFAULT 0, LockMF smallint NOT NULL DEFAULT 0, StartDate datetime NULL, Status smallint NOT NULL DEFAULT 1,  -- C
  PRIMARY KEY (CompanyID, FiscYear, FiscPer));

CREATE TABLE dbo.tglJournal (
  JrnlKey int NOT NULL, BegBalance smallint NOT NULL DEFAULT 0, CheckNo smallint NOT NULL DEFAULT 0, CompanyID varchar(3) NOT NULL,  -- C
  Description varchar(30) NULL, GLAcctKey int NULL, JrnlID varchar(2) NOT NULL, NextJrnlNo int NULL, OffsetPost smallint NOT NULL DEFAULT 1,  -- C
  ReqOffsetAmt smallint NOT NULL DEFAULT 0, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (JrnlKey));

CREATE TABLE dbo.tglTransaction (
  glTranKey int NOT NULL, AcctRefKey int NULL, BatchKey int NOT NULL, CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0,  -- C
  CurrExchRate float NOT NULL DEFAULT 1, CurrID varchar(3) NOT NULL, ExtCmnt varchar(255) NULL, FiscPer smallint NOT NULL DEFAULT 0,  -- C
  FiscYear varchar(5) NOT NULL, GLAcctKey int NOT NULL, JrnlKey int NULL, JrnlNo int NULL, PostAmt decimal(15,3) NOT NULL DEFAULT 0,  -- C
  PostAmtHC decimal(15,3) NOT NULL DEFAULT 0, PostCmnt varchar(50) NULL, PostDate datetime NOT NULL, PostQty decimal(16,8) NOT NULL DEFAULT 0,  -- C
  SourceModuleNo smallint NOT NULL, TranDate datetime NULL, TranKey int NULL, TranNo varchar(30) NULL, TranType int NULL,  -- C
  PRIMARY KEY (glTranKey),  -- C
  FOREIGN KEY (BatchKey) REFERENCES dbo.tciBatchLog (BatchKey));  -- C

CREATE TABLE dbo.tmcCurrency (
  CurrID varchar(3) NOT NULL, CurrLocale int NOT NULL, CurrSymbol varchar(4) NULL, CurrSymbolPosition smallint NOT NULL DEFAULT 1,  -- C
  DecimalSymbol varchar(1) NOT NULL DEFAULT '.', Description varchar(30) NULL, DigitGroupSymbol varchar(1) NOT NULL DEFAULT ',',  -- C
  DigitsAfterDecimal smallint NOT NULL DEFAULT 2, DigitsInGroup smallint NOT NULL DEFAULT 3, IsUsed smallint NOT NULL DEFAULT 0,  -- C
  RoundMeth smallint NOT NULL DEFAULT 1, RoundPrecision smallint NOT NULL DEFAULT 1, UpdateCounter int NOT NULL DEFAULT 0,  -- C
  PRIMARY KEY (CurrID));

CREATE TABLE dbo.tsmCompany (
  CompanyID varchar(3) NOT NULL, City varchar(20) NOT NULL, CompanyName varchar(40) NOT NULL DEFAULT ' ', CountryID varchar(3) NOT NULL,  -- C
  CurrID varchar(3) NOT NULL, FedID varchar(20) NULL, FullGL smallint NOT NULL DEFAULT 0, PostalCode varchar(9) NULL DEFAULT ' ',  -- C
  StateID varchar(3) NOT NULL DEFAULT ' ',  -- C
  PRIMARY KEY (CompanyID));

CREATE TABLE dbo.tciTranTypeCompany (
  CompanyID varchar(3) NOT NULL, TranType int NOT NULL, JrnlKey int NULL, NextTranNo int NOT NULL DEFAULT 1, TranTypeID varchar(2) NOT NULL,  -- C
  PRIMARY KEY (CompanyID, TranType));

CREATE TABLE dbo.tarNationalAcct (
  NationalAcctKey int NOT NULL, CompanyID varchar(3) NOT NULL, CreditLimit decimal(12,0) NOT NULL DEFAULT 0,  -- C
  CreditLimitUsed smallint NOT NULL DEFAULT 0, Description varchar(30) NOT NULL, Hold smallint NOT NULL DEFAULT 0, NationalAcctID varchar(15) NOT NULL,  -- C
  PRIMARY KEY (NationalAcctKey));

CREATE TABLE dbo.tarNationalAcctLevel (
  NationalAcctLevelKey int NOT NULL, Description varchar(30) NOT NULL, NationalAcctKey int NOT NULL, NationalAcctLevel smallint NOT NULL,  -- C
  PRIMARY KEY (NationalAcctLevelKey));

CREATE TABLE dbo.tarInvoiceDetl (
  InvoiceLineKey int NOT NULL, CmntOnly smallint NOT NULL DEFAULT 0, Description varchar(40) NULL, ExtAmt decimal(15,3) NOT NULL DEFAULT 0,  -- C
  ExtCmnt varchar(255) NULL, InvcKey int NOT NULL, ItemKey int NULL, SeqNo int NOT NULL, ShipLineKey int NULL, SOLineKey int NULL,  -- C
  TradeDiscAmt decimal(15,3) NOT NULL DEFAULT 0, UnitCost decimal(15,5) NULL DEFAULT 0, UnitPrice decimal(15,5) NULL DEFAULT 0,  -- C
  PRIMARY KEY (InvoiceLineKey),  -- C
  FOREIGN KEY (InvcKey) REFERENCES dbo.tarInvoiceLog (InvcKey));  -- C

CREATE TABLE dbo.tciSurrogateKey (
  TableName varchar(30) NOT NULL, NextKey int NOT NULL,  -- N
  PRIMARY KEY (TableName));

CREATE TABLE dbo.tciBatchType (
  BatchType int NOT NULL, ModuleNo smallint NOT NULL,  -- N
  PRIMARY KEY (BatchType));

CREATE TABLE dbo.tciBatchTypCompany (
  CompanyID varchar(3) NOT NULL, BatchType int NOT NULL, BatchTypeID varchar(2) NOT NULL, NextBatchNo int NOT NULL,  -- N
  PRIMARY KEY (CompanyID, BatchType));

CREATE TABLE dbo.tciBatchTranType (
  BatchType int NOT NULL, TranType int NOT NULL,  -- N
  PRIMARY KEY (BatchType, TranType));

CREATE TABLE dbo.tciErrorLog (
  SessionID int NOT NULL, EntryNo int NOT NULL, BatchKey int NULL, StringNo int NULL, Severity smallint NOT NULL,  -- N
  ErrorType smallint NOT NULL, StringData1 varchar(30) NULL, StringData2 varchar(30) NULL, StringData3 varchar(30) NULL,  -- N
  StringData4 varchar(30) NULL, StringData5 varchar(30) NULL, ErrorCmnt varchar(255) NULL,  -- N
  PRIMARY KEY (SessionID, EntryNo));

CREATE TABLE dbo.tciPaymentTerms (
  PmtTermsKey int NOT NULL, CompanyID varchar(3) NOT NULL, PmtTermsID varchar(15) NOT NULL, Description varchar(30) NULL,  -- N
  DueDayOrMonth smallint NULL, DiscDateOption smallint NOT NULL DEFAULT 1,  -- N
  DiscDayOrMonth smallint NULL, DiscPct decimal(5,4) NULL, DueDateOption smallint NOT NULL DEFAULT 1,  -- I
  PRIMARY KEY (PmtTermsKey));

CREATE TABLE dbo.tciContact (
  CntctKey int NOT NULL, CntctOwnerKey int NOT NULL, EntityType smallint NOT NULL, Name varchar(40) NULL,  -- N
  Title varchar(40) NULL, Phone varchar(17) NULL, PhoneExt varchar(4) NULL, Fax varchar(17) NULL, FaxExt varchar(4) NULL,  -- N
  EMailAddr varchar(256) NULL, EMailFormat smallint NOT NULL DEFAULT 1, ExtUser smallint NOT NULL DEFAULT 0,  -- N
  CCInvoice smallint NOT NULL DEFAULT 0, CCCreditMemo smallint NOT NULL DEFAULT 0, CCDebitMemo smallint NOT NULL DEFAULT 0,  -- N
  CCCustStmnt smallint NOT NULL DEFAULT 0, CRMContactID varchar(32) NULL, ImportLogKey int NULL,  -- N
  CreateDate datetime NULL, CreateType smallint NOT NULL DEFAULT 0, CreateUserID varchar(30) NULL,  -- N
  UpdateDate datetime NULL, UpdateUserID varchar(30) NULL, UpdateCounter int NOT NULL DEFAULT 0,  -- N
  PRIMARY KEY (CntctKey));

CREATE TABLE dbo.tarCustStatus (
  CustKey int NOT NULL, AgeFutureAmt decimal(15,3) NOT NULL DEFAULT 0, AgeCurntAmt decimal(15,3) NOT NULL DEFAULT 0,  -- N
  AgeCat1Amt decimal(15,3) NOT NULL DEFAULT 0, AgeCat2Amt decimal(15,3) NOT NULL DEFAULT 0,  -- N
  AgeCat3Amt decimal(15,3) NOT NULL DEFAULT 0, AgeCat4Amt decimal(15,3) NOT NULL DEFAULT 0, AgingDate datetime NULL,  -- N
  AvgDaysPastDue decimal(7,2) NULL, AvgDaysToPay decimal(7,2) NULL, AvgInvcAmt decimal(15,3) NOT NULL DEFAULT 0,  -- N
  FinChgBal decimal(15,3) NOT NULL DEFAULT 0, HighestBal decimal(15,3) NOT NULL DEFAULT 0, HighestBalDate datetime NULL,  -- N
  HighestInvcKey int NULL, LastStmtAmt decimal(15,3) NOT NULL DEFAULT 0, LastStmtAmtNC decimal(15,3) NOT NULL DEFAULT 0,  -- N
  LastStmtDate datetime NULL, NoInvcsInInvcAvg smallint NULL, NoInvcsInPmtAvg smallint NULL,  -- N
  OnSalesOrdAmt decimal(15,3) NOT NULL DEFAULT 0, RetntBal decimal(15,3) NOT NULL DEFAULT 0,  -- N
  PRIMARY KEY (CustKey));

CREATE TABLE dbo.tarCustDocTrnsmit (
  CustKey int NOT NULL, TranType int NOT NULL, EMail smallint NOT NULL DEFAULT 0, EMailFormat smallint NOT NULL DEFAULT 1,  -- N
  Fax smallint NOT NULL DEFAULT 0, HardCopy smallint NOT NULL DEFAULT 1,  -- N
  PRIMARY KEY (CustKey, TranType));

CREATE TABLE dbo.tarNationalAcctMember (
  ParentCustKey int NOT NULL, ChildCustKey int NOT NULL,  -- N
  PRIMARY KEY (ParentCustKey, ChildCustKey));

CREATE TABLE dbo.tcmBank (
  BankKey int NOT NULL,  -- N
  CompanyID varchar(3) NOT NULL, BankID varchar(15) NOT NULL, Description varchar(40) NULL,  -- I
  PRIMARY KEY (BankKey));

CREATE TABLE dbo.tcmCashAcct (
  CashAcctKey int NOT NULL, BankKey int NULL, PrintChks smallint NOT NULL DEFAULT 0,  -- N
  CompanyID varchar(3) NOT NULL, CashAcctID varchar(15) NOT NULL, Description varchar(40) NULL, CurrID varchar(3) NOT NULL,  -- I
  GLAcctKey int NOT NULL, Status smallint NOT NULL DEFAULT 1,  -- I
  PRIMARY KEY (CashAcctKey));

CREATE TABLE dbo.tglOptions (
  CompanyID varchar(3) NOT NULL, AcctMask varchar(114) NULL, AutoAcctAdd smallint NOT NULL DEFAULT 0,  -- N
  AcctRefUsage smallint NOT NULL DEFAULT 0, UseMultCurr smallint NOT NULL DEFAULT 0, SuspenseAcctKey int NULL,  -- N
  RetainedEarnAcct varchar(100) NULL, ClearNonFin smallint NOT NULL DEFAULT 0,  -- N
  PRIMARY KEY (CompanyID));

CREATE TABLE dbo.tglPosting (   -- work table of unposted GL lines; filled by the simulated pre-post only
  PostingKey int IDENTITY NOT NULL, BatchKey int NOT NULL, GLAcctKey int NOT NULL, AcctRefKey int NULL, CurrID varchar(3) NOT NULL,  -- N
  PostAmt decimal(15,3) NOT NULL, PostAmtHC decimal(15,3) NOT NULL, PostQty decimal(16,8) NOT NULL DEFAULT 0,  -- N
  PostCmnt varchar(50) NULL, ExtCmnt varchar(255) NULL, PostDate datetime NULL, TranDate datetime NULL, JrnlKey int NULL,  -- N
  JrnlNo int NULL, NatCurrBegBal smallint NOT NULL DEFAULT 0, Summarize int NOT NULL DEFAULT 0, SourceModuleNo smallint NOT NULL,  -- N
  TranType int NULL, TranKey int NULL, TranNo varchar(30) NULL,  -- N
  PRIMARY KEY (PostingKey));

CREATE TABLE dbo.tmcCurrExchSchd (
  CurrExchSchdKey int NOT NULL, CurrExchSchdID varchar(15) NOT NULL,  -- N
  PRIMARY KEY (CurrExchSchdKey));

CREATE TABLE dbo.tmcCurrExchSchdDtl (
  CurrExchSchdKey int NOT NULL, EffectiveDate datetime NOT NULL, SourceCurrID varchar(3) NOT NULL,  -- N
  TargetCurrID varchar(3) NOT NULL, CurrExchRate float NOT NULL, ExpirationDate datetime NULL,  -- N
  PRIMARY KEY (CurrExchSchdKey, EffectiveDate, SourceCurrID, TargetCurrID));  -- key I

CREATE TABLE dbo.tsmCompanyModule (
  CompanyID varchar(3) NOT NULL, ModuleNo smallint NOT NULL, Active smallint NOT NULL DEFAULT 0,  -- N
  PRIMARY KEY (CompanyID, ModuleNo));

CREATE TABLE dbo.tsmUser (
  UserID varchar(30) NOT NULL, LanguageID int NOT NULL DEFAULT 1033, BusinessDate datetime NULL, UseSystemDate smallint NOT NULL DEFAULT 1,  -- N
  PRIMARY KEY (UserID));

CREATE TABLE dbo.tsmLocalString (
  StringNo int NOT NULL, LanguageID int NOT NULL, LocalText varchar(255) NULL,  -- N
  PRIMARY KEY (StringNo, LanguageID));

CREATE TABLE dbo.tsmListValidation (   -- feeds the view vListValidationString(TableName,ColumnName,DBValue,IsDefault,IsHidden,StringNo,LocalText)
  TableName varchar(30) NOT NULL, ColumnName varchar(35) NOT NULL, DBValue smallint NOT NULL, IsDefault smallint NOT NULL DEFAULT 0,  -- N
  IsHidden smallint NOT NULL DEFAULT 0, StringNo int NOT NULL,  -- N
  PRIMARY KEY (TableName, ColumnName, DBValue));

CREATE TABLE dbo.tsmModule (
  ModuleNo smallint NOT NULL, VersionNo varchar(20) NULL,  -- N
  PRIMARY KEY (ModuleNo));

-- Indexes (C: seen in a live database)
CREATE UNIQUE INDEX UK_tarInvoice_TranID ON dbo.tarInvoice (CompanyID, TranID);  -- C
CREATE INDEX IX_tarInvoice_Status ON dbo.tarInvoice (CompanyID, Status, CustKey);  -- C
CREATE INDEX IX_tarInvoice_Cust ON dbo.tarInvoice (CustKey, TranDate);  -- C
CREATE INDEX IX_tarInvoice_Batch ON dbo.tarInvoice (BatchKey);  -- C
CREATE INDEX IX_tarInvoice_TranType ON dbo.tarInvoice (TranType);  -- C
CREATE INDEX IX_tarInvoice_Curr ON dbo.tarInvoice (CurrID);  -- C
CREATE UNIQUE INDEX UK_tarCustomer_CustID ON dbo.tarCustomer (CompanyID, CustID);  -- C
-- Indexes expected, not seen
CREATE UNIQUE INDEX UK_tarCustPmt_TranID ON dbo.tarCustPmt (CompanyID, CustKey, TranID);  -- I
CREATE INDEX IX_tarCustPmt_Batch ON dbo.tarCustPmt (BatchKey);  -- I
CREATE INDEX IX_tarPendCustPmt_Batch ON dbo.tarPendCustPmt (BatchKey);  -- I
CREATE INDEX IX_tarPendCustPmt_Cust ON dbo.tarPendCustPmt (CustKey);  -- I
CREATE INDEX IX_tarCustPmtLog_TranNo ON dbo.tarCustPmtLog (CompanyID, TranType, TranNo);  -- I
CREATE INDEX IX_tarPendCustPmtAppl_To ON dbo.tarPendCustPmtAppl (ApplyToInvcKey);  -- I
CREATE INDEX IX_tarPendCustPmtAppl_From ON dbo.tarPendCustPmtAppl (ApplyFromPmtKey);  -- I
CREATE INDEX IX_tglTransaction_Batch ON dbo.tglTransaction (BatchKey);  -- I
CREATE INDEX IX_tglPosting_Batch ON dbo.tglPosting (BatchKey);  -- I
CREATE INDEX IX_tciContact_Owner ON dbo.tciContact (EntityType, CntctOwnerKey);  -- I
