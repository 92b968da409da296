"""Keep what arrived, once each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db import connection as database

from paysync.models import Connection, InboundEvent, MerchantAccount
from paysync.services.bulk import chunks, insert_missing
from paysync.services.inbox.arrivals import Arrival, to_event
from paysync.services.inbox.counting import count

CARD_DATA_REMOVED = "card data removed"
State = InboundEvent.State


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
        insert_missing(list(new.values()))
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
