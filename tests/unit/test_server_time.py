"""Sage's dates have no zone: what they mean, and from which one on to ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.adapters.sage500.server_time import ServerTime, day_stamp, ticked
from paysync.domain.errors import RecordError

HERE = ServerTime.named("America/Los_Angeles")


def test_of_the_hour_that_comes_twice_the_first_is_meant() -> None:
    assert HERE.moment(datetime(2026, 11, 1, 1, 30)) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def test_a_moment_of_sage_is_read_in_the_servers_zone() -> None:
    assert HERE.moment(datetime(2026, 7, 1, 12)) == datetime(2026, 7, 1, 19, tzinfo=UTC)
    assert HERE.moment(datetime(2026, 12, 1, 12)) == datetime(2026, 12, 1, 20, tzinfo=UTC)
    assert HERE.moment(None) is None


def test_since_is_asked_in_the_servers_zone() -> None:
    assert HERE.since(datetime(2026, 7, 1, 19, tzinfo=UTC)) == "20260701 12:00:00.000"


def test_before_the_clock_is_set_back_an_hour_more_is_asked_for() -> None:
    # On 1 November 2026 01:00 to 02:00 comes twice; a change at the second 01:10 must be seen.
    assert HERE.since(datetime(2026, 11, 1, 8, 45, tzinfo=UTC)) == "20261101 00:45:00.000"
    assert HERE.since(datetime(2026, 11, 1, 9, 45, tzinfo=UTC)) == "20261101 01:45:00.000"


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.integers(0, 1_000_000),
)
def test_nothing_stamped_after_a_moment_is_missed(moment: datetime, later_s: int) -> None:
    change = moment + timedelta(seconds=later_s)
    stamped = change.astimezone(HERE.zone).replace(tzinfo=None)
    asked = datetime.strptime(HERE.since(moment), "%Y%m%d %H:%M:%S.%f")
    assert ticked(stamped) >= asked


@pytest.mark.parametrize(
    ("us", "shown_ms"),
    [(0, 0), (1, 3), (3000, 3), (3001, 7), (7000, 7), (7001, 10), (999_999, 1000)],
)
def test_a_moment_goes_up_to_the_next_tick_of_the_column(us: int, shown_ms: int) -> None:
    found = ticked(datetime(2026, 1, 1, 0, 0, 0, us))
    assert (found - datetime(2026, 1, 1)).total_seconds() * 1000 == shown_ms


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        HERE.since(datetime(2026, 7, 1))


@pytest.mark.parametrize("name", ["Mars/Base", "", "America"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(RecordError, match="option zone"):
        ServerTime.named(name)


def test_a_day_is_written_so_that_no_language_reads_it_otherwise() -> None:
    assert day_stamp(date(2026, 3, 4)) == "20260304 00:00:00.000"
