"""Who a party may be: ranked suggestions with a score and its reasons. Never a decision.

Two steps, so that never all are compared with all. First an inverted index over parts of words: a
part that few share is worth more bits of evidence than a common one, and only the parties that
share most are looked at. Then these few are compared field by field.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from customers.domain.parties import Party, comparable

#: Parties that are compared field by field, at most.
COMPARED = 25
#: A part of a word that more parties share says too little to look for it: this many, or one in
#: twenty of a large set.
COMMON, COMMON_SHARE = 250, 20
#: Scores from 0 to 100, chosen on Febrl 4 (`benchmarks.linkage`).
STRONG, LIKELY = 75, 60
#: How far the runner-up has to be behind a strong one.
MARGIN = 5
#: Fields that a strong one needs at least: a name alone is shared by many.
FIELDS_FOR_STRONG = 2
#: Shorter words of a street are numbers and the like, and are no use as parts.
SHORT = 3


class Strength(StrEnum):
    """How sure a suggestion is. Whoever links looks at it first, also at a strong one."""

    STRONG = "strong"
    LIKELY = "likely"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike one field is, 0 to 100."""

    field: str
    percent: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """score: 0 to 100 over the fields that both sides know. bits: how much evidence they share."""

    key: str
    score: int
    bits: float
    strength: Strength
    likeness: tuple[Likeness, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    weight: int
    likeness: Callable[[str, str], float]


def equal(one: str, other: str) -> float:
    return 100.0 * (one == other)


def alike(one: str, other: str) -> float:
    """In any order of the words: "Smith, Anna" is "Anna Smith"."""
    return float(fuzz.token_sort_ratio(one, other))


#: What is unique to somebody weighs more than where he lives; how alike, by what can be mistyped.
FIELDS = (
    Field("name", "name", 40, alike),
    Field("street", "street", 35, alike),
    Field("city", "city", 15, alike),
    Field("postal_code", "postal code", 10, lambda one, other: float(fuzz.ratio(one, other))),
    Field("email", "e-mail", 40, equal),
    Field("phone", "phone", 30, equal),
    Field("card", "card", 30, equal),
    Field("customer_id", "customer number", 40, equal),
)


class CandidateIndex:
    """The parties that others may be. Built once, asked many times; not safe for threads that
    write.
    """

    def __init__(self, parties: Iterable[Party]) -> None:
        self._parties: dict[str, Party] = {}
        holders: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for party in parties:
            held = comparable(party)
            self._parties[party.key] = held
            for part in parts_of(held):
                holders[part].append(party.key)
        most = max(COMMON, len(self._parties) // COMMON_SHARE)
        self._holders = {part: keys for part, keys in holders.items() if len(keys) <= most}

    def __len__(self) -> int:
        return len(self._parties)

    def find(self, party: Party, *, limit: int = 5) -> list[Candidate]:
        """The likeliest first; the party itself is none of them. Empty where nobody shares
        anything.
        """
        asked = comparable(party)
        near = self.near(asked)
        compared = [(key, bits, likeness_of(asked, self._parties[key])) for key, bits in near]
        ranked = [(key, bits, found, score_of(found)) for key, bits, found in compared if found]
        ranked.sort(key=lambda one: (-one[1], -one[3], one[0]))
        return [
            judged(key, score, bits, found, rival=best_other(ranked, place))
            for place, (key, bits, found, score) in enumerate(ranked[:limit])
        ]

    def near(self, asked: Party) -> list[tuple[str, float]]:
        """Those who share most, with the bits they share: at most COMPARED."""
        shared: defaultdict[str, float] = defaultdict(float)
        for part in parts_of(asked):
            keys = self._holders.get(part)
            if keys is None:
                continue
            bits = math.log2(1 + len(self._parties) / len(keys))
            for key in keys:
                shared[key] += bits
        shared.pop(asked.key, None)
        return sorted(shared.items(), key=lambda one: (-one[1], one[0]))[:COMPARED]


def parts_of(party: Party) -> set[tuple[str, str]]:
    """What is looked up: runs of three letters of each word, and what is exact as a whole."""
    parts: set[tuple[str, str]] = set()
    for kind, text in (("n", party.name), ("s", party.street), ("c", party.city)):
        for word in text.split():
            if kind == "n" or len(word) >= SHORT:
                parts.update((kind, run) for run in runs_of(word))
            if word.isdecimal():
                parts.add(("h", word))
    exact = (("p", party.postal_code), ("e", party.email), ("t", party.phone), ("k", party.card),
             ("i", party.customer_id))  # fmt: skip
    parts.update((kind, text) for kind, text in exact if text)
    if party.postal_code:  # two digits that were swapped
        parts.add(("q", "".join(sorted(party.postal_code))))
    return parts


def runs_of(word: str) -> Iterator[str]:
    marked = f"^{word}$"
    return (marked[start : start + 3] for start in range(len(marked) - 2))


def likeness_of(one: Party, other: Party) -> tuple[Likeness, ...]:
    """Of each field that both know. What is exact counts only where it is the same: a company has
    several phones, cards and contacts, and a number of its own in each system.
    """
    found = []
    for field in FIELDS:
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if not mine or not theirs:
            continue
        percent = round(field.likeness(mine, theirs))
        if percent or field.likeness is not equal:
            found.append(Likeness(field.name, percent))
    return tuple(found)


WEIGHTS = {field.name: field.weight for field in FIELDS}
LABELS = {field.name: field.label for field in FIELDS}


def score_of(likeness: tuple[Likeness, ...]) -> int:
    whole = sum(WEIGHTS[one.field] for one in likeness)
    return round(sum(WEIGHTS[one.field] * one.percent for one in likeness) / whole)


def best_other(ranked: list[tuple[str, float, tuple[Likeness, ...], int]], place: int) -> int:
    """The best score among all others."""
    return max((one[3] for at, one in enumerate(ranked) if at != place), default=0)


def judged(
    key: str, score: int, bits: float, likeness: tuple[Likeness, ...], *, rival: int
) -> Candidate:
    is_clear = score - rival >= MARGIN and len(likeness) >= FIELDS_FOR_STRONG
    if score >= STRONG and is_clear:
        strength = Strength.STRONG
    else:
        strength = Strength.LIKELY if score >= LIKELY else Strength.WEAK
    said = ", ".join(f"{LABELS[one.field]} {one.percent} %" for one in likeness)
    against = f"; the next best has {rival}" if rival else "; nobody else comes near"
    return Candidate(
        key, score, round(bits, 1), strength, likeness, f"Alike: {said}. {score} of 100{against}."
    )
