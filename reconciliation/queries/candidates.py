"""The documents that payments may pay, as the engine takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Trim, Upper

from customers.models import Customer
from paysync.domain.ledger import InvoiceType
from paysync.models import Company
from paysync.services.bulk import chunks, spans
from reconciliation.domain.matching.facts import Document, OpenPayment
from reconciliation.domain.matching.slips import slips
from reconciliation.models import GatewayTransaction, Invoice
from reconciliation.queries.amounts import from_minor, to_minor
from reconciliation.queries.promises import Promised, promised

#: For up to so many payments only what they may mean is read; for more, everything open.
FEW = 12
#: Of one payment's texts this much is looked at, and so many numbers of it.
READ, NUMBERS = 1_000, 30
DIGITS = re.compile(r"\d+")
WORDS = re.compile(r"[A-Z0-9-]{3,20}")
COLUMNS = (
    "pk", "tran_id", "tran_no", "tran_type", "tran_date", "due_date", "currency", "total",
    "payable", "customer_id", "customer__customer_id", "customer__name", "customer__is_active",
    "customer__national_parent_id", "customer_po", "in_dispute", "discount", "discount_until",
)  # fmt: skip


def documents_for(company: Company, payments: Sequence[OpenPayment]) -> dict[int, Document]:
    """The documents these payments may pay, by primary key; what we gave others is taken off."""
    few = len(payments) <= FEW
    rows = few_rows(company, payments) if few else all_rows(company)
    found = {row[0]: row for part in rows for row in part.order_by("pk").values_list(*COLUMNS)}
    taken = promised(company, list(found) if few else None)
    parents = parents_of(company)
    return {pk: to_document(row, taken, parents) for pk, row in found.items()}


def documents_by_id(company: Company, ids: Iterable[int]) -> dict[int, Document]:
    """These documents of the company; one of another company is not there."""
    wanted = sorted(set(ids))
    taken, parents = promised(company, wanted), parents_of(company)
    return {
        row[0]: to_document(row, taken, parents)
        for part in spans(wanted)
        for row in Invoice.objects.filter(company=company, pk__any_of=part).values_list(*COLUMNS)
    }


def to_document(row: tuple[Any, ...], promises: Promised, parents: dict[str, int]) -> Document:
    """One row of COLUMNS. A credit memo counts as what of it may still be used, without sign."""
    (pk, tran_id, tran_no, tran_type, tran_date, due_date, currency, total, payable, customer,
     label, name, is_active, parent, po, in_dispute, discount, until) = row  # fmt: skip
    if tran_type == InvoiceType.CREDIT_MEMO:
        total, payable = abs(total), abs(payable)
    if pk in promises.taken:
        payable = payable - promises.taken[pk]
        discount = max(discount - promises.discount.get(pk, Decimal(0)), Decimal(0))
    return Document(
        id=pk,
        tran_id=tran_id,
        tran_no=tran_no,
        tran_type=tran_type,
        tran_date=tran_date,
        due_date=due_date,
        currency=currency,
        total=to_minor(total, currency),
        open=to_minor(payable, currency),
        customer_id=customer,
        customer_label=label,
        customer_name=name,
        customer_is_active=is_active,
        parent_customer_id=parents.get(parent) if parent else None,
        customer_po=po,
        in_dispute=in_dispute,
        discount=to_minor(discount, currency) if discount else 0,
        discount_until=until,
    )


def parents_of(company: Company) -> dict[str, int]:
    """National-account parents by their Sage id."""
    labels = Customer.objects.filter(company=company).exclude(national_parent_id="")
    rows = Customer.objects.filter(
        company=company, customer_id__in=labels.values("national_parent_id")
    )
    return dict(rows.values_list("customer_id", "pk"))


# --- many payments: everything open, and closed documents that are named --------------------------


def all_rows(company: Company) -> Iterator[QuerySet[Invoice]]:
    rows = Invoice.objects.filter(company=company)
    waiting = GatewayTransaction.objects.filter(company=company, needs_match=True)
    references = waiting.values(name=Upper(Trim("invoice_reference")))
    yield rows.filter(is_open=True)
    yield rows.filter(is_open=False, tran_id__in=references)
    yield rows.filter(is_open=False, tran_no__in=references)


# --- few payments: what their texts, payers and amounts may mean ----------------------------------


def few_rows(company: Company, payments: Sequence[OpenPayment]) -> Iterator[QuerySet[Invoice]]:
    rows = Invoice.objects.filter(company=company)
    words = {word for payment in payments for word in words_of(payment)}
    numbers = {number for payment in payments for number in numbers_of(payment)}
    near = {slip for number in numbers if len(number) >= 5 for slip in slips(number)}
    for part in chunks(sorted(words)):
        yield rows.filter(tran_id__in=part)
        yield rows.filter(is_open=True, customer_po__in=part)
    for part in chunks(sorted(numbers | {number.zfill(10) for number in numbers})):
        yield rows.filter(tran_no__in=part)
    for part in chunks(sorted({number.zfill(10) for number in near})):
        yield rows.filter(is_open=True, tran_no__in=part)
    payers = families(company, likely_payers(company, payments, words))
    for payer_ids in chunks(sorted(payers)):
        yield rows.filter(is_open=True, customer_id__in=payer_ids)
    amounts = {from_minor(payment.amount, payment.currency) for payment in payments}
    yield rows.filter(is_open=True, payable__in=amounts)


def texts_of(payment: OpenPayment) -> str:
    return " ".join((payment.reference, *payment.texts, payment.payer_label))[:READ].upper()


def numbers_of(payment: OpenPayment) -> set[str]:
    """The numbers in a payment's texts, without leading zeros."""
    found = (run.lstrip("0") for run in DIGITS.findall(texts_of(payment)))
    return set(islice((number for number in found if 0 < len(number) <= 10), NUMBERS))


def words_of(payment: OpenPayment) -> set[str]:
    return {payment.reference.strip().upper()[:20], *WORDS.findall(texts_of(payment))[:NUMBERS]}


def likely_payers(company: Company, payments: Sequence[OpenPayment], words: set[str]) -> set[int]:
    """Known payers, customers that people chose before, and customers that are named."""
    sure = {p.customer_id for p in payments if p.customer_id is not None}
    sure |= {pk for payment in payments for pk in payment.aliases}
    named = Q(customer_id__in=sorted(words)[: NUMBERS * 10])
    for payment in payments:
        first = payment.payer_name.split()[:1]
        if payment.customer_id is None and first and len(first[0]) >= 3:
            named |= Q(name__istartswith=first[0])
    return sure | set(Customer.objects.filter(named, company=company).values_list("pk", flat=True))


def families(company: Company, customer_ids: set[int]) -> set[int]:
    """The customers, and those they pay for as national parents."""
    found = set(customer_ids)
    for part in chunks(sorted(customer_ids)):
        labels = Customer.objects.filter(pk__in=part).values("customer_id")
        children = Customer.objects.filter(company=company, national_parent_id__in=labels)
        found |= set(children.values_list("pk", flat=True))
    return found
