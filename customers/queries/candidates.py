"""Which ERP customers somebody may be: those that share something, ranked. Nothing is linked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from customers.domain.candidates import Candidate, CandidateIndex
from customers.domain.parties import Party, name_of
from customers.models import Customer
from paysync.models import Company

#: Customers that are compared at most: of the newest, where more share a piece of the name.
MOST = 2000
#: Below this a suggestion is more noise than help (chosen).
LEAST = 50
#: Words of the name that are looked for, the longest first, by their first and last letters: a
#: typing error spoils one end of a word, rarely both.
WORDS, LETTERS = 3, 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An ERP customer with what speaks for it."""

    customer: Customer
    candidate: Candidate


def find_candidates(company: Company, party: Party, *, limit: int = 5) -> list[Suggestion]:
    """The likeliest first. One query; empty where nobody is alike."""
    rows = {str(row.pk): row for row in near_rows(company, party)}
    index = CandidateIndex(party_of(row) for row in rows.values())
    found = index.find(party, limit=limit)
    return [Suggestion(rows[one.key], one) for one in found if one.score >= LEAST]


def near_rows(company: Company, party: Party) -> QuerySet[Customer]:
    """Customers that share a piece of the name, or the e-mail address."""
    near = Q(pk__in=[])
    for piece in pieces_of(party.name):
        near |= Q(name__icontains=piece)
    if party.email:
        near |= Q(email__iexact=party.email.strip())
    return Customer.objects.filter(near, company=company).order_by("-pk")[:MOST]


def pieces_of(name: str) -> Iterator[str]:
    words = sorted(set(name_of(name).split()), key=lambda word: (-len(word), word))
    for word in words[:WORDS]:
        if len(word) >= LETTERS:
            yield from {word[:LETTERS], word[-LETTERS:]}
        elif len(word) > 1:
            yield word


def party_of(customer: Customer) -> Party:
    """address: as the ERP port gives it (`line1` to `line5`, `city`, `postal_code`)."""
    address = {name: str(value or "") for name, value in customer.address.items()}
    lines = (value for name, value in sorted(address.items()) if name.startswith("line"))
    return Party(
        key=str(customer.pk),
        name=customer.name,
        street=" ".join(value for value in lines if value),
        city=address.get("city", ""),
        postal_code=address.get("postal_code", ""),
        email=customer.email,
        phone=customer.phone,
        customer_id=customer.customer_id,
    )
