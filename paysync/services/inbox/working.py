"""See an event through: due, claimed, done; or failed, parked and replayed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from secrets import SystemRandom

from django.db import transaction
from django.db.models import F, Q, QuerySet

from paysync.domain.errors import RuleError
from paysync.domain.redaction import redact
from paysync.models import InboundEvent
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.audit import record
from paysync.services.bulk import chunks

MAX_ATTEMPTS = 8
FIRST_DELAY_S = 30
LONGEST_DELAY_S = 3_600
State = InboundEvent.State
jitter = SystemRandom()


def is_due(now: datetime) -> Q:
    waiting = Q(state__in=(State.RECEIVED, State.FAILED))
    return waiting & (Q(next_try_at__isnull=True) | Q(next_try_at__lte=now))


def due_events(source: str, now: datetime, limit: int) -> QuerySet[InboundEvent]:
    """What waits to be worked, oldest first. Claim each before working it."""
    return InboundEvent.objects.filter(is_due(now), source=source).order_by("pk")[:limit]


def claim_event(pk: int, now: datetime, lease_s: float) -> InboundEvent | None:
    """Take one due event for `lease_s` seconds, or None: another worker has it, or it is done.

    The claim is committed before any work and counts as an attempt, so that an event whose
    worker is killed becomes due again after the lease, and one that kills every worker ends
    up parked. Must not be called inside a transaction.
    """
    with transaction.atomic(durable=True):
        claimed = InboundEvent.objects.filter(is_due(now), pk=pk, attempts__lt=MAX_ATTEMPTS).update(
            attempts=F("attempts") + 1, next_try_at=now + timedelta(seconds=lease_s)
        )
        event = InboundEvent.objects.select_related("connection").filter(pk=pk).first()
        if event is None or claimed:
            return event
        lost = InboundEvent.objects.filter(is_due(now), pk=pk, attempts__gte=MAX_ATTEMPTS)
        if lost.exists():
            park(event, event.error or "its worker stopped every time", now)
    return None


def mark_done(events: Iterable[InboundEvent], now: datetime) -> None:
    for part in chunks(events):
        InboundEvent.objects.filter(pk__in=[event.pk for event in part]).exclude(
            state=State.DONE
        ).update(state=State.DONE, done_at=now, next_try_at=None, error="")
        for event in part:
            event.state, event.done_at, event.next_try_at, event.error = State.DONE, now, None, ""


def mark_failed(event: InboundEvent, error: str, now: datetime) -> None:
    """Set the event back for another try, later each time; after MAX_ATTEMPTS it is parked."""
    event.attempts = max(event.attempts, 1)
    message = str(redact(error)[0])[:400]
    if event.attempts >= MAX_ATTEMPTS:
        park(event, message, now)
        return
    event.state, event.error = State.FAILED, message
    event.next_try_at = now + timedelta(seconds=delay_s(event.attempts))
    event.save(update_fields=["state", "error", "next_try_at", "attempts"])


def delay_s(attempts: int) -> float:
    """Doubling from 30 seconds to an hour, a quarter more or less: not all at the same moment."""
    delay = min(FIRST_DELAY_S * 2 ** (attempts - 1), LONGEST_DELAY_S)
    return float(delay * jitter.uniform(0.75, 1.25))


def parked_key(event: InboundEvent) -> str:
    return f"inbox:{event.connection_id}:{event.source}:parked"


def park(event: InboundEvent, error: str, now: datetime) -> None:
    """Set the event aside for a person. One alert for all that are parked at a connection."""
    event.state, event.error, event.next_try_at = State.PARKED, error, None
    with transaction.atomic():
        event.save(update_fields=["state", "error", "next_try_at", "attempts"])
        raise_alert(
            "inbox_parked",
            parked_key(event),
            f"{event.connection}: event {event.external_id} failed {event.attempts} times: {error}",
            advice="Mend the cause, then replay the parked events.",
            connection=event.connection,
            now=now,
        )


def replay(event: InboundEvent, *, actor: str, user_may: bool) -> InboundEvent:
    """Make an event due again, whatever became of it. Raises RuleError when not permitted."""
    if not user_may:
        raise RuleError(f"{actor} may not replay events")
    with transaction.atomic():
        held = InboundEvent.objects.select_for_update().get(pk=event.pk)
        before = {"state": held.state, "attempts": held.attempts, "error": held.error}
        held.state, held.attempts, held.error = State.RECEIVED, 0, ""
        held.next_try_at = held.done_at = None
        held.save(update_fields=["state", "attempts", "error", "next_try_at", "done_at"])
        record(actor, "replay event", held, before)
        still_parked = InboundEvent.objects.filter(
            connection=held.connection, source=held.source, state=State.PARKED
        )
        if not still_parked.exists():
            close_alert(parked_key(held), actor=actor)
    return held
