"""Which customers a program may see: those of its companies, or the one it is narrowed to."""

from __future__ import annotations

from django.db.models import QuerySet

from customers.models import Customer
from paysync.domain.callers import Caller


def visible_customers(caller: Caller) -> QuerySet[Customer]:
    """Active or not: an old invoice may belong to somebody who is no customer any more."""
    rows = Customer.objects.select_related("company").filter(company__in=caller.companies)
    return rows if caller.customer is None else rows.filter(pk=caller.customer)
