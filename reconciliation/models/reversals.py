"""Reversing receipts that we mean to have in the ERP."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from paysync.domain.ledger import LIVE_REVERSALS, ReversalState
from reconciliation.models.receipts import CashReceipt, ErpBatch


class ReceiptReversal(models.Model):
    """What takes one posted receipt back in the ERP as a whole, from our intent to its posting."""

    receipt = models.ForeignKey(CashReceipt, on_delete=models.PROTECT, related_name="reversals")
    sequence = models.PositiveIntegerField(default=1)
    idempotency_key = models.CharField(max_length=64, unique=True)
    tran_no = models.CharField(max_length=10)
    comment = models.CharField(max_length=50)
    tran_date = models.DateField()
    post_date = models.DateField(help_text="The day it counts in the ledger.")
    state = models.CharField(
        max_length=16,
        choices=[(s.value, s.value.replace("_", " ").capitalize()) for s in ReversalState],
        default=ReversalState.DUE,
    )
    due_at = models.DateTimeField(help_text="Not before this instant.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Tries in a row without a result.")
    submitted_at = models.DateTimeField(null=True, blank=True)
    erp_key = models.CharField(max_length=20, blank=True)
    erp_tran_id = models.CharField(max_length=13, blank=True)
    erp_batch = models.ForeignKey(
        ErpBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="reversals"
    )
    last_error = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "reversal"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["receipt", "sequence"], name="one_reversal_per_receipt_and_sequence"
            ),
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(state__in=sorted(LIVE_REVERSALS)),
                name="one_live_reversal_per_receipt",
            ),
        ]

    def __str__(self) -> str:
        return self.erp_tran_id or self.tran_no
