"""Write the cent ledger: each event once, each entry balanced, nothing ever edited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Sum

from paysync.domain.ledger import Bucket, Line, require_balanced
from paysync.domain.money import Money, digits_of
from paysync.services.bulk import CHUNK, chunks, insert_rows
from reconciliation.models import GatewayTransaction, JournalEntry, JournalLine

Balances = dict[Bucket, Money]


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry to be written. event_key: what happened, so that it is written only once."""

    transaction: GatewayTransaction
    event_key: str
    what: str
    on: date
    lines: tuple[Line, ...]


def write_entries(drafts: Sequence[Draft], *, now: datetime) -> int:
    """Write the drafts whose event is not in the ledger yet. Returns how many were written.

    Drafts without lines are passed over. Call inside the transaction of the change itself, with
    the gateway transactions locked: two writers of one event would otherwise meet at the unique
    key. Raises RecordError on an entry that does not balance, before anything is written.
    """
    drafts = [draft for draft in drafts if draft.lines]
    for draft in drafts:
        require_balanced(draft.lines)
    written: set[str] = set()
    for part in chunks([draft.event_key for draft in drafts]):
        written |= set(
            JournalEntry.objects.filter(event_key__in=part).values_list("event_key", flat=True)
        )
    new = [draft for draft in drafts if draft.event_key not in written]
    entries = insert_rows(
        [
            JournalEntry(
                transaction=draft.transaction,
                event_key=draft.event_key,
                what=draft.what,
                at=now,
                on=draft.on,
            )
            for draft in new
        ],
        by=("event_key",),
        among=JournalEntry.objects.all(),
    )
    JournalLine.objects.bulk_create(
        [
            JournalLine(
                entry=entry,
                transaction=draft.transaction,
                bucket=line.bucket,
                currency=line.amount.currency,
                amount=line.amount.amount,
            )
            for entry, draft in zip(entries, new, strict=True)
            for line in draft.lines
        ],
        batch_size=CHUNK,
    )
    return len(new)


def balances_of(transactions: Iterable[GatewayTransaction]) -> dict[int, Balances]:
    """What each transaction has in each bucket, as positive amounts. One query per 500."""
    by_id = {transaction.pk: transaction for transaction in transactions}
    result: dict[int, Balances] = defaultdict(dict)
    for part in chunks(list(by_id)):
        rows = (
            JournalLine.objects.filter(transaction_id__in=part)
            .order_by()
            .values("transaction_id", "bucket", "currency")
            .annotate(total=Sum("amount"))
        )
        for row in rows:
            digits = digits_of(row["currency"])
            money = Money(round(row["total"], digits), row["currency"])
            bucket = Bucket(row["bucket"])
            result[row["transaction_id"]][bucket] = -money if bucket == Bucket.CAPTURED else money
    return result
