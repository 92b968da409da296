"""Questions about one company: module, periods, cash accounts, users, code lists."""

from __future__ import annotations

from collections.abc import Iterator

from paysync.adapters.sage500.preflight.asking import Reader, block, passed, warn
from paysync.domain.ledger import Finding

COMPANY = "SELECT CurrID FROM dbo.tsmCompany WHERE CompanyID = CAST(? AS varchar(3))"
AR_ACTIVE = """
    SELECT Active FROM dbo.tsmCompanyModule
     WHERE CompanyID = CAST(? AS varchar(3)) AND ModuleNo = 5"""
OPTIONS = """
    SELECT CurntFiscYear, CurntFiscPer, AllowInvOverpayment, IntegrateWithCM FROM dbo.tarOptions
     WHERE CompanyID = CAST(? AS varchar(3))"""
CASH = """
    SELECT CashAcctID, CurrID FROM dbo.tcmCashAcct
     WHERE CompanyID = CAST(? AS varchar(3)) AND Status = 1 ORDER BY CashAcctID"""
OPEN_PERIODS = """
    SELECT COUNT(*), MAX(EndDate) FROM dbo.tglFiscalPeriod
     WHERE CompanyID = CAST(? AS varchar(3)) AND Status = 1 AND LockAR = 0"""
USER = "SELECT 1 FROM dbo.tsmUser WHERE UserID = CAST(? AS varchar(30))"
CODES = """
    SELECT TableName, ColumnName, DBValue, LocalText FROM dbo.vListValidationString
     WHERE (TableName = 'tarInvoice' AND ColumnName = 'Status')
        OR (TableName = 'tarCustomer' AND ColumnName = 'Status')
        OR (TableName = 'tciBatchLog' AND ColumnName = 'Status')
     ORDER BY TableName, ColumnName, DBValue"""
#: The codes that we rely on (reference 3.3, 3.4): what their text must speak of.
RELIED_ON = {
    ("tarinvoice", 1): "open",
    ("tarcustomer", 1): "active",
    ("tcibatchlog", 4): "balanced",
    ("tcibatchlog", 6): "posted",
    ("tcibatchlog", 7): "interrupted",
}


def company(reader: Reader, company_id: str) -> Finding:
    if reader.rows(COMPANY, [company_id]):
        return passed("company", f"Company {company_id} is there.")
    return block(
        "company", f"There is no company {company_id}.", "Correct the company id in paysync."
    )


def ar_active(reader: Reader, company_id: str) -> Finding:
    rows = reader.rows(AR_ACTIVE, [company_id])
    if not rows or not rows[0][0]:
        return block(
            "ar_active", "Accounts receivable is not active.", "Activate the AR module in Sage."
        )
    return passed("ar_active", "Accounts receivable is active.")


def options(reader: Reader, company_id: str) -> Iterator[Finding]:
    rows = reader.rows(OPTIONS, [company_id])
    if not rows:
        yield block(
            "ar_options", f"tarOptions has no row for {company_id}.", "Set up AR options in Sage."
        )
        return
    year, period, overpay, with_cm = rows[0]
    yield passed("ar_options", f"The current AR period is {str(year).strip()}/{period}.")
    if with_cm:
        yield warn(
            "cash_management",
            "Posting also writes a cash management transaction; what it writes is not known to us.",
            "Post one batch in a test company and look at the bank transactions.",
        )
    if overpay:
        yield warn(
            "overpayment",
            "Sage lets an invoice be overpaid, into a negative balance.",
            "paysync itself never applies more than is payable.",
        )


def cash_accounts(reader: Reader, company_id: str) -> Finding:
    rows = reader.rows(CASH, [company_id])
    if not rows:
        return block(
            "cash_account",
            "There is no active cash account.",
            "Set up a clearing account for the gateway in Sage.",
        )
    names = ", ".join(f"{str(name).strip()} ({currency})" for name, currency in rows[:8])
    return passed("cash_account", f"Active cash accounts: {names}.")


def periods(reader: Reader, company_id: str) -> Finding:
    count, last = reader.rows(OPEN_PERIODS, [company_id])[0]
    if not count:
        return warn(
            "open_period",
            "No fiscal period is open for AR.",
            "Open a period in Sage, or let receipts wait.",
        )
    return passed("open_period", f"{count} periods are open, the last until {last:%Y-%m-%d}.")


def user(reader: Reader, user_id: str) -> Finding:
    """CreateUserID must be a user of Sage (inferred)."""
    if reader.rows(USER, [user_id]):
        return passed("sage_user", f"{user_id} is a user of Sage.")
    return warn(
        "sage_user",
        f"{user_id} is no user of Sage; our receipts carry it as their creator.",
        "Make one Sage user for the integration and name it in the connection's options.",
    )


def code_lists(reader: Reader) -> Finding:
    """Codes are data in Sage (certain): compare their texts with what we take them for."""
    rows = reader.rows(CODES)
    texts = {(str(t).lower(), int(v)): str(text).lower() for t, _, v, text in rows}
    wrong = [
        f"{table} {value} is “{texts[table, value]}”, not {word}"
        for (table, value), word in RELIED_ON.items()
        if (table, value) in texts and word not in texts[table, value]
    ]
    if wrong:
        return block(
            "code_lists",
            f"Codes mean something else here: {', '.join(wrong)}.",
            "Show this to an engineer before anything is written.",
        )
    known = len([key for key in RELIED_ON if key in texts])
    if known < len(RELIED_ON):
        return warn(
            "code_lists",
            f"{known} of {len(RELIED_ON)} codes that we rely on are listed; those are right.",
            "Compare the others with the reseller.",
        )
    return passed("code_lists", "The status codes mean what we take them for.")
