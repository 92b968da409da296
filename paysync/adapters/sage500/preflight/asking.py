"""How a preflight asks, and how it words what it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from paysync.domain.ledger import Finding, FindingLevel


class Reader(Protocol):
    """Reads the site's database. `?` marks a parameter."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows. Raises an ExternalError."""
        ...


def passed(code: str, message: str) -> Finding:
    return Finding(code, FindingLevel.PASS, message)


def warn(code: str, message: str, advice: str) -> Finding:
    return Finding(code, FindingLevel.WARN, message, advice)


def block(code: str, message: str, advice: str) -> Finding:
    return Finding(code, FindingLevel.BLOCK, message, advice)
