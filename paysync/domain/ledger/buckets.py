"""The cent ledger: where captured money lies, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from paysync.domain.errors import RecordError
from paysync.domain.money import Money


class Bucket(StrEnum):
    """Where captured money lies. `captured` is the source: its lines are negative."""

    CAPTURED = "captured"
    UNIDENTIFIED = "unidentified"
    UNAPPLIED = "unapplied"
    APPLIED = "applied"
    POSTED = "posted"
    POSTED_UNAPPLIED = "posted_unapplied"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a journal entry: a signed amount in a bucket."""

    bucket: Bucket
    amount: Money


def move(source: Bucket, target: Bucket, money: Money) -> tuple[Line, ...]:
    """The lines that carry `money` (positive) from one bucket to another; none for zero."""
    if money.amount < 0:
        raise RecordError(f"cannot move a negative amount ({money}) to {target}")
    if not money:
        return ()
    return (Line(source, -money), Line(target, money))


def capture(money: Money) -> tuple[Line, ...]:
    """Money arrives: nobody knows yet whose it is."""
    return move(Bucket.CAPTURED, Bucket.UNIDENTIFIED, money)


#: Money that leaves is taken first from where nothing has to be undone.
TAKE_ORDER = (
    Bucket.UNIDENTIFIED,
    Bucket.UNAPPLIED,
    Bucket.POSTED_UNAPPLIED,
    Bucket.APPLIED,
    Bucket.POSTED,
)


def take(balances: dict[Bucket, Money], target: Bucket, money: Money) -> tuple[Line, ...]:
    """The lines that carry `money` out of the held buckets, in TAKE_ORDER, into `target`.

    Raises RecordError when the held buckets do not hold that much: nothing is moved then.
    """
    left = money
    lines: list[Line] = []
    for bucket in TAKE_ORDER:
        part = min(left, balances.get(bucket, Money.zero(money.currency)))
        if part.amount > 0:
            lines += move(bucket, target, part)
            left -= part
    if left:
        raise RecordError(f"{money} should go to {target}, but {left} of it is not held")
    return tuple(lines)


def require_balanced(lines: tuple[Line, ...]) -> None:
    """Raise RecordError unless the lines sum to zero in each currency."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.amount.currency] = sums.get(line.amount.currency, Decimal(0)) + line.amount.amount
    if any(sums.values()):
        raise RecordError(f"journal lines do not sum to zero: {sums}")
