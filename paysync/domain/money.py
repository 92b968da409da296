"""Money: exact amounts and a currency."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import cache, total_ordering

from paysync.domain.errors import RecordError

#: ISO 4217 currencies whose minor unit is not a hundredth.
DIGITS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip

CODE = re.compile(r"[A-Z]{3}")
PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")

#: The columns are decimal(15,3), as in Sage 500: twelve digits before the point.
LIMIT = Decimal("999999999999.999")


def digits_of(currency: str) -> int:
    """Digits after the decimal point that `currency` (ISO 4217, upper case) uses."""
    return DIGITS.get(currency, 2)


@cache
def unit_of(currency: str) -> Decimal:
    """The minor unit, such as 0.01. Raises RecordError for what is no code. Kept: asked for every
    amount there is.
    """
    if not CODE.fullmatch(currency):
        raise RecordError(f"{currency!r} is not a currency code")
    return Decimal(1).scaleb(-digits_of(currency))


def exact(text: object) -> Decimal:
    """Plain digits (str), or an exact number. Raises RecordError on anything else."""
    if isinstance(text, bool) or not isinstance(text, (str, int, Decimal)):
        raise RecordError(f"an amount must be text or a whole number, not {text!r}")
    if isinstance(text, str) and not PLAIN.fullmatch(text):
        raise RecordError(f"{text[:40]!r} is not an amount")
    return Decimal(text)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in whole minor units of its currency.

    Round before making one, never inside. Raises RecordError on a float, a fraction of a minor
    unit, a non-finite or oversized amount, or a currency that is not three capital letters.
    """

    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        amount = self.amount
        if not isinstance(amount, Decimal):
            raise RecordError(f"an amount must be Decimal, not {type(amount).__name__}")
        unit = unit_of(self.currency)
        if not amount.is_finite() or not -LIMIT <= amount <= LIMIT:
            raise RecordError("the amount is not a finite number of at most 12 digits")
        whole = amount.quantize(unit)
        if amount != whole:
            raise RecordError(f"{amount} {self.currency} is not whole minor units")
        object.__setattr__(self, "amount", whole if whole else abs(whole))

    @classmethod
    def parse(cls, text: object, currency: str = "USD") -> Money:
        """Read plain digits such as "-1234.50" (str), or an exact number (int or Decimal).

        Raises RecordError on anything else: no sign but a minus, no exponent, separator or blank,
        and no digits but those of ASCII.
        """
        return cls(exact(text), currency)

    @classmethod
    def cut(cls, text: object, currency: str = "USD") -> Money:
        """Read as `parse` does, and cut off what lies below the minor unit."""
        amount = exact(text)
        if amount.is_finite() and -LIMIT <= amount <= LIMIT:
            amount = amount.quantize(unit_of(currency), ROUND_DOWN)
        return cls(amount, currency)

    @classmethod
    def zero(cls, currency: str = "USD") -> Money:
        return cls(Decimal(0), currency)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str = "USD") -> Money:
        """The sum of `amounts`, all in `currency`; zero when there are none."""
        result = cls.zero(currency)
        for money in amounts:
            result += money
        return result

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise RecordError(f"{self.currency} and {other.currency} do not mix")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.amount:.{digits_of(self.currency)}f} {self.currency}"
