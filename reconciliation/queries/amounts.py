"""Sum amounts exactly in SQL, on every database: as whole thousandths, never as floats."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import BigIntegerField, F, Q, Sum
from django.db.models.functions import Cast, Round

from paysync.domain.money import digits_of


def mills_sum(field: str, *, filter: Q | None = None) -> Sum:
    """The sum of a decimal(15,3) column in thousandths, as an integer (None over no rows).

    SQLite keeps decimals as floats: summed as they are they drift; rounded to whole thousandths
    row by row they do not.
    """
    return Sum(Cast(Round(F(field) * 1000), BigIntegerField()), filter=filter)


def from_mills(mills: int | None) -> Decimal:
    """Thousandths as an amount with three digits; nothing is zero."""
    return Decimal(mills or 0).scaleb(-3)


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount of a column in minor units. What lies below them (no such amount) is cut off."""
    return int(amount.scaleb(digits_of(currency)))


def from_minor(minor: int, currency: str) -> Decimal:
    """1250 USD is 12.50."""
    return Decimal(minor).scaleb(-digits_of(currency))
