"""The fault cards of the demo: which are played, how often, and how they end."""

from __future__ import annotations

import random
from typing import Any

from paysync.sandbox.faults import WIRE
from paysync.sandbox.processes import TwinProcess
from reconciliation.demo.stage import Stage

#: Cards the pass cannot play: it sends no hints (no web server) or moves no clock.
NOT_HERE = frozenset({"duplicate_hint", "reordered_hints"})
PER_RECEIPT = frozenset({"closed_period", "invoice_paid_meanwhile", "deadlock_1205"})
BY_THE_CLERK = frozenset({"batch_edited", "batch_deleted", "interrupted_batch"})
#: The Sage 500 contract has a fixed API key: nothing in it expires.
MEANINGLESS = frozenset({("sage500", "token_expired")})


def known_faults(stage: Stage) -> dict[str, list[TwinProcess]]:
    """Every card by name, with the twins that know it."""
    known: dict[str, list[TwinProcess]] = {}
    for twin in stage.twins:
        for name in twin.ask("faults")["cards"]:
            if name not in NOT_HERE and (twin.name, name) not in MEANINGLESS:
                known.setdefault(name, []).append(twin)
    return known


def play_faults(stage: Stage, names: list[str], seed: int) -> list[str]:
    """Play each card a few times on every twin that knows it; times and order by seed."""
    draw = random.Random(seed)  # noqa: S311 - a demo
    known = known_faults(stage)
    chosen = sorted(known) if names == ["all"] else names
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise ValueError(
            f"no fault named {', '.join(unknown)}; there are: {', '.join(sorted(known))}"
        )
    draw.shuffle(chosen)
    for name in chosen:
        for twin in known[name]:
            twin.tell("faults", card(name, draw))
    return chosen


def card(name: str, draw: random.Random) -> dict[str, Any]:
    """How a card is played in the demo: seldom enough that work still gets done in between."""
    played: dict[str, Any] = {
        "name": name,
        "times": 1 if name in BY_THE_CLERK else draw.randrange(2, 5),
        "probability": chance_of(name),
        "seed": draw.randrange(10**6),
    }
    if name == "token_expired":  # again at once would be a refused credential, not an expiry
        played |= {"times": 1, "probability": 1}
    if name.startswith("timeout"):
        played["hold_s"] = 2
    if name == "slow":
        played["delay_s"] = 1
    return played


def chance_of(name: str) -> float:
    """Per request for what can hit any of them, certain for what the clerk does now and then."""
    if name in WIRE or name in PER_RECEIPT:
        return 0.05
    return 1.0 if name in BY_THE_CLERK else 0.3


def clear_the_weather(stage: Stage) -> None:
    """Take every card back, and have the clerk resume what was interrupted."""
    for twin in stage.twins:
        twin.clear_faults()
    stage.sage500.tell("clerk", {"action": "resume", "all": True})
