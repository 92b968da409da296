"""The file mode of the ERP port: real files out and in, the twin's database playing Sage 500."""

from __future__ import annotations

from tests.contract.desk_site import OnTheDesk
from tests.contract.erp_contract import ErpLedgerContract


class TestFlatFileLedger(OnTheDesk, ErpLedgerContract):
    """The contract every adapter keeps."""
