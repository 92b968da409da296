"""The audit trail: written with each change, sealed into a chain afterwards, checked alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any, Protocol, TextIO

from django.db import models, transaction
from django.utils import timezone

from paysync.domain.chain import ChainReport, check_chain, seal_of
from paysync.domain.errors import RecordError
from paysync.domain.redaction import redact
from paysync.models import AuditEntry
from paysync.services.bulk import CHUNK

SEALED_AT_ONCE = 5_000
TRAILER = "export"


class Writer(Protocol):
    """A file, or a command's output."""

    def write(self, text: str, /) -> object: ...


def record(
    actor: str, action: str, subject: models.Model, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Write who did what to which saved record. Call it in the transaction of the change."""
    entry = to_entry(actor, action, subject, detail)
    entry.save(force_insert=True)
    return entry


def record_many(
    actor: str,
    action: str,
    subjects_with_details: Iterable[tuple[models.Model, dict[str, Any] | None]],
) -> list[AuditEntry]:
    """`record` for many subjects, in few statements."""
    entries = [
        to_entry(actor, action, subject, detail) for subject, detail in subjects_with_details
    ]
    return AuditEntry.objects.bulk_create(entries, batch_size=CHUNK)


def to_entry(
    actor: str, action: str, subject: models.Model, detail: dict[str, Any] | None
) -> AuditEntry:
    if subject.pk is None:
        raise RecordError(f"{subject._meta.label_lower} is not saved: nothing to write about")
    clean, _ = redact(detail or {})
    return AuditEntry(
        at=timezone.now(),
        actor=actor[:150],
        action=action[:60],
        subject_type=subject._meta.label_lower[:60],
        subject_id=str(subject.pk)[:80],
        detail=json.loads(json.dumps(clean, default=str)),
    )


# --- sealing ------------------------------------------------------------------------------------


def seal_entries(limit: int = SEALED_AT_ONCE) -> int:
    """Chain up to `limit` entries that have no seal yet, oldest first. Returns how many.

    Safe to run twice at once: the first row of the trail is the lock. An entry whose transaction
    committed late is sealed when it appears; the chain then simply is not in pk order.
    """
    with transaction.atomic():
        if AuditEntry.objects.select_for_update().order_by("pk").first() is None:
            return 0
        unsealed = list(AuditEntry.objects.filter(seal__isnull=True).order_by("pk")[:limit])
        if not unsealed:
            return 0
        seal = last_seal()
        for entry in unsealed:
            entry.previous_seal = seal
            seal = entry.seal = seal_of(to_export(entry))
        # The guarded manager refuses updates, and rightly: sealing is the one exception.
        unguarded: models.QuerySet[AuditEntry] = models.QuerySet(AuditEntry)
        unguarded.bulk_update(unsealed, ["previous_seal", "seal"], batch_size=100)
    return len(unsealed)


def last_seal() -> str:
    """The seal that no other entry follows yet; "" before the first."""
    newest = AuditEntry.objects.filter(seal__isnull=False).order_by("-pk").first()
    if newest is None:
        return ""
    seal = newest.seal or ""
    while follower := AuditEntry.objects.filter(previous_seal=seal).order_by("pk").first():
        seal = follower.seal or ""
    return seal


# --- checking -----------------------------------------------------------------------------------


def to_export(entry: AuditEntry) -> dict[str, Any]:
    """An entry as it is sealed and exported."""
    return {
        "id": entry.pk,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "detail": entry.detail,
        "previous_seal": entry.previous_seal,
        "seal": entry.seal,
    }


def all_entries() -> Iterator[dict[str, Any]]:
    for entry in AuditEntry.objects.order_by("pk").iterator(chunk_size=2_000):
        yield to_export(entry)


def verify_chain() -> list[str]:
    """What is wrong with the trail in the database: an empty list when nothing is."""
    return check_chain(all_entries()).problems


def write_export(out: Writer) -> int:
    """Write the trail as JSON Lines, with a last line that says how much there is. Returns it."""
    count = unsealed = 0

    def lines() -> Iterator[dict[str, Any]]:
        nonlocal count, unsealed
        for entry in all_entries():
            out.write(json.dumps(entry, sort_keys=True) + "\n")
            count += 1
            unsealed += not entry["seal"]
            yield entry

    report = check_chain(lines())
    out.write(
        json.dumps(
            {
                TRAILER: {
                    "entries": count,
                    "unsealed": unsealed,
                    "last_seal": report.last_seal,
                    "at": timezone.now().astimezone(UTC).isoformat(timespec="seconds"),
                }
            }
        )
        + "\n"
    )
    return count


def verify_export(source: TextIO, *, known_seal: str = "") -> ChainReport:
    """Check an export from its text alone: no database is touched."""
    trailer: dict[str, Any] = {}
    unreadable: list[str] = []

    def entries() -> Iterator[dict[str, Any]]:
        for number, line in enumerate(source, start=1):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                unreadable.append(f"line {number} is not a JSON object")
            elif trailer:
                unreadable.append(f"line {number} stands after the end of the export")
            elif TRAILER in value:
                trailer.update(value[TRAILER])
            else:
                yield value

    report = check_chain(entries(), known_seal=known_seal)
    report.problems += unreadable + trailer_problems(trailer, report)
    return report


def trailer_problems(trailer: dict[str, Any], report: ChainReport) -> list[str]:
    if not trailer:
        return ["the export has no last line: it was cut off"]
    found = {
        "entries": report.entries,
        "unsealed": report.unsealed,
        "last_seal": report.last_seal,
    }
    return [
        f"the last line says {name} {trailer.get(name)}, the file has {value}"
        for name, value in found.items()
        if trailer.get(name) != value
    ]
