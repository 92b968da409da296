"""The Sage 500 twin: our HTTP contract in front of a database with Sage's tables, and a clerk."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

from paysync.sandbox.sage500.api import ApiRoutes
from paysync.sandbox.sage500.clerk import Clerk
from paysync.sandbox.sage500.control import ControlRoutes, page_sections
from paysync.sandbox.sage500.store import Store
from paysync.sandbox.twin import Twin

logger = logging.getLogger(__name__)

SANDBOX_KEY = "sandbox-erp-key"  # of the twin only; it guards nothing

COUNTS = """
    SELECT (SELECT COUNT(*) FROM tsmCompany) AS companies,
           (SELECT COUNT(*) FROM tarCustomer) AS customers,
           (SELECT COUNT(*) FROM tarInvoice WHERE Status = 1) AS open_invoices,
           (SELECT COUNT(*) FROM tarPendCustPmt) AS pending_receipts,
           (SELECT COUNT(*) FROM tarCustPmt) AS posted_receipts"""


class SageTwin(Twin):
    """A stand-in for one Sage 500 site. `database`: a file, or ":memory:"."""

    cards = {
        "closed_period": "Refuse a receipt as if its period had just been closed (12)",
        "invoice_paid_meanwhile": "Somebody pays the first invoice just before a receipt (13)",
        "deadlock_1205": "Answer a receipt or withdrawal with 20, nothing done",
        "batch_edited": "The clerk unapplies the first receipt of a batch before posting it",
        "batch_deleted": "The clerk deletes the batch instead of posting it",
        "interrupted_batch": "Posting breaks off half way: status 7 until the clerk resumes",
        "padded_ids": "Lists show IDs padded with blanks, as fixed-width columns do",
        "malformed_row": "The last row of a list has a field nobody can read",
    }

    def __init__(
        self,
        name: str = "Sage 500 twin",
        port: int = 0,
        *,
        database: str = ":memory:",
        api_key: str = SANDBOX_KEY,
        clerk_every_s: float = 0,
        reversals_rehearsed: bool = False,
    ) -> None:
        self.store = Store(database)
        self.api_key = api_key
        #: As the wrappers, a site reverses nothing until it says that it has rehearsed it.
        self.reversals_rehearsed = reversals_rehearsed
        super().__init__(name, port)
        self.clerk = Clerk(self.store, self.faults)
        self.rounds = ClerkRounds(self)
        self.add_routes(ApiRoutes(self))
        self.add_routes(ControlRoutes(self))
        if clerk_every_s:
            self.rounds.begin(clerk_every_s, older_than_s=clerk_every_s)

    def health(self) -> dict[str, Any]:
        row = self.store.rows(COUNTS)[0]
        return {**{name: row[name] for name in row.keys()}, "clerk": self.rounds.described()}  # noqa: SIM118

    def control_sections(self) -> str:
        return page_sections(self.health())

    def stop(self) -> None:
        super().stop()
        self.rounds.end()
        self.store.close()


class ClerkRounds:
    """The clerk on a timer, for the live demo: posts balanced batches that are old enough."""

    def __init__(self, twin: SageTwin) -> None:
        self._twin = twin
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._every_s = self._older_than_s = 0.0

    def begin(self, every_s: float, older_than_s: float = 0) -> None:
        self.end()
        self._every_s, self._older_than_s = every_s, older_than_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop, after the batch in hand."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        self._thread, self._every_s = None, 0.0

    def described(self) -> dict[str, float]:
        return {"every_s": self._every_s, "older_than_s": self._older_than_s}

    def _run(self, stop: threading.Event) -> None:
        every = timedelta(seconds=self._every_s).total_seconds()
        while not stop.wait(every) and not self._twin.stopping.is_set():
            order = {
                "action": "post", "all": True, "fit": True, "older_than_s": self._older_than_s,
            }  # fmt: skip
            try:
                self._twin.clerk.act(order, self._twin.clock.now())
            except Exception:
                logger.exception("the clerk's round failed")
