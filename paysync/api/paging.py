"""Pages by cursor: a list that grows meanwhile repeats nothing and leaves nothing out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from paysync.api.problems import FieldError

M = TypeVar("M", bound=Model)
USUAL, MOST = 25, 100
#: The parameters of every list.
PARAMETERS = ("limit", "cursor")
VERSION = "1:"


def page_of(
    request: Request,
    rows: QuerySet[M],
    to_answers: Callable[[Sequence[M]], list[dict[str, Any]]],
    *,
    oldest_first: bool = False,
) -> dict[str, Any]:
    """`?limit=&cursor=` of rows by key, the newest first: {"data", "has_more", "next_cursor"}.

    to_answers: takes the rows of the page at once, so that it can ask for what belongs to them in
    few queries. Raises FieldError.
    """
    limit, after = limit_in(request), cursor_in(request)
    if oldest_first:
        rows = rows.filter(pk__gt=after) if after else rows
    elif after:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("pk" if oldest_first else "-pk")[: limit + 1])
    shown = found[:limit]
    more = len(found) > limit
    return {
        "data": to_answers(shown),
        "has_more": more,
        "next_cursor": cursor_of(shown[-1].pk) if more else None,
    }


def limit_in(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise FieldError("limit", f"is a number of 1 to {MOST}.")
    return int(text)


def cursor_of(key: int) -> str:
    """Opaque to the caller: what is in it may change."""
    return base64.urlsafe_b64encode(f"{VERSION}{key}".encode()).decode().rstrip("=")


def cursor_in(request: Request) -> int | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, _, key = plain.decode("ascii").partition(":")
        if f"{version}:" == VERSION and key.isdecimal() and len(key) < 19:
            return int(key)
    except (binascii.Error, ValueError):
        pass
    raise FieldError("cursor", "is the next_cursor of the page before, as it was given.")
