-- The sidecar of the integration beside Sage 500, as T-SQL: which receipts are ours, and what we sent.
-- Our own design (reference 14.1-14.3), so it carries no grades. Sage never reads it.
CREATE SCHEMA ptx;
GO
CREATE TABLE ptx.Batch (   -- a 503 batch made for one company, cash account, posting date and currency
  BatchKey int NOT NULL, BatchID varchar(12) NOT NULL, CompanyID varchar(3) NOT NULL, CashAcctKey int NOT NULL,
  PostDate datetime NOT NULL, CurrID varchar(3) NOT NULL, CreateDate datetime NOT NULL,
  PRIMARY KEY (BatchKey));
CREATE TABLE ptx.Receipt (   -- one row per idempotency key, for ever; State: live, withdrawn or deleted
  IdemKey varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, CompanyID varchar(3) NOT NULL,
  GatewayRef varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, PayloadHash varchar(64) NOT NULL,
  State varchar(10) NOT NULL DEFAULT 'live', CustPmtKey int NOT NULL, BatchKey int NOT NULL, BatchID varchar(12) NOT NULL,
  CustKey int NOT NULL, TranID varchar(13) NOT NULL, TranDate datetime NOT NULL, PostDate datetime NOT NULL,
  CurrID varchar(3) NOT NULL, TranAmt decimal(15,3) NOT NULL, CreateDate datetime NOT NULL, UpdateDate datetime NOT NULL,
  PRIMARY KEY (IdemKey));
CREATE TABLE ptx.ReceiptAppl (   -- the applications as we sent them: a clerk's edit shows against these
  IdemKey varchar(64) COLLATE Latin1_General_BIN2 NOT NULL, SeqNo int NOT NULL, InvcKey int NOT NULL,
  TranID varchar(13) NOT NULL, PmtAmt decimal(15,3) NOT NULL, DiscTakenAmt decimal(15,3) NOT NULL,
  WriteOffAmt decimal(15,3) NOT NULL,
  PRIMARY KEY (IdemKey, SeqNo),
  FOREIGN KEY (IdemKey) REFERENCES ptx.Receipt (IdemKey));
CREATE INDEX IX_Batch_Open ON ptx.Batch (CompanyID, CashAcctKey, PostDate, CurrID);
CREATE UNIQUE INDEX UK_Receipt_Payment ON ptx.Receipt (CustPmtKey);
CREATE UNIQUE INDEX UK_Receipt_Gateway ON ptx.Receipt (CompanyID, GatewayRef) WHERE State = 'live';
CREATE INDEX IX_Receipt_Batch ON ptx.Receipt (BatchKey);
CREATE INDEX IX_Receipt_TranDate ON ptx.Receipt (CompanyID, TranDate);
