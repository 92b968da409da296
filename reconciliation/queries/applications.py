"""What matches apply, as their receipts carry it."""

from __future__ import annotations

from collections.abc import Iterable

from paysync.domain.ledger import Application as DomainApplication
from paysync.domain.money import Money
from paysync.services.bulk import chunks
from reconciliation.models import Application


def applications_of(match_ids: Iterable[int]) -> dict[int, list[DomainApplication]]:
    """The applications of these matches, by match; a match without any is absent."""
    found: dict[int, list[DomainApplication]] = {}
    for part in chunks(match_ids):
        rows = Application.objects.filter(match_id__in=part).order_by("pk")
        for match_id, tran_id, currency, *parts in rows.values_list(
            "match_id", "invoice__tran_id", "match__currency", "amount", "discount", "write_off"
        ):
            amount, discount, write_off = (Money(value, currency) for value in parts)
            link = DomainApplication(tran_id, amount, discount, write_off)
            found.setdefault(match_id, []).append(link)
    return found
