"""Many payments at once: those of known payers that name their document and pay it exactly.

Such a payment and its one document say all there is to say of it, so that they can be decided in
slices, in memory that does not grow with the company. The engine decides here as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from paysync.models import Company
from reconciliation.models import GatewayTransaction, Invoice
from reconciliation.queries.candidates import documents_by_id
from reconciliation.queries.waiting import Rows, waiting
from reconciliation.services.matching.loading import Loaded, load

#: From so many new payments on, the exact ones go first.
WORTH_SLICING = 5_000
SLICE = 5_000


def exact_slices(company: Company, now: datetime) -> Iterator[Loaded]:
    """New payments with the one document each of them pays exactly, oldest first.

    A document that several of them name is left to the run over everything.
    """
    fresh = plain_payments(company)
    if not fresh[WORTH_SLICING : WORTH_SLICING + 1].exists():
        return
    contested = named_twice(company)
    last: GatewayTransaction | None = None
    while rows := list(after(fresh, last)[:SLICE]):
        last = rows[-1]
        pairs = exact_pairs(company, [r for r in rows if name_of(r) not in contested])
        if pairs:
            yield load(company, list(pairs.values()), now, documents_by_id(company, pairs))


def plain_payments(company: Company) -> Rows:
    """Never decided, of known payers, with a reference and no other text."""
    rows = waiting(company).filter(match_tried_at__isnull=True, customer__isnull=False)
    return rows.filter(description="").exclude(invoice_reference="").order_by("created_at", "pk")


def after(rows: Rows, last: GatewayTransaction | None) -> Rows:
    if last is None:
        return rows
    later = Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk)
    return rows.filter(later, created_at__gte=last.created_at)


def named_twice(company: Company) -> set[str]:
    """References that more than one waiting payment carries, those tried before included."""
    rows = waiting(company).exclude(invoice_reference="").order_by()
    seen: set[str] = set()
    twice: set[str] = set()
    for text in rows.values_list("invoice_reference", flat=True).iterator():
        name = plain(text)
        (twice if name in seen else seen).add(name)
    return twice


def plain(reference: str) -> str:
    """Two references of one plain form name the same document, whatever the database compares."""
    return reference.strip().upper()


def name_of(row: GatewayTransaction) -> str:
    return plain(row.invoice_reference)


def exact_pairs(company: Company, rows: list[GatewayTransaction]) -> dict[int, GatewayTransaction]:
    """By document: the payment that names it, is of its customer and pays what is open."""
    by_name = {name_of(row): row for row in rows}
    documents = Invoice.objects.filter(company=company, tran_id__any_of=list(by_name))
    pairs: dict[int, GatewayTransaction] = {}
    for pk, tran_id, customer, payable in documents.values_list(
        "pk", "tran_id", "customer_id", "payable"
    ):
        row = by_name.get(plain(tran_id))
        if row is not None and row.customer_id == customer and row.amount == payable:
            pairs[pk] = row
    return pairs
