"""One record with everything that explains it, for the pages people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from paysync.domain.ledger import Bucket
from reconciliation.models import (
    Application,
    Capture,
    CashReceipt,
    Dispute,
    GatewayTransaction,
    JournalEntry,
    JournalLine,
    Match,
    PostingAttempt,
    ReceiptReversal,
    ReconcilingItem,
    RefundRequest,
    StateObservation,
)

MILL = Decimal("0.001")
#: Buckets that say where a payment's money lies now, in the order people ask.
SHOWN = tuple(bucket for bucket in Bucket if bucket != Bucket.CAPTURED)


@dataclass(frozen=True, slots=True)
class Balance:
    """What lies in one bucket. share: of the payment, in percent of a hundred."""

    bucket: str
    amount: Decimal
    share: int


def balances(lines: list[JournalLine]) -> list[Balance]:
    """The sum of the lines by bucket, without empty ones; exact, whatever the database keeps."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.bucket] = sums.get(line.bucket, Decimal(0)) + line.amount.quantize(MILL)
    whole = sum((abs(sums.get(bucket, Decimal(0))) for bucket in SHOWN), Decimal(0))
    return [
        Balance(bucket, sums[bucket], round(abs(sums[bucket]) * 100 / whole))
        for bucket in SHOWN
        if sums.get(bucket)
    ]


def with_outcome(rows: QuerySet[GatewayTransaction]) -> QuerySet[GatewayTransaction]:
    """Payments with what became of them, in three further queries for any number of rows."""
    open_items = ReconcilingItem.objects.filter(state=ReconcilingItem.State.OPEN)
    return rows.prefetch_related(
        Prefetch("items", open_items.order_by("pk"), to_attr="open_items"),
        Prefetch("receipts", CashReceipt.objects.order_by("sequence"), to_attr="all_receipts"),
        Prefetch("matches", Match.objects.filter(ended_at__isnull=True), to_attr="active_matches"),
    )


@dataclass(frozen=True, slots=True)
class PaymentStory:
    """A payment from its first sighting to the ledger."""

    payment: GatewayTransaction
    observations: list[StateObservation]
    matches: list[Match]
    receipts: list[CashReceipt]
    entries: Sequence[JournalEntry]
    balances: list[Balance]
    items: list[ReconcilingItem]
    refunds: list[RefundRequest]
    disputes: list[Dispute]
    captures: list[Capture]

    @property
    def match(self) -> Match | None:
        return next((match for match in self.matches if match.ended_at is None), None)

    @property
    def ended_matches(self) -> list[Match]:
        return [match for match in self.matches if match.ended_at is not None]


def find_payment_story(pk: int) -> PaymentStory | None:
    payment = (
        GatewayTransaction.objects.select_related(
            "merchant_account__connection", "company", "customer"
        )
        .filter(pk=pk)
        .first()
    )
    if payment is None:
        return None
    entries = list(
        JournalEntry.objects.filter(transaction=payment)
        .prefetch_related(Prefetch("lines", to_attr="all_lines"))
        .order_by("pk")
    )
    lines = [line for entry in entries for line in entry.all_lines]
    return PaymentStory(
        payment=payment,
        observations=list(
            StateObservation.objects.filter(transaction=payment)
            .select_related("event")
            .defer("event__payload")
            .order_by("pk")
        ),
        matches=list(
            Match.objects.filter(transaction=payment)
            .select_related("customer")
            .prefetch_related(applications())
            .order_by("-pk")
        ),
        receipts=list(
            CashReceipt.objects.filter(transaction=payment)
            .select_related("erp_batch", "cash_account")
            .order_by("sequence")
        ),
        entries=entries,
        balances=balances(lines),
        items=list(ReconcilingItem.objects.filter(transaction=payment).order_by("state", "pk")),
        refunds=list(
            RefundRequest.objects.filter(transaction=payment).select_related(
                "reason", "requested_by"
            )
        ),
        disputes=list(Dispute.objects.filter(transaction=payment)),
        captures=list(Capture.objects.filter(transaction=payment).select_related("asked_by")),
    )


def applications() -> Prefetch[str]:
    rows = Application.objects.select_related("invoice").order_by("pk")
    return Prefetch("applications", rows, to_attr="all_applications")


@dataclass(frozen=True, slots=True)
class ReceiptStory:
    """A receipt with what it pays, and every try at handing it over."""

    receipt: CashReceipt
    applications: list[Application]
    attempts: list[PostingAttempt]
    reversals: list[ReceiptReversal]
    items: list[ReconcilingItem]


def find_receipt_story(pk: int) -> ReceiptStory | None:
    receipt = (
        CashReceipt.objects.select_related(
            "company", "merchant_account", "transaction__customer", "match", "customer",
            "cash_account__gl_account", "erp_batch",
        )
        .filter(pk=pk)
        .first()
    )  # fmt: skip
    if receipt is None:
        return None
    rows = Application.objects.filter(match=receipt.match).select_related("invoice")
    return ReceiptStory(
        receipt=receipt,
        applications=list(rows.order_by("pk")),
        attempts=list(PostingAttempt.objects.filter(receipt=receipt).order_by("number")),
        reversals=list(
            ReceiptReversal.objects.filter(receipt=receipt)
            .select_related("erp_batch")
            .order_by("sequence")
        ),
        items=list(ReconcilingItem.objects.filter(receipt=receipt).order_by("state", "pk")),
    )


def find_item(pk: int) -> ReconcilingItem | None:
    return (
        ReconcilingItem.objects.select_related(
            "company", "owner", "transaction__customer", "transaction__merchant_account",
            "receipt__erp_batch", "event",
        )
        .defer("event__payload")
        .filter(pk=pk)
        .first()
    )  # fmt: skip
