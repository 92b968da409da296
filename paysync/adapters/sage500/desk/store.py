"""What a desk needs kept for it: the lists a site exported, and the receipts we have for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol

from paysync.domain.desk import (
    Acknowledgement,
    Claimed,
    DeskEntry,
    DeskKind,
    DeskState,
    Kept,
    Listed,
    Problem,
    SageReceipt,
    Sighting,
    Taken,
)
from paysync.domain.desk.entries import Json
from paysync.domain.ledger import ReceiptIntent

#: The neutral values of a record, and when they last changed here.
Row = tuple[Json, datetime]


class DeskStore(Protocol):
    """The desk of one connection. Keys are ids in capitals, without trailing blanks."""

    def company_ids(self) -> Sequence[str]: ...

    def ages(self, company_id: str) -> Mapping[DeskKind, datetime]:
        """How Sage 500 was at least, by list; one that was never imported is absent."""
        ...

    def records(
        self, company_id: str, kind: DeskKind, since: datetime | None = None
    ) -> Iterator[Row]:
        """Current records, or with `since` those changed since, closed invoices included."""
        ...

    def find(
        self, company_id: str, kind: DeskKind, keys: Sequence[str], *, lock: bool = False
    ) -> Mapping[str, Row]: ...

    def claimed(self, company_id: str, tran_ids: Sequence[str]) -> Mapping[str, Claimed]:
        """What our receipts take of these invoices beyond what the list of invoices shows."""
        ...

    def change(self) -> AbstractContextManager[None]:
        """All or nothing. What is locked inside stays locked to the end."""
        ...

    def lock_receipt(self, idempotency_key: str) -> DeskEntry | None: ...

    def lock_batch(self, intent: ReceiptIntent, now: datetime) -> int:
        """The open batch the receipt goes into. Raises RacedError."""
        ...

    def rival_of(self, intent: ReceiptIntent) -> tuple[str, str] | None:
        """(reason, key) of a live receipt that is the same payment or has the same number."""
        ...

    def add_receipt(self, intent: ReceiptIntent, batch_pk: int, now: datetime) -> DeskEntry:
        """Raises RacedError."""
        ...

    def withdraw(self, entry: DeskEntry, now: datetime) -> None: ...

    def find_receipts(self, idempotency_keys: Sequence[str]) -> Mapping[str, DeskEntry]: ...

    def receipts_on(self, company_id: str, start: date, end: date) -> Iterator[DeskEntry]: ...

    def has_staff_receipts(self, company_id: str) -> bool:
        """Whether Sage's list of receipts ever came."""
        ...

    def staff_receipts(self, company_id: str, start: date, end: date) -> Iterator[Json]:
        """The receipts of Sage's list that are none of ours, in neutral values."""
        ...

    def oldest_unanswered(self, company_id: str) -> datetime | None:
        """Since when the oldest receipt waits, or lies in a file, that nobody told of."""
        ...

    def counts(self, company_id: str) -> Mapping[DeskState, int]:
        """How many receipts are in each state but posted."""
        ...


class Batch(Protocol):
    """A batch whose file is to be written."""

    @property
    def reference(self) -> str: ...

    @property
    def company_id(self) -> str: ...

    @property
    def post_date(self) -> date: ...

    @property
    def cash_account_id(self) -> str: ...

    @property
    def currency(self) -> str: ...

    @property
    def file_name(self) -> str: ...


class DeskFiles(Protocol):
    """What happens to the files of one connection, each step committed when it returns."""

    def close_open_batches(self, made_before: datetime, now: datetime) -> int: ...

    def unfinished_batches(self) -> Sequence[int]: ...

    def stage_batch(
        self, batch_pk: int, write: Callable[[Any, Sequence[ReceiptIntent]], str]
    ) -> None:
        """`write` takes a `Batch` and its receipts, and gives the digest of what it wrote."""
        ...

    def finish_batch(self, batch_pk: int, publish: Callable[[str, str], None]) -> None: ...

    def see_file(self, name: str, size: int, modified_ns: int, now: datetime) -> Sighting: ...

    def take_file(
        self,
        import_pk: int,
        *,
        kind: str,
        digest: str,
        rows: int,
        as_of: datetime | None,
        by_digest: bool,
        now: datetime,
        take: Callable[[], Taken],
    ) -> Kept | None:
        """Call `take` for a file that was never here, in one transaction with the note of it.

        None when another worker was done with the file.
        """
        ...

    def reject_file(
        self, import_pk: int, problems: Sequence[Problem], *, kind: str, digest: str, now: datetime
    ) -> None: ...

    def problems_of(self, import_pk: int) -> Sequence[Problem]: ...

    def forget_gone(self, names: Sequence[str], now: datetime) -> None:
        """Only these files are there: what we noted of others is over."""
        ...

    def put_away(self, import_pk: int, now: datetime) -> None: ...

    def done_before(self, moment: datetime) -> Sequence[int]:
        """The files that we were done with, and that left the inbox before that moment."""
        ...

    def forget_done(self, import_pks: Sequence[int]) -> None: ...

    def take_lists(
        self,
        lists: Sequence[Listed],
        *,
        as_of: datetime,
        now: datetime,
        is_whole: bool,
        may_shrink: bool,
    ) -> Taken: ...

    def take_receipts(
        self, rows: Sequence[SageReceipt], *, as_of: datetime, seen_at: datetime, now: datetime
    ) -> Taken: ...

    def take_acknowledgements(self, lines: Sequence[Acknowledgement], now: datetime) -> Taken: ...
