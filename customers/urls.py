"""The addresses of customers, included by name under /api/v1/."""

from __future__ import annotations

from django.urls import path

from customers.api import customers

urlpatterns = [
    path("customers/", customers.Customers.as_view(), name="api-customers"),
    path("customers/<key:pk>/", customers.OneCustomer.as_view(), name="api-customer"),
]
