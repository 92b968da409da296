"""The answers of a preflight."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingLevel(StrEnum):
    PASS = "pass"  # noqa: S105 - a level, not a password
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of a preflight: what was asked, what was found, what to do."""

    code: str
    level: FindingLevel
    message: str
    advice: str = ""
