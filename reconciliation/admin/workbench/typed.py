"""What people type into the forms of the workbench, kept as typed until it can be used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils.dateparse import parse_date

from paysync.domain.errors import RuleError
from paysync.domain.money import digits_of
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Share
from reconciliation.domain.short_pay import find_short_pay
from reconciliation.queries.amounts import from_minor, to_minor
from reconciliation.queries.workbench import people
from reconciliation.services.workbench import Picked, Split

#: Lines of one split.
MOST_LINES = 100
FIELDS = ("amount", "discount", "write_off")
LINE = re.compile(r"(amount|discount|write_off)_([0-9]{1,12})")
WORDS = {"amount": "amount", "discount": "discount", "write_off": "write-off"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A split as typed: by document, what stands in its fields."""

    lines: dict[int, dict[str, str]]
    may_rest: bool = False
    short_pay_reason: str = ""
    find: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the form: a document, and what is typed for it. after: what then stays open, in
    the currency; None where what is typed is no number.
    """

    document: Document
    open: Decimal
    discount: Decimal
    typed: dict[str, str]
    after: Decimal | None


def read_typed(values: QueryDict) -> Typed:
    lines: dict[int, dict[str, str]] = {}
    for name in values:
        if found := LINE.fullmatch(name):
            lines.setdefault(int(found[2]), {})[found[1]] = values.get(name, "").strip()[:24]
    filled = {pk: line for pk, line in lines.items() if any(line.values())}
    return Typed(
        dict(list(filled.items())[:MOST_LINES]),
        may_rest=values.get("rest") == "on",
        short_pay_reason=values.get("short_pay", "")[:40],
        find=values.get("find", "").replace("\x00", "")[:60],
    )


def typed_from(solution: dict[str, Any]) -> Typed:
    """A suggestion, as if somebody had typed it."""
    lines = {
        int(share["document"]): {name: share[name] if nonzero(share[name]) else "" for name in
                                 FIELDS}
        for share in solution["shares"]
    }  # fmt: skip
    return Typed(lines, may_rest=nonzero(solution["unapplied"]))


def nonzero(text: str) -> bool:
    return Decimal(text) != 0


def split_of(typed: Typed, currency: str) -> Split:
    """Raises RuleError, which names the field, for what is no amount."""
    shares = tuple(
        Share(pk, *(minor_of(line.get(name, ""), name, currency) for name in FIELDS))
        for pk, line in typed.lines.items()
    )
    reason = find_short_pay(typed.short_pay_reason)
    if typed.short_pay_reason and reason is None:
        raise RuleError("Choose one of the reasons for a short payment.")
    return Split(shares, typed.may_rest, short_pay_reason=reason or "")


def minor_of(text: str, name: str, currency: str) -> int:
    """ "$1,234.50" as 123450; nothing is 0."""
    if not text:
        return 0
    amount = read_amount(text)
    if amount is None or amount < 0 or amount >= 10**12:
        raise RuleError(f"“{text}” is no {WORDS[name]}: type it like 1234.50.")
    if amount != round(amount, digits_of(currency)):
        raise RuleError(f"{text}: {currency} has only {digits_of(currency)} decimals.")
    return to_minor(amount, currency)


def read_amount(text: str) -> Decimal | None:
    plain = text.replace(",", "").replace("$", "").replace(" ", "")
    if not re.fullmatch(r"-?[0-9]{0,15}(\.[0-9]{0,6})?", plain) or not any(map(str.isdigit, plain)):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def lines_of(documents: Iterable[Document], typed: Typed) -> list[Line]:
    return [to_line(document, typed.lines.get(document.id, {})) for document in documents]


def to_line(document: Document, typed: dict[str, str]) -> Line:
    currency = document.currency
    amounts = [read_amount(typed[name]) if typed.get(name) else Decimal(0) for name in FIELDS]
    known = [amount for amount in amounts if amount is not None]
    is_open = from_minor(document.open, currency)
    after = is_open - sum(known, Decimal(0)) if len(known) == len(FIELDS) else None
    return Line(document, is_open, from_minor(document.discount, currency), typed, after)


def total_of(typed: Typed) -> Decimal:
    """What the amounts add up to, as far as they are numbers."""
    amounts = (read_amount(line.get("amount", "")) for line in typed.lines.values())
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


# --- the other forms ------------------------------------------------------------------------------


def read_revision(values: QueryDict) -> int | None:
    text = values.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def read_day(values: QueryDict) -> date:
    try:
        day = parse_date(values.get("due_on", "").strip())
    except ValueError:
        day = None
    if day is None:
        raise RuleError("Choose the day on which it is due again.")
    return day


def read_owner(values: QueryDict) -> User | None:
    """A colleague who may work here; nobody for an empty choice."""
    text = values.get("owner", "").strip()
    if not text:
        return None
    found = next((one for one in people() if str(one.pk) == text), None)
    if found is None:
        raise RuleError("Choose one of the colleagues.")
    return found


def read_key(values: QueryDict, name: str) -> int | None:
    text = values.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None


def read_picked(values: QueryDict) -> list[Picked]:
    """The ticked payments, each as it was seen."""
    picked = []
    for text in dict.fromkeys(values.getlist("picked")):
        if found := re.fullmatch(r"([0-9]{1,12}):([0-9]{1,9})", text):
            picked.append(Picked(int(found[1]), int(found[2])))
    return picked
