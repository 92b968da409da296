"""The fault deck: named troubles that a test, a demo or a person can play on a twin.

A card is played for some number of requests, on some routes, always or with a probability:

    twin.faults.play("timeout_after", times=1, route="/v1/transactions/sale/*")
    twin.faults.play("server_error", probability=0.1, seed=7, status=502)

Cards in `WIRE` are dealt by the frame itself (`wire.py`). Any other name belongs to the twin,
which declares it in its `cards` and asks `twin.faults.take("late_record", request.path)` where it
matters.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any

#: What the frame does by itself, and the options each card understands.
WIRE = {
    "timeout_before": "Take the request, do nothing, never answer (hold_s, default 30)",
    "timeout_after": "Do the work, never answer (hold_s, default 30)",
    "reset_mid_answer": "Do the work, cut the connection in the middle of the answer",
    "server_error": "Answer 500 with an HTML page (status; after=true does the work first)",
    "truncated_json": "Do the work, send half of the JSON as if it were all",
    "rate_limited": "Answer 429 with Retry-After (retry_after_s, default 1; as_date=true)",
    "rate_limited_no_hint": "Answer 429 without Retry-After",
    "slow": "Wait before the work (delay_s, default 20)",
    "token_expired": "Answer 401 invalid_token, nothing done",
}


@dataclass
class Card:
    """One played card. `times` is what is left, None for ever; `route` is a glob on the path."""

    id: int
    name: str
    times: int | None = 1
    probability: float = 1.0
    route: str = "*"
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    fired: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def matches(self, path: str, quiet: bool) -> bool:
        """A card on every route ("*") passes by quiet routes, such as the log-in.

        No path means that the twin asks from behind its routes: any card will do.
        """
        return not path or (fnmatchcase(path, self.route) and not (quiet and self.route == "*"))

    def fires(self) -> bool:
        """Roll once; the same seed gives the same sequence."""
        return self.probability >= 1 or self._random.random() < self.probability

    def as_dict(self) -> dict[str, Any]:
        shown = ("id", "name", "times", "probability", "route", "seed", "options", "fired")
        return {name: getattr(self, name) for name in shown}


class FaultDeck:
    """The cards now in play. Safe to use from many threads."""

    def __init__(self, own_cards: Mapping[str, str] | None = None) -> None:
        self.names = {**WIRE, **(own_cards or {})}
        self._cards: list[Card] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def play(
        self,
        name: str,
        *,
        times: int | None = 1,
        probability: float = 1.0,
        route: str = "*",
        seed: int | None = None,
        **options: Any,
    ) -> Card:
        """Put a card into play. Raises ValueError for a name the twin does not know."""
        if name not in self.names:
            raise ValueError(f"no card named {name!r}")
        card = Card(next(self._ids), name, times, probability, route, seed, options)
        with self._lock:
            self._cards.append(card)
        return card

    def take(self, name: str, path: str = "", *, quiet: bool = False) -> Card | None:
        """The first card of that name that fires for `path`, used up once; else None."""
        return self.take_any((name,), path, quiet=quiet)

    def take_any(self, names: Iterable[str], path: str, *, quiet: bool = False) -> Card | None:
        """The first card of any of these names, in the order played, that fires for `path`."""
        wanted = frozenset(names)
        with self._lock:
            for card in self._cards:
                if card.name in wanted and card.matches(path, quiet) and card.fires():
                    self._use(card)
                    return card
        return None

    def _use(self, card: Card) -> None:
        card.fired += 1
        if card.times is not None:
            card.times -= 1
            if card.times <= 0:
                self._cards.remove(card)

    def clear(self, name: str | None = None) -> None:
        """Take all cards, or all of one name, out of play."""
        with self._lock:
            self._cards = [card for card in self._cards if name and card.name != name]

    def in_play(self) -> list[Card]:
        with self._lock:
            return list(self._cards)
