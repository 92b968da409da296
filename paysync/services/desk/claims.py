"""What our receipts take of invoices whose list cannot show it yet.

Callers hold the receipt's lock. Invoices are locked after receipts, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from paysync.domain.desk import Claimed, DeskKind
from paysync.domain.ledger import Application
from paysync.models import DeskClaim, DeskReceipt, DeskRecord
from paysync.services.bulk import chunks, locked


def claimed(connection_id: int, company_id: str, tran_ids: Sequence[str]) -> dict[str, Claimed]:
    """What is taken of each invoice; one that nothing is taken of is absent."""
    found: dict[str, Claimed] = {}
    for part in chunks(tran_ids):
        rows = DeskClaim.objects.filter(
            connection_id=connection_id, company_id=company_id, tran_id__in=part
        )
        for tran_id, *parts in rows.values_list("tran_id", "amount", "discount"):
            found[tran_id] = found.get(tran_id, Claimed()) + Claimed(*parts)
    return found


def lay_claims(
    receipt: DeskReceipt,
    links: Iterable[Application],
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Replace the receipt's claims by those of `links`. Its invoices count as changed now."""
    drop_claims(receipt, now)
    rows = [
        DeskClaim(
            connection_id=receipt.connection_id,
            company_id=receipt.company_id,
            tran_id=link.invoice_tran_id.rstrip().upper(),
            receipt=receipt,
            amount=link.reduction.amount,
            discount=link.discount.amount,
            until=until,
        )
        for link in links
    ]
    DeskClaim.objects.bulk_create(rows)
    touch(receipt.connection_id, receipt.company_id, [row.tran_id for row in rows], now)


def drop_claims(receipt: DeskReceipt, now: datetime) -> None:
    held = DeskClaim.objects.filter(receipt=receipt)
    names = list(held.values_list("tran_id", flat=True))
    if names:
        held.delete()
        touch(receipt.connection_id, receipt.company_id, names, now)


def drop_shown_claims(connection_id: int, company_id: str, as_of: datetime, now: datetime) -> None:
    """A list of invoices made at `as_of` has everything that was posted by then."""
    done = DeskClaim.objects.filter(
        connection_id=connection_id, company_id=company_id, until__lte=as_of
    )
    names = list(done.values_list("tran_id", flat=True))
    for part in chunks(names):
        done.filter(tran_id__in=part).delete()
    touch(connection_id, company_id, names, now)


def touch(connection_id: int, company_id: str, tran_ids: Sequence[str], now: datetime) -> None:
    """What is payable of these invoices is another amount now: mirrors have to read them again."""
    for part in chunks(sorted(set(tran_ids))):
        rows = DeskRecord.objects.filter(
            connection_id=connection_id,
            company_id=company_id,
            kind=DeskKind.INVOICE,
            key__in=part,
        )
        list(locked(rows).order_by("key").values_list("pk"))  # in the order of every other lock
        rows.update(changed_at=now)
