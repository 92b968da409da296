"""Walking a window: which days to ask for, and the cursor that says where we are.

A cursor names the page that comes next, so a page that fails is simply asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from paysync.domain.errors import OutcomeUnknownError, RecordError
from paysync.domain.payments import (
    MONEY_STATES,
    ChargeIntent,
    GatewayRecord,
    Kind,
    Page,
    UnreadableRecord,
    Window,
)

ONE_DAY = timedelta(days=1)
CARD, ACH = "card", "ach"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The next page: a day of cards, or an offset into the ACH list. Text: "card:2026-04-10"."""

    part: str
    day: date | None = None
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.part}:{self.offset if self.day is None else self.day.isoformat()}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises RecordError on a text that is no cursor of ours."""
        part, _, rest = text.partition(":")
        try:
            if part == CARD:
                return cls(CARD, date.fromisoformat(rest))
            if part == ACH and int(rest) >= 0:
                return cls(ACH, offset=int(rest))
        except ValueError:
            pass
        raise RecordError(f"{text!r} is not a list cursor")


def first_day(window: Window, zone: ZoneInfo) -> date:
    """A day early: the zone of the gateway's date filter is not known (§9.2)."""
    return window.start.astimezone(zone).date() - ONE_DAY


def last_day(window: Window, zone: ZoneInfo) -> date:
    """A day late, for the same reason."""
    return (window.end - timedelta(microseconds=1)).astimezone(zone).date() + ONE_DAY


def around(moment: datetime) -> Window:
    return Window(moment - ONE_DAY, moment + ONE_DAY)


def page_of(
    read: tuple[Iterable[GatewayRecord], Iterable[UnreadableRecord]],
    window: Window,
    next_cursor: Cursor | None,
) -> Page:
    """The records created in the window, each once, oldest first; what is unreadable always."""
    records, unreadable = read
    inside = {r.gateway_id: r for r in records if window.start <= r.created_at < window.end}
    ordered = sorted(inside.values(), key=lambda r: (r.created_at, r.gateway_id))
    return Page(tuple(ordered), tuple(unreadable), str(next_cursor) if next_cursor else None)


def pick(
    records: Iterable[GatewayRecord],
    unreadable: Iterable[UnreadableRecord],
    intent: ChargeIntent,
) -> GatewayRecord | None:
    """The sale that carries our intent id.

    The id alone decides. A different amount (partial approval, surcharge) is still that charge, and
    calling it missing would invite a second one; an equal amount only wins among several. Raises
    OutcomeUnknownError when the id is in an entry that we cannot read.
    """
    ours = [r for r in records if r.customer_reference == intent.intent_id and r.kind is Kind.SALE]
    if ours:
        return max(ours, key=lambda r: (r.state in MONEY_STATES, r.amount == intent.amount))
    if any(intent.intent_id in str(entry.raw) for entry in unreadable):
        raise OutcomeUnknownError("paytrace", "the charge is in a record that we cannot read")
    return None
