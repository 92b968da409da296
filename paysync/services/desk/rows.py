"""Rows of the desk as the values that adapters work with, and back."""

from __future__ import annotations

from paysync.domain.desk import DeskEntry, DeskState
from paysync.models import DeskReceipt


def to_entry(row: DeskReceipt) -> DeskEntry:
    """The batch has to be loaded with it."""
    return DeskEntry(
        pk=row.pk,
        idempotency_key=row.idempotency_key,
        company_id=row.company_id,
        state=DeskState(row.state),
        payload_hash=row.payload_hash,
        intent=row.intent,
        shown=row.shown,
        batch_pk=row.batch_id,
        batch_reference=row.batch.reference,
        gateway_reference=row.gateway_reference,
        sage_tran_id=row.sage_tran_id,
        sage_batch_id=row.sage_batch_id,
        number_told=row.number_told,
        posted_on=row.posted_on,
        message=row.message or row.question,
        news_at=row.news_at,
    )
