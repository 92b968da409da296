"""What people taught about payers, ready to be asked for many payments at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from customers.models import PayerAlias

MARKS = re.compile(r"[\W_]+")
WORDS = re.compile(r"[^\W\d_]+")
Kind = PayerAlias.Kind
#: Words of a remittance that say nothing of who wrote it.
FILLING = frozenset(
    {"ACCOUNT", "ACCT", "ACH", "AMOUNT", "AND", "BILL", "CARD", "CUSTOMER", "FOR", "FROM", "ID",
     "IN", "INV", "INVOICE", "INVOICES", "NO", "NUMBER", "OF", "ON", "ORDER", "OUR", "PAID", "PAY",
     "PAYMENT", "PAYMENTS", "PMT", "PO", "REF", "REFERENCE", "THE", "TO", "YOUR"}
)  # fmt: skip
#: A text that was several customers' says nothing of any of them.
MOST_CUSTOMERS = 3


def alias_text(kind: Kind, text: str) -> str:
    """A text as aliases of that kind keep it: in capitals, without marks and blanks, at most 100
    characters. Of a remittance only the words that may tell who wrote it, and no digits: the next
    one names another invoice.
    """
    text = text.upper()
    if kind == Kind.REMITTANCE:
        text = "".join(word for word in WORDS.findall(text) if word not in FILLING)
    return MARKS.sub("", text)[:100]


@dataclass(frozen=True, slots=True)
class Looks:
    """How a payer looks at the gateway, as typed there."""

    name: str = ""
    gateway_customer: str = ""
    remittance: str = ""

    def texts(self) -> Iterator[tuple[Kind, str]]:
        """Each text in the form in which aliases keep it, what says most of a payer first."""
        yield Kind.GATEWAY_CUSTOMER, alias_text(Kind.GATEWAY_CUSTOMER, self.gateway_customer)
        yield Kind.NAME, alias_text(Kind.NAME, self.name)
        yield Kind.REMITTANCE, alias_text(Kind.REMITTANCE, self.remittance)


@dataclass(frozen=True, slots=True)
class Taught:
    """The aliases of a company: by kind and text the customers, the most often chosen first, and
    when one of them was chosen last.
    """

    by_text: dict[tuple[Kind, str], tuple[int, ...]] = field(default_factory=dict)
    used_at: dict[tuple[Kind, str], datetime] = field(default_factory=dict)

    def customers_of(self, looks: Looks) -> tuple[int, ...]:
        """The customers people chose for a payer who looks like this, each once."""
        if not self.by_text:
            return ()
        found = (self.by_text.get(key, ()) for key in looks.texts())
        known = (customers for customers in found if len(customers) <= MOST_CUSTOMERS)
        return tuple(dict.fromkeys(pk for customers in known for pk in customers))

    def is_news(self, looks: Looks, since: datetime) -> bool:
        """Whether a customer was chosen for such a payer at or after that instant."""
        chosen = (self.used_at.get(key) for key in looks.texts())
        return any(at is not None and at >= since for at in chosen)


def taught(company_id: int, *, since: datetime | None = None) -> Taught:
    """One query. since: only what was taught, or chosen once more, at or after that instant."""
    rows = PayerAlias.objects.filter(company_id=company_id)
    if since is not None:
        rows = rows.filter(used_at__gte=since)
    found: dict[tuple[Kind, str], list[int]] = {}
    used: dict[tuple[Kind, str], datetime] = {}
    for kind, text, customer, at in rows.order_by("-times", "pk").values_list(
        "kind", "text", "customer_id", "used_at"
    ):
        key = (Kind(kind), text)
        found.setdefault(key, []).append(customer)
        used[key] = max(at, used.get(key, at))
    return Taught({key: tuple(ids) for key, ids in found.items()}, used)
