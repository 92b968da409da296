"""PayTrace JSON to domain records. Two-layered: what is documented, and what we had to assume.

V1 export fields are documented (§9.1). V3 card and ACH records are evidenced by a few names only;
we accept V1's names and those of the V3 requests, and call unreadable what has neither.
`original_id`, `card_type` and `return_code` are invented by our twin; no source shows them, none is
needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from paysync.adapters.paytrace.envelope import first_text, text_of, transaction_id_of
from paysync.adapters.paytrace.stamps import business_day, instant
from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.payments import GatewayRecord, Kind, Method, State, UnreadableRecord
from paysync.domain.redaction import redact

BATCH = re.compile(r"GB\s*(\d{1,10})|Settled\D{0,20}(\d{0,10})", re.IGNORECASE)
#: A V3 ACH id is a UUID of 36; a longer id fits neither our columns nor a receipt's fingerprint.
LONGEST_ID = 40
KINDS = {"SALE": Kind.SALE, "AUTH": Kind.SALE, "FORCE": Kind.SALE, "REFUND": Kind.REFUND}
#: By the first digit (§7.2, vendor): only seen where the mask shows it.
BRANDS = {"2": "MasterCard", "3": "Amex", "4": "Visa", "5": "MasterCard", "6": "Discover"}
#: Words a V3 card record may use instead of V1's codes: assumed (§8.4), and no others.
CARD_WORDS = {
    "AUTHORIZED": State.AUTHORIZED,
    "CAPTURED": State.CAPTURED,
    "VOIDED": State.VOIDED,
    "DECLINED": State.DECLINED,
}
#: ACH (§7.5). Not yet accepted, partly settled or broken off says nothing of money: UNKNOWN.
ACH_STATES = {
    "INITIATED": State.UNKNOWN,
    "VERIFYING": State.UNKNOWN,
    "PARTIALLY_SETTLED": State.UNKNOWN,
    "TECHNICAL_ERROR": State.UNKNOWN,
    "ACCEPTED": State.ACCEPTED,
    "ORIGINATED": State.ORIGINATED,
    "SETTLED": State.SETTLED,
    "RETURNED": State.RETURNED,
    "VOIDED": State.VOIDED,
    "DECLINED": State.DECLINED,
    "NSF_DECLINED": State.DECLINED,
    "REJECTED": State.FAILED,
    "FAILED": State.FAILED,
    "ERROR": State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the gateway leaves out of its records."""

    zone: ZoneInfo
    currency: str = "USD"


def read_all(
    entries: Iterable[object], method: Method, assumed: Assumed
) -> tuple[list[GatewayRecord], list[UnreadableRecord]]:
    """Every entry once, as a record or, where it cannot be understood, set aside whole."""
    records: list[GatewayRecord] = []
    unreadable: list[UnreadableRecord] = []
    for entry in entries:
        try:
            records.append(to_record(entry, method, assumed))
        except RecordError as error:
            unreadable.append(to_unreadable(entry, str(error), method))
    return records, unreadable


def to_unreadable(entry: object, reason: str, method: Method) -> UnreadableRecord:
    fields = entry if isinstance(entry, Mapping) else {"entry": entry}
    raw, removed = cleaned(fields)
    return UnreadableRecord(transaction_id_of(fields)[:LONGEST_ID], reason, raw, removed, method)


def cleaned(entry: Mapping[str, object]) -> tuple[dict[str, object], int]:
    """The fields without card data, as plain JSON with exact numbers as text; and how many went."""
    copy, removed = redact(entry)
    return {str(name): to_json(value) for name, value in copy.items()}, removed


def to_json(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def to_record(entry: object, method: Method, assumed: Assumed) -> GatewayRecord:
    """One transaction as our record. Raises RecordError when a needed field is missing or odd."""
    if not isinstance(entry, Mapping):
        raise RecordError("the entry is not an object")
    gateway_id = transaction_id_of(entry)
    if not gateway_id:
        raise RecordError("the entry has no transaction id")
    if len(gateway_id) > LONGEST_ID:
        raise RecordError(f"the transaction id has more than {LONGEST_ID} characters")
    raw, removed = cleaned(entry)
    kind, stamp = kind_of(raw, method), created_stamp(raw)
    state, batch_number = state_of(raw, method)
    return GatewayRecord(
        gateway_id=gateway_id,
        kind=kind,
        method=method,
        state=state,
        amount=amount_of(entry, kind, assumed.currency),
        created_at=instant(stamp, assumed.zone),
        business_date=business_day(stamp, assumed.zone),
        settled_at=settled_at(raw, assumed.zone),
        batch_number=batch_number,
        original_id=first_text(entry, "original_id"),
        status_text=first_text(raw, "status_message", "transaction_status", "status"),
        return_code=first_text(raw, "return_code", "return_reason_code"),
        answer_text=first_text(raw, "approval_message"),
        avs=first_text(raw, "avs_response"),
        csc=first_text(raw, "csc_response"),
        raw=raw,
        redactions=removed,
        **texts_of(raw),
    )


def texts_of(raw: Mapping[str, Any]) -> dict[str, str]:
    """The plain texts of a record, by the name of our field."""
    masked = masked_number(raw)
    digits = re.sub(r"\D", "", masked[-4:])
    return {
        "invoice_reference": first_text(raw, "invoice_id", "invoice_number"),
        "customer_reference": first_text(raw, "customer_reference_id", "idempotency_key"),
        "gateway_customer_id": first_text(raw, "customer_id"),
        "billing_name": first_text(raw, "billing_name")
        or first_text(inner(raw, "billing_address"), "name"),
        "description": first_text(raw, "description"),
        "card_brand": first_text(inner(raw, "credit_card"), "card_type", "brand")
        or first_text(raw, "card_type", "brand")
        or BRANDS.get(masked[:1], ""),
        "last4": digits if len(digits) == 4 else "",
        "approval_code": first_text(raw, "approval_code"),
    }


def inner(raw: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return next((raw[name] for name in names if isinstance(raw.get(name), Mapping)), {})


def masked_number(raw: Mapping[str, Any]) -> str:
    """The masked card or account number, whichever mask it wears."""
    names = ("masked_number", "masked_card_number", "card_masked", "masked_account_number")
    parts = (raw, inner(raw, "credit_card", "card"), inner(raw, "bank_account", "check"))
    return next((text for part in parts if (text := first_text(part, *names))), "")


def amount_of(entry: Mapping[str, Any], kind: Kind, currency: str) -> Money:
    """Always positive; a refund may come with a minus sign."""
    money = Money.parse(entry.get("amount"), currency)
    if kind is Kind.REFUND and money.amount < 0:
        money = -money
    if money.amount < 0:
        raise RecordError(f"a sale of {money}")
    return money


def kind_of(raw: Mapping[str, Any], method: Method) -> Kind:
    """By the transaction type. An ACH record without one is a payment: its list has few names."""
    text = text_of(raw.get("transaction_type")).upper()
    if not text and method is Method.ACH:
        return Kind.SALE
    for start, kind in KINDS.items():
        if text.startswith(start):
            return kind
    raise RecordError(f"transaction type {text!r} is not known")


def created_stamp(raw: Mapping[str, Any]) -> str:
    created = raw.get("created")
    stamp = text_of(created.get("at")) if isinstance(created, Mapping) else text_of(created)
    stamp = stamp or first_text(raw, "created_at", "processed_at", "transaction_date")
    if not stamp:
        raise RecordError("the entry does not say when it was created")
    return stamp


def settled_at(raw: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    stamp = first_text(raw, "settled", "settled_at")
    return instant(stamp, zone) if stamp else None


def state_of(raw: Mapping[str, Any], method: Method) -> tuple[State, str]:
    """The state and, once settled, the batch number."""
    if method is Method.ACH:
        status = first_text(raw, "transaction_status", "status").upper()
        return ACH_STATES.get(status, State.UNKNOWN), first_text(raw, "batch_number")
    code = first_text(raw, "status_code", "transaction_status", "status")
    found = BATCH.match(code)
    if found:
        number = found[1] or found[2] or first_text(raw, "batch_number")
        return State.SETTLED, number
    if code == "Y":
        return State.CAPTURED, ""
    if code == "N":
        return unsettled_state(raw), ""
    return CARD_WORDS.get(code.upper(), State.UNKNOWN), ""


def unsettled_state(raw: Mapping[str, Any]) -> State:
    """`N` is voided, declined or authorization only (§8.4): the message's first word tells.

    It is believed only where the approval code agrees; else UNKNOWN.
    """
    message = first_text(raw, "status_message").casefold()
    approved = bool(first_text(raw, "approval_code"))
    if message.startswith("void"):
        return State.VOIDED
    if message.startswith("auth") and approved:
        return State.AUTHORIZED
    if message.startswith("decl") and not approved:
        return State.DECLINED
    return State.UNKNOWN
