"""Numbers in references, text that Sage can hold, and the words for reasons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.domain.matching import is_representable, number_of
from reconciliation.domain.reasons import ADVICE, TITLES, Reason


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("IN-0000012345", "12345"),
        ("inv 12345", "12345"),
        ("Inv. #12345", "12345"),
        ("invoice: 12345", "12345"),
        ("#12345", "12345"),
        ("0012345", "12345"),
        ("  12345\t", "12345"),
        ("10", "10"),
        ("1234567890", "1234567890"),
        ("0001234567890", "1234567890"),
        ("", ""),
        ("thanks", ""),
        ("12345 and 12346", ""),
        ("12345/1", ""),
        ("12345-IN", ""),
        ("invoiceno 12345", ""),
        ("12345678901", ""),
        ("-12345", ""),
        ("123.45", ""),
    ],
)
def test_the_number_in_a_reference(reference: str, number: str) -> None:
    assert number_of(reference) == number


@given(number=st.integers(1, 9_999_999_999), prefix=st.sampled_from(["", "IN-", "inv ", "#", "00"]))
def test_a_number_is_found_behind_any_usual_prefix(number: int, prefix: str) -> None:
    assert number_of(f"{prefix}{number}") == str(number)


@pytest.mark.parametrize("text", ["", "IN-1", "Müller & Söhne", "€ 5 – “paid”", "Œuvre"])
def test_text_of_windows_1252_is_representable(text: str) -> None:
    assert is_representable(text)


@pytest.mark.parametrize("text", ["中", "Łódź", "🙂", "a\nb", "\x00", "a\tb", "\x81", "‏"])
def test_other_letters_and_control_characters_are_not_representable(text: str) -> None:
    assert not is_representable(text)


# --- the reasons --------------------------------------------------------------------------------


def test_every_reason_has_a_heading_of_its_own_and_an_advice() -> None:
    assert set(TITLES) == set(ADVICE) == set(Reason)
    assert len({reason.heading for reason in Reason}) == len(Reason)
    assert all(reason.advice.endswith(".") for reason in Reason)


def test_the_choices_of_a_reason_are_its_value_and_heading() -> None:
    assert dict(Reason.choices())["ambiguous"] == "Several invoices fit"
