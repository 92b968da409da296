"""Invoices and statements by API, with what is payable at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.customers import CustomerAnswer
from customers.api.customers import to_answer as customer_answer
from customers.queries.visible import visible_customers
from paysync.api.paging import PARAMETERS, page_of
from paysync.api.problems import FieldError
from paysync.api.schema import PAGING, key_filter, page_schema, problems, text_filter
from paysync.api.views import KeyView, key_in_query, text_in_query
from paysync.domain.ledger import InvoiceType
from paysync.domain.scopes import Scope
from reconciliation.api.reading import plain
from reconciliation.models import GatewayTransaction, Invoice
from reconciliation.queries.failures import message_for_customer
from reconciliation.queries.portal import (
    Live,
    live,
    statement_of,
    visible_invoices,
    with_status,
)

STATUSES = ("open", "paid")
TYPES = {kind.value: kind.name.lower() for kind in InvoiceType}


class DiscountAnswer(serializers.Serializer[Any]):
    amount = serializers.CharField()
    until = serializers.DateField()


class InvoiceAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.CharField(help_text="As Sage 500 shows it, such as IN-0000012345.")
    type = serializers.ChoiceField(choices=[*TYPES.values(), "other"])
    company = serializers.CharField()
    customer = serializers.IntegerField(help_text="The id of the customer.")
    customer_id = serializers.CharField(help_text="Sage 500 CustID.")
    date = serializers.DateField()
    due_date = serializers.DateField(allow_null=True)
    purchase_order = serializers.CharField()
    currency = serializers.CharField()
    total = serializers.CharField()
    balance = serializers.CharField(help_text="Open in Sage 500 when it was last read.")
    pending = serializers.CharField(help_text="Paid here, and not yet visible in Sage 500.")
    payable = serializers.CharField(help_text="What may still be paid now.")
    status = serializers.ChoiceField(choices=["open", "pending", "paid"])
    in_dispute = serializers.BooleanField()
    discount = DiscountAnswer(allow_null=True, help_text="For early payment, while it holds.")
    as_of = serializers.DateTimeField()


def to_answer(one: Live) -> dict[str, Any]:
    row, currency = one.invoice, one.invoice.currency
    return {
        "id": row.pk,
        "number": row.tran_id,
        "type": TYPES.get(row.tran_type, "other"),
        "company": row.company.company_id,
        "customer": row.customer_id,
        "customer_id": row.customer.customer_id,
        "date": row.tran_date,
        "due_date": row.due_date,
        "purchase_order": row.customer_po,
        "currency": currency,
        "total": plain(row.total, currency),
        "balance": plain(row.balance, currency),
        "pending": plain(one.pending, currency),
        "payable": plain(one.payable, currency),
        "status": one.status,
        "in_dispute": row.in_dispute,
        "discount": discount_of(row),
        "as_of": row.read_at,
    }


def discount_of(row: Invoice) -> dict[str, Any] | None:
    if row.discount <= 0 or row.discount_until is None:
        return None
    return {"amount": plain(row.discount, row.currency), "until": row.discount_until}


def to_answers(rows: Sequence[Invoice]) -> list[dict[str, Any]]:
    return [to_answer(one) for one in live(rows)]


class Invoices(KeyView):
    scopes: ClassVar = {"GET": Scope.INVOICES_READ}
    parameters: ClassVar = (*PARAMETERS, "customer", "company", "number", "status")

    @extend_schema(
        operation_id="invoices_list",
        tags=["Invoices"],
        parameters=[
            *PAGING,
            key_filter("customer", "The id of a customer."),
            text_filter("company", 3, "Sage 500 CompanyID."),
            text_filter("number", 13, "Such as IN-0000012345."),
            OpenApiParameter("status", str, enum=STATUSES),
        ],
        responses={200: page_schema(InvoiceAnswer), **problems()},
    )
    def get(self, request: Request) -> Response:
        """Invoices, credit memos and debit memos, the newest first. What is pending counts as open
        in the filter `status`, as it still is in Sage 500.
        """
        rows = visible_invoices(self.caller)
        if (customer := key_in_query(request, "customer")) is not None:
            rows = rows.filter(customer=customer)
        if company := text_in_query(request, "company", 3):
            rows = rows.filter(company__company_id=company)
        if number := text_in_query(request, "number", 13):
            rows = rows.filter(tran_id=number.upper())
        status = text_in_query(request, "status", 10)
        if status and status not in STATUSES:
            raise FieldError("status", f"is one of: {', '.join(STATUSES)}.")
        return Response(page_of(request, with_status(rows, status), to_answers))


class OneInvoice(KeyView):
    scopes: ClassVar = {"GET": Scope.INVOICES_READ}

    @extend_schema(
        operation_id="invoices_read",
        tags=["Invoices"],
        responses={200: InvoiceAnswer, **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One invoice."""
        return Response(to_answers([visible_invoices(self.caller).get(pk=pk)])[0])


class TransactionAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    gateway_id = serializers.CharField(help_text="PayTrace's transaction id.")
    method = serializers.ChoiceField(choices=["card", "ach"])
    state = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    at = serializers.DateTimeField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    customer_message = serializers.CharField(help_text="Empty unless it failed.")


def transaction_answer(row: GatewayTransaction) -> dict[str, Any]:
    return {
        "id": row.pk,
        "gateway_id": row.gateway_id,
        "method": row.method,
        "state": row.state,
        "amount": plain(row.amount, row.currency),
        "currency": row.currency,
        "at": row.created_at,
        "brand": row.card_brand,
        "last4": row.last4,
        "customer_message": message_for_customer(row),
    }


class TotalsAnswer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    due = serializers.CharField(help_text="Payable now, overdue or not.")
    pending = serializers.CharField()
    credits = serializers.CharField(help_text="Open credit memos.")
    on_account = serializers.CharField(help_text="Paid, and not used for an invoice yet.")
    current = serializers.CharField(help_text="Of what is due: not overdue.")
    days_1_30 = serializers.CharField()
    days_31_60 = serializers.CharField()
    days_61_90 = serializers.CharField()
    days_over_90 = serializers.CharField()


class StatementAnswer(serializers.Serializer[Any]):
    customer = CustomerAnswer()
    date = serializers.DateField()
    totals = TotalsAnswer(many=True)
    invoices = InvoiceAnswer(many=True)
    payments = TransactionAnswer(many=True)
    is_whole = serializers.BooleanField(
        help_text="False where there are more than 500 invoices or payments: the first are shown, "
        "and the totals are of all."
    )


class CustomerStatement(KeyView):
    scopes: ClassVar = {"GET": Scope.INVOICES_READ}

    @extend_schema(
        operation_id="customers_statement",
        tags=["Customers"],
        responses={200: StatementAnswer, **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """What a customer owes: open invoices, oldest due first, and the payments of 90 days."""
        customer, today = visible_customers(self.caller).get(pk=pk), timezone.localdate()
        found = statement_of(customer, today)
        totals = [
            {"currency": currency, **{name: plain(sum_, currency) for name, sum_ in sums.items()}}
            for currency, sums in sorted(found.totals.items())
        ]
        return Response(
            {
                "customer": customer_answer(customer),
                "date": today,
                "totals": totals,
                "invoices": [to_answer(one) for one in found.invoices],
                "payments": [transaction_answer(row) for row in found.payments],
                "is_whole": found.is_whole,
            }
        )
