"""The payments of each view of the queue, as conditions: nothing is read here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from customers.models import Customer
from reconciliation.models import GatewayTransaction, Match, ReconcilingItem
from reconciliation.queries.dashboard import age_bounds
from reconciliation.queries.open_documents import amount_in
from reconciliation.queries.workbench.asked import Asked

Rows = QuerySet[GatewayTransaction]


def work(asked: Asked, user_id: int, today: date) -> Rows:
    """The payments of a view that the filters leave."""
    rows = VIEW_ROWS[asked.view](asked, user_id, today)
    if asked.company is not None:
        rows = rows.filter(company_id=asked.company)
    if asked.payer:
        rows = rows.filter(customer__isnull=asked.payer == "unknown")
    if bounds := age_bounds(asked.age, today):
        start, end = bounds
        rows = rows.filter(created_at__lt=end)
        rows = rows.filter(created_at__gte=start) if start else rows
    if asked.least is not None:
        rows = rows.filter(amount__gte=asked.least)
    if asked.most is not None:
        rows = rows.filter(amount__lte=asked.most)
    return rows.filter(named(asked)) if asked.text else rows


def todo(asked: Asked, user_id: int, today: date) -> Rows:
    """Waiting, and neither parked for a later day nor set aside.

    Said as what there is not, one thing each: the database then asks row by row and stops at the
    end of the page. "There is this, or there is that" makes it read all items first.
    """
    later = Exists(open_items().filter(due_on__gt=today))
    rows = waiting().filter(~later, ~Exists(put_aside()))
    if asked.reason or asked.owner:
        rows = rows.filter(Exists(open_items().filter(of_item(asked, user_id))))
    return rows


def parked(asked: Asked, user_id: int, today: date) -> Rows:
    items = open_items().filter(of_item(asked, user_id), due_on__gt=today)
    return waiting().filter(Exists(items))


def aside(asked: Asked, user_id: int, today: date) -> Rows:
    """Waiting, but a person said what becomes of it, and nothing new came up since."""
    return waiting().filter(Exists(put_aside()))


def on_account(asked: Asked, user_id: int, today: date) -> Rows:
    """Matched, but a part of the money (or all of it) pays no document."""
    matches = Match.objects.filter(ended_at__isnull=True, unapplied__gt=0)
    rows = GatewayTransaction.objects.filter(pk__in=matches.values("transaction_id"))
    if asked.reason or asked.owner:
        rows = rows.filter(Exists(open_items().filter(of_item(asked, user_id))))
    return rows


VIEW_ROWS: dict[str, Callable[[Asked, int, date], Rows]] = {
    "todo": todo,
    "parked": parked,
    "account": on_account,
    "aside": aside,
}


def waiting() -> Rows:
    return GatewayTransaction.objects.filter(needs_match=True)


def open_items() -> QuerySet[ReconcilingItem]:
    """Of the payment outside: the open item that says why it is not matched."""
    return ReconcilingItem.objects.filter(
        transaction=OuterRef("pk"),
        state=ReconcilingItem.State.OPEN,
        key__startswith="match:",
    ).order_by()


def put_aside() -> QuerySet[ReconcilingItem]:
    """Of the payment outside: an item that a person closed, with none open in its place."""
    again = ReconcilingItem.objects.filter(
        company=OuterRef("company"), key=OuterRef("key"), state=ReconcilingItem.State.OPEN
    )
    return (
        ReconcilingItem.objects.filter(
            ~Exists(again),
            transaction=OuterRef("pk"),
            state=ReconcilingItem.State.RESOLVED,
            key__startswith="match:",
        )
        .exclude(resolved_by="paysync")
        .order_by()
    )


def of_item(asked: Asked, user_id: int) -> Q:
    condition = Q(reason=asked.reason) if asked.reason else Q()
    if asked.owner == "me":
        condition &= Q(owner_id=user_id)
    elif asked.owner == "nobody":
        condition &= Q(owner__isnull=True)
    elif asked.owner.isdecimal():
        condition &= Q(owner_id=int(asked.owner))
    return condition


def named(asked: Asked) -> Q:
    """What somebody typed: a gateway id, a reference, an amount, a payer."""
    text = asked.text
    customers = Customer.objects.filter(Q(customer_id=text.upper()) | Q(name__istartswith=text))
    condition = (
        Q(gateway_id=text)
        | Q(invoice_reference__icontains=text)
        | Q(billing_name__icontains=text)
        | Q(customer_id__in=list(customers.values_list("pk", flat=True)[:100]))
    )
    value = amount_in(text)
    return condition | Q(amount=value) if value is not None else condition
