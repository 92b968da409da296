"""What documents can still take, read while the company is locked."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from paysync.domain.ledger import InvoiceType
from paysync.models import Company
from paysync.services.bulk import spans
from reconciliation.models import Invoice
from reconciliation.queries.amounts import to_minor
from reconciliation.queries.promises import promised
from reconciliation.services.matching.chosen import Chosen


class Availability:
    """Minor units that each document can still take. Call with the company locked."""

    def __init__(self, company: Company, chosen: Iterable[Chosen]) -> None:
        wanted = sorted({pk for one in chosen for pk in one.taken})
        promises = promised(company, wanted)
        self.room: dict[int, int] = {}
        for part in spans(wanted):
            rows = Invoice.objects.filter(company=company, pk__any_of=part)
            for pk, kind, payable, currency in rows.values_list(
                "pk", "tran_type", "payable", "currency"
            ):
                left = abs(payable) if kind == InvoiceType.CREDIT_MEMO else payable
                left -= promises.taken.get(pk, Decimal(0))
                self.room[pk] = to_minor(left, currency)

    def take(self, one: Chosen) -> bool:
        """Take what this needs; False, and nothing taken, where it is no longer there."""
        if any(self.room.get(pk, 0) < minor for pk, minor in one.taken.items()):
            return False
        for pk, minor in one.taken.items():
            self.room[pk] -= minor
        return True
