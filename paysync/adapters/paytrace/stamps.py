"""PayTrace's dates and times, which come without a zone (§9.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from paysync.domain.errors import RecordError

FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%m/%d/%y",
)


def stated(text: str) -> datetime:
    """The stamp as it reads, with a zone only if it states one. Raises RecordError."""
    for form in FORMATS:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise RecordError(f"{text!r} is not a date and time") from error


def instant(text: str, zone: ZoneInfo) -> datetime:
    """The UTC instant of a stamp, read in `zone` unless it states its own.

    An hour that the clocks repeat is taken as the first of the two; one that they skip is read as
    if they had not been moved. Either is off by an hour at most, which look-back windows cover.
    """
    moment = stated(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def business_day(text: str, zone: ZoneInfo) -> date:
    """The gateway's own day: the one written down, or the one in `zone` of a zoned stamp."""
    moment = stated(text)
    return (moment.astimezone(zone) if moment.tzinfo else moment).date()


def us_date(day: date) -> str:
    """As the exports want it: MM/DD/YYYY."""
    return day.strftime("%m/%d/%Y")
