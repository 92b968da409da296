"""What of the queue somebody wants to see."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

VIEWS = {
    "todo": "To do",
    "parked": "Parked",
    "account": "On account",
    "aside": "Set aside",
}
ORDERS: dict[str, tuple[str, str, bool]] = {
    "oldest": ("Oldest first", "created_at", True),
    "newest": ("Newest first", "created_at", False),
    "largest": ("Largest first", "amount", False),
    "smallest": ("Smallest first", "amount", True),
}
PAYERS = {"known": "Payer known (unapplied)", "unknown": "Payer unknown (unidentified)"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the queue somebody wants to see. Empty: everything."""

    view: str = "todo"
    company: int | None = None
    reason: str = ""
    owner: str = ""
    payer: str = ""
    age: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    text: str = ""
    order: str = "oldest"

    @property
    def is_filtered(self) -> bool:
        parts = (self.company, self.reason, self.owner, self.payer, self.age, self.text)
        return any(parts) or self.least is not None or self.most is not None
