"""The stand-ins for Sage's own procedures, in T-SQL: keys, batches, locks, and the copied rows."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import pytest

from paysync.adapters.sage500.preflight.expected import expected_tables
from paysync.sandbox.sage500.store import Store
from tests.contract.erp_site import I1, site_data
from tests.contract.sage500_engine import OnTheEngine
from tests.contract.sage500_pending import WithReceipts, rows_of, twin_rows
from tests.mssql.clerk import STOP_AFTER, EngineClerk
from tests.mssql.rows import NOT_COPIED
from tests.mssql.site import SageSite

NEXT_KEY = """
    SET NOCOUNT ON;
    DECLARE @Key int;
    EXEC dbo.spGetNextSurrogateKey ?, @Key OUTPUT;
    SELECT @Key"""
KEY_BLOCK = """
    SET NOCOUNT ON;
    DECLARE @First int, @Last int;
    EXEC dbo.spGetNextBlockSurrogateKey ?, ?, @First OUTPUT, @Last OUTPUT;
    SELECT @First, @Last"""
NEXT_BATCH = """
    SET NOCOUNT ON;
    DECLARE @Key int, @No int, @Ret smallint, @User varchar(30), @Day datetime;
    SELECT @User = CAST(? AS varchar(30)), @Day = CAST(? AS datetime);
    EXEC dbo.spGetNextBatch ?, ?, ?, @User, 'PayTrace receipts', @Day,
                            @Key OUTPUT, @No OUTPUT, @Ret OUTPUT, 0, NULL;
    SELECT @Ret, @Key, @No"""
BATCH_STATUS = """
    SET NOCOUNT ON;
    DECLARE @Status smallint, @Ret int;
    EXEC dbo.spGetBatchStatus ?, @Status OUTPUT, @Ret OUTPUT;
    SELECT @Status, @Ret"""
LOCK = """
    SET NOCOUNT ON;
    DECLARE @Key int, @Ret int;
    EXEC dbo.spsmLogicalLockAdd ?, 'ARCR-0000001', ?, 'clerk', @Key OUTPUT, @Ret OUTPUT;
    SELECT @Ret"""


class TestRows(WithReceipts):
    """One data set in two databases."""

    def test_every_row_arrives_as_the_twin_has_it(self, clerk: EngineClerk, store: Store) -> None:
        for table in set(expected_tables()) - NOT_COPIED:
            assert rows_of(clerk, table) == twin_rows(store, table), table

    def test_a_reset_undoes_whatever_happened(self, engine: SageSite, today: date) -> None:
        engine.load(site_data(today))
        clerk = EngineClerk(engine)
        before = {table: rows_of(clerk, table) for table in expected_tables()}
        clerk.pay_invoice("SOA", I1, "40.00")
        clerk.set_period("SOA", today, "close")
        clerk.tell("DELETE FROM dbo.tarCustStatus")
        clerk.tell(STOP_AFTER, "gl")
        clerk.ask(NEXT_KEY, "tarCustPmtLog")
        assert rows_of(clerk, "tarInvoice") != before["tarInvoice"]
        engine.load(site_data(today))
        assert {table: rows_of(clerk, table) for table in expected_tables()} == before
        assert clerk.ask("SELECT COUNT(*) FROM standin.StopAt") == [(0,)]

    def test_code_lists_tell_the_codes_of_the_reference(self, site: EngineClerk) -> None:
        rows = site.ask(
            "SELECT DBValue, LocalText FROM dbo.vListValidationString"
            " WHERE TableName = 'tciBatchLog' AND ColumnName = 'Status' ORDER BY DBValue"
        )
        assert len(rows) == 8 and rows[4] == (4, "Balanced")


class TestKeys(OnTheEngine):
    """Reference 2.3 to 2.7."""

    def test_keys_come_one_after_the_other_and_in_blocks(self, site: EngineClerk) -> None:
        ((first,),) = site.ask(NEXT_KEY, "tarCustomer")
        assert site.ask(KEY_BLOCK, "tarCustomer", 5) == [(first + 1, first + 5)]
        assert site.ask(NEXT_KEY, "TARCUSTOMER") == [(first + 6,)]

    def test_a_counter_that_was_not_there_begins_at_one(self, site: EngineClerk) -> None:
        assert site.ask(NEXT_KEY, "tarCustPmtLog") == [(1,)]
        assert site.ask(NEXT_KEY, "tarCustPmtLog") == [(2,)]

    def test_a_key_belongs_to_the_callers_transaction(self, site: EngineClerk) -> None:
        ((before,),) = site.ask(NEXT_KEY, "tarCustomer")
        site.tell("BEGIN TRANSACTION")
        assert site.ask(NEXT_KEY, "tarCustomer") == [(before + 1,)]
        site.tell("ROLLBACK TRANSACTION")
        assert site.ask(NEXT_KEY, "tarCustomer") == [(before + 1,)]


class TestBatches(OnTheEngine):
    """Reference 4.1."""

    def test_a_batch_is_made_of_log_and_head(self, site: EngineClerk, today: date) -> None:
        ((answer, key, number),) = made(site)
        assert (answer, number) == (1, 1)
        log = site.ask(
            "SELECT BatchID, BatchNo, BatchType, Status, PostStatus, CreateType, SourceCompanyID,"
            " PostCompanyID, BatchCmnt, PostDate, OrigUserID FROM dbo.tciBatchLog"
            " WHERE BatchKey = ?",
            key,
        )
        day = datetime(today.year, today.month, today.day)
        assert log == [
            ("ARCR-0000001", 1, 503, 4, 0, 1, "SOA", "SOA", "PayTrace receipts", day, "paysync")
        ]
        head = site.ask(
            "SELECT h.Hold, h.Private, h.TranCtrl, h.SourceModule, h.PostDate, k.CashAcctID"
            " FROM dbo.tarBatch h JOIN dbo.tcmCashAcct k ON k.CashAcctKey = h.CashAcctKey"
            " WHERE h.BatchKey = ?",
            key,
        )
        assert head == [(0, 0, Decimal("0.000"), 5, day, "MERCH-USD")]
        assert made(site)[0][2] == 2

    @pytest.mark.parametrize(
        ("code", "spoil", "changes"),
        [
            (0, "", {"module": 4}),
            (0, "", {"kind": 401}),
            (2, "UPDATE dbo.tciBatchTypCompany SET NextBatchNo = 10000000", {}),
            (3, "DELETE FROM dbo.tciBatchTypCompany WHERE BatchType = 503", {}),
            (3, "", {"company": "XXX"}),
            (4, "", {"user": None}),
            (5, "", {"day": None}),
        ],
    )
    def test_each_return_code_says_what_is_missing(
        self, site: EngineClerk, code: int, spoil: str, changes: dict[str, Any]
    ) -> None:
        if spoil:
            site.tell(spoil)
        ((answer, key, _),) = made(site, **changes)
        assert (answer, key) == (code, None)

    def test_a_number_that_exists_is_told(self, site: EngineClerk) -> None:
        made(site)
        site.tell("UPDATE dbo.tciBatchTypCompany SET NextBatchNo = 1 WHERE BatchType = 503")
        assert made(site)[0][0] == 6

    def test_the_status_follows_hold_and_control_total(self, site: EngineClerk) -> None:
        ((_, key, _),) = made(site)
        assert site.ask(BATCH_STATUS, key) == [(4, 1)]
        site.tell("UPDATE dbo.tciBatchLog SET BatchTotal = 10, Status = 1 WHERE BatchKey = ?", key)
        assert site.ask(BATCH_STATUS, key) == [(3, 1)]
        site.tell("UPDATE dbo.tarBatch SET TranCtrl = 10, Hold = 1 WHERE BatchKey = ?", key)
        assert site.ask(BATCH_STATUS, key) == [(2, 1)]
        site.tell("UPDATE dbo.tarBatch SET Hold = 0 WHERE BatchKey = ?", key)
        assert site.ask(BATCH_STATUS, key) == [(4, 1)]
        site.tell("UPDATE dbo.tciBatchLog SET Status = 6, PostStatus = 500 WHERE BatchKey = ?", key)
        assert site.ask(BATCH_STATUS, key) == [(6, 1)]
        assert site.ask(BATCH_STATUS, 999) == [(None, 0)]


class TestLogicalLocks(OnTheEngine):
    """Reference 2.20."""

    def test_shared_locks_go_together_and_an_exclusive_one_alone(
        self, engine: SageSite, site: EngineClerk
    ) -> None:
        shared, exclusive = 1, 2
        assert site.ask(LOCK, 1, shared) == [(1,)]
        with closing(engine.connect()) as other:
            assert other.execute(LOCK, 1, shared).fetchone()[0] == 1
            assert other.execute(LOCK, 1, exclusive).fetchone()[0] == 102
        site.tell("DELETE FROM dbo.tsmLogicalLock")
        assert site.ask(LOCK, 1, exclusive) == [(1,)]
        assert site.ask(LOCK, 1, shared) == [(101,)]

    def test_a_wrong_type_is_told(self, site: EngineClerk) -> None:
        assert site.ask(LOCK, 99, 1) == [(2,)]
        assert site.ask(LOCK, 1, 3) == [(3,)]

    def test_the_lock_of_a_session_that_is_gone_is_dead(
        self, engine: SageSite, site: EngineClerk
    ) -> None:
        with closing(engine.connect()) as other:
            assert other.execute(LOCK, 1, 2).fetchone()[0] == 1
        until = monotonic() + 10  # the server notices in its own time
        while (answer := site.ask(LOCK, 1, 2)) != [(1,)] and monotonic() < until:
            sleep(0.1)
        assert answer == [(1,)]


def made(site: EngineClerk, **changes: Any) -> list[tuple[Any, ...]]:
    """(answer, key, number) of spGetNextBatch."""
    given = {"user": "paysync", "day": "20261123", "company": "SOA", "module": 5, "kind": 503}
    return site.ask(NEXT_BATCH, *{**given, **changes}.values())
