"""Disputes of card payments: the claim, what happened to it, and the papers about it."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from paysync.domain.errors import RuleError
from paysync.models import Company, MerchantAccount
from reconciliation.domain.disputes.codes import Brand
from reconciliation.domain.disputes.states import OPEN_DISPUTES, DisputeState
from reconciliation.models.journal import JournalEntry
from reconciliation.models.matching import Match
from reconciliation.models.transactions import GatewayTransaction


def state_choices() -> list[tuple[str, str]]:
    return [(one.value, one.value.replace("_", " ").capitalize()) for one in DisputeState]


class Dispute(models.Model):
    """A cardholder's claim to have the money of a payment back. PayTrace has no feed of these."""

    class Source(models.TextChoices):
        MANUAL = "manual", "Entered by hand"
        FILE = "file", "Processor's report"
        API = "api", "Feed of the site"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="disputes")
    merchant_account = models.ForeignKey(
        MerchantAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="disputes"
    )
    transaction = models.ForeignKey(
        GatewayTransaction,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="disputes",
        help_text="The payment, once it is known.",
    )
    gateway_reference = models.CharField(
        max_length=40, blank=True, help_text="The payment's gateway id, as it was told."
    )
    case_number = models.CharField(max_length=40, help_text="The processor's number of the case.")
    brand = models.CharField(
        max_length=12,
        choices=[(one.value, one.value.capitalize()) for one in Brand],
        default=Brand.OTHER,
    )
    reason_code = models.CharField(max_length=12, blank=True, help_text="In the brand's spelling.")
    amount = models.DecimalField(max_digits=15, decimal_places=3, help_text="What is claimed.")
    taken = models.DecimalField(
        max_digits=15,
        decimal_places=3,
        default=0,
        help_text="What of it our books show as charged back now.",
    )
    currency = models.CharField(max_length=3)
    fee = models.DecimalField(
        max_digits=15, decimal_places=3, default=0, help_text="What the processor charged so far."
    )
    state = models.CharField(max_length=12, choices=state_choices(), default=DisputeState.OPENED)
    opened_on = models.DateField(help_text="When the claim was made.")
    evidence_due_on = models.DateField(null=True, blank=True)
    is_due_estimated = models.BooleanField(
        default=False, help_text="The deadline was counted by us: nobody told it."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="disputes",
    )
    source = models.CharField(max_length=6, choices=Source.choices)
    representment = models.TextField(
        max_length=4000, blank=True, help_text="What we answer to the claim."
    )
    match = models.ForeignKey(
        Match,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="disputes",
        help_text="What the payment paid when the money was taken.",
    )
    reminded_on = models.DateField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [("decide_dispute", "Can say how a dispute ended")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "case_number"], name="one_dispute_per_case_number"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(taken__gte=0) & Q(taken__lte=F("amount")),
                name="dispute_takes_what_is_claimed",
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="dispute_fee_gte_0"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["evidence_due_on"],
                condition=Q(state__in=sorted(OPEN_DISPUTES)),
                name="open_disputes_by_deadline",
            ),
            models.Index(fields=["company", "state"], name="disputes_by_state"),
        ]

    def __str__(self) -> str:
        return f"Dispute {self.case_number}"


class DisputeEventQuerySet(models.QuerySet["DisputeEvent"]):
    """Reads and inserts only."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise RuleError("what happened to a dispute is never edited")

    def delete(self) -> NoReturn:
        raise RuleError("what happened to a dispute is never deleted")


class DisputeEvent(models.Model):
    """One thing that happened to a dispute. Never edited, never deleted."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Opened"
        STATE = "state", "State"
        TOOK = "took", "Money taken"
        GAVE_BACK = "gave_back", "Money back"
        CHANGED = "changed", "Changed"
        FEE = "fee", "Fee"
        DOCUMENT = "document", "Document"
        NOTE = "note", "Note"
        REMINDER = "reminder", "Reminder"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=state_choices(), blank=True)
    text = models.CharField(max_length=500)
    amount = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    entry = models.ForeignKey(
        JournalEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    objects = DisputeEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.text


class DisputeDocument(models.Model):
    """A paper about a dispute. Its content lies outside of what the web server gives out."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="documents")
    name = models.CharField(max_length=100, help_text="As it was called where it came from.")
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=80, unique=True)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dispute", "sha256"], name="one_copy_of_a_document_per_dispute"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DisputeColumns(models.Model):
    """How a company's processor writes its report: remembered from file to file."""

    company = models.OneToOneField(
        Company, on_delete=models.PROTECT, related_name="dispute_columns"
    )
    columns = models.JSONField(default=dict, help_text="Field -> name of the column.")
    date_format = models.CharField(max_length=20, default="%Y-%m-%d")
    delimiter = models.CharField(max_length=1, default=",")
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["company"]
        verbose_name_plural = "dispute columns"

    def __str__(self) -> str:
        return f"Dispute report of {self.company}"
