"""What a proof finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime

#: At most so many violations of one kind are named; the count is always whole.
NAMED = 50


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant at one record. invariant: its number in the design, §6."""

    invariant: int
    name: str
    record: str
    message: str


@dataclass(slots=True)
class Proof:
    """What was checked and what was found. The counts are for people and for the demo."""

    at: datetime
    checked: int = 0
    missing: int = 0
    duplicates: int = 0
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.violations

    def broken(self, invariant: int, name: str, record: object, message: str) -> None:
        if sum(v.name == name for v in self.violations) < NAMED:
            self.violations.append(Violation(invariant, name, str(record), message))

    def to_json(self) -> dict[str, object]:
        return {
            "holds": self.holds,
            "checked": self.checked,
            "missing": self.missing,
            "duplicates": self.duplicates,
            "violations": [asdict(violation) for violation in self.violations],
            "seconds": round(self.seconds, 3),
        }
