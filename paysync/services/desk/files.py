"""The files of one connection as its adapter exchanges them, over the ORM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from paysync.domain.desk import (
    Acknowledgement,
    Kept,
    Listed,
    Problem,
    SageReceipt,
    Sighting,
    Taken,
)
from paysync.domain.ledger import ReceiptIntent
from paysync.models import DeskBatch
from paysync.services.desk import batches, imports, news, snapshots


class OrmDeskFiles:
    """A `DeskFiles` (paysync/adapters/sage500/desk/store.py) of one connection."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id

    # --- out ------------------------------------------------------------------------------------

    def close_open_batches(self, made_before: datetime, now: datetime) -> int:
        return batches.close_open_batches(self.connection_id, made_before=made_before, now=now)

    def unfinished_batches(self) -> list[int]:
        return batches.unfinished_batches(self.connection_id)

    def stage_batch(
        self, batch_pk: int, write: Callable[[DeskBatch, Sequence[ReceiptIntent]], str]
    ) -> None:
        batches.stage_batch(batch_pk, write)

    def finish_batch(self, batch_pk: int, publish: Callable[[str, str], None]) -> None:
        batches.finish_batch(batch_pk, publish)

    # --- in -------------------------------------------------------------------------------------

    def see_file(self, name: str, size: int, modified_ns: int, now: datetime) -> Sighting:
        return imports.see_file(self.connection_id, name, size, modified_ns, now)

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
        return imports.take_file(
            import_pk, kind=kind, digest=digest, rows=rows, as_of=as_of, by_digest=by_digest,
            now=now, take=take,
        )  # fmt: skip

    def reject_file(
        self, import_pk: int, problems: Sequence[Problem], *, kind: str, digest: str, now: datetime
    ) -> None:
        imports.reject_file(import_pk, problems, kind=kind, digest=digest, now=now)

    def problems_of(self, import_pk: int) -> list[Problem]:
        return imports.problems_of(import_pk)

    def forget_gone(self, names: Sequence[str], now: datetime) -> None:
        imports.forget_gone(self.connection_id, names, now)

    def put_away(self, import_pk: int, now: datetime) -> None:
        imports.put_away(import_pk, now)

    def done_before(self, moment: datetime) -> list[int]:
        return imports.done_before(self.connection_id, moment)

    def forget_done(self, import_pks: Sequence[int]) -> None:
        imports.forget_done(import_pks)

    def take_lists(
        self,
        lists: Sequence[Listed],
        *,
        as_of: datetime,
        now: datetime,
        is_whole: bool,
        may_shrink: bool,
    ) -> Taken:
        return snapshots.take_lists(
            self.connection_id, lists, as_of=as_of, now=now, is_whole=is_whole,
            may_shrink=may_shrink,
        )  # fmt: skip

    def take_receipts(
        self, rows: Sequence[SageReceipt], *, as_of: datetime, seen_at: datetime, now: datetime
    ) -> Taken:
        return news.take_receipts(self.connection_id, rows, as_of=as_of, seen_at=seen_at, now=now)

    def take_acknowledgements(self, lines: Sequence[Acknowledgement], now: datetime) -> Taken:
        return news.take_acknowledgements(self.connection_id, lines, now)
