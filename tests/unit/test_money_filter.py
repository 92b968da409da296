"""The one way amounts are shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from paysync.templatetags.money import amount, money


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("1234.5"), "USD", "$1,234.50"),
        (Decimal("0"), "USD", "$0.00"),
        (Decimal("-5"), "USD", "-$5.00"),
        (Decimal("1234567.890"), "CAD", "CA$1,234,567.89"),
        (Decimal("1200"), "JPY", "¥1,200"),
        (Decimal("1.234"), "KWD", "KWD1.234"),
        (0, "USD", "$0.00"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(value: Decimal, currency: str, text: str) -> None:
    assert money(value, currency) == text


def test_a_digit_too_many_is_shown_and_not_rounded_away() -> None:
    assert money(Decimal("1.005"), "USD") == "$1.005"
    assert money(Decimal("-1.005"), "USD") == "-$1.005"


def test_the_small_error_of_a_float_column_is_not_shown() -> None:
    assert money(Decimal("0.300000000000004"), "USD") == "$0.30"


def test_nothing_is_a_dash() -> None:
    assert money(None) == "–"
    assert money("") == "–"


def test_an_amount_in_a_table_is_marked_for_alignment() -> None:
    assert amount(Decimal("1"), "USD") == '<span class="money">$1.00</span>'
