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

from paysync.models import Company
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
    back = read_cursor(before, asked.order) if before else None
    key = read_cursor(after, asked.order) if after and back is None else None
    place = Place(asked, user_id, today, back or key, backwards=back is not None)
    keys = keys_beside(place, size + 1)
    page, has_more = keys[:size], len(keys) > size
    if back is not None:
        return to_page(rows_of(page[::-1]), asked.order, has_before=has_more, has_after=True)
    return to_page(rows_of(page), asked.order, has_before=key is not None, has_after=has_more)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the queue to read: after a key (or, backwards, before it), nearest first."""

    asked: Asked
    user_id: int
    today: date
    key: Key | None
    backwards: bool = False


def keys_beside(place: Place, size: int) -> list[int]:
    """The keys of the payments there, company by company: so each is read along its index, which
    is by company and age.
    """
    asked = place.asked
    _, field, is_rising = ORDERS[asked.order]
    rows = work(asked, place.user_id, place.today)
    found: list[Key] = []
    for company in companies_of(asked):
        ordered = beside(
            rows.filter(company_id=company), asked.order, place.key, backwards=place.backwards
        )
        found += ordered.values_list(field, "pk")[:size]
    found.sort(reverse=is_rising == place.backwards)
    return [pk for _, pk in found[:size]]


def companies_of(asked: Asked) -> list[int]:
    if asked.company is not None:
        return [asked.company]
    return list(Company.objects.order_by("pk").values_list("pk", flat=True))


def rows_of(keys: Sequence[int]) -> list[GatewayTransaction]:
    """The payments as the list shows them, in the order of their keys."""
    found = {row.pk: row for row in with_parts(GatewayTransaction.objects.filter(pk__in=keys))}
    return [found[pk] for pk in keys if pk in found]


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
    return Neighbours(
        before=nearest(asked, row, user_id=user_id, today=today, backwards=True),
        after=nearest(asked, row, user_id=user_id, today=today),
    )


def nearest(
    asked: Asked, row: GatewayTransaction, *, user_id: int, today: date, backwards: bool = False
) -> int | None:
    """The payment after (or before) this one in the queue."""
    place = Place(asked, user_id, today, key_of(row, asked.order), backwards=backwards)
    return next(iter(keys_beside(place, 1)), None)


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
