"""Reversals on a T-SQL server whose site has rehearsed them, and where people reverse."""

from __future__ import annotations

from datetime import date

from paysync.models import Connection
from paysync.ports import ErpLedger
from tests.contract.desk_site import DeskSite, HandSite, OnTheDesk
from tests.contract.erp_reversal_contract import ErpReversalContract
from tests.contract.erp_site import intent, refused, reversal
from tests.contract.test_sage500_other_wrappers import OnItsOwn
from tests.contract.test_sage500_sqlserver import OnSqlServer
from tests.mssql.clerk import EngineClerk


class TestSqlServerReversals(OnItsOwn, OnSqlServer, ErpReversalContract):
    """The wrapper, called by the adapter."""


class TestNotRehearsed(OnSqlServer):
    """As the wrappers are installed."""

    def test_nothing_is_reversed(self, erp: ErpLedger, site: EngineClerk, today: date) -> None:
        erp.submit_receipt(intent(today))
        site.post("SOA")
        refused(erp.submit_reversal(reversal(today)), "not_rehearsed")


class TestFlatFile(OnTheDesk):
    """A desk hands over no reversals: an open item asks a person."""

    def test_a_person_reverses(self, erp: ErpLedger, site: DeskSite, today: date) -> None:
        erp.submit_receipt(intent(today))
        site.post("SOA")
        refused(erp.submit_reversal(reversal(today)), "not_rehearsed")
        assert erp.find_receipts([reversal(today).idempotency_key]) == {}


class TestManual(TestFlatFile):
    kind = Connection.Kind.SAGE500_MANUAL
    site_class = HandSite
