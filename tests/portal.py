"""What tests of the API for programs share: clients with keys, and requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone

from paysync.domain.scopes import Scope
from paysync.models import ApiClient, Company
from paysync.services.api_keys import issue_key, make_client

numbers = count(1)


@dataclass
class Program:
    """A program with its key; `customer` narrows each request."""

    client: ApiClient
    key: str
    customer: int | None = None
    web: Client = field(default_factory=Client)

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.key}"}
        if self.customer is not None:
            own["Paysync-Customer"] = str(self.customer)
        return own | (more or {})

    def get(self, address: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.web.get(address, query or {}, headers=self.headers(headers))

    def post(self, address: str, body: Any = None, **headers: str) -> Any:
        return self.web.post(
            address, body, content_type="application/json", headers=self.headers(headers)
        )


def program(
    *companies: Company,
    scopes: Iterable[Scope] = tuple(Scope),
    customer: int | None = None,
    **fields: Any,
) -> Program:
    """A program of these companies that may do everything, unless told otherwise."""
    number = next(numbers)
    client = make_client(
        name=f"Portal {number}",
        slug=f"portal-{number}",
        companies=companies,
        scopes=scopes,
        actor="ada",
        **fields,
    )
    _, text = issue_key(client, lives=timedelta(days=30), actor="ada", now=timezone.now())
    return Program(client, text, customer)
