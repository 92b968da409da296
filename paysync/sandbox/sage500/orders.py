"""A receipt as it was ordered over HTTP: read, bounded, hashed (codes, limits: reference 14.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from paysync.sandbox.sage500.amounts import mills_of

CREATED, ALREADY_THERE, INVALID, KEY_REUSED, PERIOD_CLOSED = 1, 2, 10, 11, 12
BALANCE_CHANGED, BATCH_NOT_OPEN, RETRYABLE, ERROR = 13, 14, 20, 99

#: Longest text of each field, as the columns behind it allow.
LIMITS = {
    "idempotency_key": 64, "company_id": 3, "customer_id": 12, "cash_account_id": 15,
    "tran_no": 10, "currency": 3, "comment": 50, "gateway_reference": 64, "user_id": 30,
}  # fmt: skip
MAY_BE_EMPTY = {"comment", "user_id"}


class Refused(Exception):
    """The wrapper says no: a return code, a stable reason word and a sentence."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message


@dataclass(frozen=True, slots=True)
class OrderedLink:
    """One application of the order, in mills."""

    invoice_tran_id: str
    amount: int
    discount: int
    write_off: int

    @property
    def reduction(self) -> int:
        """What the invoice goes down by (inferred: reference 4.2)."""
        return self.amount + self.discount + self.write_off


@dataclass(frozen=True, slots=True)
class Order:
    """One cash receipt to make. Dates are ISO text, amounts mills."""

    idempotency_key: str
    company_id: str
    customer_id: str
    cash_account_id: str
    post_date: str
    tran_date: str
    tran_no: str
    currency: str
    amount: int
    comment: str
    gateway_reference: str
    user_id: str
    links: tuple[OrderedLink, ...]

    @property
    def payload_hash(self) -> str:
        """Same content, same hash, whatever the order of the applications."""
        content = asdict(self)
        content["links"] = sorted(content["links"], key=lambda link: sorted(link.items(), key=str))
        del content["user_id"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def order_of(key: str, company_id: str, body: Mapping[str, Any]) -> Order:
    """Read the body. Raises ValueError for a wrong shape, Refused(10) for a wrong value."""
    fields = {"idempotency_key": key, "company_id": company_id, **body}
    texts = {name: text_of_field(fields, name) for name in LIMITS}
    links = body.get("applications", [])
    if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
        raise ValueError("applications is not a list of objects")
    return Order(
        post_date=day_of(body, "post_date"),
        tran_date=day_of(body, "tran_date"),
        amount=amount_of(body, "amount"),
        links=tuple(link_of(link) for link in links),
        **texts,
    )


def link_of(link: Mapping[str, Any]) -> OrderedLink:
    tran_id = link.get("invoice_tran_id")
    if not isinstance(tran_id, str) or not tran_id:
        raise ValueError("an application has no invoice_tran_id")
    return OrderedLink(
        tran_id.rstrip().upper(),
        amount_of(link, "amount"),
        amount_of(link, "discount", "0"),
        amount_of(link, "write_off", "0"),
    )


def text_of_field(fields: Mapping[str, Any], name: str) -> str:
    """A bounded Windows-1252 text: the columns behind are varchar (certain)."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    value = value.rstrip()
    if not value and name not in MAY_BE_EMPTY:
        raise ValueError(f"{name} is missing")
    if len(value) > LIMITS[name]:
        raise Refused(INVALID, "bad_text", f"{name} is longer than {LIMITS[name]}")
    if not value.replace("\xa0", " ").isprintable() or not fits_code_page(value):
        raise Refused(INVALID, "bad_text", f"{name} has characters the ERP cannot store")
    return value


def fits_code_page(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def day_of(body: Mapping[str, Any], name: str) -> str:
    try:
        return date.fromisoformat(body[name]).isoformat()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not an ISO date") from error


def amount_of(body: Mapping[str, Any], name: str, default: str | None = None) -> int:
    """Mills, not negative. Amounts travel as text; a JSON number is refused."""
    value = body.get(name, default)
    if value is None:
        raise ValueError(f"{name} is missing")
    if not isinstance(value, str):
        raise Refused(INVALID, "bad_amount", f"{name} is not decimal text")
    try:
        mills = mills_of(value)
    except ValueError as error:
        raise Refused(INVALID, "bad_amount", f"{name}: {error}") from error
    if mills < 0:
        raise Refused(INVALID, "bad_amount", f"{name} is negative")
    return mills
