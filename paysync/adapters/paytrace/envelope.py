"""Reading PayTrace's envelopes: V1 is flat, V3 varies and is poorly evidenced (§6, §16.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paysync.adapters.paytrace.transport import Reply
from paysync.domain.texts import storable

ID_NAMES = ("transaction_id", "check_transaction_id")
LIST_NAMES = ("transactions", "items", "batches", "data")


def fields_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The result's fields: the object in `data`, the only one of a list there, or top level.

    More than one in the list is no single result: only the top level is returned.
    """
    inner = body.get("data")
    if isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    outer = {name: value for name, value in body.items() if name != "data"}
    return {**outer, **inner} if isinstance(inner, Mapping) else outer


def entries_of(body: Mapping[str, Any]) -> list[Any] | None:
    """The list in an answer: under `transactions`, `items`, `batches` or `data`, also nested."""
    for name in LIST_NAMES:
        found = body.get(name)
        if isinstance(found, list):
            return found
        if isinstance(found, Mapping):
            inner = entries_of(found)
            if inner is not None:
                return inner
    return None


def records_of(body: Mapping[str, Any]) -> list[Any]:
    """The entries of an answer that may hold a list or a single record."""
    single = fields_of(body)
    return entries_of(body) or ([single] if transaction_id_of(single) else [])


def text_of(value: object) -> str:
    """A foreign id or name as text; "" for null, booleans and structures."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return storable(str(value)).strip()


def first_text(fields: Mapping[str, Any], *names: str) -> str:
    """The first of these names with something in it."""
    return next((text for name in names if (text := text_of(fields.get(name)))), "")


def code_of(fields: Mapping[str, Any]) -> int | None:
    """The response code, sent as number or as text."""
    text = text_of(fields.get("response_code"))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def transaction_id_of(fields: Mapping[str, Any]) -> str:
    return first_text(fields, *ID_NAMES)


def has_outcome(reply: Reply) -> bool:
    """Whether the answer speaks of a transaction, so that it was not simply turned away."""
    fields = fields_of(reply.body or {})
    return bool(transaction_id_of(fields)) or code_of(fields) not in (None, 1)


def rejects_token(reply: Reply) -> bool:
    """Whether the body clearly says that the token, and nothing else, was the trouble."""
    said = (reply.body or {}).get("error") == "invalid_token"
    return said and reply.status < 500 and not has_outcome(reply)


def error_keys(reply: Reply) -> tuple[str, ...]:
    """V1's numbered errors, e.g. ("35", "43")."""
    errors = fields_of(reply.body or {}).get("errors")
    return tuple(str(key) for key in errors) if isinstance(errors, Mapping) else ()


def invalid_fields(reply: Reply) -> tuple[str, ...]:
    """The fields a V3 validation error names, e.g. ("body/amount",); () if it is not one.

    They come under `message.data` or `data` (§6). An entry without a field counts as "".
    """
    if reply.status != 422:
        return ()
    body = reply.body or {}
    message = body.get("message")
    found = message.get("data") if isinstance(message, Mapping) else body.get("data")
    if not isinstance(found, list):
        return ()
    return tuple(first_text(e, "field") if isinstance(e, Mapping) else "" for e in found)
