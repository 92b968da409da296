"""Posted receipts whose money has gone back: reverse them in Sage 500, by us or by people.

Where a company lets us, and its Sage 500 has rehearsed it, the reversal is handed over by itself
(`reverse_receipts`); whoever makes it, its posting ends the match (`follow_reversals`).
"""

from reconciliation.services.reversing.noticing import follow_reversals
from reconciliation.services.reversing.sending import reverse_receipts

__all__ = ["follow_reversals", "reverse_receipts"]
