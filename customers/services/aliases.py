"""Learn how a payer looks from what people chose, and forget it again. It only ever suggests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from customers.models import Customer, PayerAlias
from customers.queries.aliases import Looks
from paysync.services.audit import record

#: A shorter text says nothing about who somebody is.
SHORTEST = 3


def teach(customer: Customer, looks: Looks, *, actor: str, now: datetime) -> list[int]:
    """A payer who looks like this was, by a person's choice, this customer. Returns the aliases'
    keys: unteach() takes them. Call it in the transaction of the choice.
    """
    return [
        learn(customer, kind, text, actor, now)
        for kind, text in looks.texts()
        if len(text) >= SHORTEST
    ]


def learn(customer: Customer, kind: PayerAlias.Kind, text: str, actor: str, now: datetime) -> int:
    alias, is_new = PayerAlias.objects.select_for_update().get_or_create(
        company_id=customer.company_id,
        kind=kind,
        text=text,
        customer=customer,
        defaults={"taught_by": actor[:150], "taught_at": now, "used_at": now},
    )
    if is_new:
        record(actor, "payer alias taught", alias, {"text": text, "customer": str(customer)})
        return alias.pk
    alias.times += 1
    alias.used_at = now
    alias.save(update_fields=["times", "used_at"])
    return alias.pk


def unteach(alias_ids: Iterable[int], *, actor: str) -> None:
    """Take back one choice of each; what nobody else chose is forgotten."""
    for alias in PayerAlias.objects.select_for_update().filter(pk__in=list(alias_ids)):
        if alias.times > 1:
            alias.times -= 1
            alias.save(update_fields=["times"])
        else:
            record(actor, "payer alias forgotten", alias, {"was": str(alias)})
            alias.delete()
