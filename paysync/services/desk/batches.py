"""How receipts leave in a file: step by step, so that dying between two steps costs nothing.

A batch is open, closing, staged, closed, in this order, one committed step each:

- closing: no receipt joins or leaves it any more. Its file may be half written, or not at all.
- staged: the whole file lies beside its place, safely on the disk, and its digest is known.
- closed: the file was renamed into its place.

Renaming is one step of the file system. So a staged batch whose file lies beside its place has not
left, and one whose file does not has left, also when the site took it away at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db import transaction

from paysync.domain.desk import DeskState, intent_of
from paysync.domain.ledger import ReceiptIntent
from paysync.models import DeskBatch, DeskReceipt
from paysync.services.audit import record
from paysync.services.bulk import locked

State = DeskBatch.State


def close_open_batches(
    connection_id: int, *, made_before: datetime, now: datetime, actor: str = "paysync"
) -> int:
    """Close the batches opened by then that hold something. Returns how many."""
    batches = DeskBatch.objects.filter(
        connection_id=connection_id, state=State.OPEN, made_at__lte=made_before
    )
    keys = list(batches.order_by("pk").values_list("pk", flat=True))
    return sum(close_batch(pk, now=now, actor=actor) for pk in keys)


def close_batch(batch_pk: int, *, now: datetime, actor: str = "paysync") -> bool:
    """Close one open batch; its receipts are handed over from here on. False: nothing to do."""
    with transaction.atomic():
        batch = locked(DeskBatch.objects.filter(pk=batch_pk, state=State.OPEN)).first()
        if batch is None:
            return False
        waiting = DeskReceipt.objects.filter(batch=batch, state=DeskState.WAITING)
        name = f"receipts-{batch.company_id}-{batch.reference}.txt"
        count = waiting.update(state=DeskState.HANDED_OVER, handed_over_at=now, changed_at=now)
        if not count:
            return False
        batch.state, batch.closed_at, batch.file_name = State.CLOSING, now, name
        batch.save(update_fields=["state", "closed_at", "file_name"])
        record(actor, "hand over receipts", batch, {"file": name, "receipts": count})
    return True


def unfinished_batches(connection_id: int) -> list[int]:
    """Batches whose file has not left yet, oldest first."""
    rows = DeskBatch.objects.filter(
        connection_id=connection_id, state__in=[State.CLOSING, State.STAGED]
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def stage_batch(batch_pk: int, write: Callable[[DeskBatch, Sequence[ReceiptIntent]], str]) -> None:
    """Write the file of a closing batch. `write` puts it beside its place and gives its digest."""
    with transaction.atomic():
        batch = locked(DeskBatch.objects.filter(pk=batch_pk, state=State.CLOSING)).first()
        if batch is None:
            return
        intents = list(intents_of(batch))
        batch.state = State.CLOSED
        if intents:
            batch.digest, batch.state = write(batch, intents), State.STAGED
        batch.save(update_fields=["digest", "state"])


def finish_batch(batch_pk: int, publish: Callable[[str, str], None]) -> None:
    """Let the file of a staged batch leave. `publish` takes its name and digest, is repeatable."""
    with transaction.atomic():
        batch = locked(DeskBatch.objects.filter(pk=batch_pk, state=State.STAGED)).first()
        if batch is None:
            return
        publish(batch.file_name, batch.digest)
        batch.state = State.CLOSED
        batch.save(update_fields=["state"])


def intents_of(batch: DeskBatch) -> Iterator[ReceiptIntent]:
    """What goes into the file. A receipt that Sage 500 has meanwhile must not go there again.

    Raises RecordError for a stored receipt that nobody can read.
    """
    rows = DeskReceipt.objects.filter(batch=batch, state=DeskState.HANDED_OVER)
    for row in rows.order_by("pk"):
        yield intent_of(row.intent)
