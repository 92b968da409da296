"""Minor units and the amounts people read; how round an amount is."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from paysync.domain.money import digits_of


@lru_cache(maxsize=64)
def digits(currency: str) -> int:
    return digits_of(currency)


def plain(minor: int, currency: str) -> str:
    """1250 USD -> "12.50"."""
    places = digits(currency)
    if not places:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**places)
    return f"{sign}{whole}.{part:0{places}d}"


def text(minor: int, currency: str) -> str:
    """1250 USD -> "12.50 USD"."""
    return f"{plain(minor, currency)} {currency}"


def minor(amount: Decimal, currency: str) -> int:
    """An amount in units of the currency as whole minor units, rounded down."""
    return int(amount.scaleb(digits(currency)))


def grain(amount: int) -> int:
    """The largest power of ten that divides the amount: 12300 -> 100. A round amount fits often."""
    step = 1
    while amount and amount % (step * 10) == 0:
        step *= 10
    return step
