"""The shipped wrappers on a T-SQL server: faults inside, and two callers at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date
from decimal import Decimal
from typing import Any

from tests.contract.erp_site import I1, I2, I3
from tests.contract.sage500_wrapped import (
    BALANCE_CHANGED,
    BATCHES,
    CREATED,
    ERROR,
    HOLD_THE_KEY,
    LOCKS_DROPPED,
    LOCKS_MADE,
    LOCKS_TAKEN,
    LOWER_AMOUNT,
    NOTHING,
    OLD_KEY,
    RETRY,
    SEQUENCES,
    Call,
    OnTheWrappers,
    failed,
    for_a_while,
    submitting,
    trigger,
    wait_until_held,
)
from tests.mssql.calls import Answer, Link, submit, withdraw
from tests.mssql.clerk import EngineClerk
from tests.mssql.site import SageSite


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
