"""What is known of a customer in either system, made comparable."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: Legal forms say nothing about who a company is.
FORMS = frozenset(
    {
        "co", "company", "corp", "corporation", "inc", "incorporated", "limited", "llc", "llp",
        "lp", "ltd", "plc", "the",
    }
)  # fmt: skip
NOT_WORD = re.compile(r"[\W_]+")
#: A phone number without its country and trunk prefixes.
PHONE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Party:
    """key: the caller's own. card: last four digits and expiry, such as "1111 0428". "" where a
    thing is not known.
    """

    key: str
    name: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    email: str = ""
    phone: str = ""
    card: str = ""
    customer_id: str = ""


def clean(text: str) -> str:
    """Letters and digits in lower case without accents, words apart by one blank."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return NOT_WORD.sub(" ", kept).strip()


def name_of(text: str) -> str:
    """The name without its legal form, unless there is nothing else."""
    words = clean(text).split()
    return " ".join([word for word in words if word not in FORMS] or words)


def id_of(text: str) -> str:
    """A customer number as people copy it: "acme-0012", "ACME 12" and "Acme12" are one."""
    plain = clean(text).replace(" ", "")
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain)


def digits_of(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def comparable(party: Party) -> Party:
    """The party with every text in the form in which two are compared."""
    return Party(
        key=party.key,
        name=name_of(party.name),
        street=clean(party.street),
        city=clean(party.city),
        postal_code=clean(party.postal_code).replace(" ", ""),
        email=party.email.strip().casefold(),
        phone=digits_of(party.phone)[-PHONE_DIGITS:],
        card=digits_of(party.card),
        customer_id=id_of(party.customer_id),
    )
