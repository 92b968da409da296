"""The shipped wrappers on a T-SQL server: the twin's rules, faults, and two callers at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.erp_site import CA1, I1, I2, I3
from tests.contract.sage500_engine import OnTheEngine
from tests.mssql.calls import Answer, Link, submit, withdraw
from tests.mssql.clerk import EngineClerk
from tests.mssql.engine import run
from tests.mssql.site import SageSite

OURS = """
    SELECT (SELECT COUNT(*) FROM dbo.tarCustPmtLog), (SELECT COUNT(*) FROM dbo.tarPendCustPmt),
           (SELECT COUNT(*) FROM dbo.tarPendCustPmtAppl), (SELECT COUNT(*) FROM ptx.Receipt),
           (SELECT COUNT(*) FROM ptx.ReceiptAppl),
           (SELECT COALESCE(SUM(BatchTotal), 0) FROM dbo.tciBatchLog)"""
BATCHES = """
    SELECT l.BatchID, l.Status, l.BatchTotal, l.NextSeqNo, b.TranCtrl, b.Hold, b.HoldReason
      FROM dbo.tciBatchLog l JOIN dbo.tarBatch b ON b.BatchKey = l.BatchKey
     WHERE l.BatchType = 503 ORDER BY l.BatchKey"""
#: What triggers do, to the batches of the new rows.
MORE_IN_BATCH = """
    UPDATE dbo.tciBatchLog SET BatchTotal = BatchTotal + 1
     WHERE BatchKey IN (SELECT BatchKey FROM inserted);"""
OPEN_BATCH = """
    UPDATE dbo.tciBatchLog SET Status = 1 WHERE BatchKey IN (SELECT BatchKey FROM inserted);"""
LOWER_AMOUNT = """
    UPDATE dbo.tarPendCustPmt SET TranAmt = TranAmt - 1
     WHERE BatchKey IN (SELECT BatchKey FROM inserted);"""
LOCKS_MADE = """
    CREATE TABLE dbo.zLockA (n int NOT NULL); INSERT INTO dbo.zLockA VALUES (0);
    CREATE TABLE dbo.zLockB (n int NOT NULL); INSERT INTO dbo.zLockB VALUES (0);
    CREATE TABLE dbo.zLockC (n int NOT NULL); INSERT INTO dbo.zLockC VALUES (0);"""
LOCKS_TAKEN = """
    UPDATE dbo.zLockA SET n = n + 1; UPDATE dbo.zLockC SET n = n + 1;
    UPDATE dbo.zLockB SET n = n + 1;"""
LOCKS_DROPPED = "DROP TABLE dbo.zLockA; DROP TABLE dbo.zLockB; DROP TABLE dbo.zLockC;"
HOLD_THE_KEY = """
    EXEC sp_getapplock @Resource = 'ptx.receipt:PT1-1-abcdef', @LockMode = 'Exclusive',
                       @LockOwner = 'Transaction', @LockTimeout = 0"""
SEQUENCES = """
    SELECT SeqNo FROM dbo.tarPendCustPmt UNION ALL SELECT SeqNo FROM dbo.tarPendCustPmtAppl"""
COMPANIES = """
    SELECT l.CompanyID, c.CompanyID, i.CompanyID, b.SourceCompanyID
      FROM dbo.tarCustPmtLog l
      JOIN dbo.tarPendCustPmt p ON p.CustPmtKey = l.CustPmtKey
      JOIN dbo.tarCustomer c ON c.CustKey = p.CustKey
      JOIN dbo.tarPendCustPmtAppl a ON a.ApplyFromPmtKey = p.CustPmtKey
      JOIN dbo.tarInvoice i ON i.InvcKey = a.ApplyToInvcKey
      JOIN dbo.tciBatchLog b ON b.BatchKey = p.BatchKey
     ORDER BY l.CompanyID"""
OLD_KEY = """
    INSERT INTO dbo.tarCustPmtLog (CustPmtKey, CompanyID, TranDate, TranStatus)
      VALUES (5000, 'SOA', '20200101', 3)"""
NOTHING = (0, 0, 0, 0, 0, Decimal("0"))
CREATED, ALREADY_THERE, REFUSED, BALANCE_CHANGED, NOT_OPEN, RETRY, ERROR = 1, 2, 10, 13, 14, 20, 99

Call = Callable[[Any], Answer]


class OnTheWrappers(OnTheEngine):
    """A fresh site, a connection for us, and what is left in the tables."""

    @pytest.fixture
    def line(self, site: EngineClerk, engine: SageSite) -> Iterator[Any]:
        with closing(engine.connect(timeout_s=30)) as connection:
            yield connection

    @staticmethod
    def left(site: EngineClerk) -> tuple[Any, ...]:
        """How many rows of receipts there are, and the total of all batches."""
        return site.ask(OURS)[0]


@contextmanager
def for_a_while(engine: SageSite, made: str, undone: str) -> Iterator[None]:
    """Something at the site that is not there for the next test."""
    run(engine.connection, made)
    try:
        yield
    finally:
        run(engine.connection, undone)


def trigger(
    engine: SageSite, body: str, table: str = "dbo.tarPendCustPmt", on: str = "INSERT"
) -> AbstractContextManager[None]:
    """A trigger of a vendor or of an audit."""
    name = f"{table.split('.')[0]}.tI_test"
    made = f"CREATE TRIGGER {name} ON {table} AFTER {on} AS BEGIN SET NOCOUNT ON; {body} END"
    return for_a_while(engine, made, f"DROP TRIGGER {name}")


def submitting(today: date, number: int, *links: Link, **changes: Any) -> Call:
    return lambda line: submit(line, today, number, *links, **changes)


def wait_until_held(engine: SageSite, table: str) -> None:
    """Until somebody's transaction has changed the only row of the table."""
    with closing(engine.connect()) as probe:
        probe.execute("SET LOCK_TIMEOUT 50")
        for _ in range(200):
            try:
                probe.execute(f"UPDATE {table} SET n = n")  # noqa: S608 - a name of ours
            except Exception:
                return
            time.sleep(0.05)
    raise AssertionError(f"nobody holds {table}")


def failed(call: Call, line: Any) -> Answer:
    """What a caller sees of a failure: code 99 or 20, or, on Babelfish, the error itself.

    Babelfish does not let T-SQL catch some errors (overflow, lock timeout): it rolls back and
    raises them. SQL Server lets the wrapper catch them, so there a raised error is a failure.
    """
    try:
        return call(line)
    except Exception as error:
        version = line.execute("SELECT @@VERSION").fetchone()[0]
        assert "Babelfish" in version, error
        open_now = line.execute("SELECT @@TRANCOUNT").fetchone()[0]
        return Answer(ERROR, "raised", str(error), None, None, None, None, open_now)


class TestReceipts(OnTheWrappers):
    """What a receipt leaves behind."""

    def test_text_is_stored_as_it_is_and_runs_nowhere(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        said = "Café € '); DROP TABLE dbo.tarInvoice --"
        answer = submit(line, today, 1, Link(I1, "10"), comment=said, user_id="someone")
        assert (answer.code, answer.reason, answer.message, answer.open) == (CREATED, "", "", 0)
        assert site.ask("SELECT TranCmnt, CreateUserID FROM dbo.tarPendCustPmt") == [
            (said, "someone")
        ]

    def test_ids_are_taken_with_trailing_blanks_and_in_any_case(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        changes = {
            "customer_id": "acme0001  ",
            "cash_account_id": "merch-usd ",
            "key": "PT1-1-abcdef ",
        }
        first = submit(line, today, 1, Link(f"{I1.lower()} ", "10"), **changes)
        again = submit(line, today, 1, Link(I1, "10.000"), customer_id="acme0001",
                       cash_account_id="merch-usd")  # fmt: skip
        assert (first.code, again.code) == (CREATED, ALREADY_THERE)
        links = site.ask("SELECT ApplyToTranID FROM dbo.tarPendCustPmtAppl")
        assert links == [(I1,)]

    def test_a_second_company_with_the_same_ids_is_another_one(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        one = submit(line, today, 1, Link(I1, "100"))
        other = submit(line, today, 2, Link(I1, "33"), company_id="NWM", tran_no="1",
                       comment="PT 1 4242", gateway_reference="merchant-1:1")  # fmt: skip
        assert (one.code, other.code) == (CREATED, CREATED) and one.batch_key != other.batch_key
        assert site.ask(COMPANIES) == [("NWM",) * 4, ("SOA",) * 4]

    def test_a_foreign_receipt_is_kept_in_both_currencies(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        answer = submit(
            line, today, 1, Link(CA1, "111.11"), customer_id="NORTH0003", currency="CAD",
            cash_account_id="MERCH-CAD", amount=Decimal("333.33"),
        )  # fmt: skip
        assert answer.code == CREATED
        sql = "SELECT CurrExchRate, TranAmtHC, UnappliedAmt, UnappliedAmtHC FROM dbo.tarPendCustPmt"
        rate, home, unapplied, unapplied_home = site.ask(sql)[0]
        assert (round(rate, 10), home) == (0.7275, Decimal("242.50"))
        assert (unapplied, unapplied_home) == (Decimal("222.22"), Decimal("161.67"))

    def test_what_is_missing_or_no_amount_is_refused_first(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        for name in ("key", "company_id", "customer_id", "cash_account_id", "tran_no", "currency",
                     "gateway_reference", "post_date", "tran_date", "amount"):  # fmt: skip
            for nothing in (
                (None, " ") if name not in ("post_date", "tran_date", "amount") else (None,)
            ):
                assert submit(line, today, 1, **{name: nothing}).reason == "bad_field"
        for name in ("customer_id", "tran_no", "comment", "user_id"):
            answer = submit(line, today, 1, **{name: "a\nb"})
            assert (answer.code, answer.reason) == (REFUSED, "bad_text") and name in answer.message
        for wrong in ("-1", "x", "", "1.0001", "9999999999999"):
            for place in ("amount", "discount", "write_off"):
                link = replace(Link(I1, "1"), **{place: wrong})
                assert submit(line, today, 1, link).reason == "bad_amount", (wrong, place)
        assert submit(line, today, amount=Decimal("-5")).reason == "bad_amount"
        assert submit(line, today, appl='<appls><a amt="1"/></appls>').reason == "bad_field"
        assert self.left(site) == NOTHING

    def test_inside_a_transaction_nothing_is_done(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        line.execute("BEGIN TRANSACTION")
        assert submit(line, today).reason == "open_transaction"
        assert withdraw(line).reason == "open_transaction"
        line.execute("ROLLBACK TRANSACTION")
        assert self.left(site) == NOTHING and submit(line, today).code == CREATED

    def test_many_applications_have_one_digest(self, line: Any) -> None:
        def digest(text: str) -> str:
            return str(
                line.execute("SELECT ptx.Digest(CAST(? AS varchar(max)))", text).fetchone()[0]
            )

        long = "IN-0000000001=1.000/0.000/0.000;" * 1000
        assert digest(long) == digest(long) and len(digest(long)) <= 100
        assert (
            len({digest(long), digest(long + "x"), digest("x" + long), digest(""), digest("a")})
            == 5
        )

    def test_a_receipt_is_shown_with_its_applications(self, line: Any, today: date) -> None:
        submit(line, today, 1, Link(I2, "60"), Link(I3, "10", "20"))
        withdraw(line)
        submit(line, today, 2, Link(I1, "5"))
        for sql, states in (
            ("EXEC ptx.ReceiptFind 'PT2-1-abcdef'", ["pending"]),
            ("EXEC ptx.ReceiptFind 'none'", []),
            ("EXEC ptx.ReceiptStatus 'SOA', '20261101', '20261130'", ["withdrawn", "pending"]),
            ("EXEC ptx.ReceiptStatus 'NWM', '20261101', '20261130'", []),
        ):
            with line.cursor() as cursor:
                receipts = cursor.execute(sql).fetchall()
                assert cursor.nextset()
                links = cursor.fetchall()
            assert [row.State for row in receipts] == states
            sources = {(row.IdemKey, row.Source) for row in links}
            assert ("PT2-1-abcdef", "pending") in sources or not links


class TestBatches(OnTheWrappers):
    """Which batch a receipt goes to, and what people do to batches."""

    def test_a_batch_is_balanced_after_every_receipt(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        for number in (1, 2, 3):
            submit(line, today, number, Link(I1, "10"), Link(I2, "10"))
        withdraw(line, 2)
        ((name, *rest),) = site.ask(BATCHES)
        total = Decimal("200.000")
        assert name.startswith("ARCR-") and rest == [4, total, 10, total, 0, None]

    def test_a_hold_of_a_person_is_left_alone(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        first = submit(line, today)
        site.tell("UPDATE dbo.tarBatch SET Hold = 1, HoldReason = 'ask Mary' WHERE BatchKey = ?",
                  first.batch_key)  # fmt: skip
        site.tell("UPDATE dbo.tciBatchLog SET Status = 2 WHERE BatchKey = ?", first.batch_key)
        second = submit(line, today, 2)
        assert second.code == CREATED and second.batch_key != first.batch_key
        assert withdraw(line, 1).code == CREATED
        held = site.ask(BATCHES)[0]
        assert (held[1], held[5], held[6]) == (2, 1, "ask Mary")

    def test_a_batch_that_broke_off_or_was_deleted_takes_no_more(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        first = submit(line, today)
        site.interrupt("SOA")
        second = submit(line, today, 2)
        site.delete_batches("SOA")
        third = submit(line, today, 3)
        assert len({first.batch_key, second.batch_key, third.batch_key}) == 3
        assert (withdraw(line, 1).code, withdraw(line, 1).reason) == (NOT_OPEN, "interrupted")
        assert (withdraw(line, 2).code, withdraw(line, 2).reason) == (NOT_OPEN, "deleted")
        again = submit(line, today, 2)
        assert (again.code, again.reason, again.message) == (
            REFUSED, "receipt_deleted", "this receipt was deleted",
        )  # fmt: skip
        anew = submit(line, today, 4, gateway_reference="merchant-1:2", comment="")
        assert anew.code == CREATED

    def test_batches_that_are_opened_as_soon_as_they_are_made_end_in_a_clear_no(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        with trigger(engine, OPEN_BATCH, "ptx.Batch"):
            answer = submit(line, today)
        assert (answer.code, answer.reason, answer.open) == (NOT_OPEN, "batch_not_open", 0)
        assert self.left(site) == NOTHING

    def test_a_batch_that_sage_does_not_make_is_told(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        site.tell("DELETE FROM dbo.tciBatchTypCompany WHERE BatchType = 503")
        answer = submit(line, today)
        assert (
            answer.code == ERROR and "spGetNextBatch made no batch: it returned 3" in answer.message
        )
        assert self.left(site) == NOTHING and answer.open == 0

    def test_a_batch_that_does_not_balance_is_rolled_back(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        submit(line, today)
        before = self.left(site)
        with trigger(engine, MORE_IN_BATCH, "dbo.tarBatch", "UPDATE"):
            answer = submit(line, today, 2)
        assert answer.code == ERROR and "does not balance: status 3" in answer.message
        assert self.left(site) == before and answer.open == 0


class TestFaults(OnTheWrappers):
    """What goes wrong inside: rolled back, told, and the next receipt is fine."""

    def test_a_key_counter_a_little_behind_is_asked_again(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        keys = [submit(line, today, number).key for number in (1, 2, 3)]
        site.tell(
            "UPDATE dbo.tciSurrogateKey SET NextKey = ? WHERE TableName = 'tarCustPmtLog'", keys[1]
        )
        fourth = submit(line, today, 4)
        assert fourth.code == CREATED and fourth.key is not None and fourth.key > (keys[2] or 0)

    def test_a_key_counter_far_behind_its_table_is_told(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        submit(line, today)
        site.tell(OLD_KEY)
        before = self.left(site)
        answer = submit(line, today, 2)
        assert (answer.code, answer.reason, answer.open) == (ERROR, "key_counter", 0)
        assert "tarCustPmtLog already holds 5000" in answer.message
        assert self.left(site) == before

    def test_a_trigger_that_raises_is_rolled_back_and_quoted(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        submit(line, today)
        before = self.left(site)
        with trigger(engine, "RAISERROR('customer is locked by audit', 16, 1);"):
            answer = submit(line, today, 2, Link(I1, "1"))
        assert (answer.code, answer.reason, answer.open) == (ERROR, "error", 0)
        assert answer.message == "50000: customer is locked by audit"
        assert self.left(site) == before
        assert submit(line, today, 2, Link(I1, "1")).code == CREATED

    def test_a_trigger_that_changes_our_rows_is_noticed(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        with trigger(engine, LOWER_AMOUNT):
            answer = submit(line, today, 1, Link(I1, "1"))
        assert answer.code == ERROR and "was not written as ordered" in answer.message
        assert self.left(site) == NOTHING and answer.open == 0

    def test_text_that_does_not_fit_is_rolled_back(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        longer = "UPDATE dbo.tarCustPmtLog SET TranNo = TranNo + '-ELSEWHERE';"
        with trigger(engine, longer):
            answer = submit(line, today)
        assert answer.code == ERROR and answer.message.split(":")[0] in ("8152", "2628")
        assert self.left(site) == NOTHING and answer.open == 0

    def test_a_total_that_overflows_is_rolled_back(
        self, site: EngineClerk, line: Any, today: date
    ) -> None:
        first = submit(line, today)
        full = "UPDATE dbo.tciBatchLog SET BatchTotal = 999999999999.000 WHERE BatchKey = ?"
        site.tell(full, first.batch_key)
        before = self.left(site)
        answer = failed(lambda c: submit(c, today, 2), line)
        assert answer.code == ERROR and "overflow" in answer.message
        assert self.left(site) == before and answer.open == 0

    def test_a_key_that_somebody_holds_is_to_be_tried_again(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        with closing(engine.connect()) as other:
            other.execute("BEGIN TRANSACTION")
            other.execute(HOLD_THE_KEY)
            answer = submit(line, today)
        assert (answer.code, answer.reason, answer.open) == (RETRY, "lock_timeout", 0)
        assert submit(line, today).code == CREATED

    def test_a_row_that_somebody_holds_is_to_be_tried_again(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        first = submit(line, today)
        before = self.left(site)
        with closing(engine.connect()) as other:
            other.execute("BEGIN TRANSACTION")
            other.execute(
                "UPDATE dbo.tciBatchLog SET BatchCmnt = 'x' WHERE BatchKey = ?", first.batch_key
            )
            answer = failed(lambda c: submit(c, today, 2), line)
            other.execute("ROLLBACK TRANSACTION")
        assert answer.code == RETRY or answer.reason == "raised"
        assert self.left(site) == before and answer.open == 0

    def test_a_deadlock_is_to_be_tried_again(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        """Our call takes A, waits at C, then wants B; the other one has B and wants A."""
        with (
            for_a_while(engine, LOCKS_MADE, LOCKS_DROPPED),
            trigger(engine, LOCKS_TAKEN),
            closing(engine.connect()) as holder,
            closing(engine.connect()) as other,
            ThreadPoolExecutor(2) as pool,
        ):
            for connection, name in ((holder, "dbo.zLockC"), (other, "dbo.zLockB")):
                connection.execute("BEGIN TRANSACTION")
                with suppress(Exception):  # not on Babelfish
                    connection.execute("SET DEADLOCK_PRIORITY HIGH")
                connection.execute(f"UPDATE {name} SET n = 1")  # noqa: S608 - see above
            ours = pool.submit(submit, line, today)
            wait_until_held(engine, "dbo.zLockA")
            theirs = pool.submit(other.execute, "UPDATE dbo.zLockA SET n = 1")
            time.sleep(1.5)
            holder.execute("ROLLBACK TRANSACTION")
            answer = ours.result(timeout=30)
            theirs.result(timeout=30)
            other.execute("ROLLBACK TRANSACTION")
        assert (answer.code, answer.reason, answer.open) == (RETRY, "deadlock", 0)
        assert answer.message.startswith("1205:")
        assert self.left(site) == NOTHING and submit(line, today).code == CREATED


class TestAtOnce(OnTheWrappers):
    """Two callers at the same moment."""

    def at_once(self, engine: SageSite, calls: list[Call]) -> list[Answer]:
        """Each call on a line of its own, all let go together."""
        gate = threading.Barrier(len(calls))

        def run(call: Call) -> Answer:
            with closing(engine.connect()) as connection:
                connection.execute("SELECT 1").fetchall()
                gate.wait()
                return call(connection)

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def test_one_key_makes_one_receipt(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        answers = self.at_once(engine, [submitting(today, 1, Link(I1, "60"))] * 4)
        assert sorted(a.code for a in answers) == [1, 2, 2, 2]
        assert len({(a.key, a.batch_key, a.tran_id) for a in answers}) == 1
        assert self.left(site)[:5] == (1, 1, 1, 1, 1)

    def test_one_gateway_payment_makes_one_receipt(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        same = {"gateway_reference": "merchant-1:1", "comment": ""}
        calls = [submitting(today, number, **same) for number in (1, 2, 3)]
        answers = self.at_once(engine, calls)
        assert [a.code for a in answers].count(CREATED) == 1
        assert {a.reason for a in answers} <= {"", "duplicate_reference", "lock_timeout"}
        assert self.left(site)[:4] == (1, 1, 0, 1)

    def test_one_scope_makes_one_batch_with_everything_in_it(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        links = (Link(I2, "1"), Link(I3, "1"))
        calls = [submitting(today, number, *links) for number in range(1, 7)]
        answers = self.at_once(engine, calls)
        assert [a.code for a in answers] == [CREATED] * 6, answers
        assert len({a.batch_key for a in answers}) == 1 and len({a.key for a in answers}) == 6
        ((_, status, total, next_seq, control, hold, _),) = site.ask(BATCHES)
        assert (status, total, control, hold) == (4, Decimal("600"), Decimal("600"), 0)
        sequences = site.ask(SEQUENCES)
        assert sorted(n for (n,) in sequences) == list(range(1, 19)) and next_seq == 19

    def test_an_invoice_is_not_paid_twice(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        calls = [submitting(today, number, Link(I1, "40")) for number in (1, 2, 3, 4)]
        codes = [a.code for a in self.at_once(engine, calls)]
        assert sorted(codes) == [CREATED, CREATED, BALANCE_CHANGED, BALANCE_CHANGED]

    def test_one_receipt_is_taken_back_once(
        self, site: EngineClerk, engine: SageSite, line: Any, today: date
    ) -> None:
        submit(line, today, 1, Link(I1, "60"))
        answers = self.at_once(engine, [withdraw] * 3)
        assert sorted(a.code for a in answers) == [1, 2, 2]
        assert self.left(site)[1:3] == (0, 0) and site.ask(BATCHES)[0][2] == 0
