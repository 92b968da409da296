"""One run: how patient it is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a claimed group may take, and when an unknown outcome is looked up first."""

    claim_s: float = 300.0
    look_up_after_s: float = 60.0


PATIENT = Patience()


@dataclass(slots=True)
class Posting:
    """What one run did, by outcome."""

    sent: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
