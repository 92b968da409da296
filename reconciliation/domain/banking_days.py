"""Business days of US banks, for ACH windows and evidence deadlines.

Source: the Federal Reserve Banks' holiday schedule (certain): a holiday on a Sunday is kept on the
Monday after it; one on a Saturday is not moved, the banks are open on the Friday before.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import cache

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
DAY = timedelta(days=1)
#: The Reserve Banks closed on 19 June for the first time in 2022.
JUNETEENTH_SINCE = 2022

#: The days, Monday to Friday, on which banks are closed in a year.
Holidays = Callable[[int], Set[date]]


@cache
def federal_reserve_holidays(year: int) -> frozenset[date]:
    """The weekdays of a year on which the Federal Reserve Banks are closed.

    By the rules of today: of years before 1986 (Martin Luther King day) it is not right.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    moving = [
        nth_weekday(year, 1, MONDAY, 3),  # Martin Luther King, Jr.
        nth_weekday(year, 2, MONDAY, 3),  # Washington's birthday
        last_monday(year, 5),  # Memorial Day
        nth_weekday(year, 9, MONDAY, 1),  # Labor Day
        nth_weekday(year, 10, MONDAY, 2),  # Columbus Day
        nth_weekday(year, 11, THURSDAY, 4),  # Thanksgiving
    ]
    kept = [day + DAY if day.weekday() == SUNDAY else day for day in fixed]
    return frozenset(day for day in kept + moving if day.weekday() != SATURDAY)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    ahead = (weekday - first.weekday()) % 7
    return first + timedelta(days=ahead + 7 * (nth - 1))


def last_monday(year: int, month: int) -> date:
    """Of a month of 31 days."""
    last = date(year, month, 31)
    return last - timedelta(days=last.weekday())


def is_business_day(day: date, *, holidays: Holidays = federal_reserve_holidays) -> bool:
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def add_business_days(
    day: date, count: int, *, holidays: Holidays = federal_reserve_holidays
) -> date:
    """The business day that comes `count` after `day`; before it, where count is negative.

    Zero is the day itself, or the next business day where it is none. Raises ValueError where the
    calendar ends before the answer.
    """
    if count == 0:
        return day if is_business_day(day, holidays=holidays) else forward(day, 1, holidays)
    return forward(day, count, holidays)


def forward(day: date, count: int, holidays: Holidays) -> date:
    step = DAY if count > 0 else -DAY
    left = abs(count)
    while left:
        if day in (date(MINYEAR, 1, 1), date(MAXYEAR, 12, 31)):
            raise ValueError("no calendar reaches that far")
        day += step
        left -= is_business_day(day, holidays=holidays)
    return day


def business_days_between(
    start: date, end: date, *, holidays: Holidays = federal_reserve_holidays
) -> int:
    """How many business days come after `start`, up to and with `end`; negative where end is
    earlier.
    """
    if end < start:
        return -business_days_between(end, start, holidays=holidays)
    days = (start + DAY * ahead for ahead in range(1, (end - start).days + 1))
    return sum(is_business_day(day, holidays=holidays) for day in days)
