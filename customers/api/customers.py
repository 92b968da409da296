"""Customers by API, as Sage 500 has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.domain.addresses import Address
from customers.models import Customer
from customers.queries.visible import visible_customers
from customers.services.mirror import normalize_id
from paysync.api.paging import PARAMETERS, page_of
from paysync.api.schema import PAGING, page_schema, problems, text_filter
from paysync.api.views import KeyView, text_in_query
from paysync.domain.scopes import Scope


class AddressAnswer(serializers.Serializer[Any]):
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    line3 = serializers.CharField()
    line4 = serializers.CharField()
    line5 = serializers.CharField()
    city = serializers.CharField()
    state = serializers.CharField()
    postal_code = serializers.CharField()
    country = serializers.CharField()


class CustomerAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Ours. Narrow requests to it by Paysync-Customer.")
    company = serializers.CharField(help_text="Sage 500 CompanyID.")
    customer_id = serializers.CharField(help_text="Sage 500 CustID.")
    name = serializers.CharField()
    email = serializers.CharField(help_text="Empty where Sage 500 has none.")
    phone = serializers.CharField()
    address = AddressAnswer()
    is_active = serializers.BooleanField()
    as_of = serializers.DateTimeField(help_text="When Sage 500 was last read for it.")


def to_answer(row: Customer) -> dict[str, Any]:
    return {
        "id": row.pk,
        "company": row.company.company_id,
        "customer_id": row.customer_id,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "address": Address.of(row.address).as_dict(),
        "is_active": row.is_active,
        "as_of": row.read_at,
    }


def to_answers(rows: Sequence[Customer]) -> list[dict[str, Any]]:
    return [to_answer(row) for row in rows]


class Customers(KeyView):
    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}
    parameters: ClassVar = (*PARAMETERS, "company", "customer_id")

    @extend_schema(
        operation_id="customers_list",
        tags=["Customers"],
        parameters=[
            *PAGING,
            text_filter("company", 3, "Sage 500 CompanyID, such as SOA."),
            text_filter("customer_id", 12, "Sage 500 CustID, whole."),
        ],
        responses={200: page_schema(CustomerAnswer), **problems()},
    )
    def get(self, request: Request) -> Response:
        """The customers this key may see, the newest first."""
        rows = visible_customers(self.caller)
        if company := text_in_query(request, "company", 3):
            rows = rows.filter(company__company_id=company)
        if customer_id := text_in_query(request, "customer_id", 12):
            rows = rows.filter(customer_id=normalize_id(customer_id))
        return Response(page_of(request, rows, to_answers))


class OneCustomer(KeyView):
    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="customers_read",
        tags=["Customers"],
        responses={200: CustomerAnswer, **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One customer."""
        return Response(to_answer(visible_customers(self.caller).get(pk=pk)))
