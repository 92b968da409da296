"""Hand cash receipts to the ERP exactly once: claim, look, send, and ask about what is unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db import transaction as database
from django.db.models import F, Q

from paysync.domain.errors import ExternalError, OutcomeUnknownError, RecordError, UnavailableError
from paysync.domain.ledger import (
    Application as DomainApplication,
)
from paysync.domain.ledger import (
    Bucket,
    ErpReceipt,
    ReceiptIntent,
    ReceiptState,
    SubmitCode,
    SubmitResult,
)
from paysync.domain.money import Money
from paysync.models import Company
from paysync.ports import ErpLedger
from reconciliation.domain.backoff import delay_s
from reconciliation.domain.reasons import Reason
from reconciliation.models import Application, CashReceipt, ErpBatch, PostingAttempt
from reconciliation.services.journal import balances_of
from reconciliation.services.outcomes import hold, note_outcome, submitted
from reconciliation.services.planning import Calendar

#: A receipt that cannot be handed over after this many tries waits for a person.
MOST_TRIES = 12

REJECTED = {
    SubmitCode.PERIOD_CLOSED: Reason.PERIOD_CLOSED,
    SubmitCode.BALANCE_CHANGED: Reason.BALANCE_CHANGED,
    SubmitCode.KEY_REUSED: Reason.ERP_REJECTED,
    SubmitCode.VALIDATION_ERROR: Reason.ERP_REJECTED,
}
#: Validation reasons of the wrapper that have a reason of their own.
NAMED = {
    "inactive_customer": Reason.INACTIVE_CUSTOMER,
    "currency_mismatch": Reason.CURRENCY_MISMATCH,
    "bad_text": Reason.BAD_TEXT,
    "bad_amount": Reason.BAD_AMOUNT,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a claimed group may take, and when an unknown outcome is looked up first."""

    claim_s: float = 300.0
    look_up_after_s: float = 60.0


PATIENT = Patience()


@dataclass(slots=True)
class Posting:
    """What one run did, by outcome."""

    sent: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


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


def post_due(
    company_id: int,
    *,
    erp: ErpLedger,
    worker: str,
    clock: Callable[[], datetime],
    size: int = 100,
    most: int = 100_000,
    patience: Patience = PATIENT,
    tell: Callable[[str], None] = lambda text: None,
) -> Posting:
    """Send the company's due receipts, `size` at a time, until none is left or `most` were sent.

    Safe to repeat and to run by many workers at once: a receipt is claimed before it is sent,
    looked for before it is sent again, and the ERP refuses a second one of the same fingerprint.
    Raises the ExternalError that stopped it; what was claimed but not sent is due again by then.
    """
    company = Company.objects.select_related("erp_connection").get(pk=company_id)
    posting = Posting()
    if company.mode == Company.Mode.SHADOW:
        return posting  # also what was due before the company was set back to shadow
    while posting.sent < most:
        claimed = claim_due(company, worker, clock(), size)
        if not claimed:
            break
        send_claimed(company, claimed, erp, posting, clock, patience)
        posting.sent += len(claimed)
        tell(f"{posting.sent} handled: {posting.outcomes}")
    return posting


@dataclass(slots=True)
class Lookup:
    """What was read before a claimed group is sent."""

    found: dict[str, ErpReceipt]
    payable: dict[str, Money]
    applications: dict[int, list[tuple[str, Money]]]
    calendar: Calendar
    shrunk: set[int] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    batches: dict[str, ErpBatch] = field(default_factory=dict)


def send_claimed(
    company: Company,
    claimed: list[CashReceipt],
    erp: ErpLedger,
    posting: Posting,
    clock: Callable[[], datetime],
    patience: Patience,
) -> None:
    """Look, then send each of one claimed group."""
    try:
        lookup = look(company, claimed, erp)
    except ExternalError as error:  # nothing was sent: all of them are simply due again
        for row in claimed:
            try_later(row, str(error), clock(), getattr(error, "retry_after_s", None))
        raise
    started = clock()
    for index, row in enumerate(claimed):
        if (clock() - started).total_seconds() > patience.claim_s:
            put_back(claimed[index:], clock())  # before anybody takes us for dead
            return
        try:
            posting.count(send_one(row, lookup, erp, clock, patience))
        except UnavailableError as error:
            for waiting in claimed[index:]:
                try_later(waiting, str(error), clock(), error.retry_after_s)
            raise


def look(company: Company, claimed: list[CashReceipt], erp: ErpLedger) -> Lookup:
    """Did an earlier try get through, and can the invoices still take it? Few calls for all."""
    applications: dict[int, list[tuple[str, Money]]] = {}
    rows = Application.objects.filter(match_id__in=[row.match_id for row in claimed])
    for match_id, tran_id, amount, currency in rows.order_by("pk").values_list(
        "match_id", "invoice__tran_id", "amount", "match__currency"
    ):
        applications.setdefault(match_id, []).append((tran_id, Money(amount, currency)))
    wanted = sorted({tran_id for parts in applications.values() for tran_id, _ in parts})
    return Lookup(
        found=erp.find_receipts([row.idempotency_key for row in claimed]),
        payable=erp.payable_now(company.company_id, wanted) if wanted else {},
        applications=applications,
        calendar=Calendar.load(company.pk),
        shrunk=shrunk_payments(claimed),
    )


def shrunk_payments(claimed: Sequence[CashReceipt]) -> set[int]:
    """The payments that no longer hold what their receipt says: money went back meanwhile."""
    balances = balances_of([row.transaction for row in claimed])
    shrunk: set[int] = set()
    for row in claimed:
        held, zero = balances.get(row.transaction_id, {}), Money.zero(row.currency)
        total = held.get(Bucket.APPLIED, zero) + held.get(Bucket.UNAPPLIED, zero)
        if total < Money(row.amount, row.currency):
            shrunk.add(row.transaction_id)
    return shrunk


def put_back(rows: Sequence[CashReceipt], now: datetime) -> None:
    """Claimed but not sent: due again at once."""
    for row in rows:
        note_outcome(row, ReceiptState.DUE, "not sent", "Claimed, but not sent now.", now)


def send_one(
    row: CashReceipt,
    lookup: Lookup,
    erp: ErpLedger,
    clock: Callable[[], datetime],
    patience: Patience,
) -> str:
    """Send one claimed receipt and write down what came of it at once. Returns the outcome."""
    found = lookup.found.get(row.idempotency_key)
    if found:
        submitted(row, to_result(found), clock(), lookup.batches)
        return "found"
    if invoices_of(row, lookup) & lookup.unsettled:  # one before it may already pay them
        put_back([row], clock())
        return "waits"
    objection = objection_to(row, lookup)
    if objection:
        hold(row, *objection, now=clock())
        return objection[0].value
    try:
        result = erp.submit_receipt(to_intent(row, lookup.applications.get(row.match_id, [])))
    except OutcomeUnknownError as error:
        note_unknown(row, str(error), clock(), patience.look_up_after_s)
        lookup.unsettled |= invoices_of(row, lookup)
        return "unknown"
    except UnavailableError:
        raise
    except (ExternalError, RecordError) as error:
        hold(row, Reason.ERP_REJECTED, str(error), now=clock())
        return "rejected"
    take_payable(row, lookup)
    return settle(row, result, clock(), patience, lookup.batches)


def invoices_of(row: CashReceipt, lookup: Lookup) -> set[str]:
    return {tran_id for tran_id, _ in lookup.applications.get(row.match_id, [])}


def objection_to(row: CashReceipt, lookup: Lookup) -> tuple[Reason, str] | None:
    """Why the receipt must not be sent now, from what the ERP said a moment ago."""
    if row.transaction_id in lookup.shrunk:
        return Reason.MONEY_WENT_BACK, "Money of the payment went back: nothing is sent."
    if not lookup.calendar.is_open(row.post_date):
        return Reason.PERIOD_CLOSED, f"The period of {row.post_date} is closed for AR."
    for tran_id, money in lookup.applications.get(row.match_id, []):
        payable = lookup.payable.get(tran_id)
        if payable is None:
            return Reason.BALANCE_CHANGED, f"{tran_id} is no longer in Sage 500."
        if payable < money:
            return (
                Reason.BALANCE_CHANGED,
                f"{tran_id} takes {payable} now; the receipt would apply {money}.",
            )
    return None


def take_payable(row: CashReceipt, lookup: Lookup) -> None:
    """What was just applied is no longer payable for the rest of the group."""
    for tran_id, money in lookup.applications.get(row.match_id, []):
        if tran_id in lookup.payable:
            lookup.payable[tran_id] -= money


def to_intent(row: CashReceipt, applications: Sequence[tuple[str, Money]]) -> ReceiptIntent:
    zero = Money.zero(row.currency)
    return ReceiptIntent(
        idempotency_key=row.idempotency_key,
        company_id=row.company.company_id,
        customer_id=row.customer.customer_id,
        cash_account_id=row.cash_account.cash_account_id,
        post_date=row.post_date,
        tran_date=row.tran_date,
        tran_no=row.tran_no,
        amount=Money(row.amount, row.currency),
        comment=row.comment,
        gateway_reference=gateway_reference(row),
        applications=tuple(
            DomainApplication(tran_id, money, zero, zero) for tran_id, money in applications
        ),
    )


def gateway_reference(row: CashReceipt) -> str:
    """Merchant account, method and gateway id: what a receipt must be the only live one of."""
    return f"{row.merchant_account_id}:{row.transaction.method}:{row.transaction.gateway_id}"


def to_result(found: ErpReceipt) -> SubmitResult:
    return SubmitResult(
        SubmitCode.ALREADY_THERE,
        found.receipt_key,
        found.batch_key,
        found.batch_id,
        found.tran_id,
        message="found by a look-up",
    )


def settle(
    row: CashReceipt,
    result: SubmitResult,
    now: datetime,
    patience: Patience,
    batches: dict[str, ErpBatch],
) -> str:
    """Write down the ERP's answer."""
    if result.code in {SubmitCode.CREATED, SubmitCode.ALREADY_THERE}:
        submitted(row, result, now, batches)
        return "submitted"
    if result.code in {SubmitCode.RETRYABLE, SubmitCode.BATCH_NOT_OPEN}:
        try_later(row, result.message, now, None, result.code)
        return "retry"
    if result.code in REJECTED:
        reason = NAMED.get(result.reason, REJECTED[result.code])
        hold(row, reason, result.message or result.reason, now=now, code=result.code)
        return reason.value
    message = result.message or "Sage 500 answered with an error"
    note_unknown(row, message, now, patience.look_up_after_s, result.code)
    return "unknown"


def note_unknown(
    row: CashReceipt,
    message: str,
    now: datetime,
    look_up_after_s: float,
    code: SubmitCode | None = None,
) -> None:
    """It may have happened: look it up soon, send nothing meanwhile."""
    note_outcome(
        row,
        ReceiptState.UNKNOWN,
        "unknown",
        message,
        now,
        code=code,
        due_at=now + timedelta(seconds=look_up_after_s),
        item=Reason.OUTCOME_UNKNOWN,
    )


def try_later(
    row: CashReceipt,
    message: str,
    now: datetime,
    retry_after_s: float | None,
    code: SubmitCode | None = None,
) -> None:
    """Nothing happened over there: due again after a pause.

    Held after too many tries that the ERP answered; an outage alone never gives up a receipt.
    """
    if code is not None and row.attempts_made >= MOST_TRIES:
        hold(
            row,
            Reason.ERP_REJECTED,
            f"Given up after {MOST_TRIES} tries: {message}",
            now=now,
            code=code,
        )
        return
    pause = max(delay_s(row.attempts_made, row.pk), retry_after_s or 0)
    note_outcome(
        row,
        ReceiptState.DUE,
        "not sent",
        message,
        now,
        code=code,
        due_at=now + timedelta(seconds=pause),
    )


def resolve_unknown(
    company_id: int,
    *,
    erp: ErpLedger,
    now: datetime,
    delays_s: Sequence[float],
    lease_s: float,
) -> Posting:
    """Ask the ERP about receipts whose outcome is not known; nothing is sent from here.

    A receipt that has been "sending" longer than `lease_s` lost its worker: it becomes unknown.
    Found: it is submitted. Not there: it is due again, with the same fingerprint.
    delays_s: when to ask again after the 1st, 2nd … look-up that got no answer; the last repeats.
    """
    lost = CashReceipt.objects.filter(
        company_id=company_id,
        state=ReceiptState.SENDING,
        claimed_at__lt=now - timedelta(seconds=lease_s),
    )
    for row in lost:
        give_up_claim(row.pk, now)
    posting = Posting()
    while rows := list(
        CashReceipt.objects.filter(
            company_id=company_id, state=ReceiptState.UNKNOWN, due_at__lte=now
        )
        .select_related("company", "transaction", "cash_account")
        .order_by("due_at", "pk")[:200]
    ):
        resolve_group(rows, erp, posting, now, delays_s)
    return posting


def give_up_claim(receipt_id: int, now: datetime) -> None:
    """The worker of a claimed receipt is gone: whether it sent the receipt is not known."""
    with database.atomic():
        row = CashReceipt.objects.select_for_update().get(pk=receipt_id)
        if row.state == ReceiptState.SENDING:
            note_unknown(row, "The worker that was sending it stopped.", now, 0)


def resolve_group(
    rows: list[CashReceipt],
    erp: ErpLedger,
    posting: Posting,
    now: datetime,
    delays_s: Sequence[float],
) -> None:
    try:
        found = erp.find_receipts([row.idempotency_key for row in rows])
    except ExternalError:
        for row in rows:
            row.due_at = next_look_up(row.claimed_at or now, now, delays_s)
            row.save(update_fields=["due_at"])
        raise
    for row in rows:
        receipt = found.get(row.idempotency_key)
        if receipt:
            submitted(row, to_result(receipt), now)
            posting.count("found")
        else:
            note_outcome(
                row,
                ReceiptState.DUE,
                "not found",
                "Sage 500 does not have it: it can be sent.",
                now,
                due_at=now + timedelta(seconds=delay_s(row.attempts_made, row.pk)),
            )
            posting.count("not found")
    posting.sent += len(rows)


def next_look_up(tried_at: datetime, now: datetime, delays_s: Sequence[float]) -> datetime:
    """The next instant of the plan (seconds after the try); past its end the last one repeats."""
    planned = (tried_at + timedelta(seconds=delay) for delay in delays_s)
    return next((at for at in planned if at > now), now + timedelta(seconds=delays_s[-1]))
