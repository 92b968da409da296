"""Take due receipts for one worker, so that no other sends them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db import transaction as database
from django.db.models import F, Q

from paysync.domain.ledger import ReceiptState
from paysync.models import Company
from reconciliation.models import CashReceipt, PostingAttempt


def blocked() -> Q:
    """Receipts that wait because one under way, or unknown, may already pay the same invoice."""
    unknown = CashReceipt.objects.filter(
        state__in=[ReceiptState.UNKNOWN, ReceiptState.SENDING], match__applications__isnull=False
    )
    return Q(match__applications__invoice_id__in=unknown.values("match__applications__invoice_id"))


def claim_due(company: Company, worker: str, now: datetime, size: int) -> list[CashReceipt]:
    """Take up to `size` due receipts for this worker; the attempt is committed before any call."""
    with database.atomic():
        due = (
            CashReceipt.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",)
            )
            if connection.features.has_select_for_update_of
            else CashReceipt.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            )
        )
        rows = list(
            due.filter(company=company, state=ReceiptState.DUE, due_at__lte=now)
            .exclude(pk__in=CashReceipt.objects.filter(blocked()).values("pk"))
            .select_related("customer", "cash_account", "transaction", "company")
            .order_by("due_at", "pk")[:size]
        )
        for row in rows:
            row.state = ReceiptState.SENDING
            row.claimed_at, row.claimed_by = now, worker
            row.attempts_made += 1
        CashReceipt.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=ReceiptState.SENDING,
            claimed_at=now,
            claimed_by=worker,
            attempts_made=F("attempts_made") + 1,
        )
        PostingAttempt.objects.bulk_create(
            [
                PostingAttempt(receipt=row, number=row.attempts_made, worker=worker, started_at=now)
                for row in rows
            ]
        )
    return rows
