"""What our own matches have already taken of Sage's documents, and Sage does not show yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Min, Q, QuerySet, Sum

from paysync.domain.ledger import ReceiptState
from paysync.models import Company
from paysync.services.bulk import chunks, spans
from reconciliation.domain.waits import BY_STAFF
from reconciliation.models import Application, CreditUse, Invoice, ReconcilingItem

NOT_YET_IN_ERP = [
    ReceiptState.DUE,
    ReceiptState.SENDING,
    ReceiptState.UNKNOWN,
    ReceiptState.HELD,
]
IN_ERP = [ReceiptState.SUBMITTED, ReceiptState.EDITED_IN_ERP, ReceiptState.POSTED]


def credit_key(match_id: int) -> str:
    """The key of "apply the credit memos of this match in Sage 500"."""
    return f"credit:{match_id}"


@dataclass(slots=True)
class Promised:
    """By document: how much of it is taken, and how much of its discount."""

    taken: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    discount: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def promised(company: Company, invoice_ids: Sequence[int] | None = None) -> Promised:
    """What active matches give each document beyond what its mirror row already shows.

    The mirror subtracts what was pending in Sage when it was read; so an application counts
    here until its receipt was in Sage before that reading began. One that the staff entered was
    there when it was held for that. A credit memo counts, at the memo
    and at what it pays, until a person has said that it is applied in Sage and both were read
    after that. invoice_ids None: all open documents.
    """
    result = Promised()
    for applications in applications_of(company, invoice_ids):
        counted = applications.order_by().values("invoice_id")
        for row in counted.annotate(
            total=Sum(F("amount") + F("discount") + F("write_off")), off=Sum("discount")
        ):
            result.taken[row["invoice_id"]] += round(row["total"], 3)
            result.discount[row["invoice_id"]] += round(row["off"], 3)
    if invoice_ids is None:
        add_credits(company, result)
    else:
        for part in spans(invoice_ids):
            add_credits(company, result, frozenset(part))
    return result


def in_doubt(company: Company, invoice_ids: Collection[int]) -> set[int]:
    """Documents of which nobody knows how much is open: a receipt was on its way to Sage, or its
    outcome is unknown, when they were last read, so that what it takes may count twice.
    """
    found: set[int] = set()
    unclear = Q(
        match__receipts__company=company,
        match__receipts__state__in=[ReceiptState.SENDING, ReceiptState.UNKNOWN],
        match__receipts__claimed_at__lte=F("invoice__read_at"),
    )
    rows = Application.objects.filter(unclear, match__ended_at__isnull=True).order_by()
    for part in spans(sorted(invoice_ids)):
        found.update(rows.filter(invoice_id__any_of=part).values_list("invoice_id", flat=True))
    return found


def applications_of(
    company: Company, invoice_ids: Sequence[int] | None
) -> Iterable[QuerySet[Application]]:
    """The applications that still count, in as many queries as the ids need."""
    rows = Application.objects.filter(match__ended_at__isnull=True)
    receipts = "match__receipts__"
    # "less or more than" is "not", but about the very receipt that the other conditions are about:
    # Django reads a negation over this relation as "no receipt of the match at all"
    waiting = Q(**{f"{receipts}company": company, f"{receipts}state__in": NOT_YET_IN_ERP}) & (
        Q(**{f"{receipts}held_because__lt": BY_STAFF})
        | Q(**{f"{receipts}held_because__gt": BY_STAFF})
        | Q(**{f"{receipts}due_at__gte": F("invoice__read_at")})
    )
    unseen = Q(**{f"{receipts}state__in": IN_ERP}) & Q(
        **{f"{receipts}submitted_at__gte": F("invoice__read_at")}
    )
    if invoice_ids is not None:
        for part in spans(invoice_ids):
            yield rows.filter(waiting | unseen, invoice_id__any_of=part)
        return
    yield rows.filter(waiting, invoice__is_open=True)
    open_rows = Invoice.objects.filter(company=company, is_open=True)
    oldest = open_rows.aggregate(oldest=Min("read_at"))["oldest"]
    if oldest is not None:  # keeps the database from looking at every receipt ever posted
        recent = Q(**{f"{receipts}company": company, f"{receipts}submitted_at__gte": oldest})
        yield rows.filter(unseen & recent, invoice__is_open=True)


def add_credits(
    company: Company, result: Promised, invoice_ids: frozenset[int] | None = None
) -> None:
    """Credit memos in use. There are few: people work them off. invoice_ids: only at these."""
    uses = CreditUse.objects.filter(match__ended_at__isnull=True, memo__company=company)
    if invoice_ids is not None:
        ids = list(invoice_ids)
        uses = uses.filter(Q(memo_id__any_of=ids) | Q(invoice_id__any_of=ids))
    rows = list(
        uses.values_list(
            "match_id", "memo_id", "memo__read_at", "invoice_id", "invoice__read_at", "amount"
        )
    )
    applied = applied_at(company, [row[0] for row in rows])
    for match_id, memo, memo_read, invoice, invoice_read, amount in rows:
        done = applied.get(match_id)
        for pk, read_at in ((memo, memo_read), (invoice, invoice_read)):
            if (done is None or read_at <= done) and (invoice_ids is None or pk in invoice_ids):
                result.taken[pk] += amount


def applied_at(company: Company, match_ids: Sequence[int]) -> dict[int, datetime | None]:
    """When a person said that the credit memos of these matches are applied in Sage."""
    by_key = {credit_key(pk): pk for pk in match_ids}
    done: dict[int, datetime | None] = {}
    for part in chunks(list(by_key)):
        items = ReconcilingItem.objects.filter(company=company, key__in=part)
        for key, at in items.values_list("key", "resolved_at"):
            done[by_key[key]] = at
    return done
