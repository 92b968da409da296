"""The preflight of the HTTP contract: is this company ready for receipts? (reference 17)"""

from __future__ import annotations

from typing import Any

from paysync.sandbox.sage500.store import Store

CHECKS = (
    (
        "ar_active", "block", "Accounts receivable is active", "Activate the AR module in Sage.",
        "SELECT 1 FROM tsmCompanyModule WHERE CompanyID = ? AND ModuleNo = 5 AND Active = 1",
    ),
    (
        "receipt_type", "block", "Batch type 503 has a receipt type with an ID",
        "Look at tciBatchTranType and tciTranTypeCompany.",
        "SELECT 1 FROM tciBatchTranType b JOIN tciTranTypeCompany t ON t.TranType = b.TranType "
        "WHERE b.BatchType = 503 AND t.CompanyID = ?",
    ),
    (
        "batch_numbers", "block", "Cash receipt batches have a number range",
        "Set up batch type 503 for the company.",
        "SELECT 1 FROM tciBatchTypCompany WHERE BatchType = 503 AND CompanyID = ?",
    ),
    (
        "surrogate_key", "block", "The next receipt key is above every key in use",
        "Correct tciSurrogateKey with the reseller before anything is written.",
        "SELECT 1 FROM tsmCompany WHERE CompanyID = ? AND COALESCE((SELECT NextKey FROM "
        "tciSurrogateKey WHERE TableName = 'tarCustPmtLog'), 1) > COALESCE((SELECT "
        "MAX(CustPmtKey) FROM tarCustPmtLog), 0)",
    ),
    (
        "cash_account", "block", "There is an active cash account", "Set up a clearing account.",
        "SELECT 1 FROM tcmCashAcct WHERE CompanyID = ? AND Status = 1",
    ),
    (
        "open_period", "warn", "There is an open fiscal period", "Open a period or post later.",
        "SELECT 1 FROM tglFiscalPeriod WHERE CompanyID = ? AND Status = 1 AND LockAR = 0",
    ),
)  # fmt: skip


def preflight(store: Store, company_id: str) -> list[dict[str, Any]]:
    """One finding a question, in a fixed order."""
    found = []
    for code, level, message, advice, sql in CHECKS:
        passed = store.row(sql, (company_id,)) is not None
        found.append({
            "code": code, "level": "pass" if passed else level,
            "message": message if passed else f"Not so: {message}",
            "advice": "" if passed else advice,
        })  # fmt: skip
    return found
