"""What lists show: days of the gateway's zone, late records left out for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from paysync.sandbox.paytrace.engine import Engine
from paysync.sandbox.paytrace.store import Payment


def us_day(text: object) -> date:
    """MM/DD/YYYY. Raises ValueError."""
    return datetime.strptime(str(text), "%m/%d/%Y").date()


def midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())


def days(start: date, end: date, zone: ZoneInfo) -> tuple[int, int]:
    """Epoch seconds from the first midnight to the one after `end`."""
    return midnight(start, zone), midnight(end + timedelta(1), zone)


def visible(engine: Engine, payments: Iterable[Payment]) -> list[Payment]:
    """Without the late ones; each list that would have shown one brings it nearer."""
    shown = []
    for payment in payments:
        if payment["hidden"] > 0:
            engine.store.change(payment, hidden=payment["hidden"] - 1)
        else:
            shown.append(payment)
    return shown


def listed(engine: Engine, start: date, end: date, method: str) -> list[Payment]:
    """What an export of start..end, both included, shows now."""
    with engine.store.lock:
        found = engine.store.created_between(*days(start, end, engine.zone), method)
        return visible(engine, found)
