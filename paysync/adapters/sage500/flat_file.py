"""The ERP port by files: mode `flat_file`, for a site that lets nothing into its database.

Receipts leave as neutral files in the outbox, one for each batch; what Sage 500 knows comes in as
CSV exports and acknowledgements. Formats: docs/sage500-files.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from paysync.adapters.sage500.desk.folder import DeskFolder
from paysync.adapters.sage500.desk.ledger import DeskLedger
from paysync.adapters.sage500.desk.options import DeskRules
from paysync.adapters.sage500.desk.receipt_file import Head, read_receipt_file, write_receipt_file
from paysync.adapters.sage500.desk.store import Batch, DeskFiles, DeskStore
from paysync.domain.errors import ExternalError, RecordError
from paysync.domain.ledger import Finding, FindingLevel, ReceiptIntent


class FileLedger(DeskLedger):
    """A desk whose lists come in by a folder. Base of both modes that have one."""

    def __init__(
        self,
        store: DeskStore,
        rules: DeskRules,
        clock: Callable[[], datetime],
        folder: DeskFolder,
    ) -> None:
        super().__init__(store, rules, clock)
        self._folder = folder

    def preflight(self, company_id: str) -> Sequence[Finding]:
        return [self._folder_finding(), *super().preflight(company_id)]

    def _folder_finding(self) -> Finding:
        advice = "Mount the folder that ERP_FILES_DIR names, and let paysync read and write it."
        try:
            if self._folder.is_usable():
                return Finding("folder", FindingLevel.PASS, "The folder can be read and written")
            message = "The folder cannot be written"
        except ExternalError as error:
            message = str(error)
        return Finding("folder", FindingLevel.BLOCK, message, advice)


class FlatFileLedger(FileLedger):
    """An ErpLedger over files in both directions."""


class Outbox:
    """Receipts on their way out: see services/desk/batches.py for what each step leaves behind."""

    def __init__(
        self, files: DeskFiles, folder: DeskFolder, rules: DeskRules, clock: Callable[[], datetime]
    ) -> None:
        self._files = files
        self._folder = folder
        self._wait = timedelta(minutes=rules.close_after_minutes)
        self._clock = clock

    def hand_over(self) -> int:
        """Close the batches that waited long enough and let every closed one leave. How many left.

        Safe to repeat at any point: a killed run is picked up where it stopped.
        """
        now = self._clock()
        self._files.close_open_batches(now - self._wait, now)
        left, failures = 0, []
        for batch_pk in self._files.unfinished_batches():
            try:
                self._files.stage_batch(batch_pk, self._write)
                self._files.finish_batch(batch_pk, self._folder.publish)
                left += 1
            except RecordError as error:  # this one needs a person; the others need not wait
                failures.append(error)
        if failures:
            raise failures[0]
        return left

    def _write(self, batch: Batch, receipts: Sequence[ReceiptIntent]) -> str:
        """Write the file beside its place, read it back, and give its digest."""
        head = Head(
            batch.reference,
            batch.company_id,
            batch.post_date,
            batch.cash_account_id,
            batch.currency,
        )
        content = write_receipt_file(head, receipts)
        read_receipt_file(content)
        self._folder.stage(batch.file_name, content)
        return hashlib.sha256(content).hexdigest()
