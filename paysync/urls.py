"""Addresses. The console is the root and takes whatever is left, so it stays last."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path, register_converter
from drf_spectacular.views import SpectacularJSONAPIView

from paysync import views
from paysync.api.addresses import KeyConverter
from paysync.api.problems import nothing_here

register_converter(KeyConverter, "key")  # before the apps' addresses, which use it

urlpatterns = [
    path("hooks/paytrace/<slug:connection>/", views.receive_hint, name="receive_hint"),
    path("healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
    path("api/v1/openapi.json", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("api/v1/", include("customers.urls")),
    path("api/v1/", include("reconciliation.urls")),
    re_path(r"^api/", nothing_here),
    path("reports/", include("reconciliation.report_urls")),
    path("", admin.site.urls),
]
