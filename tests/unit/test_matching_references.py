"""Reading references: what a text names, how surely, and that no text does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.references import (
    Quality,
    Reading,
    read,
)
from reconciliation.domain.matching.slips import neighbours, slips, slips_between
from reconciliation.domain.matching.tokens import MOST, cut
from tests.engine import ACME, document, memo, payment

BOOK = Book(
    [
        document(12345, 100),
        document(12346, 100),
        document(12347, 100),
        memo(12345, 100),
        document(77, 100, customer_po="B-4711"),
        document(88, 100, customer_po="900155"),
    ]
)


def reading(reference: str, *texts: str) -> Reading:
    return read(payment(100, reference, ACME, texts=texts), BOOK)


def named(found: Reading) -> list[str]:
    return [document.tran_id for hit in found.named for document in hit.documents]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("IN-0000012345", ["IN-0000012345"]),
        ("CM-0000012345", ["CM-0000012345"]),
        ("inv 12345", ["IN-0000012345"]),
        ("cm 12345", ["CM-0000012345"]),
        ("12345", ["IN-0000012345"]),
        ("inv 12345, 12346; 12347", ["IN-0000012345", "IN-0000012346", "IN-0000012347"]),
        ("12345 12345 12345", ["IN-0000012345"]),
        ("2026-04-10 $123.45 555-123-4567", []),
        ("thanks!", []),
        ("", []),
    ],
)
def test_what_is_named_outright(reference: str, expected: list[str]) -> None:
    assert named(reading(reference)) == expected


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("for 12345 thank you", Quality.BARE),
        ("call 12345", Quality.SHORT),
        ("route 77", Quality.SHORT),
        ("PO B-4711", Quality.ORDER),
        ("po 900155", Quality.ORDER),
    ],
)
def test_what_free_text_hints_at(text: str, quality: Quality) -> None:
    (hit,) = reading("", text).weak
    assert hit.quality is quality


@pytest.mark.parametrize("reference", ["inv I2345", "inv 1234S", "IN-OOOOO12345", "inv 1Z345"])
def test_letters_that_look_like_digits_are_read_as_digits(reference: str) -> None:
    (hit,) = reading(reference).weak
    assert (hit.documents[0].tran_id, hit.quality) == ("IN-0000012345", Quality.MENDED)


@pytest.mark.parametrize("reference", ["inv 21345", "inv 1345", "inv 122345", "inv 12395"])
def test_a_number_one_slip_away_is_found(reference: str) -> None:
    found = reading(reference)
    assert not found.named
    assert "IN-0000012345" in [d.tran_id for hit in found.damaged for d in hit.documents]


def test_a_range_and_shortened_numbers_hint_at_what_is_meant() -> None:
    assert [h.documents[0].tran_no for h in reading("12345-12347").weak] == ["0000012346"]
    assert [h.documents[0].tran_no for h in reading("12345/46/47").weak] == [
        "0000012346",
        "0000012347",
    ]


def test_a_number_that_claims_to_be_a_document_and_is_none_is_remembered() -> None:
    assert reading("inv 99999").unknown == ["99999"]
    assert reading("", "call 99999").unknown == []


@given(number=st.from_regex(r"[1-9][0-9]{3,8}", fullmatch=True))
def test_what_is_one_slip_away_is_one_slip_away(number: str) -> None:
    for spelling in sorted(slips(number))[::17]:
        assert slips_between(number.zfill(10), spelling.zfill(10)) <= 2
    swapped = number[1] + number[0] + number[2:]
    assert swapped == number or swapped.lstrip("0") in slips(number)


def test_neighbours_are_looked_up_not_searched() -> None:
    large = Book(document(number, 100) for number in range(100_000, 130_000))
    assert large.by_number
    for number in range(131_000, 131_100):
        assert len(slips(str(number))) < 200
        assert len(neighbours(str(number), large)) < 200


@given(text=st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    found = reading(text, text)
    assert len(found.named) <= 6


@pytest.mark.parametrize(
    "text",
    ["12345 " * 2_000, "9" * 10_000, "IN-" * 4_000, "\ufdfa" * 10_000, "1|" * 5_000, "(" * 10_000,
     "1,1.1-" * 2_000, "555-555-" * 1_250],
)  # fmt: skip
def test_ten_kilobytes_are_cut_to_a_bounded_number_of_pieces(text: str) -> None:
    found = cut(text)
    assert len(found.tokens) + len(found.words) <= MOST + 1
    reading(text, text)
