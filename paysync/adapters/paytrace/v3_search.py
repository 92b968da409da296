"""Finding V3 payments in the real-time lists (§7.5, §9.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from paysync.adapters.paytrace.client import Call, PayTraceClient
from paysync.adapters.paytrace.config import SYSTEM, PayTraceConfig
from paysync.adapters.paytrace.envelope import entries_of, first_text, records_of
from paysync.adapters.paytrace.listing import ONE_DAY, around, first_day, last_day, pick
from paysync.adapters.paytrace.mapping import Assumed, read_all
from paysync.adapters.paytrace.stamps import us_date
from paysync.domain.errors import OutcomeUnknownError, RecordError, RejectedError
from paysync.domain.payments import ChargeIntent, GatewayRecord, Method, Window

#: A list that gives fewer than its own default page (§7.5) has ended, whatever limit it obeys.
ACH_PAGE_DEFAULT = 10
CARD_PAGE_MAX = 50
OFFSET_MAX = 100_000
#: How far apart a payment without our key and our sending may be to be taken for ours.
NEAR = timedelta(minutes=15)


class AchSearch:
    """The ACH list of one merchant account."""

    def __init__(self, client: PayTraceClient, config: PayTraceConfig, assumed: Assumed) -> None:
        self._client = client
        self._config = config
        self._assumed = assumed

    def page(
        self, window: Window, offset: int, more: Mapping[str, str] | None = None
    ) -> tuple[list[object], int | None]:
        """One page of the list by creation, and the offset of the next one, if any."""
        zone = self._config.zone_info
        query = {
            "merchant_id": self._config.merchant_id,
            "limit": str(self._config.ach_page_size),
            "offset": str(offset),
            "start_date": f"{first_day(window, zone)}T00:00:00",
            "end_date": f"{last_day(window, zone) + ONE_DAY}T00:00:00",
            **(more or {}),
        }
        entries = entries_of(
            self._client.read(Call("/v3/checks/transactions", query=query, method="GET"))
        )
        if entries is None:
            raise RecordError("the ACH list answered without a list")
        following = offset + len(entries)
        ended = len(entries) < min(ACH_PAGE_DEFAULT, self._config.ach_page_size)
        if not ended and following > OFFSET_MAX:
            raise RejectedError(SYSTEM, "the ACH list has no end", reason="too_large")
        return entries, None if ended else following

    def find(self, intent: ChargeIntent, sent_at: datetime) -> GatewayRecord | None:
        """By key, then in the list of the days around (§16.7)."""
        return self._find_by_key(intent) or self._find_in_list(intent, sent_at)

    def _find_by_key(self, intent: ChargeIntent) -> GatewayRecord | None:
        key = quote(intent.intent_id, safe="")
        path = f"/v3/checks/transactions/idempotency-keys/{key}"
        query = {"merchant_id": self._config.merchant_id}
        try:
            body = self._client.read(Call(path, query=query, method="GET"))
        except RejectedError as error:
            if error.reason == "not_found":
                return None
            raise
        entries = [asked_for(entry, intent) for entry in records_of(body)]
        return pick(*read_all(entries, Method.ACH, self._assumed), intent)

    def _find_in_list(self, intent: ChargeIntent, sent_at: datetime) -> GatewayRecord | None:
        window, offset, entries = around(sent_at), 0, list[object]()
        while True:
            page, following = self.page(window, offset)
            entries += page
            if following is None:
                break
            offset = following
        records, unreadable = read_all(entries, Method.ACH, self._assumed)
        found = pick(records, unreadable, intent)
        return found or unsigned_twin(records, intent, sent_at)


def asked_for(entry: object, intent: ChargeIntent) -> object:
    """A record fetched by our key is ours even where it does not repeat the key."""
    if isinstance(entry, Mapping) and not first_text(entry, "idempotency_key"):
        return {**entry, "idempotency_key": intent.intent_id}
    return entry


def unsigned_twin(
    records: list[GatewayRecord], intent: ChargeIntent, sent_at: datetime
) -> GatewayRecord | None:
    """A payment that shows no key but has our invoice, customer, amount and minute.

    Whether lists show the key is not known. One such payment is ours; of several we cannot tell,
    and raise OutcomeUnknownError.
    """
    alike = [
        record
        for record in records
        if not record.customer_reference
        and record.amount == intent.amount
        and record.invoice_reference == intent.invoice_reference
        and record.gateway_customer_id in ("", intent.gateway_customer_id)
        and abs(record.created_at - sent_at) <= NEAR
    ]
    if len(alike) > 1:
        raise OutcomeUnknownError(SYSTEM, "several ACH payments look like this charge")
    return alike[0] if alike else None


def find_voidable(
    client: PayTraceClient,
    config: PayTraceConfig,
    assumed: Assumed,
    intent: ChargeIntent,
    sent_at: datetime,
) -> GatewayRecord | None:
    """Search the real-time list of unsettled card payments, fifty a page."""
    window, zone = around(sent_at), config.zone_info
    path = f"/v3/card/transactions/voidable/{quote(config.merchant_id, safe='')}"
    query = {
        "date_from": us_date(first_day(window, zone)),
        "date_to": us_date(last_day(window, zone)),
        "limit": str(CARD_PAGE_MAX),
    }
    for offset in range(0, OFFSET_MAX, CARD_PAGE_MAX):
        call = Call(path, query={**query, "offset": str(offset)}, method="GET")
        entries = entries_of(client.read(call)) or []
        found = pick(*read_all(entries, Method.CARD, assumed), intent)
        if found or len(entries) < CARD_PAGE_MAX:
            return found
    return None
