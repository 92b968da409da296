"""The ERP port on Sage's own database: mode `sqlserver`.

Reads are plain SELECTs of the tables in queries.py; writes go only through the wrappers of `sql/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from paysync.adapters.sage500 import mapping, queries, receipt_rows, rows
from paysync.adapters.sage500.cells import Cells, cells_of
from paysync.adapters.sage500.odbc import Found, Limits, SageDatabase
from paysync.adapters.sage500.odbc_errors import SYSTEM
from paysync.adapters.sage500.preflight import preflight, site_of
from paysync.adapters.sage500.quick_rows import InvoiceReader
from paysync.adapters.sage500.server_time import ServerTime, day_stamp
from paysync.adapters.sage500.set_aside import read_each
from paysync.adapters.sage500.site import rendered, settings_of
from paysync.domain.errors import OutcomeUnknownError, RecordError, RejectedError
from paysync.domain.ledger import (
    ErpCashAccount,
    ErpCurrency,
    ErpCustomer,
    ErpExchangeRate,
    ErpFiscalPeriod,
    ErpGLAccount,
    ErpPaymentTerms,
    ErpReceipt,
    Finding,
    Invoice,
    ReceiptIntent,
    ReversalIntent,
    StaffReceipt,
    SubmitCode,
    SubmitResult,
)
from paysync.domain.money import Money

#: Rows of one statement: few enough to be short, enough that its own cost does not count.
PAGE_MAX = 10_000
#: How many keys or documents one statement names.
BULK = queries.LENGTHS[-1]
#: Our longest ids are the idempotency keys.
LONGEST_NAME = 64
#: Below every key: surrogate keys are int.
BEFORE_ALL = -(2**31)
DONE = frozenset({SubmitCode.CREATED, SubmitCode.ALREADY_THERE})


@dataclass(frozen=True, slots=True)
class SqlServerConfig:
    """One Sage database. zone: of the server's clock (unknown); user_id: Sage user of our rows.

    site: the site's own names and numbers (site.py). Raises RecordError for what cannot work.
    """

    zone: str
    user_id: str = ""
    page_size: int = PAGE_MAX
    limits: Limits = field(default_factory=Limits)
    site: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.site, Mapping):
            raise RecordError("the option site is no list of settings with their values")
        settings_of(self.site)
        if not 1 <= self.page_size <= PAGE_MAX:
            raise RecordError(f"a page has 1 to {PAGE_MAX} rows")
        if len(self.user_id) > 30 or not mapping.is_windows_1252(self.user_id):
            raise RecordError("the option user_id is no Sage user: at most 30 plain characters")


class SqlServerLedger:
    """An ErpLedger on SQL Server. For one thread, as Django's connections are."""

    def __init__(self, connection: BaseDatabaseWrapper, config: SqlServerConfig) -> None:
        self._config = config
        lock_timeout_ms = int(settings_of(config.site)["LockTimeoutMs"])
        limits = replace(config.limits, lock_timeout_ms=lock_timeout_ms)
        self._database = SageDatabase(connection, limits)
        self._clock = ServerTime.named(config.zone)
        self._site = site_of(config.site, config.user_id)
        self._companies: set[str] = set()
        self._texts: dict[str, str] = {}

    # --- documents and master data -------------------------------------------------------------

    def open_invoices(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[Invoice]:
        if since is None:
            keys = ["CustKey", "CustKey", "InvcKey"]
            pages = self._pages(queries.OPEN_INVOICES, company_id, "invoice", keys)
        else:
            stamps = [self._clock.since(since)] * 4
            pages = self._pages(
                queries.CHANGED_INVOICES, company_id, "invoice", ["InvcKey"], stamps
            )
        reader = InvoiceReader(self._clock, set_aside)
        return (invoice for found in pages for invoice in reader.read(found))

    def get_invoice(self, company_id: str, tran_id: str) -> Invoice:
        for cells in self._named_invoices(company_id, [tran_id]):
            return rows.to_invoice(cells, self._clock)
        self._require_company(company_id)
        raise RejectedError(SYSTEM, f"no document {tran_id[:60]}", reason="not_found")

    def payable_now(self, company_id: str, tran_ids: Sequence[str]) -> dict[str, Money]:
        self._require_company(company_id)
        return dict(rows.to_payable(cells) for cells in self._named_invoices(company_id, tran_ids))

    def customers(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[ErpCustomer]:
        stamps = [] if since is None else [self._clock.since(since)] * 2
        sql = queries.CHANGED_CUSTOMERS if stamps else queries.ALL_CUSTOMERS
        name = ("customer", "CustID")
        listed = self._listed(sql, company_id, name, "CustKey", stamps)
        return read_each(listed, partial(rows.to_customer, clock=self._clock), set_aside)

    def cash_accounts(self, company_id: str) -> Sequence[ErpCashAccount]:
        name = ("cash account", "CashAcctID")
        listed = self._listed(queries.CASH_ACCOUNTS, company_id, name, "CashAcctKey")
        return [rows.to_cash_account(cells) for cells in listed]

    def gl_accounts(self, company_id: str) -> Sequence[ErpGLAccount]:
        has_view = self._database.rows(queries.HAS_FORMATTED)[0][0] is not None
        shown = queries.FORMATTED if has_view else queries.SEGMENTS
        name = ("GL account", "GLAcctNo")
        listed = list(self._listed(queries.GL_ACCOUNTS, company_id, name, "GLAcctKey"))
        formatted: dict[int, str] = {}
        for start in range(0, len(listed), self._config.page_size):
            page = listed[start : start + self._config.page_size]
            ends = [page[0].number("GLAcctKey"), page[-1].number("GLAcctKey")]
            formatted |= rows.to_formatted(self._database.rows(shown, [company_id, *ends]))
        return [rows.to_gl_account(cells, formatted) for cells in listed]

    def fiscal_periods(self, company_id: str) -> Sequence[ErpFiscalPeriod]:
        self._require_company(company_id)
        options = self._all(queries.AR_WINDOW, [company_id], ("AR options", "CurntFiscYear"))
        window = next((rows.to_window(cells) for cells in options), None)
        name = ("fiscal period", "FiscPer")
        return rows.to_periods(self._all(queries.PERIODS, [company_id], name), window)

    def currencies(self, company_id: str) -> Sequence[ErpCurrency]:
        self._require_company(company_id)
        found = self._all(queries.CURRENCIES, [company_id], ("currency", "CurrID"))
        return [rows.to_currency(cells) for cells in found]

    def exchange_rates(self, company_id: str, day: date) -> Sequence[ErpExchangeRate]:
        """The rates of that day into the company's currency, of every schedule."""
        self._require_company(company_id)
        params = [company_id, *[day_stamp(day)] * 3]
        found = self._all(queries.RATES, params, ("exchange rate", "SourceCurrID"))
        return [rows.to_rate(cells) for cells in found]

    def payment_terms(self, company_id: str) -> Sequence[ErpPaymentTerms]:
        self._require_company(company_id)
        found = self._all(queries.TERMS, [company_id], ("payment terms", "PmtTermsID"))
        return [rows.to_terms(cells) for cells in found]

    # --- receipts -------------------------------------------------------------------------------

    def submit_receipt(self, intent: ReceiptIntent) -> SubmitResult:
        """Call the wrapper, once. Text that varchar cannot hold is not sent: RecordError."""
        mapping.require_sendable(intent)
        params = receipt_rows.from_intent(intent, self._config.user_id)
        return self._call(queries.SUBMIT, params, "a receipt")

    def submit_reversal(self, intent: ReversalIntent) -> SubmitResult:
        """Call the wrapper, once. Text that varchar cannot hold is not sent: RecordError."""
        mapping.require_reversible(intent)
        params = receipt_rows.from_reversal(intent, self._config.user_id)
        return self._call(queries.REVERSE, params, "a reversal")

    def withdraw_receipt(self, idempotency_key: str) -> SubmitResult:
        if not fits(idempotency_key):  # the wrapper would cut it, and may find another
            raise RecordError(f"{idempotency_key[:64]!r} is no key of a receipt")
        params = [idempotency_key, self._config.user_id]
        return self._call(queries.WITHDRAW, params, "a withdrawal")

    def find_receipts(self, idempotency_keys: Sequence[str]) -> dict[str, ErpReceipt]:
        found: dict[str, ErpReceipt] = {}
        for keys in bulks(idempotency_keys):
            sql, params = queries.listing(queries.RECEIPTS_BY_KEY, keys)
            listed = self._all(sql, params, ("receipt", "IdemKey"))
            found |= receipt_rows.to_found(listed, keys)
        return found

    def receipts_on(self, company_id: str, start: date, end: date) -> Iterator[ErpReceipt]:
        days = [day_stamp(start), day_stamp(end + timedelta(days=1))]
        name = ("receipt", "IdemKey")
        listed = self._listed(queries.RECEIPTS_BY_DAY, company_id, name, "CustPmtKey", days)
        return receipt_rows.to_receipts(listed)

    def staff_receipts(
        self,
        company_id: str,
        start: date,
        end: date,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[StaffReceipt]:
        days = [day_stamp(start), day_stamp(end + timedelta(days=1))]
        name = ("receipt of the staff", "TranID")
        listed = self._listed(queries.STAFF_RECEIPTS, company_id, name, "CustPmtKey", days)
        return receipt_rows.to_staff_receipts(listed, set_aside)

    def preflight(self, company_id: str) -> Sequence[Finding]:
        return preflight(self._database, company_id, self._site)

    # --- the database ---------------------------------------------------------------------------

    def _call(self, sql: str, params: Sequence[str], what: str) -> SubmitResult:
        answer = self._database.call(self._text(sql), params, queries.ANSWER, what)
        return result_of(answer, what)

    def _require_company(self, company_id: str) -> None:
        """A company the database does not have would look like one without any documents."""
        if company_id in self._companies:
            return
        if not fits(company_id) or not self._database.rows(queries.COMPANY, [company_id]):
            raise RejectedError(SYSTEM, f"no company {company_id[:9]}", reason="unknown_company")
        self._companies.add(company_id)

    def _pages(
        self,
        sql: str,
        company_id: str,
        what: str,
        keys: Sequence[str],
        params: Sequence[str] = (),
    ) -> Iterator[Found]:
        """Every page of a list: the next one begins after the keys of the last row."""
        self._require_company(company_id)
        text, size = self._text(sql), self._config.page_size
        after = [BEFORE_ALL] * len(keys)
        while True:
            page = self._database.fetch(
                text, [size, company_id, *after, *params], f"reading {what} rows"
            )
            yield page
            if len(page.rows) < size:
                return
            last = page.rows[-1]
            after = [last[page.columns[key]] for key in keys]

    def _listed(
        self,
        sql: str,
        company_id: str,
        name: tuple[str, str],
        key: str,
        params: Sequence[str] = (),
    ) -> Iterator[Cells]:
        """Every row of a list."""
        for page in self._pages(sql, company_id, name[0], [key], params):
            yield from cells_of(page.columns, page.rows, *name)

    def _named_invoices(self, company_id: str, tran_ids: Sequence[str]) -> Iterator[Cells]:
        for names in bulks(tran_ids):
            sql, texts = queries.listing(queries.NAMED_INVOICES, names)
            yield from self._all(sql, [BULK, company_id, *texts], ("invoice", "TranID"))

    def _all(self, sql: str, params: Sequence[Any], name: tuple[str, str]) -> list[Cells]:
        found = self._database.fetch(self._text(sql), params, f"reading {name[0]} rows")
        return list(cells_of(found.columns, found.rows, *name))

    def _text(self, sql: str) -> str:
        """The statement with the site's names in it."""
        if sql not in self._texts:
            self._texts[sql] = rendered(sql, self._config.site)
        return self._texts[sql]


def fits(name: str) -> bool:
    """Whether a varchar column can hold it. Cast to varchar, anything else would become another."""
    return 0 < len(name) <= LONGEST_NAME and mapping.is_windows_1252(name)


def bulks(names: Sequence[str]) -> Iterator[list[str]]:
    """Each name once, in lists for one statement. A name that no column holds is left out."""
    unique = [name for name in dict.fromkeys(names) if fits(name)]
    for start in range(0, len(unique), BULK):
        yield unique[start : start + BULK]


def result_of(answer: Mapping[str, Any], what: str) -> SubmitResult:
    """The wrapper's answer. One that cannot be read proves nothing: outcome unknown."""
    try:
        result = mapping.to_submit_result(answer)
    except RecordError as error:
        raise OutcomeUnknownError(SYSTEM, f"the answer to {what} cannot be read") from error
    if result.code in DONE and not result.receipt_key:
        raise OutcomeUnknownError(SYSTEM, f"{what}: code {int(result.code)} without a receipt key")
    return result
