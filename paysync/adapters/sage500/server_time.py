"""Sage's dates have no zone: they are by the clock of the database server (unknown: which zone).

The zone is the connection's option `zone`. Columns are datetime: ticks of 1/300 second, shown as
.000, .003 and .007.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from paysync.domain.errors import RecordError

#: Clocks are set back by no more than this, and the change lies no farther ahead than this.
CHANGE = timedelta(hours=3)
START = datetime(1970, 1, 1)
START_UTC = START.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The clock of one database server."""

    zone: ZoneInfo

    @classmethod
    def named(cls, name: str) -> ServerTime:
        try:
            return cls(ZoneInfo(name))
        except (LookupError, ValueError, OSError) as error:
            raise RecordError(f"the option zone is {name!r}, which is no time zone") from error

    def moment(self, local: datetime | None) -> datetime | None:
        """A moment of Sage in UTC. Of the hour that comes twice, the first is meant.

        Counted from a fixed moment: a tenth of what `replace` and `astimezone` take, a row each.
        """
        if local is None:
            return None
        ahead = self.zone.utcoffset(local) or timedelta()
        return START_UTC + (local - START - ahead)

    def since(self, moment: datetime) -> str:
        """The local time from which on everything after `moment` is stamped, as SQL text.

        While the clock is about to be set back, that is earlier than the clock shows: better a row
        twice than never. Raises ValueError for a moment without a zone.
        """
        if moment.tzinfo is None:
            raise ValueError("since has no zone")
        here, later = moment.astimezone(self.zone), (moment + CHANGE).astimezone(self.zone)
        back = (here.utcoffset() or timedelta()) - (later.utcoffset() or timedelta())
        return stamp(ticked(here.replace(tzinfo=None) - max(back, timedelta())))


def ticked(local: datetime) -> datetime:
    """The first datetime value of SQL Server that is shown no earlier than `local`."""
    whole = local.replace(microsecond=0)
    tick = local.microsecond * 3 // 10_000
    while shown_us(tick) < local.microsecond:
        tick += 1
    return whole + timedelta(microseconds=shown_us(tick))


def shown_us(tick: int) -> int:
    """Microseconds as SQL Server shows the tick: rounded to milliseconds."""
    return (tick * 20 + 3) // 6 * 1000


def stamp(local: datetime) -> str:
    """The one form of date and time that no language setting of SQL Server reads otherwise."""
    return f"{local:%Y%m%d %H:%M:%S}.{local.microsecond // 1000:03d}"


def day_stamp(day: date) -> str:
    return stamp(datetime.combine(day, time.min))
