"""What every ErpLedger must do, whatever is behind it.

A subclass gives three fixtures:

- `erp`: the adapter under test, connected to a site that holds exactly what `erp_site` describes;
- `site`: what people at that site can do meanwhile (an `ErpSite`);
- `today`: a date in the open period, not the last of its month; the month before is closed.
"""

from __future__ import annotations

from tests.contract.erp_follow_contract import ErpFollowContract
from tests.contract.erp_read_contract import ErpReadContract
from tests.contract.erp_staff_contract import ErpStaffContract
from tests.contract.erp_submit_contract import ErpSubmitContract


class ErpLedgerContract(ErpReadContract, ErpSubmitContract, ErpFollowContract, ErpStaffContract):
    """Every ErpLedger must keep all of it."""
