"""What both API versions share: sorting money answers, reading lists and batches."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from paysync.adapters.paytrace.auth import LogIn
from paysync.adapters.paytrace.batches import to_batch
from paysync.adapters.paytrace.client import Call, PayTraceClient
from paysync.adapters.paytrace.config import SYSTEM, PayTraceConfig
from paysync.adapters.paytrace.envelope import entries_of, records_of, transaction_id_of
from paysync.adapters.paytrace.listing import around, pick
from paysync.adapters.paytrace.mapping import Assumed, to_record
from paysync.adapters.paytrace.outcomes import Operation, result_of
from paysync.adapters.paytrace.transport import Reply
from paysync.domain.errors import OutcomeUnknownError, RecordError, RejectedError
from paysync.domain.payments import (
    ChargeIntent,
    GatewayBatch,
    GatewayRecord,
    Method,
    MoneyResult,
    Outcome,
    Page,
    UnreadableRecord,
    Window,
)

logger = logging.getLogger(__name__)

#: More pages than this is a gateway that never says stop.
PAGES_MAX = 1000


class PayTraceGateway:
    """The common half of `PayTraceV1` and `PayTraceV3`; not used by itself."""

    def __init__(self, config: PayTraceConfig, log_in: LogIn, headers: Mapping[str, str]) -> None:
        self.config = config
        self._client = PayTraceClient(config, log_in, headers)
        self._assumed = Assumed(config.zone_info, config.currency)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config!r})"

    def list_transactions(self, window: Window, cursor: str | None = None) -> Page:
        raise NotImplementedError

    def _move(self, operation: Operation, call: Call) -> tuple[MoneyResult, Reply | None]:
        """Send a money call once; no answer is an outcome too, and it is UNKNOWN."""
        try:
            reply = self._client.move_money(call)
        except OutcomeUnknownError:
            logger.warning("paytrace gave no answer to a money call", extra={"path": call.path})
            return MoneyResult(Outcome.UNKNOWN), None
        result = result_of(operation, reply, self.config.currency)
        if result.outcome is Outcome.UNKNOWN:
            facts = {"path": call.path, "status": reply.status, "code": result.response_code}
            logger.warning("paytrace gave an answer we cannot rely on", extra=facts)
        return result, reply

    def _entries(self, call: Call) -> list[object]:
        """The list of an answer. Raises RecordError if there is none: it is not an empty one."""
        entries = entries_of(self._client.read(call))
        if entries is None:
            raise RecordError(f"{call.path} answered without a list")
        return entries

    def _record(self, call: Call, gateway_id: str, method: Method) -> GatewayRecord:
        """The one record asked for. Raises RejectedError(reason="not_found")."""
        for entry in records_of(self._client.read(call)):
            if isinstance(entry, Mapping) and transaction_id_of(entry) == gateway_id:
                return to_record(entry, method, self._assumed)
        raise RejectedError(SYSTEM, f"no {method} transaction {gateway_id}", reason="not_found")

    def _batches(self, call: Call, start: date, end: date) -> Sequence[GatewayBatch]:
        """The batches settled on start..end, both included, oldest first, each once."""
        found = {to_batch(entry, self._assumed) for entry in self._entries(call)}
        inside = [batch for batch in found if start <= batch.settled_on <= end]
        return sorted(inside, key=lambda batch: (batch.settled_on, batch.number))

    def _batch_records(self, call: Call) -> Sequence[GatewayRecord]:
        """Raises RecordError on the first unreadable entry: half a batch proves nothing."""
        records = [to_record(e, Method.CARD, self._assumed) for e in self._entries(call)]
        return sorted(records, key=lambda record: (record.created_at, record.gateway_id))

    def _find_listed(self, intent: ChargeIntent, sent_at: datetime) -> GatewayRecord | None:
        """Search the lists from a day before to a day after."""
        window, cursor = around(sent_at), None
        records: list[GatewayRecord] = []
        unreadable: list[UnreadableRecord] = []
        for _ in range(PAGES_MAX):
            page = self.list_transactions(window, cursor)
            records += of_method(page.records, intent.method)
            unreadable += page.unreadable
            cursor = page.next_cursor
            if cursor is None:
                return pick(records, unreadable, intent)
        raise OutcomeUnknownError(SYSTEM, "the list to search has no end")


def of_method(records: Iterable[GatewayRecord], method: Method) -> list[GatewayRecord]:
    return [record for record in records if record.method is method]


def unsupported(what: str) -> RejectedError:
    """A call whose path no source documents: guessing one would be guessing with money."""
    return RejectedError(SYSTEM, f"{what} is not documented for this API", reason="unsupported")
