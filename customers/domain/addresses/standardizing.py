"""An address as the US Postal Service wants it; one of another country stays in its own form."""

from __future__ import annotations

import re
from dataclasses import replace

import usaddress

from customers.domain.addresses.address import LINES, Address, Standardized, changes_between
from customers.domain.addresses.tables import CODES, DIRECTIONS, STATES, SUFFIXES, UNITS, US

ZIP = re.compile(r"(\d{5})(?:[- ]?(\d{4}))?")
PUNCTUATION = re.compile(r"[.,;:]+(?=\s|$)|^[.,;:]+")
BOX = "PO BOX"
#: The three-letter code of ISO 3166. That a site's Sage 500 uses it is inferred.
COUNTRY = "USA"
#: Which table abbreviates what the parser says a word is.
TABLES = {
    "StreetNamePostType": SUFFIXES,
    "StreetNamePreDirectional": DIRECTIONS,
    "StreetNamePostDirectional": DIRECTIONS,
    "OccupancyType": UNITS,
    "SubaddressType": UNITS,
}
#: A longer line is no delivery line, and the parser is not made for it.
LONGEST = 120
WHY = {name: "USPS Publication 28" for name in (*(f"line{n + 1}" for n in range(LINES)), "city")}
WHY |= {
    "state": "two-letter code",
    "postal_code": "as Sage 500 keeps it",
    "country": "country code",
}


def standardize(raw: Address) -> Standardized:
    """Never loses a word: what is not understood stays, and `raw` is kept beside it.

    Other countries: blanks only. Source: USPS Publication 28 (capitals, no punctuation, standard
    abbreviations); which word is what, by `usaddress`.
    """
    tidy = Address(*(" ".join(value.split()) for value in raw.as_dict().values()))
    if not is_us(tidy):
        return Standardized(raw, tidy, is_us=False, changes=changes_between(raw, tidy, {}))
    done = replace(
        tidy,
        **{f"line{n + 1}": delivery_line(line) for n, line in enumerate(tidy.lines)},
        city=words(tidy.city),
        state=state_code(tidy.state),
        postal_code=zip_code(tidy.postal_code),
        country=COUNTRY if tidy.country else "",
    )
    return Standardized(raw, done, is_us=True, changes=changes_between(raw, done, WHY))


def is_us(address: Address) -> bool:
    """By its country; without one, by state and ZIP together."""
    if address.country:
        return words(address.country) in US
    is_zip = ZIP.fullmatch(address.postal_code) is not None
    return is_zip and state_code(address.state) in CODES


def words(text: str) -> str:
    """In capitals, without punctuation at the end of words."""
    return " ".join(PUNCTUATION.sub(" ", text.upper().replace(".", " ")).split())


def state_code(text: str) -> str:
    name = words(text)
    return STATES.get(name, name)


def zip_code(text: str) -> str:
    """Five or nine digits without a dash, as Sage 500 keeps it; anything else as it is."""
    found = ZIP.fullmatch(text)
    return "".join(part for part in found.groups() if part) if found else text


def delivery_line(line: str) -> str:
    if not line or len(line) > LONGEST:
        return words(line)
    said: list[str] = []
    for word, label in usaddress.parse(line):
        plain = words(word)
        if label == "USPSBoxType":
            if BOX not in said and not is_group(said):
                said.append(BOX)
            elif is_group(said) and plain == "BOX":
                said.append(plain)
            continue
        said.append(TABLES.get(label, {}).get(plain, plain))
    return " ".join(part for part in said if part)


def is_group(said: list[str]) -> bool:
    """A box of a rural route is a box, no post office box."""
    return bool(said) and said[0] in {"RR", "HC", "RURAL", "HIGHWAY"}
