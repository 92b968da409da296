"""The SQL Server mode of the ERP port against a T-SQL server with a site of our own on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import zip_longest

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from pytest_django import DjangoDbBlocker

from paysync.adapters.sage500.odbc import Limits
from paysync.adapters.sage500.sqlserver import SqlServerConfig, SqlServerLedger
from paysync.domain.errors import OutcomeUnknownError, RejectedError
from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.mssql_url import sqlserver
from tests.contract.erp_contract import ErpLedgerContract
from tests.contract.erp_site import ALL_OPEN, I1, I2, found, intent, link, usd
from tests.contract.sage500_engine import OnTheEngine
from tests.mssql.clerk import EngineClerk
from tests.mssql.proxy import Break, Proxy
from tests.mssql.site import SageSite

QUICK = Limits(read_timeout_s=20, submit_timeout_s=20, retry_wait_s=0, retry_max_wait_s=0)


class OnSqlServer(OnTheEngine):
    """The adapter on the engine, in pages of three rows."""

    @pytest.fixture
    def connection(
        self, engine: SageSite, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[BaseDatabaseWrapper]:
        settings = sqlserver("SAGE500_TEST_URL", engine.url, query_timeout_s=20)
        if "Driver" in settings["OPTIONS"]["driver"]:  # a server for tests: no certificate
            settings["OPTIONS"]["extra_params"] = "Encrypt=no;TrustServerCertificate=yes"
        made: BaseDatabaseWrapper = load_backend("mssql").DatabaseWrapper(settings, "sage500")
        with django_db_blocker.unblock():
            yield made
            made.close()

    @pytest.fixture
    def config(self) -> SqlServerConfig:
        return SqlServerConfig(zone="UTC", page_size=3, limits=QUICK)

    @pytest.fixture
    def erp(
        self, connection: BaseDatabaseWrapper, config: SqlServerConfig, site: EngineClerk
    ) -> SqlServerLedger:
        return SqlServerLedger(connection, config)


class TestSqlServerLedger(OnSqlServer, ErpLedgerContract):
    """The contract every adapter keeps."""


class TestTheLine(OnSqlServer):
    """A line that breaks between us and a server that works on."""

    @pytest.fixture
    def proxy(self, engine: SageSite) -> Iterator[Proxy]:
        with Proxy(engine.engine.address.host, engine.engine.address.port) as running:
            yield running

    @pytest.fixture
    def erp(
        self,
        connection: BaseDatabaseWrapper,
        config: SqlServerConfig,
        site: EngineClerk,
        proxy: Proxy,
    ) -> SqlServerLedger:
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(proxy.port)}
        return SqlServerLedger(connection, config)

    def test_an_answer_lost_after_the_commit_is_unknown_and_then_found_once(
        self, erp: SqlServerLedger, proxy: Proxy, today: date
    ) -> None:
        proxy.break_at("ReceiptSubmit", Break.AFTER)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(today))
        assert found(erp).state is ErpReceiptState.PENDING
        assert erp.submit_receipt(intent(today)).code is SubmitCode.ALREADY_THERE
        assert len(list(erp.receipts_on("SOA", today, today))) == 1

    def test_a_statement_lost_on_its_way_is_unknown_and_nothing_is_found(
        self, erp: SqlServerLedger, proxy: Proxy, today: date
    ) -> None:
        proxy.break_at("ReceiptSubmit", Break.BEFORE)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(today))
        assert erp.find_receipts(["PT1-1-abcdef"]) == {}
        assert erp.submit_receipt(intent(today)).code is SubmitCode.CREATED

    def test_a_lost_withdrawal_is_unknown_and_repeats_safely(
        self, erp: SqlServerLedger, proxy: Proxy, today: date
    ) -> None:
        erp.submit_receipt(intent(today))
        proxy.break_at("ReceiptWithdraw", Break.AFTER)
        with pytest.raises(OutcomeUnknownError):
            erp.withdraw_receipt("PT1-1-abcdef")
        assert erp.withdraw_receipt("PT1-1-abcdef").code is SubmitCode.ALREADY_THERE

    def test_a_read_goes_on_over_a_new_line(self, erp: SqlServerLedger, proxy: Proxy) -> None:
        listed = erp.open_invoices("SOA")
        first = next(listed)
        proxy.break_at("tarInvoice", Break.AFTER)
        assert {first.tran_id, *(i.tran_id for i in listed)} == ALL_OPEN


class TestTheSite(OnSqlServer):
    """What a site's rows, people and other programs can do to us."""

    def test_a_row_that_somebody_else_holds_is_not_waited_for_for_ever(
        self, erp: SqlServerLedger, engine: SageSite, today: date
    ) -> None:
        """On SQL Server the wrapper says so; Babelfish lets no procedure catch it."""
        with closing(engine.connect()) as other:
            other.execute("BEGIN TRANSACTION")
            other.execute("UPDATE dbo.tciSurrogateKey SET NextKey = NextKey")
            try:
                answer = erp.submit_receipt(intent(today))
            except OutcomeUnknownError:
                pass
            else:
                assert answer.code is SubmitCode.RETRYABLE
            other.execute("ROLLBACK TRANSACTION")
        assert erp.find_receipts(["PT1-1-abcdef"]) == {}
        assert erp.submit_receipt(intent(today)).code is SubmitCode.CREATED

    def test_trailing_blanks_and_small_letters_are_the_same_id(
        self, erp: SqlServerLedger, engine: SageSite, today: date
    ) -> None:
        run = engine.connection.execute
        run("UPDATE dbo.tarCustomer SET CustID = 'acme0001   ' WHERE CustID = 'ACME0001'")
        run("UPDATE dbo.tarInvoice SET TranID = ? WHERE TranID = ?", I1.lower(), I1)
        run("UPDATE dbo.tcmCashAcct SET CashAcctID = 'merch-usd ' WHERE CashAcctID = 'MERCH-USD'")
        listed = {i.tran_id: i.customer_id for i in erp.open_invoices("SOA")}
        assert listed[I1] == "ACME0001"
        assert erp.payable_now("SOA", [I1]) == {I1: usd("100.00")}
        assert "ACME0001" in {c.customer_id for c in erp.customers("SOA")}
        assert "MERCH-USD" in {c.cash_account_id for c in erp.cash_accounts("SOA")}
        assert erp.submit_receipt(intent(today)).code is SubmitCode.CREATED
        assert not found(erp).differs

    def test_the_same_customer_id_in_another_company_is_another_customer(
        self, erp: SqlServerLedger
    ) -> None:
        keys = {
            company: {c.customer_id: c.key for c in erp.customers(company)}["ACME0001"]
            for company in ("SOA", "NWM")
        }
        assert keys["SOA"] != keys["NWM"]
        assert [i.tran_id for i in erp.open_invoices("NWM")] == [I1]

    def test_a_row_without_a_date_counts_as_changed_while_it_is_open(
        self, erp: SqlServerLedger, engine: SageSite
    ) -> None:
        run = engine.connection.execute
        run("UPDATE dbo.tarInvoice SET UpdateDate = NULL WHERE TranID IN (?, ?)", I1, I2)
        run("UPDATE dbo.tarInvoice SET Status = 2, Balance = 0 WHERE TranID = ?", I2)
        run("UPDATE dbo.tarCustomer SET UpdateDate = NULL WHERE CustID = 'KID0005'")
        later = datetime(2100, 1, 1, tzinfo=UTC)
        assert [i.tran_id for i in erp.open_invoices("SOA", later)] == [I1]
        assert [c.customer_id for c in erp.customers("SOA", later)] == ["KID0005"]

    def test_a_receipt_of_ours_shows_as_a_change_of_its_invoices(
        self, erp: SqlServerLedger, engine: SageSite, today: date
    ) -> None:
        def now() -> datetime:
            clock: datetime = engine.connection.execute("SELECT GETDATE()").fetchone()[0]
            return clock.replace(tzinfo=UTC)

        before = now()
        erp.submit_receipt(intent(today, 1, link(I2, "80.00")))
        assert [(i.tran_id, i.payable) for i in erp.open_invoices("SOA", before)] == [
            (I2, usd("170.50"))
        ]
        between = now()
        erp.withdraw_receipt("PT1-1-abcdef")
        assert [(i.tran_id, i.payable) for i in erp.open_invoices("SOA", between)] == [
            (I2, usd("250.50"))
        ]

    def test_two_lists_can_be_read_side_by_side(self, erp: SqlServerLedger) -> None:
        both = zip_longest(erp.open_invoices("SOA"), erp.customers("SOA"))
        invoices, customers = zip(*both, strict=True)
        assert {i.tran_id for i in invoices} == ALL_OPEN
        assert len([c for c in customers if c]) == 5

    def test_periods_outside_the_window_of_ar_are_not_open(
        self, erp: SqlServerLedger, engine: SageSite, today: date
    ) -> None:
        def open_starts() -> list[date]:
            return [p.start for p in erp.fiscal_periods("SOA") if p.is_open]

        this_month = today.replace(day=1)
        before = open_starts()
        assert before[0] == this_month and len(before) > 1
        engine.connection.execute("UPDATE dbo.tarOptions SET AllowFuturePerPost = 0")
        assert open_starts() == [this_month]
        later = intent(today, post_date=before[1])
        assert erp.submit_receipt(later).code is SubmitCode.PERIOD_CLOSED

    def test_currencies_rates_and_terms_are_read(
        self, erp: SqlServerLedger, engine: SageSite, today: date
    ) -> None:
        run = engine.connection.execute
        run(
            "INSERT INTO dbo.tciPaymentTerms (PmtTermsKey, CompanyID, PmtTermsID, Description, "
            "DueDayOrMonth, DiscDateOption, DiscDayOrMonth, DiscPct, DueDateOption) "
            "VALUES (1, 'SOA', '2-10N30', '2% 10, net 30', 30, 1, 10, 0.02, 1)"
        )
        found = {c.currency: (c.digits, c.is_home) for c in erp.currencies("SOA")}
        assert found == {"USD": (2, True), "CAD": (2, False)}
        (rate,) = erp.exchange_rates("SOA", today)
        assert (rate.source, rate.target, rate.rate) == ("CAD", "USD", Decimal("0.7275"))
        assert list(erp.exchange_rates("SOA", date(2019, 12, 31))) == []
        (terms,) = erp.payment_terms("SOA")
        assert (terms.terms_id, terms.discount) == ("2-10N30", Decimal("0.02"))

    def test_gl_numbers_are_shown_as_the_sites_own_view_shows_them(
        self, erp: SqlServerLedger, engine: SageSite
    ) -> None:
        run = engine.connection.execute
        run("IF OBJECT_ID('dbo.vFormattedGLAcct') IS NOT NULL DROP VIEW dbo.vFormattedGLAcct")
        run(
            "CREATE VIEW dbo.vFormattedGLAcct AS SELECT CompanyID, GLAcctNo, "
            "'<' + GLAcctNo + '>' AS FormattedGLAcctNo FROM dbo.tglAccount"
        )
        try:
            shown = {row.number: row.formatted for row in erp.gl_accounts("SOA")}
        finally:
            run("DROP VIEW dbo.vFormattedGLAcct")
        assert shown["110010000"] == "<110010000>"

    def test_a_company_that_does_not_exist_is_not_one_without_documents(
        self, erp: SqlServerLedger
    ) -> None:
        for call in (erp.open_invoices, erp.customers, erp.cash_accounts, erp.fiscal_periods):
            with pytest.raises(RejectedError) as caught:
                list(call("XXX"))
            assert caught.value.reason == "unknown_company"
