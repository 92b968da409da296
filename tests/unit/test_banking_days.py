"""Business days of US banks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.domain.banking_days import (
    add_business_days,
    business_days_between,
    federal_reserve_holidays,
    is_business_day,
)

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2021, "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25"),
        (2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"),
        (2023, "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-23 12-25"),
        (2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
        (2026, "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25"),
        (2027, "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25"),
    ],
)
def test_the_published_days_on_which_the_banks_are_closed(year: int, days: str) -> None:
    assert sorted(federal_reserve_holidays(year)) == [
        date.fromisoformat(f"{year}-{day}") for day in days.split()
    ]


def test_a_holiday_on_a_saturday_is_not_moved() -> None:
    assert is_business_day(date(2026, 7, 3))
    assert is_business_day(date(2021, 12, 31))


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-11-25", 1, "2026-11-27"),
        ("2026-11-20", 5, "2026-11-30"),
        ("2026-11-30", -5, "2026-11-20"),
        ("2026-11-26", 0, "2026-11-27"),
        ("2026-11-25", 0, "2026-11-25"),
        ("2026-11-29", -1, "2026-11-27"),
        ("2026-12-31", 1, "2027-01-04"),
    ],
)
def test_counting_skips_weekends_and_holidays(day: str, count: int, expected: str) -> None:
    found = add_business_days(date.fromisoformat(day), count)
    assert found == date.fromisoformat(expected)


def test_other_holidays_can_be_given() -> None:
    friday = date(2026, 7, 3)
    assert add_business_days(friday, -1, holidays=lambda year: {date(2026, 7, 2)}) == date(
        2026, 7, 1
    )
    assert not is_business_day(friday, holidays=lambda year: {friday})


def test_the_end_of_the_calendar_is_told() -> None:
    with pytest.raises(ValueError, match="no calendar"):
        add_business_days(date.max - timedelta(days=1), 5)


@given(DAYS, st.integers(-200, 200).filter(bool))
def test_what_was_added_is_counted_between(day: date, count: int) -> None:
    end = add_business_days(day, count)
    assert is_business_day(end)
    if count > 0 or is_business_day(day):
        assert business_days_between(day, end) == count


@given(DAYS, DAYS, DAYS)
def test_spans_add_up(one: date, two: date, three: date) -> None:
    a, b, c = sorted([one, two, three])
    whole = business_days_between(a, c)
    assert whole == business_days_between(a, b) + business_days_between(b, c)
    assert business_days_between(c, a) == -whole
