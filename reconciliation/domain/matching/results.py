"""What the engine gives back: solutions, ranked, and one decision for each payment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciliation.domain.matching.rules import Rule, Strategy
from reconciliation.domain.reasons import Reason


class Outcome(StrEnum):
    """auto: applied by paysync; suggest: a person picks; none: nothing to offer."""

    AUTO = "auto"
    SUGGEST = "suggest"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that speaks for (weight above 0) or against (below 0) a solution."""

    code: str
    weight: int
    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the payment pays which document; what else closes it. Minor units.

    open_before: what the document could take when this was decided, for the explain card.
    """

    document_id: int
    amount: int
    discount: int = 0
    write_off: int = 0
    open_before: int | None = None

    @property
    def taken(self) -> int:
        """By how much the document's open amount falls."""
        return self.amount + self.discount + self.write_off


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit memo used on a document beside the payment. A person applies it in Sage 500."""

    memo_id: int
    document_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Solution:
    """One way to explain a payment: sum of the shares' amounts + unapplied = its amount."""

    strategy: Strategy
    customer_id: int
    shares: tuple[Share, ...]
    unapplied: int
    signals: tuple[Signal, ...]
    credits: tuple[Credit, ...] = ()
    lost_because: str = ""

    @property
    def score(self) -> int:
        return sum(signal.weight for signal in self.signals)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one payment, and why.

    solutions: ranked, at most KEPT; for AUTO the first is the one to write. rivals: other
    solutions that explain the payment as well; counted_all False: there are more than `rivals`.
    gave_up: the subset search ran into its bound. reason: None only where nothing is left over.
    stopped: why the first solution was not applied by itself, one sentence each.
    near_misses: "Would have matched IN-… if …".
    """

    payment_id: int
    outcome: Outcome
    sentence: str
    solutions: tuple[Solution, ...] = ()
    rule: Rule | None = None
    reason: Reason | None = None
    customer_id: int | None = None
    rivals: int = 0
    counted_all: bool = True
    gave_up: bool = False
    stopped: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()


#: Solutions kept of a decision: the screen shows as many.
KEPT = 5
