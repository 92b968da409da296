"""The twin's side of the HTTP contract that every route shares: key, size, paging, problems."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from paysync.sandbox.messages import Halt, Request, Response

MAX_PAGE = 1000
MAX_KEYS = 1000
MAX_BODY = 2_000_000

TITLES = {
    400: "The request cannot be understood", 401: "The API key is not accepted",
    404: "There is no such thing", 413: "The request is too large",
}  # fmt: skip


def problem(status: int, code: str, detail: str) -> Halt:
    """Ends the request with a problem answer (RFC 9457 form): nothing was done."""
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "code": code,
            "detail": detail}  # fmt: skip
    return Halt(Response(json.dumps(body).encode(), status, {"Content-Type": PROBLEM}))


PROBLEM = "application/problem+json"


def require_key(request: Request, api_key: str) -> None:
    sent = request.headers.get("authorization", "")
    if not hmac.compare_digest(sent.encode(), f"Bearer {api_key}".encode()):
        raise problem(401, "unauthorized", "send Authorization: Bearer <API key>")


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object sent. 413 and 400 otherwise."""
    if len(request.body) > MAX_BODY:
        raise problem(413, "too_large", f"a body is at most {MAX_BODY} bytes")
    try:
        found = json.loads(request.body)
    except ValueError as error:
        raise problem(400, "not_json", "the body is not JSON") from error
    if not isinstance(found, dict):
        raise problem(400, "not_an_object", "the body is not a JSON object")
    return found


def names_of(request: Request, field: str) -> list[str]:
    """A bounded list of texts in the body."""
    names = body_of(request).get(field)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise problem(400, "bad_field", f"{field} is not a list of text")
    if len(names) > MAX_KEYS:
        raise problem(413, "too_many", f"{field} holds at most {MAX_KEYS}")
    return names


def param_of(request: Request, name: str) -> str:
    return unquote(request.params[name])


def paging_of(request: Request) -> dict[str, Any]:
    """`company`, `after`, `limit` and `since` (as stored, None without) for a query."""
    try:
        limit = int(request.query.get("limit", 200))
    except ValueError as error:
        raise problem(400, "bad_limit", "limit is not a number") from error
    if not 1 <= limit <= MAX_PAGE:
        raise problem(400, "bad_limit", f"limit is 1 to {MAX_PAGE}")
    return {"company": param_of(request, "company_id"), "limit": limit,
            "after": after_of(request.query.get("after")),
            "since": since_of(request.query.get("since"))}  # fmt: skip


def after_of(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error) as error:
        raise problem(400, "bad_after", "after is not a token of ours") from error


def token_of(key: object) -> str:
    return base64.urlsafe_b64encode(str(key).encode()).decode()


def since_of(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise problem(400, "bad_since", "since is not an ISO date and time") from error
    if moment.tzinfo is None:
        raise problem(400, "bad_since", "since has no zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


Lister = Callable[[dict[str, Any]], list[dict[str, Any]]]


def page(values: dict[str, Any], lister: Lister, key: str = "key") -> dict[str, Any]:
    """One page: a row more than asked is looked up to know whether there is a next one."""
    limit = values["limit"]
    items = lister({**values, "limit": limit + 1})
    more = len(items) > limit
    items = items[:limit]
    return {"items": items, "next": token_of(items[-1][key]) if more else None}
