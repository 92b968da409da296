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
from paysync.services.bulk import insert_values

SEALED_AT_ONCE = 5_000
COLUMNS = ("at", "actor", "action", "subject_type", "subject_id", "detail")
TRAILER = "export"


class Writer(Protocol):
    """A file, or a command's output."""

    def write(self, text: str, /) -> object: ...


def record(
    actor: str, action: str, subject: models.Model, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Write who did what to which saved record. Call it in the transaction of the change."""
    values = values_of(actor, action, subject, Clean().of(detail))
    entry = AuditEntry(**dict(zip(COLUMNS, values, strict=True)))
    entry.save(force_insert=True)
    return entry


def record_many(
    actor: str,
    action: str,
    subjects_with_details: Iterable[tuple[models.Model, dict[str, Any] | None]],
) -> None:
    """`record` for many subjects, in few statements."""
    clean = Clean()
    insert_values(
        AuditEntry,
        COLUMNS,
        [
            values_of(actor, action, subject, clean.of(detail))
            for subject, detail in subjects_with_details
        ],
    )


class Clean:
    """Details without card data, as JSON keeps them. Many of one call are the same."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}

    def of(self, detail: dict[str, Any] | None) -> dict[str, Any]:
        key = json.dumps(detail or {}, default=str)
        if key not in self.known:
            self.known[key] = json.loads(json.dumps(redact(detail or {})[0], default=str))
        return self.known[key]


def values_of(
    actor: str, action: str, subject: models.Model, clean: dict[str, Any]
) -> tuple[Any, ...]:
    """An entry, in the order of COLUMNS."""
    label = subject._meta.label_lower
    if subject.pk is None:
        raise RecordError(f"{label} is not saved: nothing to write about")
    return timezone.now(), actor[:150], action[:60], label[:60], str(subject.pk)[:80], clean


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
