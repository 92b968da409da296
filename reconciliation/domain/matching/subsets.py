"""Which sets of amounts add up to a sum: counted exactly up to a bound, in bounded work.

Work is counted in steps, not by the clock, so that every machine gives the same answer. Equal
amounts are looked at together: a thousand invoices of one amount are one value taken n times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb

#: About ten milliseconds of plain Python (chosen).
STEPS = 20_000
#: Beyond so many solutions we say "many" (chosen).
MANY = 100


@dataclass(slots=True)
class Sums:
    """The sets that were found, smallest first, as places in the given sequence.

    count: how many there are, equal amounts counted each; counted_all False: there are more.
    gave_up: the work bound was reached, so other sets may exist. looked_at: sums compared.
    """

    sets: list[tuple[int, ...]] = field(default_factory=list)
    count: int = 0
    counted_all: bool = True
    gave_up: bool = False
    looked_at: int = 0
    complete_to: int = 0


class _Stop(Exception):
    """The bound is reached."""


class _Search:
    """One search; sizes from small to large, so that what is complete is known."""

    def __init__(self, amounts: Sequence[int], kept: int, many: int, steps: int) -> None:
        places: dict[int, list[int]] = {}
        for place, amount in enumerate(amounts):
            places.setdefault(amount, []).append(place)
        self.values = sorted(places)
        self.places = [places[value] for value in self.values]
        self.where = {value: index for index, value in enumerate(self.values)}
        self.kept, self.many, self.steps = kept, many, steps
        self.result = Sums()
        self.picked: list[tuple[int, int]] = []

    def run(self, target: int, sizes: range) -> Sums:
        try:
            for size in sizes:
                self.walk(0, target, size, 1)
                self.result.complete_to = size
        except _Stop:
            pass
        return self.result

    def walk(self, start: int, need: int, size: int, ways: int) -> None:
        if size == 1:
            index = self.where.get(need)
            self.spend()
            if index is not None and index >= start:
                self.found(ways * len(self.places[index]), (index, 1))
            return
        values = self.values
        for index in range(start, len(values)):
            value = values[index]
            if size * value > need or size * values[-1] < need:
                return
            self.spend()
            most = min(size, len(self.places[index]))
            for times in range(1, most + 1):
                self.take(index, times, need - times * value, size - times, ways)

    def take(self, index: int, times: int, need: int, size: int, ways: int) -> None:
        ways *= comb(len(self.places[index]), times)
        if not size:
            if not need:
                self.found(ways, (index, times))
            return
        if index + 1 < len(self.values):
            self.picked.append((index, times))
            self.walk(index + 1, need, size, ways)
            self.picked.pop()

    def found(self, ways: int, last: tuple[int, int]) -> None:
        result = self.result
        result.count += ways
        if len(result.sets) < self.kept:
            chosen = [p for i, times in (*self.picked, last) for p in self.places[i][:times]]
            result.sets.append(tuple(sorted(chosen)))
        if result.count > self.many:
            result.count, result.counted_all = self.many, False
            raise _Stop

    def spend(self) -> None:
        self.result.looked_at += 1
        if self.result.looked_at > self.steps:
            self.result.gave_up = True
            raise _Stop


def subsets(
    amounts: Sequence[int],
    target: int,
    *,
    smallest: int = 1,
    largest: int = 6,
    must: Sequence[int] = (),
    kept: int = 5,
    many: int = MANY,
    steps: int = STEPS,
) -> Sums:
    """The sets of smallest..largest of these amounts (below zero: a credit) that give `target`.

    must: places that belong to every set; they count towards the size. Earlier places are
    preferred among equal amounts. Raises nothing.
    """
    fixed = frozenset(must)
    free = [place for place in range(len(amounts)) if place not in fixed]
    rest = target - sum(amounts[place] for place in fixed)
    low = max(smallest - len(fixed), 0)
    high = min(largest - len(fixed), len(free))
    search = _Search([amounts[place] for place in free], kept, many, steps)
    result = search.run(rest, range(max(low, 1), high + 1)) if free and high >= 1 else Sums()
    result.sets = [tuple(sorted((*fixed, *(free[p] for p in one)))) for one in result.sets]
    if fixed and not low and not rest and result.count < many:
        result.sets.insert(0, tuple(sorted(fixed)))
        result.count += 1
    return result
