"""How likely a sum fits by accident.

We look at n sums. Amounts move in steps (cents, or whole tens where everything is round) over a
spread. So n sums hit a given amount by accident about n x step / spread times. Both bounds are
chosen: a twentieth for one document, a hundredth for a set.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, gcd

from reconciliation.domain.matching.amounts import grain

SINGLE = 0.05
SEVERAL = 0.01


def step_of(left: Sequence[int], amount: int) -> int:
    """In which steps these amounts move: what divides all of them, or how round the amount is."""
    return max(gcd(*left) if left else 1, grain(amount))


def of_sums(count: int, left: Sequence[int], amount: int) -> float:
    """Expected accidental fits among `count` sums of these amounts."""
    spread = max([*left, amount])
    return count * step_of(left, amount) / max(spread, 1)


def of_sets(documents: int, size: int, left: Sequence[int], amount: int) -> float:
    """The same for all sets of up to `size` documents."""
    looked_at = sum(comb(documents, k) for k in range(1, size + 1))
    spread = sum(sorted(left)[-size:])
    return looked_at * step_of(left, amount) / max(spread, 1)
