"""The inbox: keep what arrived, once, without card data; then see it through or park it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from paysync.domain.errors import RuleError
from paysync.domain.redaction import redact
from paysync.models import Connection, Counter, InboundEvent, MerchantAccount
from paysync.services.alerts import close_alert, raise_alert
from paysync.services.audit import record
from paysync.services.bulk import CHUNK, chunks

MAX_ATTEMPTS = 8
FIRST_DELAY_S = 30
LONGEST_DELAY_S = 3_600
CARD_DATA_REMOVED = "card data removed"
State = InboundEvent.State
#: Text that JSON allows and databases do not: NUL and half a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
jitter = SystemRandom()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came in: the sender's id of it and its JSON body.

    redactions: what an adapter has already removed, to be counted here.
    """

    external_id: str
    payload: dict[str, Any]
    redactions: int = 0


def receive(
    arrivals: Iterable[Arrival],
    *,
    source: str,
    connection: Connection,
    merchant_account: MerchantAccount | None = None,
    now: datetime,
) -> list[InboundEvent]:
    """Keep each arrival once. Returns their rows in the given order, new and known alike.

    Whoever called knows from `state` what still has to be done. At most four statements for
    each 500 arrivals (and more inserts where the database takes fewer values in one).
    """
    rows: list[InboundEvent] = []
    for part in chunks(arrivals):
        rows += receive_part(
            [to_event(a, source, connection, merchant_account, now) for a in part], now
        )
    return rows


def receive_part(events: Sequence[InboundEvent], now: datetime) -> list[InboundEvent]:
    held = find_held(events)
    new = {key_of(event): event for event in events if key_of(event) not in held}
    if new:
        insert_new(list(new.values()))
        stored = find_held(list(new.values()))
        held |= stored
        removed = sum(event.redactions for event in new.values())
        if removed:
            count(events[0].connection, CARD_DATA_REMOVED, now, by=removed)
    return [held[key_of(event)] for event in events]


def receive_one(event: InboundEvent, now: datetime) -> tuple[InboundEvent, bool]:
    """`receive` for a single row, in one INSERT. Returns (row, was it known already)."""
    try:
        if database.in_atomic_block:
            with transaction.atomic():
                insert(event)
        else:
            insert(event)  # one statement is a transaction of its own
    except IntegrityError:
        return find_held([event])[key_of(event)], True
    if event.redactions:
        count(event.connection, CARD_DATA_REMOVED, now, by=event.redactions)
    return event, False


def look_again(event: InboundEvent) -> None:
    """A known event was sent anew: once it is done, it becomes due again."""
    InboundEvent.objects.filter(pk=event.pk, state=State.DONE).update(
        state=State.RECEIVED, attempts=0, next_try_at=None, done_at=None
    )


#: Every hint waits for this one statement, and the ORM takes longer to build it than the database
#: to carry it out. Kept in step with the model by the tests of the hints.
INSERT = """
    INSERT INTO paysync_inboundevent
        (source, connection_id, merchant_account_id, external_id, digest, payload, redactions,
         received_at, state, attempts, next_try_at, done_at, error)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, NULL, NULL, '')
    RETURNING id"""


def insert(event: InboundEvent) -> None:
    """Insert the unsaved row and give it its key; by the ORM where RETURNING is not spoken."""
    if database.vendor not in {"sqlite", "postgresql"}:
        event.save(force_insert=True)
        return
    values = (
        event.source,
        event.connection_id,
        event.merchant_account_id,
        event.external_id,
        event.digest,
        json.dumps(event.payload),
        event.redactions,
        database.ops.adapt_datetimefield_value(event.received_at),
        event.state,
        event.attempts,
    )
    with database.cursor() as cursor:
        cursor.execute(INSERT, values)
        [(event.pk,)] = cursor.fetchall()


def to_event(
    arrival: Arrival,
    source: str,
    connection: Connection,
    merchant_account: MerchantAccount | None,
    now: datetime,
) -> InboundEvent:
    """The row of an arrival, not yet saved: card data removed, digest taken of what is left."""
    payload, removed = redact(arrival.payload)
    external_id, removed_from_id = redact(arrival.external_id)
    text, payload = canonical(payload)
    return InboundEvent(
        source=source,
        connection=connection,
        merchant_account=merchant_account,
        external_id=short_id(external_id),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        payload=payload,
        redactions=arrival.redactions + removed + removed_from_id,
        received_at=now,
    )


def canonical(payload: Any) -> tuple[str, Any]:
    """One spelling of the payload, and the payload as a database can keep it."""
    try:
        text = spell(payload)
    except (TypeError, ValueError):  # a Decimal, a date, an infinity: as text
        payload = storable(payload)
        text = spell(payload)
    if "\\u0000" in text or "\\ud" in text:
        payload = storable(payload)
        text = spell(payload)
    return text, payload


def spell(payload: Any) -> str:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)


def storable(value: Any) -> Any:
    """JSON data with everything that a JSON column refuses turned into text it takes."""
    if isinstance(value, dict):
        return {str(storable(str(k))): storable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    if isinstance(value, str):
        joined = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return UNSTORABLE.sub("\ufffd", joined)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    return str(value)


def short_id(external_id: str) -> str:
    if len(external_id) <= 80 and not UNSTORABLE.search(external_id):
        return external_id
    digest = hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}"


Key = tuple[str, str]


def key_of(event: InboundEvent) -> Key:
    return event.external_id, event.digest


def find_held(events: Sequence[InboundEvent]) -> dict[Key, InboundEvent]:
    """The stored rows of these events, all of one connection and source."""
    first = events[0]
    wanted = {key_of(event) for event in events}
    rows = InboundEvent.objects.filter(
        connection=first.connection,
        source=first.source,
        external_id__in={event.external_id for event in events},
    )
    return {key_of(row): row for row in rows if key_of(row) in wanted}


def insert_new(events: list[InboundEvent]) -> None:
    """Insert; what another worker inserted in the meantime is left as it is."""
    if database.features.supports_ignore_conflicts:
        InboundEvent.objects.bulk_create(events, batch_size=CHUNK, ignore_conflicts=True)
        return
    try:
        with transaction.atomic():
            InboundEvent.objects.bulk_create(events, batch_size=CHUNK)
    except IntegrityError:
        for event in events:
            event.pk = None
            insert_if_new(event)


def insert_if_new(event: InboundEvent) -> None:
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        return


# --- seeing it through --------------------------------------------------------------------------


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


# --- counting -----------------------------------------------------------------------------------


def count(connection: Connection, name: str, now: datetime, by: int = 1) -> None:
    """Add to the day's counter `name`; many may do so at once."""
    day = timezone.localdate(now)
    row = Counter.objects.filter(connection=connection, name=name[:60], day=day)
    if row.update(count=F("count") + by):
        return
    try:
        with transaction.atomic():
            Counter.objects.create(connection=connection, name=name[:60], day=day, count=by)
    except IntegrityError:  # another worker made the row a moment ago
        row.update(count=F("count") + by)
