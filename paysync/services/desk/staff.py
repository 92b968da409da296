"""The receipts of Sage's list that people entered themselves, kept for shadow mode.

They are kept beside the lists of records, under a kind of their own that no receipt waits for.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from paysync.domain.desk import DeskState, SageReceipt, mark_of
from paysync.domain.desk.entries import Json
from paysync.models import DeskReceipt, DeskRecord, DeskSnapshot
from paysync.services.bulk import CHUNK, locked, update_rows

KIND = "staff_receipt"


def keep_staff_receipts(
    connection_id: int, rows: Sequence[SageReceipt], *, as_of: datetime, now: datetime
) -> None:
    """Keep what the list says of every receipt, ours too: which are ours may be told later.

    Inside a transaction. An older list than the one we have changes nothing; what a list leaves out
    stays as it is, for a list may hold only what is new.
    """
    companies: defaultdict[str, list[SageReceipt]] = defaultdict(list)
    for row in rows:
        companies[row.company_id].append(row)
    for company_id in sorted(companies):
        scope: dict[str, Any] = {
            "connection_id": connection_id,
            "company_id": company_id,
            "kind": KIND,
        }
        DeskSnapshot.objects.get_or_create(**scope)
        snapshot = locked(DeskSnapshot.objects.all()).get(**scope)
        if snapshot.as_of and snapshot.as_of >= as_of:
            continue
        keep(scope, companies[company_id], now)
        snapshot.as_of, snapshot.imported_at = as_of, now
        snapshot.save(update_fields=["as_of", "imported_at"])


def keep(scope: Mapping[str, Any], rows: Sequence[SageReceipt], now: datetime) -> None:
    """Insert what is new, update what differs, end what was deleted."""
    known = {held.key: held for held in DeskRecord.objects.filter(**scope).defer("data")}
    gone = {row.tran_id.upper() for row in rows if row.state is DeskState.DELETED}
    ended = [held for held in known.values() if held.is_current and number_of(held) in gone]
    for held in ended:
        held.is_current, held.changed_at = False, now
    update_rows(DeskRecord, ended, ["is_current", "changed_at"])
    new, changed = [], []
    for row in {key_of(row): row for row in rows if counts(row)}.values():
        made = to_record(scope, row, now)
        before = known.get(made.key)
        if before is None:
            new.append(made)
        elif (before.digest, before.is_current) != (made.digest, True):
            made.pk = before.pk
            changed.append(made)
    DeskRecord.objects.bulk_create(new, batch_size=CHUNK)
    update_rows(DeskRecord, changed, ["data", "digest", "is_current", "changed_at", "seen_at"])


def counts(row: SageReceipt) -> bool:
    """Whether it is money that came in: a reversal is below zero, a refund is none."""
    return row.state is not DeskState.DELETED and row.amount.amount > 0


def to_record(scope: Mapping[str, Any], row: SageReceipt, now: datetime) -> DeskRecord:
    data = data_of(row)
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    return DeskRecord(
        **scope, key=key_of(row), data=data, digest=digest, changed_at=now, seen_at=now
    )


def number_of(held: DeskRecord) -> str:
    return held.key.rpartition("/")[0]


def key_of(row: SageReceipt) -> str:
    return f"{row.tran_id}/{row.customer_id}".upper()


def data_of(row: SageReceipt) -> Json:
    links = row.applications
    return {
        "key": key_of(row), "company_id": row.company_id, "tran_id": row.tran_id,
        "tran_no": row.tran_no, "customer_id": row.customer_id,
        "tran_date": row.tran_date.isoformat(), "currency": row.amount.currency,
        "amount": str(row.amount.amount), "comment": row.comment,
        "is_posted": row.state is DeskState.POSTED,
        "applications": None if links is None else [
            {"invoice_tran_id": name, "amount": str(paid.amount)} for name, paid, _, _ in links
        ],
    }  # fmt: skip


def is_told(connection_id: int, company_id: str) -> bool:
    """Whether a list of receipts of the company ever came."""
    return DeskSnapshot.objects.filter(
        connection_id=connection_id, company_id=company_id, kind=KIND, as_of__isnull=False
    ).exists()


def staff_receipts(connection_id: int, company_id: str, start: date, end: date) -> Iterator[Json]:
    """Those of these days that are none of ours."""
    rows = DeskRecord.objects.filter(
        connection_id=connection_id, company_id=company_id, kind=KIND, is_current=True
    )
    first, until, last = start.isoformat(), end.isoformat(), ""
    while part := list(rows.filter(key__gt=last).order_by("key")[:CHUNK]):
        last = part[-1].key
        found = [row.data for row in part if first <= row.data["tran_date"] <= until]
        yield from theirs(connection_id, company_id, found)


def theirs(connection_id: int, company_id: str, found: Sequence[Json]) -> Iterator[Json]:
    """Without those that carry the number of one of ours, or its mark."""
    numbers = {data["tran_id"].upper() for data in found}
    marks = {mark for data in found if (mark := mark_of(data["comment"]))}
    same = DeskReceipt.objects.filter(
        Q(sage_tran_id__in=sorted(numbers)) | Q(mark__in=sorted(marks)),
        connection_id=connection_id,
        company_id=company_id,
    )
    ours = set(same.values_list("sage_tran_id", "mark")) if found else set()
    our_numbers, our_marks = {number for number, _ in ours}, {mark for _, mark in ours} - {""}
    for data in found:
        is_ours = data["tran_id"].upper() in our_numbers or mark_of(data["comment"]) in our_marks
        if not is_ours:
            yield data
