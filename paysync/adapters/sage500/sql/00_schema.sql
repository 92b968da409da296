-- The sidecar of paysync beside Sage 500: which receipts are ours, and what we sent.
-- Our own design (reference 14.1-14.3), so it carries no grades. Sage never reads it.
-- A table that is there already is left as it is: installing again loses nothing.
IF SCHEMA_ID('$(Schema)') IS NULL
  EXEC ('CREATE SCHEMA $(Schema) AUTHORIZATION dbo');
GO
IF OBJECT_ID('$(Schema).Version', 'U') IS NULL
BEGIN
CREATE TABLE $(Schema).Version (   -- what is installed; written by the installation script
  ScriptName varchar(60) NOT NULL, Version varchar(20) NOT NULL, Sha256 varchar(64) NOT NULL, InstalledAt datetime NOT NULL,
  PRIMARY KEY (ScriptName));
END;
GO
IF OBJECT_ID('$(Schema).Batch', 'U') IS NULL
BEGIN
CREATE TABLE $(Schema).Batch (   -- a batch made for one company, cash account, posting date and currency
  BatchKey int NOT NULL, BatchID varchar(12) NOT NULL, CompanyID varchar(3) NOT NULL, CashAcctKey int NOT NULL,
  PostDate datetime NOT NULL, CurrID varchar(3) NOT NULL, CreateDate datetime NOT NULL,
  PRIMARY KEY (BatchKey));
CREATE INDEX IX_Batch_Open ON $(Schema).Batch (CompanyID, CashAcctKey, PostDate, CurrID);
END;
GO
IF OBJECT_ID('$(Schema).Receipt', 'U') IS NULL
BEGIN
CREATE TABLE $(Schema).Receipt (   -- one row per idempotency key, for ever; State: live, withdrawn or deleted
  IdemKey varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, CompanyID varchar(3) NOT NULL,
  GatewayRef varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, PayloadHash varchar(100) NOT NULL,
  State varchar(10) NOT NULL DEFAULT 'live', CustPmtKey int NOT NULL, BatchKey int NOT NULL, BatchID varchar(12) NOT NULL,
  CustKey int NOT NULL, TranID varchar(13) NOT NULL, TranDate datetime NOT NULL, PostDate datetime NOT NULL,
  CurrID varchar(3) NOT NULL, TranAmt decimal(15,3) NOT NULL, RevrsCustPmtKey int NULL,
  CreateDate datetime NOT NULL, UpdateDate datetime NOT NULL,
  PRIMARY KEY (IdemKey));
CREATE UNIQUE INDEX UK_Receipt_Payment ON $(Schema).Receipt (CustPmtKey);
CREATE UNIQUE INDEX UK_Receipt_Gateway ON $(Schema).Receipt (CompanyID, GatewayRef) WHERE State = 'live';
CREATE INDEX IX_Receipt_Batch ON $(Schema).Receipt (BatchKey);
CREATE INDEX IX_Receipt_TranDate ON $(Schema).Receipt (CompanyID, TranDate);
END;
GO
IF OBJECT_ID('$(Schema).ReceiptAppl', 'U') IS NULL
BEGIN
CREATE TABLE $(Schema).ReceiptAppl (   -- the applications as we sent them: a clerk's edit shows against these
  IdemKey varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, SeqNo int NOT NULL, InvcKey int NOT NULL,
  TranID varchar(13) NOT NULL, PmtAmt decimal(15,3) NOT NULL, DiscTakenAmt decimal(15,3) NOT NULL,
  WriteOffAmt decimal(15,3) NOT NULL,
  PRIMARY KEY (IdemKey, SeqNo),
  FOREIGN KEY (IdemKey) REFERENCES $(Schema).Receipt (IdemKey));
END;
GO
IF OBJECT_ID('$(Schema).GLEntry', 'U') IS NULL
BEGIN
CREATE TABLE $(Schema).GLEntry (   -- one row per idempotency key of a general journal entry, for ever
  IdemKey varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, CompanyID varchar(3) NOT NULL,
  PayloadHash varchar(100) NOT NULL, BatchKey int NOT NULL, BatchID varchar(12) NOT NULL, TranNo varchar(10) NOT NULL,
  PostDate datetime NOT NULL, CurrID varchar(3) NOT NULL, CreateDate datetime NOT NULL,
  PRIMARY KEY (IdemKey));
END;
GO
