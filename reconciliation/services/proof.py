"""The proof: every invariant that the data can break, checked; each violation named by record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from time import monotonic

from django.db.models import Count, Exists, F, OuterRef, Q

from paysync.domain.ledger import LIVE_RECEIPT_STATES, Bucket, ErpReceiptState, ReceiptState
from paysync.domain.payments import MONEY_STATES, GatewayRecord, Kind, State, Window
from paysync.domain.redaction import redact
from paysync.models import Company, InboundEvent, MerchantAccount
from paysync.ports import ErpLedger, PaymentGateway
from paysync.services.audit import verify_chain
from reconciliation.models import (
    Application,
    CashReceipt,
    GatewayTransaction,
    JournalEntry,
    JournalLine,
    Match,
    ProofRun,
    ReconcilingItem,
)
from reconciliation.queries.amounts import mills_sum
from reconciliation.services.leftovers import RESOLVED_BY_US
from reconciliation.services.polling import pages

#: At most so many violations of one kind are named; the count is always whole.
NAMED = 50
#: How long a payment may wait for its first match run.
MATCH_GRACE = timedelta(hours=1)

LIVE_IN_ERP = {
    ErpReceiptState.PENDING,
    ErpReceiptState.BEING_EDITED,
    ErpReceiptState.POSTING,
    ErpReceiptState.INTERRUPTED,
    ErpReceiptState.POSTED,
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant at one record. invariant: its number in the design, §6."""

    invariant: int
    name: str
    record: str
    message: str


@dataclass(slots=True)
class Proof:
    """What was checked and what was found. The counts are for people and for the demo."""

    at: datetime
    checked: int = 0
    missing: int = 0
    duplicates: int = 0
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.violations

    def broken(self, invariant: int, name: str, record: object, message: str) -> None:
        if sum(v.name == name for v in self.violations) < NAMED:
            self.violations.append(Violation(invariant, name, str(record), message))

    def to_json(self) -> dict[str, object]:
        return {
            "holds": self.holds,
            "checked": self.checked,
            "missing": self.missing,
            "duplicates": self.duplicates,
            "violations": [asdict(violation) for violation in self.violations],
            "seconds": round(self.seconds, 3),
        }


def prove(
    *,
    now: datetime,
    gateways: Mapping[int, PaymentGateway] | None = None,
    ledgers: Mapping[int, ErpLedger] | None = None,
    window: Window | None = None,
    scan_events: int = 5_000,
    keep: bool = True,
) -> Proof:
    """Check the books. With gateways and ledgers also the two outside lists, over `window`.

    gateways: by merchant account key; ledgers: by company key. Raises the ExternalError of an
    outside system that does not answer: a proof that could not look is no proof.
    scan_events: how many of the newest inbox events are searched for card numbers.
    """
    started = monotonic()
    proof = Proof(now)
    for check in CHECKS:
        check(proof)
    check_no_card_data(proof, scan_events)
    if window:
        for account_id, gateway in (gateways or {}).items():
            check_gateway(proof, account_id, gateway, window)
        for company_id, ledger in (ledgers or {}).items():
            check_erp(proof, company_id, ledger, window.start.date(), window.end.date())
    proof.seconds = monotonic() - started
    if keep:
        ProofRun.objects.create(
            at=now,
            seconds=round(proof.seconds, 3),
            holds=proof.holds,
            checked=proof.checked,
            violations=[asdict(violation) for violation in proof.violations],
        )
    return proof


def check_balances(proof: Proof) -> None:
    """1 and 9: per transaction no bucket is negative, and captured equals what was charged."""
    rows = (
        JournalLine.objects.order_by()
        .values("transaction_id", "transaction__gateway_id", "bucket")
        .annotate(mills=mills_sum("amount"))
    )
    for row in rows.filter(~Q(bucket=Bucket.CAPTURED), mills__lt=0):
        proof.broken(
            1, "negative bucket", row["transaction__gateway_id"],
            f"{row['bucket']} holds {row['mills'] / 1000:.3f}",
        )  # fmt: skip
    captured = dict(rows.filter(bucket=Bucket.CAPTURED).values_list("transaction_id", "mills"))
    sales = GatewayTransaction.objects.filter(kind=Kind.SALE, amount__gt=0)
    money = [state.value for state in MONEY_STATES]
    for pk, gateway_id, state, amount in sales.values_list("pk", "gateway_id", "state", "amount"):
        proof.checked += 1
        held = -captured.get(pk, 0)
        if (state in money or held) and held != int(round(amount * 1000)):
            proof.broken(
                1,
                "captured differs",
                gateway_id,
                f"charged {amount}, in the ledger {held / 1000:.3f}",
            )


def check_entries(proof: Proof) -> None:
    """4: every journal entry sums to zero per currency."""
    sums = (
        JournalLine.objects.order_by()
        .values("entry__event_key", "currency")
        .annotate(mills=mills_sum("amount"))
        .exclude(mills=0)
    )
    for row in sums:
        proof.broken(
            4, "entry not balanced", row["entry__event_key"], f"off by {row['mills']} thousandths"
        )
    for entry in JournalEntry.objects.filter(lines__isnull=True)[:NAMED]:
        proof.broken(4, "entry without lines", entry.event_key, "it has no lines")


def check_explained(proof: Proof) -> None:
    """Every payment with money has an active match or an open item; every match a receipt.

    A payment that has only just been recorded waits for the next match run: it gets an hour.
    """
    active = Match.objects.filter(transaction=OuterRef("pk"), ended_at__isnull=True)
    item = ReconcilingItem.objects.filter(open_or_decided(), transaction=OuterRef("pk"))
    money = [state.value for state in MONEY_STATES]
    too_long = proof.at - MATCH_GRACE
    lost = GatewayTransaction.objects.filter(kind=Kind.SALE, state__in=money).exclude(
        Exists(active)
        | Exists(item)
        | Q(needs_match=True, first_seen_at__gt=too_long)
        | Q(pk__in=refunded())
    )
    for row in lost:
        proof.missing += 1
        proof.broken(5, "payment not explained", row.gateway_id, "no match and no open item")
    receipts = CashReceipt.objects.filter(match=OuterRef("pk"))
    live = receipts.filter(state__in=sorted(LIVE_RECEIPT_STATES))
    told = ReconcilingItem.objects.filter(open_or_decided(), receipt__match=OuterRef("pk"))
    for match in Match.objects.filter(ended_at__isnull=True).exclude(Exists(live) | Exists(told)):
        proof.missing += 1
        proof.broken(5, "match without receipt", match.pk, "no live receipt and no open item")


def open_or_decided() -> Q:
    """Items that a person has to decide, or has decided."""
    return Q(state=ReconcilingItem.State.OPEN) | ~Q(resolved_by=RESOLVED_BY_US)


def refunded() -> Iterable[int]:
    """Payments of which nothing is left to explain: it all went back."""
    held = [Bucket.UNIDENTIFIED, Bucket.UNAPPLIED]
    rows = (
        JournalLine.objects.filter(transaction__needs_match=False)
        .order_by()
        .values("transaction_id")
        .annotate(
            held=mills_sum("amount", filter=Q(bucket__in=held)),
            gone=mills_sum("amount", filter=Q(bucket__in=[Bucket.REFUNDED, Bucket.CHARGED_BACK])),
        )
    )
    return [r["transaction_id"] for r in rows.filter(gone__gt=0) if not r["held"]]


def check_receipts(proof: Proof) -> None:
    """6 and 8: one live receipt per payment; an unknown one has no successor."""
    twice = (
        CashReceipt.objects.filter(state__in=sorted(LIVE_RECEIPT_STATES))
        .order_by()
        .values("transaction__gateway_id", "transaction_id", "kind")
        .annotate(count=Count("pk"))
        .filter(count__gt=1)
    )
    for row in twice:
        proof.duplicates += row["count"] - 1
        proof.broken(6, "two live receipts", row["transaction__gateway_id"], f"{row['count']} live")
    later = CashReceipt.objects.filter(
        transaction=OuterRef("transaction"), sequence__gt=OuterRef("sequence")
    )
    open_question = [ReceiptState.UNKNOWN, ReceiptState.SENDING]
    for receipt in CashReceipt.objects.filter(Exists(later), state__in=open_question):
        proof.broken(8, "successor of an unknown", receipt.idempotency_key, "sent past it")


def check_applications(proof: Proof) -> None:
    """10: applications add up to their match, and with the rest to the payment's receipt."""
    rows = (
        Match.objects.order_by()
        .annotate(mills=mills_sum("applications__amount"))
        .values_list("pk", "applied", "mills")
    )
    for pk, applied, mills in rows:
        if int(round(applied * 1000)) != (mills or 0):
            proof.broken(10, "applications differ", f"match {pk}", f"{applied} against {mills}")
    for receipt in CashReceipt.objects.exclude(
        amount=F("match__applied") + F("match__unapplied")
    ).select_related("match")[:1000]:
        if round(receipt.amount, 3) != round(receipt.match.applied + receipt.match.unapplied, 3):
            proof.broken(10, "receipt differs", receipt.idempotency_key, "not the match's amount")
    over = Application.objects.filter(amount__gt=F("match__transaction__amount"))
    for row in over.values_list("match__transaction__gateway_id", "amount"):
        proof.broken(10, "applied more than paid", row[0], f"{row[1]}")


def check_periods(proof: Proof) -> None:
    """12: nothing that waits for a period is forgotten."""
    item = ReconcilingItem.objects.filter(open_or_decided(), receipt=OuterRef("pk"))
    waiting = CashReceipt.objects.filter(
        state=ReceiptState.HELD, held_because="period_closed"
    ).exclude(Exists(item))
    for receipt in waiting:
        proof.broken(12, "forgotten for a period", receipt.idempotency_key, "held without an item")


def check_audit(proof: Proof) -> None:
    """15: the audit chain is whole."""
    for problem in verify_chain():
        proof.broken(15, "audit chain", "audit", problem)


def check_no_card_data(proof: Proof, scan_events: int) -> None:
    """16: no card number in what came in last, nor in any text of a payment."""
    newest = InboundEvent.objects.order_by("-pk").values_list("pk", "payload")[:scan_events]
    for pk, payload in newest.iterator():
        if redact(payload)[1]:
            proof.broken(16, "card data", f"inbox event {pk}", "holds a card number or code")
    texts = GatewayTransaction.objects.order_by("-pk").values_list(
        "gateway_id", "invoice_reference", "customer_reference", "billing_name", "description"
    )[:scan_events]
    for gateway_id, *values in texts.iterator():
        if redact(" | ".join(values))[1]:
            proof.broken(16, "card data", gateway_id, "holds a card number or code")


CHECKS: tuple[Callable[[Proof], None], ...] = (
    check_balances,
    check_entries,
    check_explained,
    check_receipts,
    check_applications,
    check_periods,
    check_audit,
)


def check_gateway(proof: Proof, account_id: int, gateway: PaymentGateway, window: Window) -> None:
    """2: the gateway's list is ours, in number, state and amount."""
    account = MerchantAccount.objects.get(pk=account_id)
    held = {
        (method, gateway_id): (state, amount)
        for method, gateway_id, state, amount in GatewayTransaction.objects.filter(
            merchant_account=account
        ).values_list("method", "gateway_id", "state", "amount")
    }
    told = set(
        ReconcilingItem.objects.filter(open_or_decided(), company=account.company).values_list(
            "transaction__gateway_id", flat=True
        )
    )
    for page in pages(gateway, window):
        for record in page.records:
            proof.checked += 1
            ours = held.get((record.method.value, record.gateway_id))
            if ours is None:
                proof.missing += 1
                proof.broken(2, "not held", record.gateway_id, "the gateway lists it")
            elif record.gateway_id not in told and differs(record, *ours):
                message = f"gateway {record.state} {record.amount}, here {ours[0]} {ours[1]}"
                proof.broken(2, "held differently", record.gateway_id, message)


def differs(record: GatewayRecord, state: str, amount: Decimal) -> bool:
    """Whether the gateway says something else of a payment than we hold."""
    if record.state == State.UNKNOWN:
        return False
    return state != record.state or round(amount, 3) != record.amount.amount


def check_erp(proof: Proof, company_id: int, ledger: ErpLedger, start: date, end: date) -> None:
    """6 in the ERP: one live receipt per payment there, each of them ours, none of ours missing."""
    company = Company.objects.get(pk=company_id)
    receipts = CashReceipt.objects.filter(company=company)
    ours = dict(receipts.values_list("idempotency_key", "state"))
    live: dict[str, list[str]] = {}
    seen: set[str] = set()
    for receipt in ledger.receipts_on(company.company_id, start, end):
        proof.checked += 1
        seen.add(receipt.idempotency_key)
        if receipt.state in LIVE_IN_ERP:
            live.setdefault(receipt.gateway_reference, []).append(receipt.idempotency_key)
        if receipt.idempotency_key not in ours:
            proof.broken(6, "not ours", receipt.idempotency_key, "the ERP has it, we do not")
    for reference, keys in live.items():
        if len(keys) > 1:
            proof.duplicates += len(keys) - 1
            proof.broken(6, "duplicate in ERP", reference, ", ".join(keys))
    there = {ReceiptState.SUBMITTED, ReceiptState.EDITED_IN_ERP, ReceiptState.POSTED}
    listed = receipts.filter(tran_date__gte=start, tran_date__lte=end)
    for key, state in listed.values_list("idempotency_key", "state"):
        if state in there and key not in seen:
            proof.missing += 1
            proof.broken(6, "not in ERP", key, f"{state} here, not in the ERP's list")
