"""How often a receipt was tried, and when it is given up: then it waits for a person."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from paysync.domain.ledger import ReceiptState, SubmitCode
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, PostingAttempt
from reconciliation.services.outcomes import note_outcome

#: A receipt that cannot be handed over after this many answered tries waits for a person.
MOST_TRIES = 12

#: Outcomes of a try. One that was unknown stays so when a look-up finds nothing.
UNKNOWN = "unknown"
NOT_FOUND = f"{UNKNOWN}, not found"
GIVEN_UP = "given up"


def answers_of(row: CashReceipt) -> int:
    """How many tries were answered, or may have been, since the receipt was last given up.

    An outage is no answer: it never gives up a receipt. A person who releases a receipt that was
    given up begins a new count.
    """
    if row.attempts_made < MOST_TRIES:
        return 0  # too few to matter, and nothing has to be read
    answered = Q(code__isnull=False) | Q(outcome__startswith=UNKNOWN)
    tries = PostingAttempt.objects.filter(answered | Q(outcome=GIVEN_UP), receipt=row)
    outcomes = list(tries.order_by("-number").values_list("outcome", flat=True))
    return outcomes.index(GIVEN_UP) if GIVEN_UP in outcomes else len(outcomes)


def is_worn_out(row: CashReceipt, *, with_this: bool = False) -> bool:
    """with_this: the try under way has just been answered and is not written down yet."""
    return answers_of(row) + with_this >= MOST_TRIES


def give_up(row: CashReceipt, message: str, now: datetime, code: SubmitCode | None = None) -> None:
    note_outcome(
        row,
        ReceiptState.HELD,
        GIVEN_UP,
        f"Given up after {MOST_TRIES} tries: {message}",
        now,
        code=code,
        item=Reason.ERP_REJECTED,
    )
