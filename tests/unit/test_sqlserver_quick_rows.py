"""The quick reading of invoices says what the careful one says, about every row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.adapters.sage500 import rows
from paysync.adapters.sage500.cells import Cells
from paysync.adapters.sage500.odbc import Found
from paysync.adapters.sage500.quick_rows import ORDER, InvoiceReader
from paysync.adapters.sage500.server_time import ServerTime
from paysync.domain.errors import RecordError

CLOCK = ServerTime.named("America/Los_Angeles")
PLACES = {name: place for place, name in enumerate(ORDER)}

ids = st.sampled_from(
    ["SOA", "soa ", "acme0001   ", "IN-1", " ", "", "é1", "A\x00", "A\t1", "\ud800"]
)
amounts = st.sampled_from(
    [
        Decimal(text)
        for text in ("0.000", "100.000", "-40.000", "0.005", "NaN", "1E+15", "80.50000000")
    ]
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2027, 1, 1))
small = st.integers(0, 3)
ROW: dict[str, st.SearchStrategy[Any]] = {
    "InvcKey": st.integers(-5, 2**31 - 1), "CompanyID": ids, "TranID": ids, "TranNo": ids,
    "TranType": st.sampled_from([501, 502, Decimal("501"), None, "501"]),
    "CustKey": small, "CustID": ids, "TranDate": st.one_of(moments, st.none()),
    "DueDate": st.one_of(moments, st.none()), "TranAmt": amounts, "Balance": amounts,
    "CurrID": st.sampled_from(["USD", "usd ", "JPY", "US", "", None]), "Status": small,
    "InDispute": st.one_of(small, st.booleans()), "CustPONo": st.one_of(ids, st.none()),
    "UpdateDate": st.one_of(moments, st.none()), "UpdateCounter": small, "CanBePaid": small,
    "Pending": st.one_of(amounts, st.none()), "DiscDate": st.one_of(moments, st.none()),
    "DiscLeft": st.one_of(amounts, st.none()),
}  # fmt: skip


def careful(values: tuple[Any, ...]) -> Any:
    try:
        return rows.to_invoice(Cells(PLACES, values, "invoice", "TranID"), CLOCK)
    except RecordError as error:
        return str(error)


def quick(*listed: tuple[Any, ...]) -> Any:
    set_aside: list[str] = []
    found = list(InvoiceReader(CLOCK, set_aside).read(Found(PLACES, list(listed))))
    return (found or set_aside)[0]


@given(st.tuples(*(ROW[name] for name in ORDER)))
def test_both_say_the_same(values: tuple[Any, ...]) -> None:
    assert quick(values) == careful(values)


@given(st.lists(st.tuples(*(ROW[name] for name in ORDER)), max_size=6), st.integers(0, 600))
def test_rows_in_between_come_out_in_their_order(odd: list[tuple[Any, ...]], apart: int) -> None:
    listed = [row for one in odd for row in (*[GOOD] * apart, one)] + [GOOD]
    set_aside: list[str] = []
    found = list(InvoiceReader(CLOCK, set_aside).read(Found(PLACES, listed)))
    expected = {row: careful(row) for row in {GOOD, *odd}}
    told = [expected[row] for row in listed]
    assert found == [one for one in told if not isinstance(one, str)]
    assert set_aside == [one for one in told if isinstance(one, str)]


GOOD = (
    7, "SOA", "IN-0000000007", "0000000007", 501, 3, "ACME0001", datetime(2026, 1, 5), None,
    Decimal("100.000"), Decimal("100.000"), "USD", 1, 0, None, datetime(2026, 1, 6), 4, 1,
    Decimal("0.000"), None, None,
)  # fmt: skip


def test_columns_in_another_order_are_read_by_their_names() -> None:
    places = {name: place for place, name in enumerate(reversed(ORDER))}
    reader = InvoiceReader(CLOCK, None)
    assert list(reader.read(Found(places, [tuple(reversed(GOOD))]))) == [careful(GOOD)]


def test_rows_before_an_unreadable_one_are_read() -> None:
    bad = (*GOOD[:10], Decimal("0.001"), *GOOD[11:])
    reading = InvoiceReader(CLOCK, None).read(Found(PLACES, [*[GOOD] * 700, bad, GOOD]))
    read = 0
    with pytest.raises(RecordError, match="invoice IN-0000000007: Balance"):
        for _ in reading:
            read += 1
    assert read == 700


def test_an_unreadable_row_ends_the_reading_unless_it_may_be_set_aside() -> None:
    bad = (*GOOD[:10], Decimal("0.001"), *GOOD[11:])
    with pytest.raises(RecordError, match="invoice IN-0000000007: Balance"):
        list(InvoiceReader(CLOCK, None).read(Found(PLACES, [bad])))
    set_aside: list[str] = []
    assert len(list(InvoiceReader(CLOCK, set_aside).read(Found(PLACES, [GOOD, bad, GOOD])))) == 2
    assert len(set_aside) == 1
