-- Removes what paysync installed, and nothing else: receipts that we entered stay in Sage.
-- The tables hold the only record of which receipts are ours. While it holds receipts they stay,
-- unless the script was printed for dropping them (here: $(DropReceipts)); without that record a
-- receipt could be entered twice.
IF OBJECT_ID('$(Schema).CustomerUpdate', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).CustomerUpdate;
IF OBJECT_ID('$(Schema).CustomerSessionNotMapped', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).CustomerSessionNotMapped;
IF OBJECT_ID('$(Schema).GLEntrySubmit', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).GLEntrySubmit;
IF OBJECT_ID('$(Schema).GLEntryNotMapped', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).GLEntryNotMapped;
IF OBJECT_ID('$(Schema).ReversalSubmit', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReversalSubmit;
IF OBJECT_ID('$(Schema).ReceiptStatus', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptStatus;
IF OBJECT_ID('$(Schema).ReceiptFind', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptFind;
IF OBJECT_ID('$(Schema).ReceiptWithdraw', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptWithdraw;
IF OBJECT_ID('$(Schema).ReceiptSubmit', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptSubmit;
IF OBJECT_ID('$(Schema).ReceiptCheck', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).ReceiptCheck;
IF OBJECT_ID('$(Schema).BatchOpen', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).BatchOpen;
IF OBJECT_ID('$(Schema).PaymentKey', 'P') IS NOT NULL
  DROP PROCEDURE $(Schema).PaymentKey;
GO
IF OBJECT_ID('$(Schema).vOpenBatch', 'V') IS NOT NULL
  DROP VIEW $(Schema).vOpenBatch;
IF OBJECT_ID('$(Schema).vReceiptAppl', 'V') IS NOT NULL
  DROP VIEW $(Schema).vReceiptAppl;
IF OBJECT_ID('$(Schema).vReceipt', 'V') IS NOT NULL
  DROP VIEW $(Schema).vReceipt;
GO
IF OBJECT_ID('$(Schema).GLEntryRows') IS NOT NULL
  DROP FUNCTION $(Schema).GLEntryRows;
IF OBJECT_ID('$(Schema).PeriodProblem') IS NOT NULL
  DROP FUNCTION $(Schema).PeriodProblem;
IF OBJECT_ID('$(Schema).Digest') IS NOT NULL
  DROP FUNCTION $(Schema).Digest;
IF OBJECT_ID('$(Schema).AmtText') IS NOT NULL
  DROP FUNCTION $(Schema).AmtText;
IF OBJECT_ID('$(Schema).ApplRows') IS NOT NULL
  DROP FUNCTION $(Schema).ApplRows;
GO
IF OBJECT_ID('$(Schema).Version', 'U') IS NOT NULL
  DELETE FROM $(Schema).Version;
GO
IF OBJECT_ID('$(Schema).Receipt', 'U') IS NOT NULL
BEGIN
  IF $(DropReceipts) = 0
     AND (EXISTS (SELECT 1 FROM $(Schema).Receipt) OR EXISTS (SELECT 1 FROM $(Schema).GLEntry))
    RAISERROR ('The tables of $(Schema) hold receipts and stay. Everything else is removed.', 16, 1);
  ELSE
  BEGIN
    DROP TABLE $(Schema).ReceiptAppl;
    DROP TABLE $(Schema).Receipt;
    DROP TABLE $(Schema).Batch;
    DROP TABLE $(Schema).GLEntry;
    DROP TABLE $(Schema).Version;
  END;
END;
GO
-- The role goes with the tables, once nobody is a member of it.
IF OBJECT_ID('$(Schema).Receipt', 'U') IS NULL AND DATABASE_PRINCIPAL_ID('$(AppRole)') IS NOT NULL
BEGIN
  IF EXISTS (SELECT 1 FROM sys.database_role_members WHERE role_principal_id = DATABASE_PRINCIPAL_ID('$(AppRole)'))
    RAISERROR ('The role $(AppRole) still has members and stays: remove them, then run this again.', 16, 1);
  ELSE
    DROP ROLE $(AppRole);
END;
GO
IF OBJECT_ID('$(Schema).Receipt', 'U') IS NULL AND SCHEMA_ID('$(Schema)') IS NOT NULL
  DROP SCHEMA $(Schema);
GO
