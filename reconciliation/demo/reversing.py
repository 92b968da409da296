"""What the clerk of Sage 500 does about receipts whose money is gone, and what came of it."""

from __future__ import annotations

from collections import Counter

from django.db.models import F
from django.utils import timezone

from paysync.domain.ledger import LIVE_REVERSALS, ReversalState
from reconciliation.demo.money_out import LONG, MoneyOut
from reconciliation.models import ReceiptReversal

#: How often the clerk reverses a receipt without waiting for paysync, or deletes its reversal.
BY_HAND, DELETES = 0.1, 0.05


def clerk_reverses(storm: MoneyOut) -> None:
    """Take applications back where an open item asks for it; now and then, something else."""
    rows = ReceiptReversal.objects.filter(
        state__in=[ReversalState.DUE, ReversalState.SUBMITTED]
    ).select_related("receipt")
    for row in rows.order_by("pk"):
        chance = storm.draw.random()
        if row.state == ReversalState.DUE:
            name = "reverse" if chance < BY_HAND else "unapply"
            key = row.receipt.idempotency_key
        elif chance < DELETES:
            name, key = "delete", row.idempotency_key
        else:
            continue
        order = {"action": name, "idempotency_key": key}
        storm.try_to(f"{name} in Sage 500", lambda order=order: tell_clerk(storm, order))  # type: ignore[misc]


def tell_clerk(storm: MoneyOut, order: dict[str, str]) -> bool:
    storm.stage.sage500.tell("clerk", order)
    return True


def let_time_pass() -> None:
    """Pauses and leases of reversals are over, as if hours had passed."""
    now = timezone.now()
    waiting = ReceiptReversal.objects.filter(state__in=[ReversalState.DUE, ReversalState.UNKNOWN])
    waiting.update(due_at=now)
    lost = ReceiptReversal.objects.filter(state=ReversalState.SENDING)
    lost.update(claimed_at=F("claimed_at") - LONG)


def is_quiet() -> bool:
    """None is under way."""
    live = [state.value for state in LIVE_REVERSALS]
    return not ReceiptReversal.objects.filter(state__in=live).exists()


def reversals() -> dict[str, int]:
    """By state."""
    found = Counter(ReceiptReversal.objects.order_by().values_list("state", flat=True))
    return {f"reversals {state}": count for state, count in found.items()}
