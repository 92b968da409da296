"""Questions about cash receipts: types, numbers, keys, codes, what people's own ones look like."""

from __future__ import annotations

from paysync.adapters.sage500.preflight.asking import Reader, block, passed, warn
from paysync.domain.ledger import Finding

TYPES = """
    SELECT b.TranType, t.TranTypeID
      FROM dbo.tciBatchTranType b JOIN dbo.tciTranTypeCompany t ON t.TranType = b.TranType
     WHERE b.BatchType = ? AND t.CompanyID = CAST(? AS varchar(3))
     ORDER BY b.TranType"""
BATCH_NUMBERS = """
    SELECT BatchTypeID, NextBatchNo FROM dbo.tciBatchTypCompany
     WHERE BatchType = ? AND CompanyID = CAST(? AS varchar(3))"""
KEYS = """
    SELECT k.NextKey, (SELECT MAX(l.CustPmtKey) FROM dbo.tarCustPmtLog l)
      FROM dbo.tciSurrogateKey k WHERE k.TableName = CAST(? AS varchar(30))"""
NEWEST = """
    SELECT TOP 50 p.TranID, p.TranNo, p.TranType FROM dbo.tarCustPmt p
     WHERE p.CompanyID = CAST(? AS varchar(3)) ORDER BY p.CustPmtKey DESC"""
PENDING_CODES = """
    SELECT DISTINCT l.TranStatus FROM dbo.tarCustPmtLog l
      JOIN dbo.tarPendCustPmt p ON p.CustPmtKey = l.CustPmtKey
     WHERE l.CompanyID = CAST(? AS varchar(3))"""
POSTED_CODES = """
    SELECT DISTINCT q.TranStatus
      FROM (SELECT TOP 500 l.TranStatus FROM dbo.tarCustPmtLog l
              JOIN dbo.tarCustPmt p ON p.CustPmtKey = l.CustPmtKey
             WHERE l.CompanyID = CAST(? AS varchar(3)) ORDER BY l.CustPmtKey DESC) q"""
HAND_KEYED = """
    SELECT TOP 1 p.TranID, p.CreateType, p.Printed, p.SeqNo, l.BatchTotal, b.TranCtrl
      FROM dbo.tarPendCustPmt p
      JOIN dbo.tciBatchLog l ON l.BatchKey = p.BatchKey
      JOIN dbo.tarBatch b ON b.BatchKey = p.BatchKey
     WHERE l.SourceCompanyID = CAST(? AS varchar(3)) AND l.PostStatus = 0
       AND (p.TranCmnt IS NULL OR p.TranCmnt NOT LIKE 'PT %')
     ORDER BY p.CustPmtKey DESC"""
WRITE_OFF = """
    SELECT TOP 1 l.TranID, b.BatchID FROM dbo.tciBatchLog b
      JOIN dbo.tarInvoiceAppl a ON a.BatchKey = b.BatchKey
      JOIN dbo.tarInvoice l ON l.InvcKey = a.ApplyToInvcKey
     WHERE b.SourceCompanyID = CAST(? AS varchar(3)) AND b.BatchType = 506
     ORDER BY b.BatchKey DESC"""
MEMO_SIGN = """
    SELECT TOP 1 TranID, TranAmt, Balance FROM dbo.tarInvoice
     WHERE CompanyID = CAST(? AS varchar(3)) AND TranType = 502 AND TranAmt <> 0
     ORDER BY InvcKey DESC"""


def receipt_type(reader: Reader, company_id: str, batch_type: int) -> Finding:
    rows = reader.rows(TYPES, [batch_type, company_id])
    if not rows:
        return block(
            "receipt_type",
            f"Batch type {batch_type} has no receipt type with an ID in {company_id}.",
            "Look at tciBatchTranType and tciTranTypeCompany with the reseller.",
        )
    named = ", ".join(f"{kind} ({str(name).strip()})" for kind, name in rows)
    if len(rows) > 1:
        return warn(
            "receipt_type",
            f"Batch type {batch_type} has several types: {named}. The first is used.",
            "Rehearse one receipt in a test company and look at its type.",
        )
    return passed("receipt_type", f"Receipts are of type {named}.")


def batch_numbers(reader: Reader, company_id: str, batch_type: int) -> Finding:
    rows = reader.rows(BATCH_NUMBERS, [batch_type, company_id])
    if not rows:
        return block(
            "batch_numbers",
            f"Batch type {batch_type} has no number range in {company_id}.",
            "Set up cash receipt batches for the company in Sage.",
        )
    return passed("batch_numbers", f"The next cash receipt batch is number {rows[0][1]}.")


def surrogate_key(reader: Reader, key_name: str) -> Finding:
    """A value that is not above the table's maximum is a known cause of errors (certain)."""
    rows = reader.rows(KEYS, [key_name])
    if not rows:
        return block(
            "surrogate_key",
            f"tciSurrogateKey has no row {key_name}.",
            "Ask the reseller under which name receipts take their key (the name is inferred).",
        )
    next_key, highest = int(rows[0][0]), int(rows[0][1] or 0)
    if next_key <= highest:
        return block(
            "surrogate_key",
            f"The next receipt key is {next_key}, but {highest} is in use.",
            "Correct tciSurrogateKey with the reseller before anything is written.",
        )
    return passed("surrogate_key", "The next receipt key is above every key in use.")


def tran_id_form(reader: Reader, company_id: str) -> Finding:
    """Prefix, hyphen, number is inferred for receipts: the newest ones tell."""
    rows = [(str(a).strip(), str(b).strip()) for a, b, _ in reader.rows(NEWEST, [company_id])]
    if not rows:
        return warn(
            "tran_id",
            "No posted receipt shows how this site writes receipt IDs.",
            "Enter and post one receipt by hand in a test company, then ask again.",
        )
    odd = [name for name, number in rows if not name.endswith(f"-{number}")]
    if len(odd) == len(rows):
        return block(
            "tran_id",
            f"Receipt IDs such as {odd[0]} are not made of a prefix, a hyphen and the number.",
            "Show this to an engineer: the wrapper makes IDs that Sage would not.",
        )
    if odd:
        return warn("tran_id", f"{len(odd)} of {len(rows)} receipt IDs have another form, such as "
                    f"{odd[0]}.", "Ask finance where those come from.")  # fmt: skip
    return passed("tran_id", f"Receipt IDs look like {rows[0][0]}.")


def pending_code(reader: Reader, company_id: str, setting: int) -> Finding:
    return codes(reader, company_id, "pending_code", PENDING_CODES, setting)


def posted_code(reader: Reader, company_id: str, setting: int) -> Finding:
    return codes(reader, company_id, "posted_code", POSTED_CODES, setting)


def codes(reader: Reader, company_id: str, code: str, sql: str, setting: int) -> Finding:
    found = sorted(int(row[0]) for row in reader.rows(sql, [company_id]))
    if not found:
        return warn(
            code, f"No receipt shows the status code; {setting} is assumed (inferred).",
            "Rehearse one receipt in a test company before going live.",
        )  # fmt: skip
    if found != [setting]:
        told = ", ".join(str(value) for value in found)
        return warn(
            code,
            f"The receipt log shows the codes {told}; the setting is {setting}.",
            "Compare with receipts that people entered, and change the setting.",
        )
    return passed(code, f"The receipt log shows {setting}, as set.")


def hand_keyed(reader: Reader, company_id: str) -> Finding:
    """What Sage's own entry form fills in is not publicly known: one open batch shows it."""
    rows = reader.rows(HAND_KEYED, [company_id])
    if not rows:
        return warn(
            "hand_keyed",
            "No open receipt that a person entered is there to compare ours with.",
            "Enter one in a test company and leave its batch unposted, then ask again.",
        )
    name, create_type, printed, seq, total, control = rows[0]
    return passed(
        "hand_keyed",
        f"{str(name).strip()} by hand: CreateType {create_type}, Printed {printed}, SeqNo {seq}, "
        f"batch total {total}, control total {control}.",
    )


def memo_sign(reader: Reader, company_id: str) -> Finding:
    """The sign of a credit memo's amounts is unknown; we decide by its type."""
    rows = reader.rows(MEMO_SIGN, [company_id])
    if not rows:
        return passed("memo_sign", "No credit memo is there to look at.")
    name, amount, _ = rows[0]
    sign = "negative" if amount < 0 else "positive"
    return passed("memo_sign", f"Credit memos such as {str(name).strip()} are {sign}.")


def write_off_sample(reader: Reader, company_id: str) -> Finding:
    """What posting makes of a write-off is unknown; a posted one can be looked at."""
    rows = reader.rows(WRITE_OFF, [company_id])
    if rows:
        return passed(
            "write_off",
            f"Write-off batch {str(rows[0][1]).strip()} on {str(rows[0][0]).strip()} can be "
            "compared with ours.",
        )
    return warn(
        "write_off",
        "What posting makes of a receipt with a write-off has not been seen here (unknown).",
        "Rehearse one in a test company before a rule may write anything off.",
    )
