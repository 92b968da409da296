"""Who calls the API, and how far what it may see reaches."""

from __future__ import annotations

from dataclasses import dataclass

from paysync.domain.scopes import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a key that works.

    companies: keys of the companies it is for. customer: the key of the one customer that this
    request is about, where it was narrowed to one; then nobody else's records exist for it.
    """

    client_id: int
    requests_a_minute: int
    companies: frozenset[int]
    scopes: frozenset[Scope]
    customer: int | None = None
