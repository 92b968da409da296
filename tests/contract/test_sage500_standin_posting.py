"""The stand-ins for register and posting, in T-SQL: as the reference says, and as the twin does."""

from __future__ import annotations

from datetime import date

import pytest

from paysync.sandbox.sage500.posting import post_batch
from paysync.sandbox.sage500.store import Store
from tests.contract.erp_site import I1
from tests.contract.sage500_pending import STAMPS, WithReceipts, rows_of, twin_rows
from tests.contract.sage500_site import NOON
from tests.mssql.clerk import POST, PROBLEMS, REGISTER, STOP_AFTER, EngineClerk

POSTED_TABLES = (
    "tarCustPmt",
    "tarCustPmtAppl",
    "tarInvoiceAppl",
    "tarInvoice",
    "tglTransaction",
    "tarCustPmtLog",
)
VALIDATE = """
    SET NOCOUNT ON;
    DECLARE @Ret int;
    EXEC dbo.spciValidatePosting ?, 77, 5, 503, @Ret OUTPUT;
    SELECT @Ret"""
STEP = {
    "module": "EXEC dbo.spciModPost @Key, @Key, 5, @Ret OUTPUT;",
    "gl": "EXEC dbo.spciGLPost @Key, 5, @Ret OUTPUT;",
    "cleanup": "EXEC dbo.spciModCleanup @Key, 5, @Ret OUTPUT;",
}
CALL_STEP = "SET NOCOUNT ON; DECLARE @Key int, @Ret int; SET @Key = ?; {} SELECT @Ret"
STATE = "SELECT Status, PostStatus FROM dbo.tciBatchLog WHERE BatchKey = ?"
BALANCE = "SELECT SUM(PostAmtHC), COUNT(*) FROM dbo.tglTransaction WHERE BatchKey = ?"


class TestRegister(WithReceipts):
    """Steps 1 to 9 of reference 4.3."""

    def test_a_closed_period_stops_the_register(
        self, clerk: EngineClerk, batches: list[int], today: date
    ) -> None:
        clerk.set_period("SOA", today, "lock")
        assert clerk.post_batch(batches[0]) == "period_closed: 2026-11-23"
        assert clerk.ask(STATE, batches[0]) == [(4, 0)]

    def test_more_than_the_balance_stops_the_register(
        self, clerk: EngineClerk, batches: list[int]
    ) -> None:
        clerk.pay_invoice("SOA", I1, "0.01")
        assert clerk.post_batch(batches[0]) == f"over_application: {I1}"
        clerk.tell("UPDATE dbo.tarOptions SET AllowInvOverpayment = 1")
        assert clerk.post_batch(batches[0]) == "posted"

    def test_a_batch_on_hold_stays(self, clerk: EngineClerk, batches: list[int]) -> None:
        clerk.tell("UPDATE dbo.tarBatch SET Hold = 1 WHERE BatchKey = ?", batches[0])
        assert clerk.post_batch(batches[0]) == "batch_status: "
        assert clerk.ask(STATE, batches[0]) == [(2, 0)]

    def test_money_on_account_is_a_warning_where_the_site_asks_for_one(
        self, clerk: EngineClerk, batches: list[int]
    ) -> None:
        assert clerk.ask(VALIDATE, batches[0]) == [(0,)]
        clerk.tell("UPDATE dbo.tarOptions SET WarnForUnapplPmt = 1")
        assert clerk.ask(VALIDATE, batches[0]) == [(1,)]
        assert clerk.post_batch(batches[0]) == "posted"

    def test_an_account_for_another_currency_is_an_error(
        self, clerk: EngineClerk, batches: list[int]
    ) -> None:
        clerk.tell("UPDATE dbo.tglAccount SET CurrRestriction = 0 WHERE GLAcctNo = '101710000'")
        assert clerk.post_batch(batches[1]) == "account_currency: 101710000"

    def test_the_register_is_marked_as_printed(
        self, clerk: EngineClerk, batches: list[int]
    ) -> None:
        assert clerk.ask(REGISTER, batches[0]) == [(0, 1, 1, 0)]
        assert clerk.ask(STATE, batches[0]) == [(5, 150)]


class TestPosting(WithReceipts):
    """Steps 10 to 13 of reference 4.3."""

    def test_a_posted_batch_is_the_same_as_at_the_twin(
        self, clerk: EngineClerk, store: Store, batches: list[int]
    ) -> None:
        for key in batches:
            assert (clerk.post_batch(key), post_batch(store, key, NOON)) == ("posted", "posted")
            assert clerk.ask(STATE, key) == [(6, 500)]
        for table in POSTED_TABLES:
            found = rows_of(clerk, table, without=STAMPS)
            assert found == twin_rows(store, table, without=STAMPS), table
            assert found
        for table in ("tarPendCustPmt", "tarPendCustPmtAppl", "tglPosting"):
            assert rows_of(clerk, table) == []

    @pytest.mark.parametrize("step", ["prep", "module", "gl", "cleanup"])
    def test_posting_breaks_off_after_any_step_and_ends_the_same_when_resumed(
        self, clerk: EngineClerk, store: Store, batches: list[int], step: str
    ) -> None:
        clerk.tell(STOP_AFTER, step)
        assert clerk.post_batch(batches[0]) == "interrupted"
        done = {"prep": 150, "module": 250, "gl": 350, "cleanup": 450}[step]
        assert clerk.ask(STATE, batches[0]) == [(7, done)]
        clerk.resume("SOA")
        assert clerk.ask(STATE, batches[0]) == [(6, 500)]
        post_batch(store, batches[0], NOON)
        for table in POSTED_TABLES:
            found = rows_of(clerk, table, without=STAMPS)
            assert found == twin_rows(store, table, without=STAMPS), table

    def test_the_general_ledger_nets_to_zero(self, clerk: EngineClerk, batches: list[int]) -> None:
        clerk.post("SOA")
        for key in batches:
            ((total, lines),) = clerk.ask(BALANCE, key)
            assert total == 0 and lines >= 2
        assert sum(clerk.ledger_sums().values()) == 0

    @pytest.mark.parametrize("step", list(STEP))
    def test_a_step_out_of_its_turn_is_refused(
        self, clerk: EngineClerk, batches: list[int], step: str
    ) -> None:
        assert clerk.ask(CALL_STEP.format(STEP[step]), batches[0]) == [(1,)]
        assert clerk.ask(PROBLEMS, batches[0]) == [("wrong_step", step)]
        assert clerk.ask(STATE, batches[0]) == [(4, 0)]

    def test_a_posted_batch_is_not_posted_again(
        self, clerk: EngineClerk, batches: list[int]
    ) -> None:
        clerk.post("SOA")
        before = rows_of(clerk, "tarInvoice")
        for step in STEP.values():
            assert clerk.ask(CALL_STEP.format(step), batches[0]) == [(1,)]
        assert rows_of(clerk, "tarInvoice") == before

    def test_a_period_closed_meanwhile_holds_the_ledger_step(
        self, clerk: EngineClerk, batches: list[int], today: date
    ) -> None:
        clerk.tell(STOP_AFTER, "module")
        clerk.post_batch(batches[0])
        clerk.set_period("SOA", today, "close")
        assert clerk.ask(POST, batches[0]) == [(1,)]
        assert clerk.ask(STATE, batches[0]) == [(7, 250)]
        clerk.set_period("SOA", today, "open")
        assert clerk.ask(POST, batches[0]) == [(0,)]

    def test_an_error_inside_a_step_leaves_the_batch_before_it(
        self, clerk: EngineClerk, batches: list[int]
    ) -> None:
        clerk.ask(REGISTER, batches[0])
        before = {table: rows_of(clerk, table) for table in POSTED_TABLES}
        clerk.tell("UPDATE dbo.tarPendCustPmtAppl SET ApplyToInvcKey = 99999 WHERE SeqNo = 2")
        with pytest.raises(Exception, match="names no invoice"):
            clerk.ask(POST, batches[0])
        assert {table: rows_of(clerk, table) for table in POSTED_TABLES} == before
        assert clerk.ask(STATE, batches[0]) == [(5, 150)]
