"""What came in, as the row it is kept in: one spelling, card data removed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paysync.domain.redaction import redact
from paysync.domain.texts import UNSTORABLE, storable_in_json
from paysync.models import Connection, InboundEvent, MerchantAccount


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came in: the sender's id of it and its JSON body.

    redactions: what an adapter has already removed, to be counted here.
    """

    external_id: str
    payload: dict[str, Any]
    redactions: int = 0


def to_event(
    arrival: Arrival,
    source: str,
    connection: Connection,
    merchant_account: MerchantAccount | None,
    now: datetime,
) -> InboundEvent:
    """The row of an arrival, not yet saved: card data removed, digest taken of what is left."""
    payload, removed = redact(arrival.payload)
    external_id, removed_from_id = redact(arrival.external_id)
    text, payload = canonical(payload)
    return InboundEvent(
        source=source,
        connection=connection,
        merchant_account=merchant_account,
        external_id=short_id(external_id),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        payload=payload,
        redactions=arrival.redactions + removed + removed_from_id,
        received_at=now,
    )


def canonical(payload: Any) -> tuple[str, Any]:
    """One spelling of the payload, and the payload as a database can keep it."""
    try:
        text = spell(payload)
    except (TypeError, ValueError):  # a Decimal, a date, an infinity: as text
        payload = storable(payload)
        text = spell(payload)
    if "\\u0000" in text or "\\ud" in text:
        payload = storable(payload)
        text = spell(payload)
    return text, payload


def spell(payload: Any) -> str:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)


def storable(value: Any) -> Any:
    """JSON data with everything that a JSON column refuses turned into text it takes."""
    if isinstance(value, dict):
        return {str(storable(str(k))): storable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    if isinstance(value, str):
        joined = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return storable_in_json(joined)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    return str(value)


def short_id(external_id: str) -> str:
    if len(external_id) <= 80 and not UNSTORABLE.search(external_id):
        return external_id
    digest = hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}"
