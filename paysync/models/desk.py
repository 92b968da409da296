"""The desk: a Sage 500 that we can only hand things to, by file or by hand.

What the site exported to us, the receipts we have for it, and every file that was taken in.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from paysync.domain.desk import LIVE_STATES, DeskKind, DeskState
from paysync.models.setup import Connection

KINDS = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in DeskKind]
STATES = [
    (DeskState.WAITING.value, "Waiting"),
    (DeskState.HANDED_OVER.value, "In a file"),
    (DeskState.ENTERED.value, "In Sage 500"),
    (DeskState.EDITING.value, "Open on a screen"),
    (DeskState.POSTING.value, "Being posted"),
    (DeskState.INTERRUPTED.value, "Posting interrupted"),
    (DeskState.POSTED.value, "Posted"),
    (DeskState.REJECTED.value, "Refused by the site"),
    (DeskState.DELETED.value, "Deleted in Sage 500"),
    (DeskState.WITHDRAWN.value, "Taken back"),
]


class DeskImport(models.Model):
    """A file somebody put into our inbox: from its first sighting to what came of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting until it is whole"
        IMPORTED = "imported", "Taken in"
        REPEATED = "repeated", "Taken in before"
        OLDER = "older", "Older than what we have"
        REJECTED = "rejected", "Rejected"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, blank=True)
    size = models.BigIntegerField(help_text="Bytes.")
    modified_ns = models.BigIntegerField(help_text="When the file says it was written.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256.")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    rows = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="Records that were new or differed.")
    as_of = models.DateTimeField(
        null=True, blank=True, help_text="How Sage 500 was at least at this instant."
    )
    errors = models.JSONField(default=list, blank=True)
    message = models.CharField(max_length=400, blank=True)
    seen_at = models.DateTimeField(help_text="First seen with this size and date.")
    ended_at = models.DateTimeField(null=True, blank=True)
    put_away_at = models.DateTimeField(null=True, blank=True, help_text="Moved out of the inbox.")

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "imported file"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "file_name"],
                condition=Q(put_away_at__isnull=True),
                name="one_import_per_file_in_the_inbox",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "digest"], name="imports_by_digest"),
        ]

    def __str__(self) -> str:
        return self.file_name


class DeskSnapshot(models.Model):
    """How new our copy of one list of one company is. Its row is the lock of an import."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="snapshots")
    company_id = models.CharField(max_length=3)
    kind = models.CharField(max_length=14, choices=KINDS)
    as_of = models.DateTimeField(
        null=True, blank=True, help_text="How Sage 500 was at least at this instant."
    )
    imported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "company_id", "kind"], name="one_snapshot_per_list"
            )
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.kind}"


class DeskRecord(models.Model):
    """One record of a list that the site exported, in our own words."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="desk_records"
    )
    company_id = models.CharField(max_length=3)
    kind = models.CharField(max_length=14, choices=KINDS)
    key = models.CharField(max_length=40, help_text="Its id in capitals, as Sage 500 compares.")
    data = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the data.")
    is_current = models.BooleanField(
        default=True, help_text="Invoices: open. Others: in the newest list."
    )
    changed_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="Last listed.")

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "company_id", "kind", "key"], name="one_desk_record_per_key"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["connection", "company_id", "kind", "changed_at"], name="desk_records_since"
            )
        ]

    def __str__(self) -> str:
        return self.key


class DeskBatch(models.Model):
    """Receipts that go together: one company, cash account, posting date and currency.

    Open: takes more. Closing: its file is being written. Staged: the file is whole beside its
    place, and `digest` is known. Closed: it left, or its receipts went one by one.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSING = "closing", "Being written"
        STAGED = "staged", "Written"
        CLOSED = "closed", "Closed"

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="desk_batches"
    )
    company_id = models.CharField(max_length=3)
    cash_account_id = models.CharField(max_length=15)
    post_date = models.DateField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    count = models.PositiveIntegerField(default=0, help_text="Receipts that ever went in.")
    file_name = models.CharField(max_length=80, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "batch for Sage 500"
        verbose_name_plural = "batches for Sage 500"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "company_id", "cash_account_id", "post_date", "currency"],
                condition=Q(state="open"),
                name="one_open_desk_batch",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["connection", "state"], name="desk_batches_due")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What the site calls it: at most 12 characters, as Sage's own batch ids."""
        return f"PS-{self.pk:07d}"


class DeskReceipt(models.Model):
    """One receipt for the desk: what we mean, how far it got, and what Sage 500 shows of it."""

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="desk_receipts"
    )
    company_id = models.CharField(max_length=3)
    idempotency_key = models.CharField(max_length=64, unique=True, help_text="The fingerprint.")
    gateway_reference = models.CharField(max_length=64)
    payload_hash = models.CharField(max_length=64)
    intent = models.JSONField()
    batch = models.ForeignKey(DeskBatch, on_delete=models.PROTECT, related_name="receipts")
    customer_id = models.CharField(max_length=12, help_text="In capitals.")
    tran_no = models.CharField(max_length=10, help_text="In capitals.")
    mark = models.CharField(max_length=50, blank=True, help_text="`PT <gateway id>`.")
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    tran_date = models.DateField()
    state = models.CharField(max_length=12, choices=STATES, default=DeskState.WAITING)
    sage_tran_id = models.CharField(max_length=13, blank=True)
    sage_batch_id = models.CharField(max_length=12, blank=True)
    number_told = models.BooleanField(
        default=False, help_text="Sage's own list named the number; nobody only typed it."
    )
    posted_on = models.DateField(null=True, blank=True)
    shown = models.JSONField(null=True, blank=True, help_text="What Sage 500 shows of it.")
    message = models.CharField(max_length=400, blank=True)
    question = models.CharField(
        max_length=400, blank=True, help_text="What a person has to look at."
    )
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    news_at = models.DateTimeField(
        null=True, blank=True, help_text="No older news changes anything."
    )
    handed_over_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(null=True, blank=True)
    entered_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = "receipt to enter"
        verbose_name_plural = "receipts to enter"
        permissions: ClassVar = [("enter_deskreceipt", "Can enter receipts by hand")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "company_id", "gateway_reference"],
                condition=Q(state__in=sorted(LIVE_STATES)),
                name="one_live_desk_receipt_per_payment",
            ),
            models.UniqueConstraint(
                fields=["connection", "company_id", "tran_no"],
                condition=Q(state__in=sorted(LIVE_STATES)),
                name="one_live_desk_receipt_per_number",
            ),
            models.UniqueConstraint(
                fields=["connection", "company_id", "sage_tran_id"],
                condition=Q(sage_tran_id__gt=""),
                name="one_desk_receipt_per_sage_number",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="desk_receipt_amount_gt_0"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "state"], name="desk_receipts_by_state"),
            models.Index(
                fields=["connection", "company_id", "tran_date"], name="desk_receipts_by_day"
            ),
            models.Index(fields=["connection", "company_id", "mark"], name="desk_receipts_by_mark"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.tran_no}"


class DeskClaim(models.Model):
    """What a receipt takes of an invoice that the site's list cannot show yet.

    It goes when the receipt ends, or with the first list of invoices made after its posting.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="desk_claims")
    company_id = models.CharField(max_length=3)
    tran_id = models.CharField(max_length=13, help_text="The invoice, in capitals.")
    receipt = models.ForeignKey(DeskReceipt, on_delete=models.CASCADE, related_name="claims")
    amount = models.DecimalField(
        max_digits=15, decimal_places=3, help_text="Payment, discount and write-off."
    )
    discount = models.DecimalField(
        max_digits=15, decimal_places=3, default=0, help_text="What of it is discount."
    )
    until = models.DateTimeField(
        null=True, blank=True, help_text="A list made at this instant or later shows it."
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["receipt", "tran_id"], name="one_claim_per_invoice")
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "company_id", "tran_id"], name="claims_on_invoice")
        ]

    def __str__(self) -> str:
        return f"{self.tran_id} {self.amount}"
