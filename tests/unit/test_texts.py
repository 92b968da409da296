"""Foreign text on its way into a column."""

from __future__ import annotations

import pytest

from paysync.domain.texts import storable


@pytest.mark.parametrize(
    "text",
    ["nul \x00", "half a pair \ud83d", "🙂" * 255, "𠮷野家"],
    ids=["NUL", "half", "smileys", "rare names"],
)
def test_a_text_takes_no_more_of_a_column_than_it_has_characters(text: str) -> None:
    """SQL Server counts UTF-16 units: a character beyond U+FFFF takes two."""
    kept = storable(text)
    assert len(kept) == len(text) == len(kept.encode("utf-16-le")) // 2
    assert "\x00" not in kept


@pytest.mark.parametrize("text", ["Łódź", "中文", "½ €", ""])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert storable(text) == text
