"""Ask the ERP for receipts by their fingerprint, so that one unreadable row hides no other."""

from __future__ import annotations

from collections.abc import Sequence

from paysync.domain.errors import RecordError
from paysync.domain.ledger import ErpReceipt, ErpReceiptState
from paysync.ports import ErpLedger


def find_receipts(keys: Sequence[str], erp: ErpLedger) -> dict[str, ErpReceipt]:
    """The receipts that the ERP has. Only a key that is missing here may be taken as absent.

    An answer that cannot be read as a whole is asked for in halves, until what is left of it is
    one key: that receipt is UNREADABLE. Raises RecordError when no key at all gets an answer.
    """
    unread: dict[str, ErpReceipt] = {}
    found = ask(keys, erp, unread)
    if keys and len(unread) == len(keys):
        raise RecordError(unread[keys[0]].message)
    return found | unread


def ask(
    keys: Sequence[str], erp: ErpLedger, unread: dict[str, ErpReceipt]
) -> dict[str, ErpReceipt]:
    """What could be read; the keys that could not are added to `unread`."""
    try:
        return erp.find_receipts(keys)
    except RecordError as error:
        if len(keys) == 1:
            unread[keys[0]] = ErpReceipt(keys[0], ErpReceiptState.UNREADABLE, message=str(error))
            return {}
        half = len(keys) // 2
        return ask(keys[:half], erp, unread) | ask(keys[half:], erp, unread)
