"""The timeline of a dispute: every change with who made it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from reconciliation.models import Dispute, DisputeEvent, JournalEntry

TEXT_LENGTH = 500
Kind = DisputeEvent.Kind


def note(
    dispute: Dispute,
    kind: Kind,
    text: str,
    actor: str,
    now: datetime,
    *,
    amount: Decimal | None = None,
    entry: JournalEntry | None = None,
) -> DisputeEvent:
    return DisputeEvent.objects.create(
        dispute=dispute,
        kind=kind,
        state=dispute.state,
        text=text[:TEXT_LENGTH],
        amount=amount,
        entry=entry,
        actor=actor[:150],
        at=now,
    )
