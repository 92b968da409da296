"""The ERP port by hand: mode `manual`, for a site where people enter every receipt in Sage 500.

Receipts leave by the work list in the console; a tick there, or Sage's own list of receipts, says
that they arrived. Lists come in by the same folder as in `flat_file.py`.
"""

from __future__ import annotations

from paysync.adapters.sage500.flat_file import FileLedger


class ManualLedger(FileLedger):
    """An ErpLedger whose receipts people enter."""
