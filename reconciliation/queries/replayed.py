"""What was open before the payments of the last days took it, as far as our own books tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.db.models.functions import Trim, Upper

from paysync.domain.ledger import ReceiptState
from paysync.domain.payments import MONEY_STATES, Kind
from paysync.models import Company
from paysync.services.bulk import chunks
from reconciliation.domain.matching.facts import Document
from reconciliation.models import (
    Application,
    CashReceipt,
    CreditUse,
    GatewayTransaction,
    Invoice,
    ShadowComparison,
)
from reconciliation.queries.amounts import to_minor
from reconciliation.queries.candidates import (
    COLUMNS,
    documents_by_id,
    parents_of,
    to_document,
)
from reconciliation.queries.promises import promised

#: Receipts that took nothing, or gave it back.
DEAD = (ReceiptState.WITHDRAWN, ReceiptState.DELETED_IN_ERP, ReceiptState.REVERSED)
Verdict = ShadowComparison.Verdict
BY_STAFF = (Verdict.SAME, Verdict.DIFFERENT, Verdict.ONLY_STAFF)


def payments_since(company: Company, first: date) -> QuerySet[GatewayTransaction]:
    """The payments of these days that still hold money, in the order in which they came."""
    return GatewayTransaction.objects.filter(
        company=company,
        business_date__gte=first,
        kind=Kind.SALE,
        state__in=[state.value for state in MONEY_STATES],
    ).order_by("created_at", "pk")


class GivenBack:
    """By document, what the payments of the window took of it: amounts as the columns have them."""

    def __init__(self, company: Company, first: date) -> None:
        self.taken: dict[int, Decimal] = defaultdict(Decimal)
        self.discount: dict[int, Decimal] = defaultdict(Decimal)
        self.by_name: dict[str, Decimal] = defaultdict(Decimal)
        payments = payments_since(company, first).order_by()
        self.add_applications(payments)
        self.add_credits(payments)
        self.add_staff(payments)

    def add_applications(self, payments: QuerySet[GatewayTransaction]) -> None:
        alive = CashReceipt.objects.filter(match=OuterRef("match_id")).exclude(state__in=DEAD)
        rows = Application.objects.filter(
            Exists(alive),
            match__ended_at__isnull=True,
            match__transaction__in=payments.values("pk"),
        )
        whole = Sum(F("amount") + F("discount") + F("write_off"))
        counted = rows.order_by().values("invoice_id").annotate(whole=whole, off=Sum("discount"))
        for row in counted:
            self.taken[row["invoice_id"]] += round(row["whole"], 3)
            self.discount[row["invoice_id"]] += round(row["off"], 3)

    def add_credits(self, payments: QuerySet[GatewayTransaction]) -> None:
        rows = CreditUse.objects.filter(
            match__ended_at__isnull=True, match__transaction__in=payments.values("pk")
        )
        for memo, invoice, amount in rows.values_list("memo_id", "invoice_id", "amount"):
            self.taken[memo] += amount
            self.taken[invoice] += amount

    def add_staff(self, payments: QuerySet[GatewayTransaction]) -> None:
        """In shadow mode the staff's own receipts for these payments closed the documents."""
        rows = ShadowComparison.objects.filter(
            transaction__in=payments.values("pk"), verdict__in=BY_STAFF
        )
        for theirs in rows.values_list("theirs", flat=True):
            for tran_id, amount in pairs_of(theirs):
                self.by_name[tran_id] += amount


def pairs_of(theirs: object) -> list[tuple[str, Decimal]]:
    """[[TranID, amount], …]; what is not of that form is passed over."""
    found = []
    for pair in theirs if isinstance(theirs, list) else []:
        if isinstance(pair, list) and len(pair) >= 2 and isinstance(pair[0], str):
            try:
                amount = Decimal(str(pair[1]))
            except InvalidOperation:
                continue
            if amount.is_finite() and amount > 0:
                found.append((pair[0], amount))
    return found


def documents_then(company: Company, first: date) -> dict[int, Document]:
    """Documents with what is open now and what the payments of the window took of it.

    Everything open, and what is closed by now but was taken or is named by one of these payments.
    What others paid meanwhile, by check for instance, is not known to have been open.
    """
    given = GivenBack(company, first)
    promises, parents = promised(company), parents_of(company)
    rows = Invoice.objects.filter(company=company, is_open=True).order_by("pk")
    documents = {
        row[0]: to_document(row, promises, parents)
        for row in rows.values_list(*COLUMNS).iterator(chunk_size=5_000)
    }
    closed = [pk for pk in closed_ids(company, first, given) if pk not in documents]
    documents |= documents_by_id(company, closed)
    return {pk: opened(one, given) for pk, one in documents.items()}


def closed_ids(company: Company, first: date, given: GivenBack) -> Sequence[int]:
    named = payments_since(company, first).exclude(invoice_reference="").order_by()
    references = named.values(name=Upper(Trim("invoice_reference")))
    rows = Invoice.objects.filter(company=company, is_open=False)
    ids = set(given.taken)
    ids |= set(rows.filter(tran_id__in=references).values_list("pk", flat=True))
    ids |= set(rows.filter(tran_no__in=references).values_list("pk", flat=True))
    for part in chunks(sorted(given.by_name)):
        ids |= set(rows.filter(tran_id__in=part).values_list("pk", flat=True))
    return sorted(ids)


def opened(document: Document, given: GivenBack) -> Document:
    """The document before the window: never more open than its total."""
    back = given.taken.get(document.id, Decimal(0))
    back += given.by_name.get(document.tran_id, Decimal(0))
    if not back:
        return document
    was_open = document.open + to_minor(back, document.currency)
    discount = given.discount.get(document.id, Decimal(0))
    return replace(
        document,
        open=min(was_open, document.total),
        discount=document.discount + to_minor(discount, document.currency),
    )
