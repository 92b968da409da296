"""The baselines of the API benchmark: the same page of invoices by a bare DRF view.

Django, settings, middleware and server are those of paysync; nobody is asked who he is. `body/` has
the page in memory; `rows/` reads it as DRF's own list view does, with a ModelSerializer.
"""

from __future__ import annotations

import json
import os
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

if os.environ.get("BENCH_BARE_API"):  # as a server, not imported for its addresses
    django.setup()

from rest_framework import generics, pagination, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reconciliation.models import Invoice

BODY = json.loads(os.environ.get("BENCH_BARE_API", "{}"))


class Open(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class Body(Open):
    def get(self, request: Request) -> Response:
        return Response(BODY)


class Row(serializers.ModelSerializer[Invoice]):
    company = serializers.CharField(source="company.company_id")
    customer_id = serializers.CharField(source="customer.customer_id")

    class Meta:
        model = Invoice
        fields = ("id", "tran_id", "tran_type", "company", "customer", "customer_id", "tran_date",
                  "due_date", "customer_po", "currency", "total", "balance", "payable", "is_open",
                  "in_dispute", "discount", "discount_until", "read_at")  # fmt: skip


class Pages(pagination.CursorPagination):
    ordering = "-pk"
    page_size = 25


class Rows(generics.ListAPIView[Invoice], Open):
    queryset = Invoice.objects.select_related("customer", "company")
    serializer_class = Row
    pagination_class: Any = Pages


urlpatterns = [path("body/", Body.as_view()), path("rows/", Rows.as_view())]

if os.environ.get("BENCH_BARE_API"):
    settings.ROOT_URLCONF = __name__
    application = get_wsgi_application()
