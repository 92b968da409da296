"""How a preflight asks, and how it words what it found."""

from __future__ import annotations

from paysync.adapters.sage500.reader import Reader
from paysync.domain.ledger import Finding, FindingLevel

__all__ = ["Reader", "block", "passed", "warn"]


def passed(code: str, message: str) -> Finding:
    return Finding(code, FindingLevel.PASS, message)


def warn(code: str, message: str, advice: str) -> Finding:
    return Finding(code, FindingLevel.WARN, message, advice)


def block(code: str, message: str, advice: str) -> Finding:
    return Finding(code, FindingLevel.BLOCK, message, advice)
