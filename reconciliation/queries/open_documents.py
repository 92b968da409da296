"""The open documents a person may pay with a payment, a screenful at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from django.db.models import F, Q, QuerySet

from customers.models import Customer
from paysync.domain.ledger import PAYABLE_TYPES
from paysync.models import Company
from reconciliation.domain.matching.facts import Document
from reconciliation.models import Invoice
from reconciliation.queries.candidates import documents_by_id

#: Rows on the screen, and how far "the oldest first" looks.
SHOWN, PORTION, FAR = 25, 100, 1_000


def payable(company: Company, currency: str) -> QuerySet[Invoice]:
    return Invoice.objects.filter(
        company=company,
        is_open=True,
        currency=currency,
        tran_type__in=sorted(PAYABLE_TYPES),
        payable__gt=0,
    )


def oldest(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """What is due first comes first; without a due date by its own date."""
    return rows.order_by(F("due_date").asc(nulls_last=True), "tran_date", "pk")


def in_order(company: Company, ids: Iterable[int]) -> list[Document]:
    """The documents with what they can still take, in the order of the ids."""
    listed = list(ids)
    found = documents_by_id(company, listed)
    return [found[pk] for pk in listed if pk in found]


def open_documents(company: Company, customer_id: int, currency: str) -> list[Document]:
    """The oldest open documents of a customer and of those it pays for."""
    rows = payable(company, currency).filter(customer_id__in=family(company, customer_id))
    return in_order(company, oldest(rows).values_list("pk", flat=True)[:SHOWN])


def family(company: Company, customer_id: int) -> list[int]:
    label = Customer.objects.filter(pk=customer_id).values("customer_id")
    children = Customer.objects.filter(company=company, national_parent_id__in=label)
    return [customer_id, *children.values_list("pk", flat=True)[:500]]


def oldest_documents(
    company: Company, customer_id: int, currency: str, minor: int
) -> Iterator[Document]:
    """The customer's own documents, the oldest first, until they take so much. Not disputed ones:
    those wait for a person.
    """
    rows = payable(company, currency).filter(customer_id=customer_id, in_dispute=False)
    ids = list(oldest(rows).values_list("pk", flat=True)[:FAR])
    for start in range(0, len(ids), PORTION):
        for document in in_order(company, ids[start : start + PORTION]):
            if minor <= 0:
                return
            if document.open > 0:
                minor -= document.open
                yield document


def find_documents(company: Company, currency: str, text: str) -> list[Document]:
    """Open documents of anybody: by number, by customer id or name, or by what is payable."""
    text = " ".join(text.split())[:60]
    if not text:
        return []
    rows = payable(company, currency)
    found = rows.filter(named_by(company, text))
    return in_order(company, oldest(found).values_list("pk", flat=True)[:SHOWN])


def named_by(company: Company, text: str) -> Q:
    number = "".join(filter(str.isdigit, text)) if not has_decimals(text) else ""
    condition = Q(tran_id=text.upper()) | Q(customer_id__in=customers_like(company, text))
    if number and len(number) <= 10:
        condition |= Q(tran_no=number.zfill(10)) | Q(tran_no=number)
    amount = amount_in(text)
    if amount is not None:
        condition |= Q(payable=amount)
    return condition


def customers_like(company: Company, text: str) -> list[int]:
    return [customer.pk for customer in find_customers(company, text)]


def find_customers(company: Company, text: str, most: int = 10) -> list[Customer]:
    """Customers by id or by the beginning of a word of their name, exact ids first."""
    text = " ".join(text.split())[:40]
    if not text or has_decimals(text):
        return []
    exact = list(Customer.objects.filter(company=company, customer_id=text.upper()))
    like = Q(customer_id__istartswith=text) | Q(name__istartswith=text)
    if len(text) >= 3:
        like |= Q(name__icontains=text)
    rows = Customer.objects.filter(like, company=company)
    rows = rows.exclude(pk__in=[row.pk for row in exact]).order_by("name", "pk")
    return [*exact, *rows[: most - len(exact)]]


def has_decimals(text: str) -> bool:
    """An amount as people write it: with a point or a comma and digits behind it."""
    return "." in text and amount_in(text) is not None


def amount_in(text: str) -> Decimal | None:
    """ "$1,234.50" as a number; None for anything else."""
    try:
        value = Decimal(text.strip().lstrip("$").replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value < 10**12 else None


def customers_of(company: Company, ids: Iterable[int]) -> list[Customer]:
    return list(Customer.objects.filter(company=company, pk__in=list(ids)).order_by("name", "pk"))
