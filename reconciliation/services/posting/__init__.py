"""Hand cash receipts to the ERP exactly once: claim, look, send, and ask about what is unknown."""

from reconciliation.services.posting.claiming import claim_due
from reconciliation.services.posting.looking import shrunk_payments
from reconciliation.services.posting.resolving import resolve_unknown
from reconciliation.services.posting.run import Patience, Posting
from reconciliation.services.posting.sending import may_send, post_due, to_intent
from reconciliation.services.posting.tries import MOST_TRIES

__all__ = [
    "MOST_TRIES",
    "Patience",
    "Posting",
    "claim_due",
    "may_send",
    "post_due",
    "resolve_unknown",
    "shrunk_payments",
    "to_intent",
]
