"""The installation on a T-SQL server: twice, removed, and what the application's login may do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from paysync.adapters.sage500.script import VERSION, batches_of, parts, uninstall_script
from tests.contract.erp_site import D1, I1, site_data
from tests.contract.sage500_engine import OnTheEngine
from tests.mssql.calls import Link, submit
from tests.mssql.clerk import EngineClerk
from tests.mssql.engine import Engine, run_script
from tests.mssql.site import SageSite, database_of
from tests.mssql.wrappers import wrapper_script

LOGIN, PASSWORD = "paysync_app_test", "Qx7LongEnough91"
MADE = [name for part in parts() for name in part.objects]
KEPT = {f"ptx.{name}" for name in ("Version", "Batch", "Receipt", "ReceiptAppl", "GLEntry")}
NOTES = "SELECT ScriptName, Version, Sha256 FROM ptx.Version ORDER BY ScriptName"
HEAD = """
    SELECT l.Status, b.Hold, b.HoldReason, l.OrigUserID
      FROM dbo.tciBatchLog l JOIN dbo.tarBatch b ON b.BatchKey = l.BatchKey
     WHERE l.BatchKey = ?"""
TABLES = """
    SELECT s.name + '.' + t.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id
     WHERE s.name IN ('dbo', 'ptx') ORDER BY 1"""


@cache
def scratch_site() -> SageSite | None:
    """A site that these tests may take the wrappers away from."""
    engine = Engine.from_environment()
    if engine is None:
        return None
    name = database_of(engine, "rights")
    if engine.exists(name):
        engine.drop(name)
    site = SageSite(engine, name)
    site.build()
    return site


class OnScratch(OnTheEngine):
    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> SageSite:
        found = scratch_site()
        if found is None:
            pytest.skip("no T-SQL server is named")
        return found

    @pytest.fixture
    def site(self, engine: SageSite, today: date) -> EngineClerk:
        engine.load(site_data(today))
        return EngineClerk(engine)


class TestInstalling(OnScratch):
    """The script runs again and again, and takes away only what it made."""

    @pytest.fixture(autouse=True)
    def installed_again(self, site: EngineClerk, engine: SageSite) -> Iterator[None]:
        yield
        run_script(engine.connection, wrapper_script(engine.engine.is_babelfish))

    def there(self, engine: SageSite) -> set[str]:
        found = {}
        for name in MADE:
            found[name] = engine.connection.execute("SELECT OBJECT_ID(?)", name).fetchone()[0]
        return {name for name, key in found.items() if key is not None}

    def test_every_part_is_noted(self, engine: SageSite) -> None:
        found = [tuple(row) for row in engine.connection.execute(NOTES).fetchall()]
        assert found == [(part.name, VERSION, part.sha256) for part in parts()]
        assert self.there(engine) == set(MADE)

    def test_installing_again_keeps_every_receipt(self, engine: SageSite, today: date) -> None:
        submit(engine.connection, today, 1, Link(I1, "10"))
        run_script(engine.connection, wrapper_script(engine.engine.is_babelfish))
        assert submit(engine.connection, today, 1, Link(I1, "10")).code == 2
        assert submit(engine.connection, today, 2, Link(I1, "10")).code == 1

    def test_the_settings_of_the_site_are_obeyed(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        settings = {"HoldAfter": 1, "TranNoWidth": 10, "RefuseDisputed": 1, "SageUser": "robot"}
        for part in parts(settings):
            if part.name in ("10_receipt_views.sql", "30_receipt_submit.sql"):
                run_script(engine.connection, part.text)
        line = engine.connection
        assert submit(line, today, 1, Link(D1, "1")).reason == "in_dispute"
        first, second = submit(line, today, 1), submit(line, today, 2)
        assert (first.tran_id, second.tran_id) == ("CR-0000000001", "CR-0000000002")
        assert first.batch_key == second.batch_key
        assert site.ask(HEAD, first.batch_key) == [(2, 1, "being filled", "robot")]
        site.tell("UPDATE dbo.tarBatch SET Hold = 0 WHERE BatchKey = ?", first.batch_key)
        third = submit(line, today, 3)
        assert third.code == 1 and third.batch_key != first.batch_key

    def test_the_record_of_our_receipts_is_not_removed_by_the_way(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        submit(engine.connection, today)
        with pytest.raises(Exception, match="hold receipts and stay"):
            run_script(engine.connection, uninstall_script())
        assert self.there(engine) == KEPT
        assert site.ask("SELECT COUNT(*) FROM ptx.Receipt") == [(1,)]
        assert site.ask("SELECT COUNT(*) FROM ptx.Version") == [(0,)]

    def test_everything_goes_when_that_is_asked_and_sage_keeps_its_receipts(
        self, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        submit(engine.connection, today)
        batches = batches_of(uninstall_script(drop_receipts=True))
        if engine.engine.is_babelfish:  # there a role that was ever granted something stays
            batches = [batch for batch in batches if "DROP ROLE" not in batch]
        run_script(engine.connection, "\nGO\n".join(batches))
        assert site.ask("SELECT SCHEMA_ID('ptx')") == [(None,)]
        if not engine.engine.is_babelfish:
            assert site.ask("SELECT DATABASE_PRINCIPAL_ID('ptx_app')") == [(None,)]
        assert site.ask("SELECT COUNT(*) FROM dbo.tarPendCustPmt") == [(1,)]


class TestRights(OnScratch):
    """The application's login: reads the listed tables, runs the wrappers, nothing else."""

    @pytest.fixture
    def app(self, site: EngineClerk, engine: SageSite) -> Iterator[Any]:
        admin = engine.connection
        for undo in (f"DROP USER {LOGIN}", f"DROP LOGIN {LOGIN}"):
            with suppress(Exception):
                admin.execute(undo)
        admin.execute(f"CREATE LOGIN {LOGIN} WITH PASSWORD = '{PASSWORD}'")
        admin.execute(f"CREATE USER {LOGIN} FOR LOGIN {LOGIN}")
        admin.execute(f"ALTER ROLE ptx_app ADD MEMBER {LOGIN}")
        address = replace(engine.engine.address, user=LOGIN, password=PASSWORD)
        with closing(Engine(address).connect(engine.database)) as connection:
            yield connection
        admin.execute(f"ALTER ROLE ptx_app DROP MEMBER {LOGIN}")
        admin.execute(f"DROP USER {LOGIN}")
        for left in range(50, -1, -1):
            try:
                admin.execute(f"DROP LOGIN {LOGIN}")
                break
            except Exception:  # the server has not seen the end of that line yet
                if not left:
                    raise
                time.sleep(0.1)

    def test_no_table_can_be_written(self, app: Any, engine: SageSite) -> None:
        names = [row[0] for row in engine.connection.execute(TABLES).fetchall()]
        assert len(names) > 50
        for name in names:
            column = engine.connection.execute(f"SELECT * FROM {name}").description[-1][0]  # noqa: S608
            for write in (
                f"INSERT INTO {name} ({column}) SELECT {column} FROM {name} WHERE 1 = 0",  # noqa: S608
                f"UPDATE {name} SET {column} = NULL WHERE 1 = 0",  # noqa: S608
                f"DELETE FROM {name} WHERE 1 = 0",  # noqa: S608
            ):
                with pytest.raises(Exception, match="denied"):
                    app.execute(write)

    def test_the_listed_tables_can_be_read_and_no_other(self, app: Any, engine: SageSite) -> None:
        grants = next(part.text for part in parts() if part.name == "90_grants.sql")
        for (name,) in engine.connection.execute(TABLES).fetchall():
            read = f"SELECT * FROM {name} WHERE 1 = 0"  # noqa: S608
            if f"SELECT ON {name} TO".lower() in grants.lower():
                app.execute(read)
            else:
                with pytest.raises(Exception, match="denied"):
                    app.execute(read)
        app.execute("SELECT UserID FROM dbo.tsmUser")
        for view in ("vReceipt", "vReceiptAppl", "vOpenBatch"):
            app.execute(f"SELECT * FROM ptx.{view} WHERE 1 = 0")  # noqa: S608

    def test_only_the_wrappers_can_be_run(
        self, app: Any, site: EngineClerk, engine: SageSite, today: date
    ) -> None:
        for inner in (
            "DECLARE @k int; EXEC dbo.spGetNextSurrogateKey 'tarCustPmtLog', @k OUTPUT",
            "DECLARE @k int, @m varchar(400); EXEC ptx.PaymentKey @k OUTPUT, @m OUTPUT",
        ):
            with pytest.raises(Exception, match="denied"):
                app.execute(inner)
        if engine.engine.is_babelfish:
            # Babelfish has no ownership chaining, so there the wrapper cannot work for this login.
            with pytest.raises(Exception, match="denied"):
                submit(app, today)
            assert site.ask("SELECT COUNT(*) FROM dbo.tarPendCustPmt") == [(0,)]
        else:
            assert submit(app, today).code == 1
