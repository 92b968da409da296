"""The wrappers on a T-SQL server: fixtures and what people's triggers do, for the tests of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.sage500_engine import OnTheEngine
from tests.mssql.calls import Answer, Link, submit
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
