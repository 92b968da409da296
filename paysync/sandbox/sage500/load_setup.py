"""Fill the tables that describe a company: ledger, periods, cash accounts, classes, options.

Reads one entry of `companies` of the data set (`paysync/sandbox/company.py` makes one). Values the
data set does not give follow the column's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paysync.sandbox.sage500.amounts import mills_of
from paysync.sandbox.sage500.store import Store

Record = Mapping[str, Any]

USER = "paysync"
#: 511 and its ID are inferred; the others are certain as numbers, inferred as IDs.
TRAN_TYPES = ((501, "IN"), (502, "CM"), (503, "DM"), (504, "FC"), (511, "CR"))
RECEIPT_BATCH, INVOICE_BATCH = 503, 501

SHARED = """
    INSERT OR IGNORE INTO tciBatchType (BatchType, ModuleNo) VALUES (501, 5), (503, 5);
    INSERT OR IGNORE INTO tciBatchTranType (BatchType, TranType)
        VALUES (501, 501), (501, 502), (501, 503), (501, 504), (503, 511);
    INSERT OR IGNORE INTO tsmModule (ModuleNo, VersionNo) VALUES (5, '7.90 (twin)');
    INSERT OR IGNORE INTO tsmUser (UserID) VALUES ('paysync');
    INSERT OR IGNORE INTO tmcCurrExchSchd (CurrExchSchdKey, CurrExchSchdID) VALUES (1, 'DAILY')"""
CURRENCY = """
    INSERT OR REPLACE INTO tmcCurrency (CurrID, CurrLocale, DigitsAfterDecimal, IsUsed)
        VALUES (:currency, 1033, :digits, 1)"""
RATE = """
    INSERT OR REPLACE INTO tmcCurrExchSchdDtl (CurrExchSchdKey, EffectiveDate, SourceCurrID,
                                               TargetCurrID, CurrExchRate)
        VALUES (1, :effective, :source, :target, :rate)"""
COMPANY = """
    INSERT INTO tsmCompany (CompanyID, City, CompanyName, CountryID, CurrID, PostalCode, StateID)
        VALUES (:company_id, :city, :name, :country, :currency, :postal_code, :state)"""
MODULE = "INSERT INTO tsmCompanyModule (CompanyID, ModuleNo, Active) VALUES (?, 5, ?)"
SEGMENT = """
    INSERT INTO tglSegment (SegmentKey, AcctSegID, CompanyID, Description, Number, Size)
        VALUES (:key, :number, :company_id, :description, :number, :size)"""
ACCOUNT = """
    INSERT INTO tglAccount (GLAcctKey, CompanyID, Description, GLAcctNo, NaturalAcctKey, Status,
                            PostingType, CurrRestriction, RestrictedCurrID)
        VALUES (:key, :company_id, :description, :number, 1, :status, 3, 2, NULL)"""
ACCOUNT_SEGMENT = (
    "INSERT INTO tglAcctSegment (GLAcctKey, SegmentKey, AcctSegValue) VALUES (?, ?, ?)"
)
YEAR = "INSERT OR IGNORE INTO tglFiscalYear (CompanyID, FiscYear, NoOfPeriods) VALUES (?, ?, 12)"
PERIOD = """
    INSERT INTO tglFiscalPeriod (CompanyID, FiscYear, FiscPer, FiscYearPer, StartDate, EndDate,
                                 Status, LockAR)
        VALUES (:company_id, :year, :period, :label, :start, :end, :status, :lock_ar)"""
JOURNAL = "INSERT INTO tglJournal (JrnlKey, CompanyID, JrnlID) VALUES (?, ?, 'CR')"
TRAN_TYPE = """
    INSERT INTO tciTranTypeCompany (CompanyID, TranType, TranTypeID, JrnlKey) VALUES (?, ?, ?, ?)"""
BATCH_TYPE = """
    INSERT INTO tciBatchTypCompany (CompanyID, BatchType, BatchTypeID, NextBatchNo)
        VALUES (?, ?, ?, 1)"""
BANK = "INSERT INTO tcmBank (BankKey, CompanyID, BankID, Description) VALUES (?, ?, 'MAIN', 'Bank')"
CASH = """
    INSERT INTO tcmCashAcct (CashAcctKey, BankKey, CompanyID, CashAcctID, Description, CurrID,
                             GLAcctKey, Status)
        VALUES (:key, :bank, :company_id, :cash_account_id, :description, :currency, :gl_key,
                :status)"""
TERMS = """
    INSERT INTO tciPaymentTerms (PmtTermsKey, CompanyID, PmtTermsID, Description, DueDayOrMonth)
        VALUES (:key, :company_id, :terms_id, :description, :days)"""
CLASS = """
    INSERT INTO tarCustClass (CustClassKey, AcctsRecAcctKey, AllowWriteOff, BadDebtAcctKey,
                              CompanyID, CustClassID, CustClassName, DiscTakenAcctKey, LanguageID,
                              RefundAcctKey, WriteOffAcctKey)
        VALUES (:key, :receivable, :allow_write_off, :bad_debt, :company_id, :class_id, :name,
                :discount, 1033, :refund, :write_off)"""
OPTIONS = """
    INSERT INTO tarOptions (CompanyID, AllowDuplicateChecks, AllowFuturePerPost, AllowPriorPerPost,
                            AllowInvOverpayment, CurntFiscPer, CurntFiscYear, DfltCashAcctKey,
                            IntegrateWithGL, MaxWriteOffLimit, NoOfFuturePer, UseMultCurr,
                            UseNationalAccts)
        VALUES (:company_id, :allow_duplicate_checks, :allow_future_period, :allow_prior_period,
                :allow_overpayment, :current_period, :current_year, :default_cash, 1,
                :max_write_off, :future_periods, :multi_currency, :national_accounts)"""
GL_OPTIONS = "INSERT INTO tglOptions (CompanyID, AcctMask, UseMultCurr) VALUES (?, ?, 1)"

OPTION_DEFAULTS: dict[str, Any] = {
    "allow_duplicate_checks": 0,
    "allow_future_period": 1,
    "allow_prior_period": 1,
    "allow_overpayment": 0,
    "future_periods": 1,
    "multi_currency": 1,
    "national_accounts": 1,
}


def load_shared(store: Store, data: Record) -> None:
    """Currencies, rates and the codes every company shares."""
    for statement in SHARED.split(";"):
        store.execute(statement)
    store.many(CURRENCY, data.get("currencies", ({"currency": "USD", "digits": 2},)))
    store.many(RATE, data.get("exchange_rates", ()))


def load_company(store: Store, company: Record) -> None:
    """One company without its customers and invoices."""
    company_id = company["company_id"]
    place = {"city": "", "country": "USA", "postal_code": "", "state": ""}
    store.execute(COMPANY, {**place, **pick(company, "company_id", "name", "currency", *place)})
    store.execute(MODULE, (company_id, int(company.get("ar_active", True))))
    accounts = load_accounts(store, company)
    load_periods(store, company)
    load_numbers(store, company_id)
    cash = load_cash_accounts(store, company, accounts)
    load_classes(store, company, accounts)
    load_terms(store, company)
    load_options(store, company, cash)


def pick(record: Record, *names: str) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


def load_accounts(store: Store, company: Record) -> dict[str, int]:
    """GL accounts with their segments. Returns account number -> key."""
    company_id, segments = company["company_id"], company.get("gl_segments", ())
    first = store.take_keys("tglSegment", max(len(segments), 1))
    store.many(
        SEGMENT,
        [{**s, "key": first + i, "company_id": company_id} for i, s in enumerate(segments)],
    )
    store.execute(GL_OPTIONS, (company_id, "-".join("#" * s["size"] for s in segments)))
    keys: dict[str, int] = {}
    for account in company.get("gl_accounts", ()):
        key = keys[account["number"]] = store.take_keys("tglAccount")
        row = {"status": 1, "description": "", **account, "key": key, "company_id": company_id}
        store.execute(ACCOUNT, row)
        start = 0
        for place, segment in enumerate(segments):
            value = account["number"][start : start + segment["size"]]
            store.execute(ACCOUNT_SEGMENT, (key, first + place, value))
            start += segment["size"]
    return keys


def load_periods(store: Store, company: Record) -> None:
    for period in company.get("fiscal_periods", ()):
        store.execute(YEAR, (company["company_id"], period["year"]))
        label = f"{period['year']}-{period['period']:02d}"
        store.execute(
            PERIOD,
            {"status": 1, "lock_ar": 0, **period, "company_id": company["company_id"],
             "label": label},
        )  # fmt: skip


def load_numbers(store: Store, company_id: str) -> None:
    """Journal, transaction types and batch types: where numbers come from."""
    journal = store.take_keys("tglJournal")
    store.execute(JOURNAL, (journal, company_id))
    store.many(TRAN_TYPE, [(company_id, kind, name, journal) for kind, name in TRAN_TYPES])
    store.many(BATCH_TYPE, [(company_id, INVOICE_BATCH, "IN"), (company_id, RECEIPT_BATCH, "CR")])


def load_cash_accounts(store: Store, company: Record, accounts: Mapping[str, int]) -> list[int]:
    bank = store.take_keys("tcmBank")
    store.execute(BANK, (bank, company["company_id"]))
    keys = []
    for cash in company.get("cash_accounts", ()):
        keys.append(store.take_keys("tcmCashAcct"))
        store.execute(
            CASH,
            {"status": 1, "description": "", **cash, "key": keys[-1], "bank": bank,
             "company_id": company["company_id"], "gl_key": accounts[cash["gl_account"]]},
        )  # fmt: skip
    return keys


def load_classes(store: Store, company: Record, accounts: Mapping[str, int]) -> None:
    for found in company.get("customer_classes", ()):
        named = ("receivable", "discount", "write_off", "bad_debt", "refund")
        store.execute(
            CLASS,
            {"name": "", "allow_write_off": 1, **found, "key": store.take_keys("tarCustClass"),
             "company_id": company["company_id"], **{n: accounts[found[n]] for n in named}},
        )  # fmt: skip


def load_terms(store: Store, company: Record) -> None:
    for terms in company.get("payment_terms", ()):
        key = store.take_keys("tciPaymentTerms")
        row = {"days": 30, "description": "", **terms}
        store.execute(TERMS, {**row, "key": key, "company_id": company["company_id"]})


def load_options(store: Store, company: Record, cash: list[int]) -> None:
    """AR options; the current period is the first open one unless named."""
    given = {**OPTION_DEFAULTS, **company.get("options", {})}
    periods = [p for p in company.get("fiscal_periods", ()) if p.get("status", 1) == 1]
    current = periods[0] if periods else {"year": "", "period": 0}
    given.setdefault("current_year", current["year"])
    given.setdefault("current_period", current["period"])
    given["max_write_off"] = mills_of(given.get("max_write_off", "0"))
    default_cash = cash[0] if cash else None
    flat = {k: int(v) if isinstance(v, bool) else v for k, v in given.items()}
    store.execute(
        OPTIONS, {**flat, "company_id": company["company_id"], "default_cash": default_cash}
    )
