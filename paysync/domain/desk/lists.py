"""A list that a site exported, and what taking it in came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paysync.domain.desk.entries import Json
from paysync.domain.desk.news import Kept
from paysync.domain.desk.problems import Problem
from paysync.domain.desk.states import DeskKind


@dataclass(frozen=True, slots=True)
class Listed:
    """One company's part of a list. rows: (key in capitals, neutral values)."""

    company_id: str
    kind: DeskKind
    rows: Sequence[tuple[str, Json]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import came to."""

    kept: Kept
    changed: int = 0
    problems: tuple[Problem, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file in the inbox. is_waiting: nobody is done with it yet.

    unchanged_s: for how long it has had this size and date, by our own clock.
    """

    pk: int
    unchanged_s: float
    is_waiting: bool
    is_rejected: bool
