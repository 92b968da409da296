"""Record what the gateway says of its transactions: idempotent, whatever the order."""

from reconciliation.services.recording.placing import Recorded
from reconciliation.services.recording.rows import first_rows, lock_account
from reconciliation.services.recording.transactions import record_transactions

__all__ = [
    "Recorded",
    "first_rows",
    "lock_account",
    "record_transactions",
]
