"""The desk of one connection, over the ORM: what its adapter reads, and the receipts it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Min, QuerySet

from paysync.domain.desk import (
    LIVE_STATES,
    Claimed,
    DeskEntry,
    DeskKind,
    DeskState,
    RacedError,
    intent_to_json,
    mark_of,
    payload_hash,
)
from paysync.domain.desk.entries import Json
from paysync.domain.ledger import ReceiptIntent
from paysync.models import Company, DeskBatch, DeskReceipt, DeskRecord, DeskSnapshot
from paysync.services.bulk import CHUNK, chunks, locked
from paysync.services.desk.claims import claimed, drop_claims, lay_claims
from paysync.services.desk.rows import to_entry
from paysync.services.desk.staff import is_told, staff_receipts


class OrmDeskStore:
    """A `DeskStore` (paysync/adapters/sage500/desk/store.py) of one connection."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id

    def company_ids(self) -> list[str]:
        rows = Company.objects.filter(erp_connection_id=self.connection_id)
        return sorted(rows.values_list("company_id", flat=True))

    # --- what the site exported -----------------------------------------------------------------

    def ages(self, company_id: str) -> dict[DeskKind, datetime]:
        """How Sage 500 was at least, by list; one that was never imported is absent."""
        rows = DeskSnapshot.objects.filter(
            connection_id=self.connection_id,
            company_id=company_id,
            kind__in=list(DeskKind),
            as_of__isnull=False,
        )
        return {DeskKind(row.kind): row.as_of for row in rows if row.as_of}

    def _records(self, company_id: str, kind: DeskKind) -> QuerySet[DeskRecord]:
        return DeskRecord.objects.filter(
            connection_id=self.connection_id, company_id=company_id, kind=kind
        )

    def records(
        self, company_id: str, kind: DeskKind, since: datetime | None = None
    ) -> Iterator[tuple[Json, datetime]]:
        """Current records, or with `since` those changed since, closed invoices included."""
        rows = self._records(company_id, kind)
        if since is None:
            rows = rows.filter(is_current=True)
        else:
            rows = rows.filter(changed_at__gte=since)
            rows = rows if kind is DeskKind.INVOICE else rows.filter(is_current=True)
        last = ""  # by key, as the unique index has them: by pk would read the whole table
        while part := list(rows.filter(key__gt=last).order_by("key")[:CHUNK]):
            last = part[-1].key
            yield from ((row.data, row.changed_at) for row in part)

    def find(
        self, company_id: str, kind: DeskKind, keys: Sequence[str], *, lock: bool = False
    ) -> dict[str, tuple[Json, datetime]]:
        """Records by key. lock: inside `change`, so that nobody else takes of them meanwhile."""
        rows = self._records(company_id, kind).order_by("key")
        if kind is not DeskKind.INVOICE:
            rows = rows.filter(is_current=True)
        if lock:
            rows = locked(rows)
        wanted = sorted({key.rstrip().upper() for key in keys})
        return {
            row.key: (row.data, row.changed_at)
            for part in chunks(wanted)
            for row in rows.filter(key__in=part)
        }

    def claimed(self, company_id: str, tran_ids: Sequence[str]) -> dict[str, Claimed]:
        return claimed(self.connection_id, company_id, tran_ids)

    # --- receipts -------------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[None]:
        """All or nothing. What is locked inside stays locked to the end.

        A deadlock or a lock that did not come is RacedError: nothing was written. What goes wrong
        at the end, when it may have been, is not.
        """
        with transaction.atomic():
            try:
                yield
            except OperationalError as error:
                raise RacedError("the database asks to try again") from error

    def lock_receipt(self, idempotency_key: str) -> DeskEntry | None:
        """The receipt, locked together with its batch. Batches are always locked first."""
        batch = DeskBatch.objects.filter(
            receipts__idempotency_key=idempotency_key, connection_id=self.connection_id
        ).first()
        if batch is None:
            return None
        locked(DeskBatch.objects.all()).get(pk=batch.pk)
        row = locked(DeskReceipt.objects.all()).get(idempotency_key=idempotency_key)
        return to_entry(row)

    def rival_of(self, intent: ReceiptIntent) -> tuple[str, str] | None:
        """(reason, key) of a live receipt that says the same payment or number as this one."""
        live = DeskReceipt.objects.filter(
            connection_id=self.connection_id,
            company_id=intent.company_id,
            state__in=sorted(LIVE_STATES),
        ).order_by("pk")
        mark = mark_of(intent.comment)
        rivals: list[tuple[str, dict[str, str]]] = [
            ("duplicate_reference", {"gateway_reference": intent.gateway_reference}),
            ("duplicate_tran_no", {"tran_no": normal(intent.tran_no)}),
            ("duplicate_reference", {"mark": mark, "customer_id": normal(intent.customer_id)}),
        ]
        for reason, same in rivals[: 3 if mark else 2]:
            rival = live.filter(**same).first()
            if rival:
                return reason, rival.idempotency_key
        return None

    def lock_batch(self, intent: ReceiptIntent, now: datetime) -> int:
        """The open batch this receipt goes into, made if need be, and locked."""
        scope = {
            "connection_id": self.connection_id,
            "company_id": intent.company_id,
            "cash_account_id": normal(intent.cash_account_id),
            "post_date": intent.post_date,
            "currency": intent.amount.currency,
        }
        batch = locked(DeskBatch.objects.filter(**scope, state=DeskBatch.State.OPEN)).first()
        if batch is None:
            try:
                with transaction.atomic():
                    batch = DeskBatch.objects.create(**scope, made_at=now)
            except IntegrityError as error:
                raise RacedError("another worker opened the batch") from error
        return batch.pk

    def add_receipt(self, intent: ReceiptIntent, batch_pk: int, now: datetime) -> DeskEntry:
        """Write a checked receipt. Raises RacedError when another worker was first."""
        row = DeskReceipt(
            connection_id=self.connection_id,
            company_id=intent.company_id,
            idempotency_key=intent.idempotency_key,
            gateway_reference=intent.gateway_reference,
            payload_hash=payload_hash(intent),
            intent=intent_to_json(intent),
            batch=DeskBatch.objects.get(pk=batch_pk),
            customer_id=normal(intent.customer_id),
            tran_no=normal(intent.tran_no),
            mark=mark_of(intent.comment),
            currency=intent.amount.currency,
            amount=intent.amount.amount,
            tran_date=intent.tran_date,
            made_at=now,
            changed_at=now,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise RacedError("another worker wrote the receipt") from error
        row.batch.count += 1
        row.batch.save(update_fields=["count"])
        lay_claims(row, intent.applications, now)
        return to_entry(row)

    def withdraw(self, entry: DeskEntry, now: datetime) -> None:
        """Take a locked receipt back."""
        row = DeskReceipt.objects.get(pk=entry.pk)
        row.state, row.changed_at = DeskState.WITHDRAWN, now
        row.save(update_fields=["state", "changed_at"])
        drop_claims(row, now)

    def find_receipts(self, idempotency_keys: Sequence[str]) -> dict[str, DeskEntry]:
        rows = DeskReceipt.objects.filter(connection_id=self.connection_id)
        rows = rows.select_related("batch").order_by("pk")
        return {
            row.idempotency_key: to_entry(row)
            for part in chunks(dict.fromkeys(idempotency_keys))
            for row in rows.filter(idempotency_key__in=part)
        }

    def receipts_on(self, company_id: str, start: date, end: date) -> Iterator[DeskEntry]:
        rows = DeskReceipt.objects.filter(
            connection_id=self.connection_id,
            company_id=company_id,
            tran_date__range=(start, end),
        ).select_related("batch")
        last = 0
        while part := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
            last = part[-1].pk
            yield from map(to_entry, part)

    def has_staff_receipts(self, company_id: str) -> bool:
        """Whether Sage's list of receipts ever came."""
        return is_told(self.connection_id, company_id)

    def staff_receipts(self, company_id: str, start: date, end: date) -> Iterator[Json]:
        return staff_receipts(self.connection_id, company_id, start, end)

    def oldest_unanswered(self, company_id: str) -> datetime | None:
        """Since when the oldest receipt waits, or lies in a file, that nobody told of."""
        rows = DeskReceipt.objects.filter(
            connection_id=self.connection_id,
            company_id=company_id,
            state__in=[DeskState.WAITING, DeskState.HANDED_OVER],
        )
        return rows.aggregate(first=Min("made_at"))["first"]  # type: ignore[no-any-return]

    def counts(self, company_id: str) -> Mapping[DeskState, int]:
        """How many receipts are in each state that news may still come of."""
        rows = DeskReceipt.objects.filter(
            connection_id=self.connection_id, company_id=company_id
        ).exclude(state=DeskState.POSTED)
        counted: dict[DeskState, int] = {}
        for state in rows.order_by().values_list("state", flat=True):
            counted[DeskState(state)] = counted.get(DeskState(state), 0) + 1
        return counted


def normal(text: str) -> str:
    """An id as Sage 500 compares it: without trailing blanks, in any case (collation, inferred)."""
    return text.rstrip().upper()
