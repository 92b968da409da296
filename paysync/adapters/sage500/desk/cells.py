"""One cell of an export -> one value of ours. A cell that cannot be read raises ValueError.

What looks like a formula is text like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from paysync.adapters.sage500.desk.options import FileOptions

#: What exports write for "nothing".
NOTHING = frozenset({"", "NULL"})
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?")
CURRENCY = re.compile(r"[A-Z]{3}")
LIMIT = Decimal("999999999999.999")


@dataclass(frozen=True, slots=True)
class Cells:
    """How this site writes dates and numbers."""

    date_format: str
    decimal: str
    thousands: str

    @classmethod
    def of(cls, options: FileOptions) -> Cells:
        return cls(options.date_format, options.decimal, options.thousands)


def text_of(value: str, width: int) -> str:
    text = value.rstrip()
    if text == "NULL":
        return ""
    if not text.replace("\xa0", " ").isprintable():
        raise ValueError("a control character in the text")
    if len(text) > width:
        raise ValueError(f"longer than {width} characters")
    return text


def needed_text_of(value: str, width: int) -> str:
    text = text_of(value, width)
    if not text:
        raise ValueError("missing")
    return text


def number_of(value: str, cells: Cells) -> int:
    text = value.strip()
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ValueError("not a whole number")
    return int(text)


def number_or_none_of(value: str, cells: Cells) -> int | None:
    return None if value.strip() in NOTHING else number_of(value, cells)


def flag_of(value: str, cells: Cells) -> bool:
    if value.strip() not in {"0", "1"}:
        raise ValueError("not 0 or 1")
    return value.strip() == "1"


def currency_of(value: str, cells: Cells) -> str:
    text = value.strip().upper()
    if not CURRENCY.fullmatch(text):
        raise ValueError("not a currency code")
    return text


def amount_of(value: str, cells: Cells) -> str:
    """Plain decimal text, such as "-1234.50", in the site's own spelling."""
    text = value.strip()
    if cells.thousands:
        text = ungrouped(text, cells)
    if cells.decimal != ".":
        if "." in text:
            raise ValueError("not an amount")
        text = text.replace(cells.decimal, ".")
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", text):
        raise ValueError("not an amount")
    amount = Decimal(text)
    if abs(amount) > LIMIT or amount != amount.quantize(Decimal("0.001")):
        raise ValueError("not an amount of Sage 500: twelve digits and three after the point")
    return shortest(amount)


def ungrouped(text: str, cells: Cells) -> str:
    """Thousands in groups of three, or not grouped at all."""
    whole, point, rest = text.partition(cells.decimal)
    groups = whole.lstrip("-").split(cells.thousands)
    if len(groups) > 1 and not all(len(group) == 3 for group in groups[1:]):
        raise ValueError("not an amount")
    return whole.replace(cells.thousands, "") + point + rest


def shortest(amount: Decimal) -> str:
    """Two digits after the point, a third only where it says something."""
    cents = amount.quantize(Decimal("0.01"))
    return str(cents if cents == amount else amount.quantize(Decimal("0.001")))


def amount_or_zero_of(value: str, cells: Cells) -> str:
    return "0.00" if value.strip() in NOTHING else amount_of(value, cells)


def amount_or_none_of(value: str, cells: Cells) -> str | None:
    return None if value.strip() in NOTHING else amount_of(value, cells)


def day_of(value: str, cells: Cells) -> str:
    """An ISO date. Without a format of the site's own also with a time, as SQL Server writes it."""
    text = value.strip()
    if cells.date_format:
        try:
            return datetime.strptime(text, cells.date_format).date().isoformat()
        except ValueError as error:
            raise ValueError(f"not a date written {cells.date_format}") from error
    if not DAY.match(text) or text[10:] and not TIME.fullmatch(text[10:]):
        raise ValueError("not a date such as 2026-11-23")
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise ValueError("not a date such as 2026-11-23") from error


def day_or_none_of(value: str, cells: Cells) -> str | None:
    return None if value.strip() in NOTHING else day_of(value, cells)
