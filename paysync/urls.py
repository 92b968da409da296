"""Addresses. The console is the root and takes whatever is left, so it stays last."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from paysync import views

urlpatterns = [
    path("hooks/paytrace/<slug:connection>/", views.receive_hint, name="receive_hint"),
    path("healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
    path("api/v1/", include("reconciliation.urls")),
    path("reports/", include("reconciliation.report_urls")),
    path("", admin.site.urls),
]
