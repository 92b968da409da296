"""Which parts of a payment's text the engine could read, so that people see them at a glance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciliation.domain.matching.slips import slips

#: A document id, or a number; what is longer than any document number is none.
PARTS = re.compile(r"[A-Za-z]{1,3}-?\d{3,}|\d{2,}|[A-Za-z][A-Za-z0-9-]{2,11}")
#: Texts from outside are marked up to here; the rest is shown as it is.
READ = 1_000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text. names: the document or customer it was read as; "" for none."""

    text: str
    names: str = ""
    is_sure: bool = True


def names_in(card: Mapping[str, Any]) -> dict[str, str]:
    """What a card speaks of, as {how it may be written: what it is}."""
    known: dict[str, str] = {}
    for solution in card.get("solutions", ()):
        tran_ids = [share["tran_id"] for share in solution.get("shares", ())]
        tran_ids += [credit["memo_tran_id"] for credit in solution.get("credits", ())]
        for tran_id in tran_ids:
            known.setdefault(key_of(tran_id), tran_id)
            known.setdefault(digits_in(tran_id), tran_id)
        label = solution.get("customer", {}).get("label", "")
        if label:
            known.setdefault(label.upper(), f"customer {label}")
    known.pop("", None)
    return known


def marked(text: str, known: Mapping[str, str]) -> list[Part]:
    """The text in pieces, those that mean something with what they mean."""
    near = nearly(known)
    pieces: list[Part] = []
    end = 0
    for found in PARTS.finditer(text[:READ]):
        part = read_as(found.group(), known, near)
        if part is None:
            continue
        if found.start() > end:
            pieces.append(Part(text[end : found.start()]))
        pieces.append(part)
        end = found.end()
    return [*pieces, Part(text[end:])] if end < len(text) else pieces


def read_as(word: str, known: Mapping[str, str], near: Mapping[str, str]) -> Part | None:
    for key in (key_of(word), digits_in(word), word.upper()):
        if key in known:
            return Part(word, known[key])
    number = digits_in(word)
    return Part(word, near[number], is_sure=False) if number in near else None


def nearly(known: Mapping[str, str]) -> dict[str, str]:
    """Numbers one slip of the hand away from a document's."""
    numbers = [key for key in known if key.isdecimal() and len(key) >= 4]
    return {slip: known[number] for number in numbers for slip in slips(number)}


def key_of(text: str) -> str:
    """A document id as it is compared: in capitals, without marks, its number without zeros."""
    letters = "".join(filter(str.isalpha, text.upper()))
    return letters + digits_in(text) if letters and digits_in(text) else ""


def digits_in(text: str) -> str:
    return "".join(filter(str.isdecimal, text)).lstrip("0")
