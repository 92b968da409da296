"""Slips of the pen in document numbers: a digit wrong, missing or extra, or two swapped."""

from __future__ import annotations

from reconciliation.domain.matching.book import Book
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.names import PADDED


def neighbours(number: str, book: Book) -> list[Document]:
    """The documents whose number is one slip away: a digit wrong, missing or extra, or two swapped.

    All spellings one slip away are looked up, some 170 for seven digits; nothing is compared with
    the whole book.
    """
    if not 3 <= len(number) <= PADDED:
        return []
    found: dict[int, Document] = {}
    for spelling in slips(number):
        for document in book.by_number.get(spelling, ()):
            found[document.id] = document
    return [found[key] for key in sorted(found)]


def slips_between(one: str, other: str) -> int:
    """How many slips lie between two numbers (wrong, missing, extra, swapped); 3: many."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > 2:
        return 3
    rows = [list(range(len(other) + 1))]
    for i, digit in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (digit != against))
            swapped = i > 1 and j > 1 and digit == other[j - 2] and one[i - 2] == against
            row.append(min(best, rows[-2][j - 2] + 1) if swapped else best)
        rows.append(row)
    return min(rows[-1][-1], 3)


def slips(number: str) -> set[str]:
    digits = "0123456789"
    cuts = [(number[:i], number[i:]) for i in range(len(number) + 1)]
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    missing = {a + d + b for a, b in cuts for d in digits}
    extra = {a + b[1:] for a, b in cuts if b}
    wrong = {a + d + b[1:] for a, b in cuts if b for d in digits}
    return {spelling.lstrip("0") for spelling in swapped | missing | extra | wrong} - {number, ""}
