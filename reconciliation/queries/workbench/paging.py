"""What waits for a person, a page at a time. No page counts or skips rows, so that the list opens
alike over three payments and over a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.dateparse import parse_datetime

from reconciliation.models import GatewayTransaction, Match, ReconcilingItem
from reconciliation.queries.workbench.asked import ORDERS, VIEWS, Asked
from reconciliation.queries.workbench.rows import Rows, work

PAGE = 50
#: Nobody counts further: "100+".
COUNTED = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the queue, and the cursors of the pages beside it ("" where there is none)."""

    rows: Sequence[GatewayTransaction]
    after: str = ""
    before: str = ""


def queue(
    asked: Asked, *, user_id: int, today: date, after: str = "", before: str = "", size: int = PAGE
) -> Page:
    """One page. after, before: a cursor of an earlier answer; a broken one is the first page."""
    rows = work(asked, user_id, today)
    if before and (key := read_cursor(before, asked.order)):
        found = list(with_parts(beside(rows, asked.order, key, backwards=True)[: size + 1]))
        page, has_more = found[:size][::-1], len(found) > size
        return to_page(page, asked.order, has_before=has_more, has_after=True)
    key = read_cursor(after, asked.order) if after else None
    found = list(with_parts(beside(rows, asked.order, key)[: size + 1]))
    return to_page(
        found[:size], asked.order, has_before=key is not None, has_after=len(found) > size
    )


def to_page(
    rows: Sequence[GatewayTransaction], order: str, *, has_before: bool, has_after: bool
) -> Page:
    if not rows:
        return Page(rows)
    return Page(
        rows,
        after=cursor_of(rows[-1], order) if has_after else "",
        before=cursor_of(rows[0], order) if has_before else "",
    )


# --- keyset paging --------------------------------------------------------------------------------

Key = tuple[datetime | Decimal, int]


def beside(rows: Rows, order: str, key: Key | None, *, backwards: bool = False) -> Rows:
    """The rows after (or, nearest first, before) a key, in that order."""
    _, field, is_rising = ORDERS[order]
    rising = is_rising != backwards
    sign, verb = ("", "gt") if rising else ("-", "lt")
    ordered = rows.order_by(f"{sign}{field}", f"{sign}pk")
    if key is None:
        return ordered
    value, pk = key
    beyond = Q(**{f"{field}__{verb}": value}) | Q(**{field: value, f"pk__{verb}": pk})
    return ordered.filter(beyond, **{f"{field}__{verb}e": value})  # the index starts there


def key_of(row: GatewayTransaction, order: str) -> Key:
    return getattr(row, ORDERS[order][1]), row.pk


def cursor_of(row: GatewayTransaction, order: str) -> str:
    value, pk = key_of(row, order)
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{pk}"


def read_cursor(text: str, order: str) -> Key | None:
    """None for anything that is no cursor of this order."""
    value, _, pk = text.partition("~")
    if not pk.isdecimal() or len(pk) > 18:
        return None
    if ORDERS[order][1] == "created_at":
        try:
            instant = parse_datetime(value)
        except ValueError:
            return None
        return (instant, int(pk)) if instant and instant.tzinfo else None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return (amount, int(pk)) if amount.is_finite() and abs(amount) < 10**12 else None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the queue goes on beside a payment; None at its ends."""

    before: int | None
    after: int | None


def neighbours(asked: Asked, row: GatewayTransaction, *, user_id: int, today: date) -> Neighbours:
    rows, key = work(asked, user_id, today).exclude(pk=row.pk), key_of(row, asked.order)
    return Neighbours(
        first(beside(rows, asked.order, key, backwards=True)),
        first(beside(rows, asked.order, key)),
    )


def first(rows: Rows) -> int | None:
    return next(iter(rows.values_list("pk", flat=True)[:1]), None)


# --- counts ---------------------------------------------------------------------------------------


def counted(rows: QuerySet[Any]) -> str:
    """How many there are, up to a hundred; then "100+"."""
    found = rows.order_by()[: COUNTED + 1].count()
    return f"{COUNTED}+" if found > COUNTED else str(found)


def view_counts(company: int | None, *, user_id: int, today: date) -> dict[str, str]:
    return {
        view: counted(work(Asked(view=view, company=company), user_id, today)) for view in VIEWS
    }


# --- rows with what is shown of them --------------------------------------------------------------


def with_parts(rows: Rows) -> Rows:
    """Payments as the list shows them, in two further queries for any number of them."""
    return rows.select_related("company", "customer", "proposal").defer(
        "proposal__card"
    ).prefetch_related(
        Prefetch("items", match_items(), to_attr="match_items"),
        Prefetch("matches", Match.objects.filter(ended_at__isnull=True), to_attr="active_matches"),
    )  # fmt: skip


def match_items() -> QuerySet[ReconcilingItem]:
    return (
        ReconcilingItem.objects.filter(state=ReconcilingItem.State.OPEN, key__startswith="match:")
        .select_related("owner")
        .order_by("pk")
    )
