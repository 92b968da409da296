"""The options of a connection by files or by hand, read and checked.

    {"desk": {"max_write_off": "5.00", "stale_after_hours": 26, …},
     "files": {"delimiter": ";", "columns": {"invoices": {"balance": "Open amount"}}, …}}

What each means: docs/sage500-files.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from paysync.domain.errors import RecordError

ENCODINGS = {"cp1252": "cp1252", "windows-1252": "cp1252", "utf-8": "utf-8-sig"}
DELIMITERS = frozenset(",;\t|")
#: The parts that the options of such a connection have.
PARTS = frozenset({"desk", "files"})
#: A day that tells day, month and year apart.
SAMPLE = datetime(2031, 12, 25)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeskRules:
    """What Sage's own set-up says and no export of ours does."""

    max_write_off: Decimal = Decimal(0)
    allow_overpayment: bool = False
    national_accounts: bool = True
    close_after_minutes: int = 15
    stale_after_hours: int = 26
    too_old_after_hours: int = 96
    answer_within_hours: int = 72

    @property
    def stale_after(self) -> timedelta:
        return timedelta(hours=self.stale_after_hours)

    @property
    def too_old_after(self) -> timedelta:
        return timedelta(hours=self.too_old_after_hours)

    @property
    def answer_within(self) -> timedelta:
        return timedelta(hours=self.answer_within_hours)


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How the site writes its exports, and how careful we are with them.

    columns: kind -> our field -> the site's column. partial: kinds that list only what changed.
    """

    delimiter: str = ","
    encoding: str = "cp1252"
    date_format: str = ""
    decimal: str = "."
    thousands: str = ""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    partial: tuple[str, ...] = ()
    trailer: bool = False
    done_marker: bool = False
    settle_seconds: int = 60
    applications: bool = True
    allow_shrink: bool = False


def rules_of(options: object) -> DeskRules:
    """Raises RecordError for an option we do not know or cannot read."""
    return DeskRules(**known(DeskRules, part_of(options, "desk"), "desk"))


def file_options_of(options: object) -> FileOptions:
    """Raises RecordError for an option we do not know or cannot read."""
    found = FileOptions(**known(FileOptions, part_of(options, "files"), "files"))
    if found.delimiter not in DELIMITERS or len(found.delimiter) != 1:
        raise wrong("files", "delimiter", 'set it to ",", ";", "|" or a tab')
    if found.encoding.lower() not in ENCODINGS:
        raise wrong("files", "encoding", f"set it to one of {', '.join(sorted(ENCODINGS))}")
    if found.decimal not in {".", ","} or found.thousands not in {"", ",", ".", "'", " "}:
        raise wrong("files", "decimal", "the point is . or , and thousands are apart by nothing")
    if found.decimal == found.thousands:
        raise wrong("files", "thousands", "it is the decimal point already")
    if found.date_format and not is_date_format(found.date_format):
        raise wrong("files", "date_format", 'name day, month and year, such as "%d.%m.%Y"')
    return found


def require_parts(options: object) -> None:
    """Raises RecordError for a part that nobody reads: most likely a slip of the pen."""
    strange = sorted(set(options) - PARTS) if isinstance(options, Mapping) else []
    if strange:
        raise RecordError(f'the option "{strange[0]}" is not known: there are desk and files')


def is_date_format(pattern: str) -> bool:
    """Whether a day that is written so can be read again."""
    try:
        return datetime.strptime(SAMPLE.strftime(pattern), pattern) == SAMPLE
    except ValueError:
        return False


def part_of(options: object, name: str) -> Mapping[str, Any]:
    part = options.get(name, {}) if isinstance(options, Mapping) else {}
    if not isinstance(part, Mapping):
        raise RecordError(f'the option "{name}" is no object')
    return part


def known(kind: type[Any], given: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The given options, each of the type its default has."""
    defaults = {one.name: one for one in fields(kind)}
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise RecordError(f'the option "{part}.{unknown[0]}" is not known')
    blank = kind()
    return {name: typed(value, getattr(blank, name), part, name) for name, value in given.items()}


def typed(value: Any, default: Any, part: str, name: str) -> Any:
    if isinstance(default, bool):
        return require(value, bool, part, name)
    if isinstance(default, Decimal):
        return amount_of(value, part, name)
    if isinstance(default, int):
        number = require(value, int, part, name)
        if isinstance(value, bool) or not 0 <= number <= 100_000:
            raise wrong(part, name, "set it to a whole number from 0 on")
        return number
    if isinstance(default, tuple):
        return tuple(str(item) for item in require(value, list, part, name))
    if isinstance(default, Mapping):
        return columns_of(require(value, dict, part, name), part, name)
    return require(value, str, part, name)


def require(value: Any, kind: type[T], part: str, name: str) -> T:
    if not isinstance(value, kind):
        raise wrong(part, name, f"set it to a {kind.__name__}")
    return value


def amount_of(value: Any, part: str, name: str) -> Decimal:
    try:
        amount = Decimal(require(value, str, part, name))
    except InvalidOperation as error:
        raise wrong(part, name, 'set it to an amount as text, such as "5.00"') from error
    if not amount.is_finite() or amount < 0:
        raise wrong(part, name, "set it to an amount from 0 on")
    return amount


def columns_of(value: dict[str, Any], part: str, name: str) -> dict[str, dict[str, str]]:
    for kind, columns in value.items():
        if not isinstance(columns, dict) or not all(isinstance(c, str) for c in columns.values()):
            raise wrong(part, f"{name}.{kind}", "set it to {our field: your column}")
    return value


def wrong(part: str, name: str, advice: str) -> RecordError:
    return RecordError(f'the option "{part}.{name}" cannot be used: {advice}')
