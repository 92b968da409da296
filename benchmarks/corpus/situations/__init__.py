"""The situations, by family. Each makes the documents and payments of one thing that happens."""

from __future__ import annotations

from benchmarks.corpus.situations import (
    credits,
    damaged,
    families,
    free_text,
    named,
    partial,
    several,
    terms,
    traps,
    unnamed,
    unnamed_sums,
)
from benchmarks.corpus.situations.registry import SITUATIONS, FirmKind, Situation

__all__ = [
    "SITUATIONS",
    "FirmKind",
    "Situation",
    "credits",
    "damaged",
    "families",
    "free_text",
    "named",
    "partial",
    "several",
    "terms",
    "traps",
    "unnamed",
    "unnamed_sums",
]
