"""Card data goes, everything else stays."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.redaction import (
    MAX_DEPTH,
    REMOVED,
    is_card_number,
    luhn,
    redact,
)

VISA = "4111111111111111"
CARDS = [
    VISA,
    "4222222222222",
    "4012888888881881",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "30569309025904",
    "38520000023237",
    "3530111333300000",
    "6304000000000000",
    "6799990100000000019",
]


def check_digit(body: str) -> str:
    return next(digit for digit in "0123456789" if luhn(body + digit))


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    """Sixteen digits of a known range with the right check digit."""
    prefix = draw(st.sampled_from(["4", "51", "55", "2221", "2720", "6011", "3528", "62"]))
    body = prefix + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=15, max_size=15)))
    return body[:15] + check_digit(body[:15])


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize(
    "text", ["{}", "card {}, please", "ref{}x", '{{"a":"{}"}}', "2026-11-23 {}", "12 {} 34"]
)
def test_a_card_number_goes_wherever_it_stands(number: str, text: str) -> None:
    clean, removed = redact({"note": text.format(number)})
    assert (number in clean["note"], removed) == (False, 1)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "3782 822463 10005",
        "4111\u00a01111\u00a01111\u00a01111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "\uff14\uff11\uff11\uff11" + "\uff11" * 12,
    ],
)
def test_separators_and_other_digits_do_not_hide_it(text: str) -> None:
    assert redact(text) == (REMOVED, 1)


@given(card_numbers(), st.lists(st.sampled_from(["", " ", "-"]), min_size=15, max_size=15))
def test_any_separators_any_number(number: str, between: list[str]) -> None:
    text = "".join(digit + mark for digit, mark in zip(number, [*between, ""], strict=True))
    assert redact(f"paid with {text} today") == (f"paid with {REMOVED} today", 1)


@given(st.lists(card_numbers(), min_size=1, max_size=5))
def test_two_side_by_side_both_go(numbers: list[str]) -> None:
    clean, removed = redact(" ".join(numbers))
    assert not any(number in clean for number in numbers)
    assert removed == len(numbers)


@given(card_numbers())
def test_numbers_keys_and_nested_values_are_looked_at(number: str) -> None:
    clean, removed = redact({"a": [{number: int(number)}, [number], Decimal(number)]})
    assert number not in str(clean)
    assert removed == 4


@pytest.mark.parametrize(
    "payload",
    [
        {"csc": "999"},
        {"CVV2": 123},
        {"security_code": "1234"},
        {"credit_card": {"number": "1234567890123456"}},
        {"cardNumber": "1234 5678 9012 3456"},
        {"encrypted_csc": "Zm9vYmFy"},
        {"encrypted_number": "Zm9vYmFy"},
        {"swipe": "anything at all"},
        {"text": "%B4111111111111111^DOE/JANE^29121010000000000?"},
        {"text": "%B1234567890123456^DOE/JANE^29121010000000000?"},
        {"text": ";1234567890123456=29121010000000000?"},
        {"text": "CC~x|CSC~999|"},
        {"text": '{"cvv": "123"}'},
        {"text": "security code: 1234"},
    ],
)
def test_codes_and_tracks_go(payload: dict[str, Any]) -> None:
    clean, removed = redact(payload)
    assert removed == 1
    assert REMOVED in str(clean)
    assert redact(clean) == (clean, 0)


KEPT = [
    "xxxxxxxxxxxx5439",
    "************5454",
    "411111******1111",
    "700100210",
    "450001234 450001235 450001236",
    "IN-0000012345",
    "IN-0000012345, IN-0000012346",
    "0000012345-IN",
    "1234567.89",
    "2026-11-23",
    "2026-11-23T14:45:00.123456+00:00",
    "2026-11-23 14:45:00",
    "415-555-2671",
    "+1 (415) 555-2671",
    "415-555-2671 415-555-2672",
    "1 415 555 2671, 1 415 555 2672",
    "+4915112345678",
    "4111111111111112",
    "1111111111111117",
    "41111111-1111-1111-1111-411111111111",
    "24011341234567890123456",
    "",
    "Full Exact Match",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_card_data_stays(text: str) -> None:
    assert redact({"text": text, "csc_response": "Match"}) == (
        {"text": text, "csc_response": "Match"},
        0,
    )


@pytest.mark.parametrize("value", ["", None, "***", "xxx"])
def test_an_empty_or_masked_code_is_no_finding(value: str | None) -> None:
    assert redact({"csc": value}) == ({"csc": value}, 0)


@given(st.uuids())
def test_uuids_stay(value: uuid.UUID) -> None:
    assert redact(f"id {value}, {value}") == (f"id {value}, {value}", 0)


@given(st.integers(min_value=100_000_000, max_value=999_999_999))
def test_transaction_ids_stay(number: int) -> None:
    assert redact({"id": number, "text": str(number)}) == ({"id": number, "text": str(number)}, 0)


@given(st.decimals(min_value=-999_999_999, max_value=999_999_999, places=2))
def test_amounts_stay(amount: Decimal) -> None:
    assert redact([amount, str(amount), float(amount)]) == (
        [amount, str(amount), float(amount)],
        0,
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_stay(at: datetime) -> None:
    assert redact(at.isoformat()) == (at.isoformat(), 0)


@given(st.integers(min_value=0, max_value=10**10 - 1), st.sampled_from(["IN", "CM", "DM"]))
def test_erp_document_numbers_stay(number: int, kind: str) -> None:
    text = f"{kind}-{number:010d} {number:010d}-{kind}"
    assert redact(text) == (text, 0)


def test_a_card_shaped_invoice_reference_goes() -> None:
    assert redact({"invoice_id": VISA}) == ({"invoice_id": REMOVED}, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_json_is_walked_and_a_second_walk_finds_nothing(value: Any) -> None:
    clean, _ = redact(value)
    assert redact(clean) == (clean, 0)


@given(st.text(alphabet="0123456789 -+.:;=%^?*xABab", max_size=80))
def test_no_card_number_is_left_standing_alone(text: str) -> None:
    clean, _ = redact(text)
    assert not any(is_card_number(word) for word in clean.split())


def test_depth_is_bounded() -> None:
    deep: Any = VISA
    for _ in range(100_000):
        deep = [deep]
    clean, _ = redact(deep)
    level = 0
    while isinstance(clean, list):
        clean, level = clean[0], level + 1
    assert level == MAX_DEPTH


def test_size_is_bounded_and_nothing_unseen_is_kept() -> None:
    same: Any = [VISA]
    for _ in range(30):
        same = [same, same]
    clean, _ = redact({"a": same, "b": "9" * 2_000_000 + VISA})
    assert VISA not in str(clean)


def test_the_input_is_left_as_it_was() -> None:
    payload = {"number": [VISA]}
    redact(payload)
    assert payload == {"number": [VISA]}
