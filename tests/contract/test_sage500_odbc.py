"""The SQL Server mode over a real socket, against a server that says what a test wants it to say.

What arrives, in which types, and what each fault on the line or from the server becomes: with every
driver that SAGE500_DATABASE_URL may name and that is installed here.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote_plus

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from pytest_django import DjangoDbBlocker

from paysync.adapters.sage500.odbc import Limits
from paysync.adapters.sage500.sqlserver import SqlServerConfig, SqlServerLedger
from paysync.domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.domain.money import Money
from paysync.mssql_url import MSSQL_PYTHON, sqlserver
from tests.contract.erp_site import I1, I2, intent, link
from tests.tds.drivers import installed
from tests.tds.server import Cut, Error, Rows, Silence, TdsServer

DRIVERS = [*sorted(installed()), MSSQL_PYTHON]
TODAY = date(2026, 11, 23)
QUICK = Limits(read_timeout_s=1, submit_timeout_s=1, retry_wait_s=0, retry_max_wait_s=0)

INVOICES = (
    ("InvcKey", "int"), ("CompanyID", "varchar(3)"), ("TranID", "varchar(13)"),
    ("TranNo", "varchar(10)"), ("TranType", "int"), ("CustKey", "int"), ("CustID", "varchar(12)"),
    ("TranDate", "datetime"), ("DueDate", "datetime"), ("TranAmt", "decimal(15,3)"),
    ("Balance", "decimal(15,3)"), ("CurrID", "varchar(3)"), ("Status", "smallint"),
    ("InDispute", "smallint"), ("CustPONo", "varchar(15)"), ("UpdateDate", "datetime"),
    ("UpdateCounter", "int"), ("CanBePaid", "int"), ("Pending", "decimal(38,3)"),
    ("DiscDate", "datetime"), ("DiscLeft", "decimal(38,3)"),
)  # fmt: skip
RECEIPTS = (
    ("IdemKey", "varchar(64)"), ("CompanyID", "varchar(3)"), ("GatewayRef", "varchar(64)"),
    ("State", "varchar(12)"), ("CustPmtKey", "int"), ("BatchKey", "int"),
    ("BatchID", "varchar(12)"), ("TranID", "varchar(13)"), ("TranDate", "datetime"),
    ("CustID", "varchar(12)"), ("CurrID", "varchar(3)"), ("SentAmt", "decimal(15,3)"),
    ("TranAmt", "decimal(15,3)"), ("UnappliedAmt", "decimal(15,3)"), ("PostedOn", "datetime"),
    ("RevrsCustPmtKey", "int"), ("Source", "varchar(7)"), ("ApplTranID", "varchar(13)"),
    ("PmtAmt", "decimal(15,3)"),
    ("DiscTakenAmt", "decimal(15,3)"), ("WriteOffAmt", "decimal(15,3)"),
    ("ReversedBy", "varchar(13)"),
)  # fmt: skip
ANSWER = (
    ("code", "int"), ("receipt_key", "int"), ("batch_key", "int"), ("batch_id", "varchar(12)"),
    ("tran_id", "varchar(13)"), ("reason", "varchar(40)"), ("message", "varchar(400)"),
)  # fmt: skip
DEADLOCK = Error(1205, "Transaction was deadlocked on lock resources with another process", 13)
LOCKED = Error(1222, "Lock request time out period exceeded.")
CREATED = Rows(ANSWER, [(1, 11, 5, "ARCR-0000005", "CR-1", None, None)])


def invoice(number: int, balance: str = "100.00") -> tuple[object, ...]:
    made = datetime(2026, 11, 18)
    return (
        number, "SOA", f"IN-{number:010d}", f"{number:010d}", 501, 3, "acme0001    ", made, None,
        Decimal("100.000"), Decimal(balance), "USD", 1, 0, None,
        datetime(2026, 11, 23, 12, 0, 0, 7000), 2, 1, Decimal("30.000"),
        None, None,
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[TdsServer]:
    """A server that answers what mssql-django asks for itself, and knows company SOA."""
    with TdsServer() as running:
        running.on("SYSDATETIME", Rows([("now", "datetime")], [(datetime(2026, 11, 23, 12),)]))
        running.on(
            "SERVERPROPERTY", Rows([("v", "varchar(20)"), ("e", "int")], [("15.0.2000.5", 3)])
        )
        running.on("FROM dbo.tsmCompany", Rows([("CompanyID", "varchar(3)")], [("SOA",)]))
        yield running


@pytest.fixture(params=DRIVERS)
def connection(
    request: pytest.FixtureRequest, server: TdsServer, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    url = (
        f"mssql://{server.user}:{server.password}@127.0.0.1:{server.port}/{server.database}"
        f"?driver={quote_plus(request.param)}&encrypt=no"
    )
    settings = sqlserver("SAGE500_DATABASE_URL", url, query_timeout_s=5)
    settings["OPTIONS"]["connection_timeout"] = 2
    made: BaseDatabaseWrapper = load_backend("mssql").DatabaseWrapper(settings, "sage500")
    with django_db_blocker.unblock():
        yield made
        made.close()


@pytest.fixture
def config() -> SqlServerConfig:
    return SqlServerConfig(zone="UTC", user_id="ptx", page_size=2, limits=QUICK)


@pytest.fixture
def erp(connection: BaseDatabaseWrapper, config: SqlServerConfig) -> SqlServerLedger:
    return SqlServerLedger(connection, config)


class TestTheConnection:
    """What the server hears before anything is asked."""

    def test_a_session_is_told_how_long_to_wait_for_locks(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1)]))
        assert len(list(erp.open_invoices("SOA"))) == 1
        told = server.said("SET LOCK_TIMEOUT 5000")
        assert len(told) == 1 and "READ COMMITTED" in told[0].sql and "XACT_ABORT ON" in told[0].sql
        after = server.calls[server.calls.index(told[0]) + 1 :]
        unwanted = re.compile("BEGIN TRAN|IMPLICIT_TRANSACTIONS ON|COMMIT|NOLOCK", re.IGNORECASE)
        assert not [call.sql for call in after if unwanted.search(call.sql)]

    def test_the_sites_own_lock_timeout_counts(
        self, connection: BaseDatabaseWrapper, config: SqlServerConfig, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES))
        erp = SqlServerLedger(connection, replace(config, site={"LockTimeoutMs": 700}))
        assert list(erp.open_invoices("SOA")) == []
        assert server.said("SET LOCK_TIMEOUT 700;")

    def test_a_connection_that_somebody_else_opened_is_told_too(
        self, erp: SqlServerLedger, server: TdsServer, connection: BaseDatabaseWrapper
    ) -> None:
        connection.ensure_connection()
        assert not server.said("SET LOCK_TIMEOUT")
        server.on("FROM dbo.tarInvoice", Rows(INVOICES))
        list(erp.open_invoices("SOA"))
        assert server.said("SET LOCK_TIMEOUT") and len(server.logins) == 1

    def test_a_refused_login_is_a_credential_error_and_not_repeated(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.login_error = Error(18456, "Login failed for user 'ptx_app'.", 14)
        for call in (lambda: erp.get_invoice("SOA", I1), lambda: erp.submit_receipt(intent(TODAY))):
            before = len(server.logins)
            with pytest.raises(CredentialError):
                call()
            assert len(server.logins) - before == 1

    def test_a_server_that_is_not_there_is_unavailable(
        self, erp: SqlServerLedger, server: TdsServer, connection: BaseDatabaseWrapper
    ) -> None:
        server.stop_listening()
        with pytest.raises(UnavailableError):
            erp.get_invoice("SOA", I1)
        with pytest.raises(UnavailableError):
            erp.submit_receipt(intent(TODAY))
        assert connection.connection is None


class TestParameters:
    """What is sent, and that it is sent so that an index on a varchar column is used."""

    def test_texts_are_compared_as_varchar(self, erp: SqlServerLedger, server: TdsServer) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1), invoice(2)]))
        erp.payable_now("SOA", [I1, I2])
        asked = server.said("i.TranID IN")[0]
        assert "CompanyID = CAST(" in asked.sql
        texts = [param for param in asked.params if isinstance(param.value, str)]
        assert len(texts) >= 3  # company and a padded list
        assert asked.sql.count("AS varchar(255))") == len(texts)
        assert {I1, I2, "SOA"} == {param.value for param in texts}

    def test_a_name_no_varchar_column_can_hold_is_not_asked_for(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        assert erp.payable_now("SOA", ["IN-✓", "x" * 65, ""]) == {}
        assert not server.said("FROM dbo.tarInvoice")
        with pytest.raises(RecordError):
            erp.withdraw_receipt("x" * 65)
        assert not server.said("EXEC ptx")

    def test_pages_go_on_after_the_last_key(self, erp: SqlServerLedger, server: TdsServer) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(3)]))
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1), invoice(2)]), times=1)
        assert [i.key for i in erp.open_invoices("SOA")] == ["1", "2", "3"]
        second = [param.value for param in server.said("FROM dbo.tarInvoice")[1].params]
        assert second == [2, "SOA", 3, 3, 2]

    def test_since_is_sent_by_the_servers_clock(
        self, connection: BaseDatabaseWrapper, config: SqlServerConfig, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES))
        erp = SqlServerLedger(connection, replace(config, zone="America/Los_Angeles"))
        list(erp.open_invoices("SOA", datetime(2026, 11, 23, 12, 0, 0, 1, UTC)))
        asked = server.said("UpdateDate >=")[0]
        assert "20261123 04:00:00.003" in {param.value for param in asked.params}

    def test_a_receipt_is_sent_whole(self, erp: SqlServerLedger, server: TdsServer) -> None:
        server.on("EXEC ptx.ReceiptSubmit", CREATED)
        sent = intent(TODAY, 1, link(I1, "60.00"), comment="Café €")
        assert erp.submit_receipt(sent).code is SubmitCode.CREATED
        (call,) = server.said("EXEC ptx.ReceiptSubmit")
        assert [param.value for param in call.params] == [
            "PT1-1-abcdef", "SOA", "ACME0001", "MERCH-USD", "20261123 00:00:00.000",
            "20261123 00:00:00.000", "1", "USD", "100.000", "Café €", "merchant-1:1",
            f'<appls><a id="{I1}" amt="60.000" disc="0.000" wo="0.000"/></appls>', "ptx",
        ]  # fmt: skip

    def test_another_schema_is_called_where_the_site_has_one(
        self, connection: BaseDatabaseWrapper, config: SqlServerConfig, server: TdsServer
    ) -> None:
        server.on("EXEC cash.ReceiptSubmit", CREATED)
        erp = SqlServerLedger(connection, replace(config, site={"Schema": "cash"}))
        assert erp.submit_receipt(intent(TODAY)).receipt_key == "11"


class TestAnswers:
    """What is read."""

    def test_amounts_are_exact_and_nothing_stays_nothing(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1, "999999999999.99")]))
        (found,) = erp.open_invoices("SOA")
        assert found.balance == Money(Decimal("999999999999.99"))
        assert (found.tran_id, found.customer_id) == ("IN-0000000001", "ACME0001")
        assert (found.due_date, found.customer_po) == (None, "")
        assert found.updated_at == datetime(2026, 11, 23, 12, 0, 0, 7000, UTC)

    def test_an_invoice_that_nothing_is_pending_on_can_be_paid_whole(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        place = [name for name, _ in INVOICES].index("Pending")
        free = (*invoice(1)[:place], None, *invoice(1)[place + 1 :])
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, []))
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [free, invoice(2)]), times=1)
        listed = [found.payable.amount for found in erp.open_invoices("SOA")]
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [free]))
        named = erp.payable_now("SOA", ["IN-0000000001"])["IN-0000000001"]
        assert listed == [Decimal("100.00"), Decimal("70.00")] and named.amount == 100

    def test_a_row_nobody_can_read_is_named(self, erp: SqlServerLedger, server: TdsServer) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1, "1.005")]))
        with pytest.raises(RecordError, match="invoice IN-0000000001: Balance"):
            list(erp.open_invoices("SOA"))

    def test_a_receipt_that_was_reversed_says_by_what(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        day = datetime(2026, 11, 23)
        row = ("K", "SOA", "m:1", "posted", 11, 5, "ARCR-0000005", "CR-1", day, "ACME0001", "USD",
               Decimal("1.000"), Decimal("1.000"), Decimal("1.000"), day, None, None, None, None,
               None, None, "CR-V12")  # fmt: skip
        server.on("vReceiptAppl", Rows(RECEIPTS, [row]))
        assert erp.find_receipts(["K"])["K"].reversed_by == "CR-V12"

    def test_a_reversal_says_what_it_reverses(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        day = datetime(2026, 11, 23)
        less = Decimal("-1.000")
        row = ("R", "SOA", "m:1:R1", "pending", 12, 5, "ARCR-0000005", "CR-2", day, "ACME0001",
               "USD", less, less, less, None, 11, None, None, None, None, None, None)  # fmt: skip
        server.on("vReceiptAppl", Rows(RECEIPTS, [row]))
        found = erp.find_receipts(["R"])["R"]
        assert (found.reverses, found.reversed_by) == ("11", "")

    def test_a_receipt_that_cannot_be_read_is_not_absent(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        day = datetime(2026, 11, 23)
        row = ("K", "SOA", "m:1", "pending", 11, 5, "ARCR-0000005", "CR-1", day, "ACME0001", "",
               Decimal("1.000"), *[None] * 10)  # fmt: skip
        server.on("vReceiptAppl", Rows(RECEIPTS, [row]))
        assert erp.find_receipts(["K", "L"])["K"].state is ErpReceiptState.UNREADABLE

    def test_result_sets_of_a_sites_own_procedures_are_passed_over(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        stray = Rows([("whatever", "int")], [(7,)])
        server.on("EXEC ptx.ReceiptSubmit", stray, CREATED, stray)
        assert erp.submit_receipt(intent(TODAY)).receipt_key == "11"

    @pytest.mark.parametrize(
        "answer",
        [
            Rows(ANSWER, []),
            Rows([("whatever", "int")], [(7,)]),
            Rows(ANSWER, [(77, 11, 5, None, None, None, None)]),
            Rows(ANSWER, [(None, 11, 5, None, None, None, None)]),
            Rows(ANSWER, [(1, None, None, None, None, None, None)]),
        ],
    )
    def test_an_answer_nobody_can_read_leaves_the_outcome_unknown(
        self, erp: SqlServerLedger, server: TdsServer, answer: Rows
    ) -> None:
        server.on("EXEC ptx.ReceiptSubmit", answer)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(TODAY))

    def test_a_business_no_is_an_answer(self, erp: SqlServerLedger, server: TdsServer) -> None:
        refused = (13, None, None, None, None, "balance_changed", "IN-1 has 0.00 payable")
        server.on("EXEC ptx.ReceiptSubmit", Rows(ANSWER, [refused]))
        found = erp.submit_receipt(intent(TODAY))
        assert (found.code, found.reason) == (SubmitCode.BALANCE_CHANGED, "balance_changed")

    def test_a_company_the_database_does_not_have_is_rejected(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tsmCompany", Rows([("CompanyID", "varchar(3)")]))
        with pytest.raises(RejectedError) as caught:
            list(erp.open_invoices("XXX"))
        assert caught.value.reason == "unknown_company"


class TestReadsInTrouble:
    """A read changes nothing: it is repeated where that may help."""

    @pytest.mark.parametrize("fault", [Cut(), DEADLOCK, LOCKED])
    def test_a_passing_trouble_is_repeated_away(
        self, erp: SqlServerLedger, server: TdsServer, fault: Cut | Error
    ) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1)]))
        server.on("FROM dbo.tarInvoice", fault, times=2)
        assert len(list(erp.open_invoices("SOA"))) == 1
        assert len(server.said("FROM dbo.tarInvoice")) >= 3

    def test_a_line_that_breaks_in_the_middle_of_an_answer_is_opened_again(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        whole = Rows(INVOICES, [invoice(1), invoice(2)])
        server.on("FROM dbo.tarInvoice", Rows(INVOICES))
        server.on("FROM dbo.tarInvoice", whole, times=1)
        server.on("FROM dbo.tarInvoice", Cut(whole), times=1)
        assert [i.key for i in erp.open_invoices("SOA")] == ["1", "2"]
        assert len(server.logins) == 2

    def test_a_restarted_server_costs_nothing_but_a_new_login(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tarInvoice", Rows(INVOICES, [invoice(1)]))
        list(erp.open_invoices("SOA"))
        server.cut_all()
        assert len(list(erp.open_invoices("SOA"))) == 1
        assert len(server.said("SET LOCK_TIMEOUT")) == 2

    @pytest.mark.parametrize("fault", [Cut(), DEADLOCK])
    def test_a_lasting_trouble_is_unavailable(
        self, erp: SqlServerLedger, server: TdsServer, fault: Cut | Error
    ) -> None:
        server.on("FROM dbo.tarInvoice", fault)
        with pytest.raises(UnavailableError):
            list(erp.open_invoices("SOA"))

    def test_a_server_that_does_not_answer_is_left_after_the_timeout(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("FROM dbo.tarInvoice", Silence(20))
        with pytest.raises(UnavailableError):
            list(erp.open_invoices("SOA"))
        assert len(server.said("FROM dbo.tarInvoice")) == 1

    @pytest.mark.parametrize(
        ("number", "reason", "advice"),
        [
            (229, "permission", "sage500_sql --print"),
            (208, "schema", "preflight"),
            (207, "schema", "preflight"),
            (8115, "value", "does not fit"),
        ],
    )
    def test_a_no_of_the_server_says_what_to_do(
        self, erp: SqlServerLedger, server: TdsServer, number: int, reason: str, advice: str
    ) -> None:
        server.on("FROM dbo.tarInvoice", Error(number, TEXTS[number]))
        with pytest.raises(RejectedError) as caught:
            list(erp.open_invoices("SOA"))
        assert caught.value.reason == reason and advice in str(caught.value)


#: As SQL Server words them: a driver that tells no number is read by its words.
TEXTS = {
    207: "Invalid column name 'nope'.",
    208: "Invalid object name 'dbo.nope'.",
    229: "The SELECT permission was denied on the object 'tarInvoice', database 'x', schema 'dbo'.",
    8115: "Arithmetic overflow error converting numeric to data type numeric.",
    2812: "Could not find stored procedure 'ptx.ReceiptSubmit'.",
}


class TestWritesInTrouble:
    """A write is sent once. What the server did not clearly refuse may have happened."""

    @pytest.mark.parametrize(
        "fault",
        [
            Cut(),
            Cut(CREATED),
            Error(50000, "a trigger said no"),
            Error(2627, "Violation of PRIMARY KEY", 14),
            Error(596, "session is in the kill state", 21),
        ],
    )
    def test_what_may_have_happened_is_unknown_and_sent_once(
        self, erp: SqlServerLedger, server: TdsServer, fault: Cut | Error
    ) -> None:
        server.on("EXEC ptx.ReceiptSubmit", fault)
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(TODAY))
        assert len(server.said("EXEC ptx.ReceiptSubmit")) == 1
        server.on("vReceiptAppl", Rows(RECEIPTS))
        assert erp.find_receipts(["PT1-1-abcdef"]) == {}

    def test_a_write_without_an_answer_is_unknown_after_the_timeout(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("EXEC ptx.ReceiptWithdraw", Silence(20))
        with pytest.raises(OutcomeUnknownError):
            erp.withdraw_receipt("PT1-1-abcdef")
        assert len(server.said("EXEC ptx.ReceiptWithdraw")) == 1

    def test_an_error_after_the_answer_leaves_the_outcome_unknown(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("EXEC ptx.ReceiptSubmit", CREATED, Error(50000, "a trigger said no"))
        with pytest.raises(OutcomeUnknownError):
            erp.submit_receipt(intent(TODAY))

    @pytest.mark.parametrize("number", [229, 2812, 8115])
    def test_what_the_server_refused_is_rejected(
        self, erp: SqlServerLedger, server: TdsServer, number: int
    ) -> None:
        server.on("EXEC ptx.ReceiptSubmit", Error(number, TEXTS[number]))
        with pytest.raises(RejectedError):
            erp.submit_receipt(intent(TODAY))

    def test_a_deadlock_that_escaped_may_be_tried_again(
        self, erp: SqlServerLedger, server: TdsServer
    ) -> None:
        server.on("EXEC ptx.ReceiptSubmit", CREATED)
        server.on("EXEC ptx.ReceiptSubmit", DEADLOCK, times=1)
        with pytest.raises(UnavailableError):
            erp.submit_receipt(intent(TODAY))
        assert erp.submit_receipt(intent(TODAY)).code is SubmitCode.CREATED


def test_a_port_where_nobody_listens_is_told_at_once(
    connection: BaseDatabaseWrapper, config: SqlServerConfig
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        connection.settings_dict["PORT"] = str(probe.getsockname()[1])
    with pytest.raises(UnavailableError):
        SqlServerLedger(connection, config).get_invoice("SOA", I1)
