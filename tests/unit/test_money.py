"""Money is exact, of one currency, and never a float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.errors import RecordError
from paysync.domain.money import DIGITS, LIMIT, Money, digits_of

CURRENCIES = ("USD", "CAD", "JPY", "KWD")
#: Small enough that a sum of a list stays under the limit.
UNITS = st.integers(-(10**9), 10**9)


def of_units(units: int, currency: str = "USD") -> Money:
    return Money(Decimal(units).scaleb(-digits_of(currency)), currency)


@given(a=UNITS, b=UNITS, currency=st.sampled_from(CURRENCIES))
def test_sums_and_differences_are_those_of_whole_minor_units(a: int, b: int, currency: str) -> None:
    one, other = of_units(a, currency), of_units(b, currency)
    assert one + other == of_units(a + b, currency)
    assert one - other == of_units(a - b, currency)
    assert -one == of_units(-a, currency)


@given(units=st.lists(UNITS, max_size=20))
def test_a_total_is_the_sum_of_its_parts_in_any_order(units: list[int]) -> None:
    amounts = [of_units(unit) for unit in units]
    assert Money.total(amounts) == Money.total(reversed(amounts)) == of_units(sum(units))


@given(a=UNITS, b=UNITS)
def test_amounts_are_ordered_as_their_minor_units_are(a: int, b: int) -> None:
    assert (of_units(a) < of_units(b)) == (a < b)
    assert (of_units(a) >= of_units(b)) == (a >= b)
    assert (of_units(a) == of_units(b)) == (a == b)


@given(units=UNITS, currency=st.sampled_from(CURRENCIES))
def test_an_amount_is_read_back_from_its_text(units: int, currency: str) -> None:
    money = of_units(units, currency)
    text, code = str(money).split()
    assert Money.parse(text, code) == money


@given(text=st.text(max_size=12))
def test_any_text_is_an_amount_or_a_record_error(text: str) -> None:
    try:
        money = Money.parse(text)
    except RecordError:
        return
    assert set(text) <= set("-.0123456789")
    assert money.amount == money.amount.quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1234.5", "1234.50 USD"),
        ("1234.500", "1234.50 USD"),
        ("007", "7.00 USD"),
        (7, "7.00 USD"),
        (Decimal("1.2E+3"), "1200.00 USD"),
        (Decimal("-0.01"), "-0.01 USD"),
        ("-0.00", "0.00 USD"),
    ],
)
def test_however_it_is_written_an_amount_has_the_digits_of_its_currency(
    written: object, text: str
) -> None:
    assert str(Money.parse(written)) == text


@pytest.mark.parametrize(
    "bad",
    [
        1.5, True, None, b"1", [], "", "$5", "1,000.00", "NaN", "Infinity", "1e3", "1.2E+3",
        "1_000", " 12 ", "12\n", "+5", ".5", "5.", "--5", "- 5", "１２", "٣",
        Decimal("NaN"), Decimal("sNaN"),
    ],
)  # fmt: skip
def test_what_is_not_an_amount_is_a_record_error(bad: object) -> None:
    with pytest.raises(RecordError):
        Money.parse(bad)


def test_a_float_is_refused_even_where_it_is_whole() -> None:
    with pytest.raises(RecordError, match="not float"):
        Money(1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.001", "USD"), ("0.5", "JPY"), ("0.0001", "KWD")]
)
def test_a_fraction_of_a_minor_unit_is_refused_and_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(RecordError, match="whole minor units"):
        Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "currency", "whole"),
    [("1.009", "USD", "1.00"), ("-1.009", "USD", "-1.00"), ("0.009", "USD", "0.00"),
     ("1.9", "JPY", "1"), ("1.234", "KWD", "1.234"), (Decimal("20.0000"), "USD", "20.00")],
)  # fmt: skip
def test_what_lies_below_the_minor_unit_can_be_cut_off(
    text: object, currency: str, whole: str
) -> None:
    assert Money.cut(text, currency) == Money(Decimal(whole), currency)


@pytest.mark.parametrize("bad", ["", "1,00", "9" * 40, "1e5", None, 1.0, True, Decimal("NaN")])
def test_what_is_no_amount_cannot_be_cut_either(bad: object) -> None:
    with pytest.raises(RecordError):
        Money.cut(bad)


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "", "U1D", "A.B", "ÜSD", "USD\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(RecordError, match="currency code"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize(
    "amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1000000000000", "1E+99"]
)
def test_an_amount_that_no_column_holds_is_refused(amount: str) -> None:
    with pytest.raises(RecordError, match="finite number"):
        Money(Decimal(amount))


def test_a_sum_that_no_column_holds_is_refused() -> None:
    most = Money(LIMIT, "KWD")
    with pytest.raises(RecordError):
        most + Money(Decimal("0.001"), "KWD")


def test_two_currencies_do_not_mix() -> None:
    dollars, yen = Money(Decimal(1), "USD"), Money(Decimal(1), "JPY")
    assert dollars != yen
    with pytest.raises(RecordError):
        dollars + yen
    with pytest.raises(RecordError):
        dollars - yen
    with pytest.raises(RecordError):
        assert dollars < yen
    with pytest.raises(RecordError):
        Money.total([dollars], "JPY")


def test_only_zero_is_false_and_there_is_no_negative_zero() -> None:
    assert not Money.zero("JPY")
    assert Money(Decimal("-0.01"))
    assert str(-Money.zero()) == "0.00 USD"


def test_equal_amounts_are_one_key_however_they_were_written() -> None:
    assert len({Money(Decimal("1")), Money(Decimal("1.0")), Money(Decimal("1.000"))}) == 1


@pytest.mark.parametrize(
    ("digits", "currencies"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
        (2, "USD CAD EUR GBP MXN AUD CHF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
    ],
)
def test_a_currency_has_the_digits_of_iso_4217(digits: int, currencies: str) -> None:
    assert {digits_of(currency) for currency in currencies.split()} == {digits}


def test_every_listed_currency_can_be_used_with_its_smallest_unit() -> None:
    for currency, digits in DIGITS.items():
        assert Money(Decimal(1).scaleb(-digits), currency)
