"""The hand mode of the ERP port: people enter the work list, Sage's own list tells the rest."""

from __future__ import annotations

from paysync.models import Connection
from tests.contract.desk_site import HandSite, OnTheDesk
from tests.contract.erp_contract import ErpLedgerContract


class TestManualLedger(OnTheDesk, ErpLedgerContract):
    """The contract every adapter keeps."""

    kind = Connection.Kind.SAGE500_MANUAL
    site_class = HandSite
