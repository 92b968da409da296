"""Write the cent ledger: each event once, each entry balanced, nothing ever edited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Sum

from paysync.domain.ledger import Bucket, Line, require_balanced
from paysync.domain.money import Money, digits_of
from paysync.services.bulk import insert_rows, insert_values, maker, spans
from reconciliation.models import GatewayTransaction, JournalEntry, JournalLine

Balances = dict[Bucket, Money]
BUCKETS = {bucket.value: bucket for bucket in Bucket}
make_entry = maker(JournalEntry)


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
    for part in spans([draft.event_key for draft in drafts]):
        written |= set(
            JournalEntry.objects.filter(event_key__any_of=part).values_list("event_key", flat=True)
        )
    new = [draft for draft in drafts if draft.event_key not in written]
    entries = insert_rows(
        [
            make_entry(
                transaction_id=draft.transaction.pk,
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
    insert_values(
        JournalLine,
        ("entry_id", "transaction_id", "bucket", "currency", "amount"),
        [
            (entry.pk, draft.transaction.pk, line.bucket.value, money.currency, money.amount)
            for entry, draft in zip(entries, new, strict=True)
            for line in draft.lines
            if (money := line.amount)
        ],
    )
    return len(new)


def balances_of(
    transactions: Iterable[GatewayTransaction], buckets: Collection[Bucket] | None = None
) -> dict[int, Balances]:
    """What each transaction has in each bucket, or in each of `buckets`, as positive amounts."""
    result: dict[int, Balances] = defaultdict(dict)
    lines = JournalLine.objects.order_by()
    if buckets is not None:
        lines = lines.filter(bucket__in=buckets)
    for part in spans({transaction.pk for transaction in transactions}):
        rows = (
            lines.filter(transaction_id__any_of=part)
            .order_by()
            .values("transaction_id", "bucket", "currency")
            .annotate(total=Sum("amount"))
            .values_list("transaction_id", "bucket", "currency", "total")
        )
        for pk, name, currency, total in rows:
            money = Money(round(total, digits_of(currency)), currency)
            bucket = BUCKETS[name]
            result[pk][bucket] = -money if bucket == Bucket.CAPTURED else money
    return result
