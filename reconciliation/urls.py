"""The API's addresses, included by name under /api/v1/."""

from __future__ import annotations

from django.urls import path

from reconciliation.api import LatestProof, PaymentMatch

urlpatterns = [
    path("proof/", LatestProof.as_view(), name="api-proof"),
    path("payments/<str:name>/match/", PaymentMatch.as_view(), name="api-payment-match"),
]
