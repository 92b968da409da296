"""Amounts inside the twin: whole mills (thousandths), as `decimal(15,3)` columns hold them.

The database stores them as integers, so sums in SQL are exact and no float can slip in. They are
plain `int` in Python too: a Decimal adapter would be global to the process and change how Django
stores its own decimals when a test runs both side by side.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

LIMIT = 10**15
MILL = Decimal("0.001")


def mills_of(value: object) -> int:
    """Read "12.5", 12 or Decimal. Raises ValueError on anything else, floats included."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(f"{value!r} is not an amount")
    try:
        scaled = Decimal(value).scaleb(3)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not an amount") from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) >= LIMIT:
        raise ValueError(f"{value!r} does not fit decimal(15,3)")
    return int(scaled)


def text_of(mills: int) -> str:
    """12500 -> "12.50", 12505 -> "12.505"."""
    whole, rest = divmod(abs(mills), 1000)
    fraction = f"{rest:03d}"
    return f"{'-' if mills < 0 else ''}{whole}.{fraction[:2]}{fraction[2].rstrip('0')}"


def is_whole(mills: int, digits: int) -> bool:
    """Whether the amount has no more than `digits` digits after the point."""
    unit: int = 10 ** max(3 - digits, 0)
    return mills % unit == 0


def home_of(mills: int, rate: float, digits: int) -> int:
    """Home currency = natural x rate (certain), rounded to the home digits (inferred)."""
    if rate == 1:
        return mills
    unit = Decimal(1).scaleb(-digits)
    home = Decimal(mills) * MILL * Decimal(repr(rate))
    return int(home.quantize(unit, rounding=ROUND_HALF_UP).scaleb(3))
