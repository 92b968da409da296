"""The seal of the audit trail: each entry's hash covers all its fields and the seal before it.

Pure, so that a third party can check an export without our database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FIELDS = ("id", "at", "actor", "action", "subject_type", "subject_id", "detail", "previous_seal")


def canonical(value: Any) -> str:
    """One spelling of JSON data: sorted names, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def seal_of(entry: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of FIELDS. `at` is ISO 8601 in UTC with microseconds."""
    text = canonical({name: entry[name] for name in FIELDS})
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class ChainReport:
    """What a check found: `problems` is empty when nothing was changed, added or taken out."""

    problems: list[str] = field(default_factory=list)
    entries: int = 0
    unsealed: int = 0
    last_seal: str = ""


def check_chain(entries: Iterable[Mapping[str, Any]], *, known_seal: str = "") -> ChainReport:
    """Check entries in any order. An entry without a seal is only counted: it is not yet final.

    known_seal: a last seal noted earlier; it must still be part of the chain, which is what
    shows that nothing was cut off the end.
    """
    report = ChainReport()
    after: dict[str, tuple[str, Any]] = {}
    for entry in entries:
        report.entries += 1
        _take(entry, after, report)
    seals = _walk(after, report)
    if known_seal and known_seal not in seals:
        report.problems.append(f"the seal {known_seal} noted earlier is no longer in the chain")
    return report


def _take(entry: Mapping[str, Any], after: dict[str, tuple[str, Any]], report: ChainReport) -> None:
    missing = [name for name in (*FIELDS, "seal") if name not in entry]
    if missing:
        report.problems.append(f"entry {entry.get('id', '?')} lacks {', '.join(missing)}")
        return
    seal, previous = entry["seal"], entry["previous_seal"]
    if not seal:
        report.unsealed += 1
        return
    if seal != seal_of(entry):
        report.problems.append(f"entry {entry['id']} was changed after it was sealed")
    if previous in after:
        report.problems.append(
            f"entries {after[previous][1]} and {entry['id']} both claim the same predecessor"
        )
    else:
        after[previous] = (seal, entry["id"])


def _walk(after: dict[str, tuple[str, Any]], report: ChainReport) -> set[str]:
    """Follow the chain from its beginning; what it never reaches follows a gap."""
    seals: set[str] = set()
    place = ""
    while place in after and after[place][0] not in seals:
        place = after[place][0]
        seals.add(place)
    report.last_seal = place
    lost = sorted(str(pk) for seal, pk in after.values() if seal not in seals)
    if lost:
        report.problems.append(
            f"the chain has a gap: {len(lost)} sealed entries do not connect to its beginning "
            f"(among them {', '.join(lost[:5])})"
        )
    return seals
