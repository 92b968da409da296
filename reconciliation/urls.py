"""The API's addresses, included by name under /api/v1/."""

from __future__ import annotations

from django.urls import path

from reconciliation.api import captures, disputes, invoices, reading, refunds

urlpatterns = [
    path("invoices/", invoices.Invoices.as_view(), name="api-invoices"),
    path("invoices/<key:pk>/", invoices.OneInvoice.as_view(), name="api-invoice"),
    path(
        "customers/<key:pk>/statement/",
        invoices.CustomerStatement.as_view(),
        name="api-customer-statement",
    ),
    path("proof/", reading.LatestProof.as_view(), name="api-proof"),
    path("payments/<str:name>/", reading.PaymentStatus.as_view(), name="api-payment"),
    path("payments/<str:name>/match/", reading.PaymentMatch.as_view(), name="api-payment-match"),
    path("payments/<str:name>/captures/", captures.PaymentCaptures.as_view(), name="api-captures"),
    path("refunds/", refunds.Refunds.as_view(), name="api-refunds"),
    path("refunds/<int:pk>/", refunds.OneRefund.as_view(), name="api-refund"),
    path("refunds/<int:pk>/<str:deed>/", refunds.RefundDeed.as_view(), name="api-refund-deed"),
    path("disputes/", disputes.Disputes.as_view(), name="api-disputes"),
    path("disputes/<int:pk>/", disputes.OneDispute.as_view(), name="api-dispute"),
    path("disputes/<int:pk>/state/", disputes.DisputeTurn.as_view(), name="api-dispute-state"),
]
