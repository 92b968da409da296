"""The list of situations. A weight of 10 is about one payment in a hundred."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.corpus.desk import Desk
from benchmarks.corpus.truth import Case

Maker = Callable[[Desk], list[Case]]


class FirmKind(StrEnum):
    """Under which rules a firm works."""

    SHIPPED = "shipped"
    TOLERANT = "tolerant"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Situation:
    """A thing that happens. only: the one kind of firm in which its truth holds."""

    name: str
    weight: int
    make: Maker
    only: FirmKind | None = None


SITUATIONS: dict[str, Situation] = {}


def situation(weight: int, only: FirmKind | None = None) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        SITUATIONS[maker.__name__] = Situation(maker.__name__, weight, maker, only)
        return maker

    return register
