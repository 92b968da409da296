"""What matching has to read: open payments, candidate invoices, what is promised to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from customers.models import Customer
from paysync.domain.ledger import ReceiptState
from paysync.domain.money import Money, digits_of
from paysync.models import Company
from paysync.services.bulk import chunks
from reconciliation.domain.matching import Candidate, number_of
from reconciliation.models import Application, GatewayTransaction, Invoice

#: Above this many payments all open invoices are read at once instead of those they may mean.
TARGETED = 400

NOT_YET_IN_ERP = [
    ReceiptState.DUE,
    ReceiptState.SENDING,
    ReceiptState.UNKNOWN,
    ReceiptState.HELD,
]
IN_ERP = [ReceiptState.SUBMITTED, ReceiptState.EDITED_IN_ERP, ReceiptState.POSTED]


def payments_to_match(company: Company, limit: int) -> list[GatewayTransaction]:
    """The oldest payments that no match explains yet."""
    rows = GatewayTransaction.objects.filter(company=company, needs_match=True)
    return list(rows.order_by("created_at", "pk")[:limit])


def promised(invoice_ids: Sequence[int]) -> dict[int, Decimal]:
    """What active matches give each invoice beyond what its mirror row already shows.

    The mirror subtracts what was pending in Sage when it was read; so an application counts
    here until its receipt was in Sage before that reading began.
    """
    result: dict[int, Decimal] = defaultdict(Decimal)
    on_its_way = Q(match__receipts__state__in=NOT_YET_IN_ERP)
    unseen = Q(match__receipts__state__in=IN_ERP) & Q(
        match__receipts__submitted_at__gte=F("invoice__read_at")
    )
    for part in chunks(invoice_ids):
        counted = (
            Application.objects.filter(
                on_its_way | unseen, invoice_id__in=part, match__ended_at__isnull=True
            )
            .order_by()
            .values("invoice_id")
            .annotate(total=Sum(F("amount") + F("discount") + F("write_off")))
        )
        for row in counted:
            result[row["invoice_id"]] += round(row["total"], 3)
    return result


def invoices_for(company: Company, payments: Sequence[GatewayTransaction]) -> QuerySet[Invoice]:
    """The invoices these payments can mean: by number, by id, or open ones of the payer."""
    rows = Invoice.objects.filter(company=company)
    if len(payments) > TARGETED:
        return rows.filter(is_open=True) | rows.filter(
            tran_id__in=[p.invoice_reference.strip().upper() for p in payments[:TARGETED]]
        )
    references = {p.invoice_reference.strip().upper() for p in payments}
    numbers = {number_of(reference) for reference in references}
    padded = {n.zfill(10) for n in numbers if n} | {n for n in numbers if n}
    payers = {p.customer_id for p in payments if p.customer_id}
    return rows.filter(
        Q(tran_id__in=references) | Q(tran_no__in=padded) | Q(customer_id__in=payers, is_open=True)
    )


def candidates_for(
    company: Company, payments: Sequence[GatewayTransaction]
) -> tuple[list[Candidate], dict[int, str]]:
    """The candidates of these payments and their TranIDs by primary key."""
    rows: list[Any] = list(
        invoices_for(company, payments)
        .order_by("pk")
        .values_list(
            "pk", "tran_id", "tran_no", "tran_type", "customer_id", "customer__customer_id",
            "customer__is_active", "customer__national_parent_id", "payable", "currency",
            "in_dispute", named=True,
        )
    )  # fmt: skip
    given = promised([row.pk for row in rows])
    parents = parent_keys(company, {row.customer__national_parent_id for row in rows})
    candidates = [
        Candidate(
            id=row.pk,
            tran_id=row.tran_id,
            tran_no=row.tran_no,
            tran_type=row.tran_type,
            customer_id=row.customer_id,
            customer_label=row.customer__customer_id,
            customer_is_active=row.customer__is_active,
            parent_customer_id=parents.get(row.customer__national_parent_id),
            available=Money(
                round(row.payable - given.get(row.pk, Decimal(0)), digits_of(row.currency)),
                row.currency,
            ),
            in_dispute=row.in_dispute,
        )
        for row in rows
    ]
    return candidates, {row.pk: row.tran_id for row in rows}


def parent_keys(company: Company, parent_ids: Iterable[str]) -> dict[str, int]:
    wanted = [text for text in set(parent_ids) if text]
    if not wanted:
        return {}
    rows = Customer.objects.filter(company=company, customer_id__in=wanted)
    return dict(rows.values_list("customer_id", "pk"))
