"""Cash receipts we mean to have in the ERP, every try at one, and the ERP's batches."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from paysync.domain.ledger import LIVE_RECEIPT_STATES, ReceiptState
from paysync.models import Company, MerchantAccount
from reconciliation.models.matching import Match
from reconciliation.models.mirrors import CashAccount
from reconciliation.models.transactions import GatewayTransaction


class ErpBatch(models.Model):
    """A batch of Sage 500 that holds receipts of ours."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="batches")
    erp_key = models.CharField(max_length=20)
    batch_id = models.CharField(max_length=12)
    cash_account = models.ForeignKey(CashAccount, on_delete=models.PROTECT, related_name="batches")
    post_date = models.DateField()
    first_seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "ERP batch"
        verbose_name_plural = "ERP batches"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "erp_key"], name="one_erp_batch_per_company_and_key"
            )
        ]

    def __str__(self) -> str:
        return self.batch_id


class CashReceipt(models.Model):
    """The ERP's record of one gateway payment, from our intent to its posting."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="receipts")
    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.PROTECT, related_name="receipts"
    )
    transaction = models.ForeignKey(
        GatewayTransaction, on_delete=models.PROTECT, related_name="receipts"
    )
    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="receipts")
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="receipts"
    )
    cash_account = models.ForeignKey(CashAccount, on_delete=models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=8, default="receipt")
    sequence = models.PositiveIntegerField(default=1)
    idempotency_key = models.CharField(max_length=64, unique=True, help_text="The fingerprint.")
    tran_no = models.CharField(max_length=10)
    comment = models.CharField(max_length=50)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    tran_date = models.DateField(help_text="The day the customer paid.")
    post_date = models.DateField(help_text="The day it counts in the ledger.")
    state = models.CharField(
        max_length=16,
        choices=[(s.value, s.value.replace("_", " ").capitalize()) for s in ReceiptState],
        default=ReceiptState.DUE,
    )
    held_because = models.CharField(max_length=30, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(help_text="Not before this instant.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=80, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    posted_on = models.DateField(null=True, blank=True)
    erp_key = models.CharField(max_length=20, blank=True)
    erp_tran_id = models.CharField(max_length=13, blank=True)
    erp_batch = models.ForeignKey(
        ErpBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="receipts"
    )
    erp_amount = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    erp_unapplied = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    last_error = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()
    followed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "receipt"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["transaction", "kind"],
                condition=Q(state__in=sorted(LIVE_RECEIPT_STATES)),
                name="one_live_receipt_per_payment_and_kind",
            ),
            models.UniqueConstraint(
                fields=["transaction", "kind", "sequence"],
                name="one_receipt_per_payment_kind_and_sequence",
            ),
            models.UniqueConstraint(
                fields=["company", "tran_no"], name="one_receipt_per_company_and_number"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_amount_gt_0"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "state", "due_at"], name="receipts_due"),
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class PostingAttempt(models.Model):
    """One try at a receipt, written before it is made and completed after. Never deleted."""

    receipt = models.ForeignKey(CashReceipt, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=30, blank=True)
    code = models.IntegerField(null=True, blank=True, help_text="Return code of the wrapper.")
    message = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["receipt", "number"], name="one_attempt_per_receipt_and_number"
            )
        ]

    def __str__(self) -> str:
        return f"try {self.number}: {self.outcome or 'running'}"
