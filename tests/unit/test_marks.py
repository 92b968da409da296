"""What of a payment's text is marked as recognised."""

from __future__ import annotations

from typing import Any

import pytest

from reconciliation.domain.marks import marked, names_in

CARD: dict[str, Any] = {
    "solutions": [
        {"customer": {"label": "ACME01"}, "credits": [],
         "shares": [{"tran_id": "IN-0000012345"}, {"tran_id": "IN-0000067890"}]}
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("IN-0000012345", [("IN-0000012345", "IN-0000012345", True)]),
        ("inv 12345 and 0067890!", [
            ("12345", "IN-0000012345", True), ("0067890", "IN-0000067890", True)]),
        ("order of acme01", [("acme01", "customer ACME01", True)]),
        ("12354", [("12354", "IN-0000012345", False)]),
        ("99999 <b>1</b> 😀", []),
        ("", []),
    ],
)  # fmt: skip
def test_documents_and_customers_are_marked(text: str, found: list[tuple[str, str, bool]]) -> None:
    parts = marked(text, names_in(CARD))
    assert "".join(part.text for part in parts) == text
    assert [(p.text, p.names, p.is_sure) for p in parts if p.names] == found


def test_a_very_long_text_is_kept_whole() -> None:
    text = "12345 " * 2_000
    assert "".join(part.text for part in marked(text, names_in(CARD))) == text


def test_without_a_card_nothing_is_marked() -> None:
    assert [part.names for part in marked("IN-0000012345", names_in({}))] == [""]
