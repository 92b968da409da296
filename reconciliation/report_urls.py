"""The addresses of the reports, included by name under /reports/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from reconciliation.views import cash, meter, money_out, shadow

urlpatterns = [
    path("cash/", admin.site.admin_view(cash.cash_not_applied), name="report-cash"),
    path("cash.csv", admin.site.admin_view(cash.cash_as_csv), name="report-cash-csv"),
    path("meter/", admin.site.admin_view(meter.meter), name="report-meter"),
    path("money-out/", admin.site.admin_view(money_out.money_out), name="report-money-out"),
    path(
        "money-out.csv",
        admin.site.admin_view(money_out.money_out_as_csv),
        name="report-money-out-csv",
    ),
    path("shadow/", admin.site.admin_view(shadow.shadow), name="report-shadow"),
    path("shadow.csv", admin.site.admin_view(shadow.shadow_as_csv), name="report-shadow-csv"),
]
