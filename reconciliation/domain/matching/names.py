"""Labels, names and order numbers made comparable. Names are a hint, never a proof."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reconciliation.domain.matching.vocabulary import words

NOT_WORDS = words(
    "INC LLC LLP LTD LIMITED CORP CORPORATION CO COMPANY GMBH AG SA BV PLC PLLC PC LP THE AND OF "
    "DBA ATTN ACCOUNTS PAYABLE MR MRS MS DR INCORPORATED GROUP HOLDING HOLDINGS"
)
WORD = re.compile(r"[A-Z0-9]+")
#: Digits of a document number as Sage 500 writes it.
PADDED = 10
#: So much of a text is read; more is noise or an attack.
READ = 2_000


def upper(text: str) -> str:
    """Capitals without accents; full-width digits become plain ones."""
    text = text[:READ]
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)[:READ]
        text = "".join(c for c in text if not unicodedata.combining(c))
    return text.upper()


@lru_cache(maxsize=100_000)
def label_key(label: str) -> str:
    """ " acme-01 " and "ACME01" are one label; so are "000123" and "123"."""
    key = "".join(WORD.findall(upper(label)))
    return key.lstrip("0") if key.isdigit() else key


@lru_cache(maxsize=100_000)
def name_key(name: str) -> frozenset[str]:
    """The words of a name that tell it from others."""
    return frozenset(word for word in WORD.findall(upper(name)) if word not in NOT_WORDS)


def order_key(order: str) -> str:
    """A purchase order without marks, the word PO and leading zeros."""
    key = "".join(WORD.findall(upper(order)))
    if key.startswith("PO") and key[2:].isdigit():
        key = key[2:]
    return key.lstrip("0")


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two names may well be of one firm: the same words, or most of the shorter name."""
    common = one & other
    if not common or sum(map(len, common)) < 4:
        return False
    shorter = min(len(one), len(other))
    return one == other or (len(common) == shorter and shorter > 1) or len(common) >= 3


def is_representable(text: str) -> bool:
    """Whether Sage's varchar columns can hold the text (Windows-1252, no control characters)."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return text.isprintable()


def number_of(reference: str) -> str:
    """The document number in a reference, without prefix and leading zeros; "" if there is none.

    "IN-0000012345", "inv 12345", "#12345" and "0012345" all give "12345".
    """
    found = re.fullmatch(r"\s*(?:[A-Za-z]{1,8}[\s.#:-]*)?#?0*(\d{1,10})\s*", reference)
    return found.group(1) if found else ""
