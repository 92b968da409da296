"""How payers write down what they pay: well, sloppily, and wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from benchmarks.corpus.style import Style
from reconciliation.domain.matching.facts import Document

#: What a scanner, or a tired person, makes of a digit. Each shape stands for one digit only.
LOOKALIKES = {"0": "Oo", "1": "Il", "5": "S", "8": "B", "2": "Z"}
NEIGHBOURS = {
    "0": "9", "1": "2", "2": "13", "3": "24", "4": "35", "5": "46", "6": "57", "7": "68",
    "8": "79", "9": "80",
}  # fmt: skip
SMALL_TALK = (
    "Thank you!", "thanks for the quick delivery", "Online payment", "Web order", "pls confirm",
    "call me if anything is missing", "card on file", "Paid by Maria from accounting", "rush",
    "", "", "", "",
)  # fmt: skip
STREETS = ("Main St", "Oak Ave", "Elm Street", "2nd Ave", "Industrial Pkwy", "Market St")
TOWNS = ("Chicago IL", "Austin TX", "Reno NV", "Boise, ID", "Albany NY", "Tampa FL")


def plain(document: Document) -> str:
    return document.tran_no.lstrip("0")


def worded(document: Document, style: Style, draw: Random) -> str:
    return draw.choice(style.words).format(plain(document))


def any_way(document: Document, style: Style, draw: Random) -> str:
    """One of the ways in which nothing is wrong."""
    way = draw.random()
    if way < 0.4:
        return document.tran_id
    if way < 0.65:
        return plain(document)
    return worded(document, style, draw)


def listed(documents: Sequence[Document], style: Style, draw: Random) -> str:
    """Several in one field, all written in one way."""
    separator = draw.choice(style.separators)
    way = draw.randrange(4)
    if way == 0:
        return separator.join(document.tran_id for document in documents)
    if way == 1:
        return separator.join(plain(document) for document in documents)
    if way == 2:
        word = draw.choice(("Inv ", "invoices ", "Invoices: ", "Invs. ", "INV# "))
        return word + separator.join(plain(document) for document in documents)
    word = draw.choice(style.words)
    return separator.join(word.format(plain(document)) for document in documents)


def scanned(document: Document, draw: Random) -> str:
    """The document id with some digits turned into the letters they look like."""
    full = draw.random() < 0.6
    text = document.tran_no if full else plain(document)
    at = [place for place, digit in enumerate(text) if digit in LOOKALIKES]
    if not at:
        return f"lN-{text}"
    most = min(3 if full else 2, len(at))
    for place in draw.sample(at, draw.randint(1, most)):
        text = text[:place] + draw.choice(LOOKALIKES[text[place]]) + text[place + 1 :]
    return (draw.choice(("IN-", "lN-", "IN ", "1N-")) if full else "Inv ") + text


def swaps(number: int) -> list[int]:
    """The numbers that come of swapping two digits that stand side by side."""
    text, found = str(number), set()
    for place in range(len(text) - 1):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if swapped != text and swapped[0] != "0":
            found.add(int(swapped))
    return sorted(found)


def slips(number: int) -> list[int]:
    """The numbers that come of hitting the key beside the right one."""
    text = str(number)
    return sorted(
        int(text[:place] + other + text[place + 1 :])
        for place, digit in enumerate(text)
        for other in NEIGHBOURS[digit]
        if place or other != "0"
    )


def without_a_digit(number: int) -> list[int]:
    text = str(number)
    return sorted({int(text[:n] + text[n + 1 :]) for n in range(1, len(text))})


def with_a_double(number: int) -> list[int]:
    text = str(number)
    return sorted({int(text[: n + 1] + text[n:]) for n in range(len(text))})


def number_way(number: int, style: Style, draw: Random) -> str:
    """A number, right or wrong, as a payer would write it."""
    ways = (f"IN-{number:010d}", str(number), draw.choice(style.words).format(number))
    return draw.choice(ways)


def phone(draw: Random) -> str:
    area, line = draw.randrange(201, 990), draw.randrange(100, 200)
    return draw.choice(
        (f"({area}) 555-0{line}", f"{area}-555-0{line}", f"tel {area}5550{line}", f"555-0{line}")
    )


def address(draw: Random) -> str:
    street = f"{draw.randrange(10, 9900)} {draw.choice(STREETS)}"
    return f"{street}, {draw.choice(TOWNS)} {draw.randrange(10001, 99950)}"


def written_date(draw: Random) -> str:
    month, day = draw.randint(1, 12), draw.randint(1, 28)
    return draw.choice(
        (f"{month:02d}/{day:02d}/2026", f"2026-{month:02d}-{day:02d}", f"{day}.{month}.26")
    )


def hostile(draw: Random) -> str:
    """What no payer should write, and some do. No number in it could be a document's."""
    return draw.choice(
        (
            "🎉💸 thank you 💸🎉",
            "<script>alert('paid')</script>",
            "'; DROP TABLE invoice; --",
            "<b>bold</b> &amp; <img src=x onerror=alert()>",
            "%s%n%x {{ payment }} ${jndi}",
            "\u202egnidaer thgir\u202c \u200b\u200b",
            "NULL\x00\x07 \\x \\N",
            "lorem ipsum dolor sit amet " * 380,
            "((((((((((" * 800,
        )
    )
