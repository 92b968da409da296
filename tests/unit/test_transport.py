"""What both adapters share of HTTP: exact numbers both ways, and the wait a service asks for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from paysync.adapters.transport import encode, parse_json, retry_after


def test_numbers_in_json_are_read_without_floats() -> None:
    row = parse_json(b'{"amount": 0.1, "big": 123456789012.345}')
    assert row == {"amount": Decimal("0.1"), "big": Decimal("123456789012.345")}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "{", ""])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        parse_json(text)


def test_amounts_leave_as_exact_numbers() -> None:
    body = {"amount": Decimal("19.90"), "batch_items": [{"amount": Decimal("1E+2")}], "n": None}
    assert encode(body) == '{"amount":19.90,"batch_items":[{"amount":100}],"n":null}'


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("7", 7), (" 12 ", 12), ("soon", None), ("", None), (None, None), ("-3", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0), ("Fri, 31 Dec 1999 23:59:59", 0),
        ("9" * 400, None),
    ],
)  # fmt: skip
def test_a_wait_is_read_as_seconds_or_date_or_not_at_all(
    text: str | None, wait_s: float | None
) -> None:
    assert retry_after(text) == wait_s
