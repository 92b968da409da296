"""Reason codes of the card brands: what a cardholder's claim is about.

Source: the brands' lists as gateways publish them, among them the vendor's own (North's developer
portal). Only codes on which these agree are here; any other is kept as it was typed and called
unknown. Discover's four-digit codes are put beside its letters by equal titles (inferred).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciliation.domain.disputes.tables import (
    AMEX,
    DISCOVER,
    DISCOVER_NUMBERS,
    MASTERCARD,
    MASTERCARD_RETIRED,
    VISA,
)
from reconciliation.domain.grades import Grade


class Brand(StrEnum):
    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    OTHER = "other"


class DisputeCategory(StrEnum):
    FRAUD = "fraud"
    AUTHORIZATION = "authorization"
    PROCESSING = "processing_error"
    CONSUMER = "consumer_dispute"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DisputeCode:
    """code: in the brand's own spelling. is_retired: the brand uses another one by now."""

    brand: Brand
    code: str
    title: str
    category: DisputeCategory
    is_retired: bool = False
    grade: Grade = Grade.CERTAIN

    @property
    def is_known(self) -> bool:
        return self.category != DisputeCategory.UNKNOWN


def entries(
    brand: Brand, table: dict[str, dict[str, str]], *, is_retired: bool = False
) -> dict[tuple[Brand, str], DisputeCode]:
    return {
        (brand, code): DisputeCode(brand, code, title, DisputeCategory(category), is_retired)
        for category, titles in table.items()
        for code, title in titles.items()
    }


DISPUTE_CODES: dict[tuple[Brand, str], DisputeCode] = {
    **entries(Brand.VISA, VISA),
    **entries(Brand.MASTERCARD, MASTERCARD),
    **entries(Brand.MASTERCARD, MASTERCARD_RETIRED, is_retired=True),
    **entries(Brand.AMEX, AMEX),
    **entries(Brand.DISCOVER, DISCOVER),
}

#: How gateways and processors write the brands.
SPELLINGS = {
    "visa": Brand.VISA,
    "vi": Brand.VISA,
    "mastercard": Brand.MASTERCARD,
    "mc": Brand.MASTERCARD,
    "amex": Brand.AMEX,
    "americanexpress": Brand.AMEX,
    "ax": Brand.AMEX,
    "discover": Brand.DISCOVER,
    "ds": Brand.DISCOVER,
    "diners": Brand.DISCOVER,
    "dinersclub": Brand.DISCOVER,
}


def brand_of(text: str) -> Brand:
    """The brand that a word names; OTHER where we do not know it."""
    return SPELLINGS.get(re.sub(r"[^a-z]", "", text.lower()), Brand.OTHER)


def codes_of(brand: Brand) -> list[DisputeCode]:
    """What a form offers: the codes in use, in the order of the list."""
    return [one for (of, _), one in DISPUTE_CODES.items() if of == brand and not one.is_retired]


def find_code(brand: Brand, typed: str) -> DisputeCode | None:
    """The entry of a code, however it is spelled; None where the list has none."""
    code = re.sub(r"\s", "", typed).upper()
    if brand == Brand.MASTERCARD and re.fullmatch(r"[0-9]{2}", code):
        code = f"48{code}"  # the old short form: 37 for 4837
    if brand == Brand.DISCOVER and code in DISCOVER_NUMBERS:
        found = DISPUTE_CODES[brand, DISCOVER_NUMBERS[code]]
        return replace(found, code=code, grade=Grade.INFERRED)
    return DISPUTE_CODES.get((brand, code))


def explain_dispute(brand: Brand, typed: str) -> DisputeCode:
    """What a claim is about. A code we do not know stays as it was typed."""
    return find_code(brand, typed) or DisputeCode(
        brand,
        typed.strip(),
        "Unknown reason code: see the processor's letter",
        DisputeCategory.UNKNOWN,
        grade=Grade.UNKNOWN,
    )
