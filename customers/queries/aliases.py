"""What people taught about payers, ready to be asked for many payments at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from customers.models import PayerAlias

MARKS = re.compile(r"[\W_]+")


def alias_text(text: str) -> str:
    """A text as aliases keep it: in capitals, without marks and blanks, at most 100 characters."""
    return MARKS.sub("", text.upper())[:100]


@dataclass(frozen=True, slots=True)
class Taught:
    """The aliases of a company: (kind, text) to customers, the most often chosen first."""

    by_text: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)

    def customers_of(
        self, *, name: str = "", gateway_customer: str = "", remittance: str = ""
    ) -> tuple[int, ...]:
        """The customers people chose for a payer who looks like this, each once."""
        if not self.by_text:
            return ()
        keys = (
            (PayerAlias.Kind.GATEWAY_CUSTOMER.value, alias_text(gateway_customer)),
            (PayerAlias.Kind.NAME.value, alias_text(name)),
            (PayerAlias.Kind.REMITTANCE.value, alias_text(remittance)),
        )
        return tuple(dict.fromkeys(pk for key in keys for pk in self.by_text.get(key, ())))


def taught(company_id: int, *, since: datetime | None = None) -> Taught:
    """One query. since: only what was taught, or chosen once more, at or after that instant."""
    rows = PayerAlias.objects.filter(company_id=company_id)
    if since is not None:
        rows = rows.filter(used_at__gte=since)
    found: dict[tuple[str, str], list[int]] = {}
    for kind, text, customer in rows.order_by("-times", "pk").values_list(
        "kind", "text", "customer_id"
    ):
        found.setdefault((kind, text), []).append(customer)
    return Taught({key: tuple(ids) for key, ids in found.items()})
