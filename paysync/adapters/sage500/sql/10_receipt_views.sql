-- What became of our receipts (reference 14.4), read from Sage's own tables every time.
IF OBJECT_ID('$(Schema).vReceipt', 'V') IS NOT NULL
  DROP VIEW $(Schema).vReceipt;
GO
-- State, first that holds: withdrawn, deleted, interrupted, posted, posting, being_edited, pending.
-- A posted receipt whose batch log was purged since is still posted.
CREATE VIEW $(Schema).vReceipt
AS
SELECT s.IdemKey, s.CompanyID, s.GatewayRef, s.State, s.CustPmtKey, s.BatchKey, s.BatchID, s.TranID,
       s.TranDate, s.PostDate, s.CustID, s.CurrID, s.SentAmt, s.TranAmt, s.UnappliedAmt,
       CASE WHEN s.State = 'posted' THEN s.PostedOn END AS PostedOn, s.RevrsCustPmtKey
  FROM (SELECT r.IdemKey, r.CompanyID, r.GatewayRef, r.CustPmtKey, r.BatchKey, r.BatchID, r.TranID,
               r.TranDate, r.PostDate, k.CustID, r.CurrID, r.TranAmt AS SentAmt, r.RevrsCustPmtKey,
               COALESCE(c.TranAmt, p.TranAmt) AS TranAmt,
               COALESCE(c.UnappliedAmt, p.UnappliedAmt) AS UnappliedAmt, c.PostDate AS PostedOn,
               CASE WHEN r.State = 'withdrawn' THEN 'withdrawn'
                    WHEN b.PostStatus = $(PostStatusDeleted)
                      OR (p.CustPmtKey IS NULL AND c.CustPmtKey IS NULL) THEN 'deleted'
                    WHEN b.Status = $(StatusInterrupted) THEN 'interrupted'
                    WHEN c.CustPmtKey IS NOT NULL
                     AND (b.Status = $(StatusPosted) OR b.BatchKey IS NULL) THEN 'posted'
                    WHEN b.Status = $(StatusPosting) OR b.PostStatus > 0 THEN 'posting'
                    WHEN b.Status = $(StatusInUse) THEN 'being_edited'
                    ELSE 'pending' END AS State
          FROM $(Schema).Receipt r
          LEFT JOIN dbo.tarCustomer k ON k.CustKey = r.CustKey
          LEFT JOIN dbo.tciBatchLog b ON b.BatchKey = r.BatchKey
          LEFT JOIN dbo.tarPendCustPmt p ON p.CustPmtKey = r.CustPmtKey
          LEFT JOIN dbo.tarCustPmt c ON c.CustPmtKey = r.CustPmtKey) s;
GO
IF OBJECT_ID('$(Schema).vReceiptAppl', 'V') IS NOT NULL
  DROP VIEW $(Schema).vReceiptAppl;
GO
-- The applications of our receipts: as sent, as they are pending now, as they were posted.
-- The posted table has no column for a write-off (certain): NULL there.
CREATE VIEW $(Schema).vReceiptAppl
AS
SELECT s.IdemKey, 'sent' AS Source, s.SeqNo, s.InvcKey, s.TranID, s.PmtAmt, s.DiscTakenAmt, s.WriteOffAmt
  FROM $(Schema).ReceiptAppl s
UNION ALL
SELECT r.IdemKey, 'pending', a.SeqNo, a.ApplyToInvcKey, a.ApplyToTranID, a.PmtAmt, a.DiscTakenAmt, a.WriteOffAmt
  FROM $(Schema).Receipt r JOIN dbo.tarPendCustPmtAppl a ON a.ApplyFromPmtKey = r.CustPmtKey
UNION ALL
SELECT r.IdemKey, 'posted', a.EntryNo, a.ApplyToInvcKey, a.ApplyToTranID, a.PmtAmt, a.DiscTaken, NULL
  FROM $(Schema).Receipt r JOIN dbo.tarCustPmtAppl a ON a.CustPmtKey = r.CustPmtKey;
GO
IF OBJECT_ID('$(Schema).vOpenBatch', 'V') IS NOT NULL
  DROP VIEW $(Schema).vOpenBatch;
GO
-- Our batches that can take one more receipt. One that a person put on hold is left alone, and where
-- people release our batches, one that they released.
CREATE VIEW $(Schema).vOpenBatch
AS
SELECT o.CompanyID, o.CashAcctKey, o.PostDate, o.CurrID, o.BatchKey, o.BatchID, b.NextSeqNo
  FROM $(Schema).Batch o
  JOIN dbo.tciBatchLog b ON b.BatchKey = o.BatchKey
  JOIN dbo.tarBatch h ON h.BatchKey = o.BatchKey
 WHERE b.Status IN ($(StatusOnHold), $(StatusBalanced)) AND b.PostStatus = 0
   AND (h.Hold = 0 OR h.HoldReason = '$(HoldReason)')
   AND ($(HoldAfter) = 0 OR h.Hold = 1);
GO
