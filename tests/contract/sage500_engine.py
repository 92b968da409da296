"""The T-SQL server under test: fixtures of `erp_contract` on a site of our own there."""

from __future__ import annotations

from datetime import date

import pytest

from tests.contract.erp_site import site_data
from tests.contract.sage500_site import TODAY
from tests.mssql.clerk import EngineClerk
from tests.mssql.engine import VARIABLE
from tests.mssql.site import SageSite, the_site


class OnTheEngine:
    """Every test finds a fresh site; the database is made once a process.

    `engine` has `url` and `connect()` for whoever works on the site's database.
    """

    pytestmark = pytest.mark.mssql

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> SageSite:
        found = the_site()
        if found is None:
            pytest.skip(f"{VARIABLE} names no T-SQL server")
        return found

    @pytest.fixture
    def today(self) -> date:
        return TODAY

    @pytest.fixture
    def site(self, engine: SageSite, today: date) -> EngineClerk:
        engine.load(site_data(today))
        return EngineClerk(engine)
