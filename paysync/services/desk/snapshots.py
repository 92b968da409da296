"""Take in one list that the site exported: all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from paysync.domain.desk import DeskKind, Kept, Listed, Problem, Taken
from paysync.domain.desk.entries import Json
from paysync.models import DeskRecord, DeskSnapshot
from paysync.services.bulk import CHUNK, chunks, locked, update_rows
from paysync.services.desk.claims import drop_shown_claims

#: A list that lacks more than this part of what was there is taken for a broken one...
MOST_GONE = 0.5
#: ...once there is enough of it to tell.
FEWEST_TO_TELL = 20


class ShrunkError(Exception):
    """A list lost so much that it must not be believed; carries the sentence about it."""


def take_lists(
    connection_id: int,
    lists: Sequence[Listed],
    *,
    as_of: datetime,
    now: datetime,
    is_whole: bool = True,
    may_shrink: bool = False,
) -> Taken:
    """Bring our copy up to date with lists that were made at `as_of`.

    is_whole: what is not listed is closed (invoices) or gone (all others). A list that is no newer
    than what we have changes nothing.
    """
    try:
        with transaction.atomic():
            snapshots = [lock_snapshot(connection_id, one) for one in lists]
            if any(row.as_of and row.as_of >= as_of for row in snapshots):
                newest = max(row.as_of for row in snapshots if row.as_of)
                return Taken(Kept.OLDER, message=f"We have one of {newest:%Y-%m-%d %H:%M} UTC.")
            changed = 0
            for snapshot, one in zip(snapshots, lists, strict=True):
                changed += write_list(connection_id, one, now, is_whole, may_shrink)
                if one.kind is DeskKind.INVOICE:
                    drop_shown_claims(connection_id, one.company_id, as_of, now)
                snapshot.as_of, snapshot.imported_at = as_of, now
                snapshot.save(update_fields=["as_of", "imported_at"])
    except ShrunkError as error:
        return Taken(Kept.REJECTED, problems=(Problem.at(0, "", "", str(error)),))
    return Taken(Kept.IMPORTED, changed)


def lock_snapshot(connection_id: int, one: Listed) -> DeskSnapshot:
    scope: dict[str, Any] = {
        "connection_id": connection_id, "company_id": one.company_id, "kind": one.kind,
    }  # fmt: skip
    DeskSnapshot.objects.get_or_create(**scope)
    return locked(DeskSnapshot.objects.all()).get(**scope)


def write_list(
    connection_id: int, one: Listed, now: datetime, is_whole: bool, may_shrink: bool
) -> int:
    """Insert what is new, update what differs, end what is no longer listed. Returns how many."""
    scope = {"connection_id": connection_id, "company_id": one.company_id, "kind": one.kind}
    held = {
        key: (pk, digest, is_current)
        for pk, key, digest, is_current in DeskRecord.objects.filter(**scope).values_list(
            "pk", "key", "digest", "is_current"
        )
    }
    rows = [to_record(connection_id, one, key, data, now) for key, data in one.rows]
    new = [row for row in rows if row.key not in held]
    changed = []
    for row in rows:
        if row.key in held:
            row.pk, digest, was_current = held[row.key]
            if (digest, was_current) != (row.digest, row.is_current):
                changed.append(row)
    changed.sort(key=lambda row: row.key)  # the order in which receipts lock invoices
    DeskRecord.objects.bulk_create(new, batch_size=CHUNK)
    update_rows(DeskRecord, changed, ["data", "digest", "is_current", "changed_at", "seen_at"])
    gone = []
    if is_whole:
        listed = {row.key for row in rows}
        current = [key for key, (_, _, is_current) in held.items() if is_current]
        gone = [key for key in current if key not in listed]
        if not may_shrink:
            require_most(one, len(current), len(gone))
        end_records(connection_id, one, gone, now)
    DeskRecord.objects.filter(**scope, is_current=True).update(seen_at=now)
    return len(new) + len(changed) + len(gone)


def to_record(connection_id: int, one: Listed, key: str, data: Json, now: datetime) -> DeskRecord:
    return DeskRecord(
        connection_id=connection_id,
        company_id=one.company_id,
        kind=one.kind,
        key=key,
        data=data,
        digest=digest_of(data),
        is_current=bool(data.get("is_open", True)) if one.kind is DeskKind.INVOICE else True,
        changed_at=now,
        seen_at=now,
    )


def digest_of(data: Json) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def require_most(one: Listed, current: int, gone: int) -> None:
    """Half of a list vanishing at once is a broken export more often than the truth."""
    if current >= FEWEST_TO_TELL and gone > current * MOST_GONE:
        raise ShrunkError(
            f"{gone} of {current} records of {one.company_id} are no longer listed. If that is "
            'right, set "allow_shrink" in the options of the connection and send the file again.'
        )


def end_records(connection_id: int, one: Listed, keys: Sequence[str], now: datetime) -> None:
    """An invoice that is no longer among the open ones is paid; anything else is gone."""
    scope = {"connection_id": connection_id, "company_id": one.company_id, "kind": one.kind}
    for part in chunks(keys):
        rows = list(DeskRecord.objects.filter(**scope, key__in=part))
        for row in rows:
            row.is_current, row.changed_at = False, now
            if one.kind is DeskKind.INVOICE:
                row.data = {**row.data, "is_open": False, "balance": "0.00"}
                row.digest = digest_of(row.data)
        update_rows(DeskRecord, rows, ["data", "digest", "is_current", "changed_at"])
