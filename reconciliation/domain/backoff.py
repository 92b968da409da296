"""How long to wait before the next try."""

from __future__ import annotations

import hashlib


def delay_s(tries: int, seed: int, *, first_s: float = 2.0, most_s: float = 900.0) -> float:
    """Seconds to wait after `tries` tries: doubling, capped, spread by up to a half.

    The spread comes from `seed`, so that it is the same on every machine and needs no clock.
    """
    doublings = min(max(tries - 1, 0), 64)  # far past any cap, and no overflow
    base = min(first_s * 2.0**doublings, most_s)
    digest = hashlib.sha256(f"{seed}:{tries}".encode()).digest()
    return base * (0.75 + digest[0] / 255 / 2)
