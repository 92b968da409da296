"""Send approved refunds: claim, look at the payment, void or refund, write the answer down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db import transaction as database
from django.db.models import QuerySet

from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    PaySyncError,
    RecordError,
    UnavailableError,
)
from paysync.domain.money import Money
from paysync.domain.payments import GatewayRecord, Method, MoneyResult, Outcome
from paysync.models import MerchantAccount
from paysync.ports import PaymentGateway
from paysync.services.audit import record
from reconciliation.domain.refunds.refundable import Refundable
from reconciliation.domain.refunds.states import UNDER_WAY, RefundState
from reconciliation.domain.refunds.ways import Chosen, Way, choose_way
from reconciliation.models import GatewayTransaction, RefundRequest
from reconciliation.queries.refundable import refundable_of
from reconciliation.services.matching.applying import lock_payment
from reconciliation.services.recording import record_transactions
from reconciliation.services.refunding.answers import (
    back_to_approved,
    done,
    fail,
    note_unknown,
)
from reconciliation.services.refunding.asking import objection_to_unlinked
from reconciliation.services.refunding.booking import book
from reconciliation.services.refunding.deciding import get_request

#: What waits for settlement is looked at again after this (chosen): gateways settle once a day.
SETTLES_IN = timedelta(hours=1)
#: After an outage.
AGAIN_IN = timedelta(minutes=5)
#: A worker that has not ended within this is gone: longer than any money call may take.
LEASE = timedelta(minutes=5)


@dataclass(slots=True)
class RefundRun:
    """What one run did, by outcome."""

    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def __str__(self) -> str:
        return ", ".join(f"{n} {name}" for name, n in sorted(self.outcomes.items())) or "none due"


def send_refunds(
    account_id: int,
    *,
    gateway: PaymentGateway,
    worker: str,
    clock: Callable[[], datetime],
    most: int = 200,
) -> RefundRun:
    """Send the account's approved requests, the oldest first, each exactly once.

    Safe to repeat and to run twice at once: a request is claimed before anything is sent, one of a
    payment at a time, and what nobody knows is asked about and not sent again. An outage ends the
    run; what was claimed and not sent waits again.
    """
    account = MerchantAccount.objects.select_related("company", "connection").get(pk=account_id)
    run = RefundRun()
    take_up_lost(account, clock())
    for _ in range(most):
        request = claim_next(account, worker, clock())
        if request is None:
            break
        run.count(send_one(request, account, gateway, clock))
    return run


def take_up_lost(account: MerchantAccount, now: datetime) -> None:
    """Requests whose worker is gone: nothing was sent, or nobody knows whether it was."""
    lost = RefundRequest.objects.filter(
        transaction__merchant_account=account,
        state=RefundState.SENDING,
        claimed_at__lte=now - LEASE,
    )
    for pk in list(lost.values_list("pk", flat=True)):
        with database.atomic():
            request = get_request(pk)
            if request.state != RefundState.SENDING or request.claimed_at is None:
                continue
            if request.claimed_at > now - LEASE:
                continue
            if request.sent_at is None:
                back_to_approved(request, "Its worker stopped before it was sent.", now)
            else:
                note_unknown(request, "the worker stopped while it was sent", now)


def claim_next(account: MerchantAccount, worker: str, now: datetime) -> RefundRequest | None:
    """Take one due request, committed before any call. None of a payment that has one under way."""
    busy = RefundRequest.objects.filter(state__in=[state.value for state in UNDER_WAY])
    # Not by a join: its rows would be locked too, payments before their company.
    ours = GatewayTransaction.objects.filter(merchant_account=account).values("pk")
    with database.atomic():
        rows = RefundRequest.objects.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked
        )
        request = (
            rows.filter(
                transaction__in=ours,
                state=RefundState.APPROVED,
                due_at__lte=now,
                expires_at__gt=now,
            )
            .exclude(transaction__in=busy.values("transaction"))
            .order_by("due_at", "pk")
            .first()
        )
        if request is None:
            return None
        lock_payment(request.transaction_id)
        if busy.filter(transaction_id=request.transaction_id).exists():
            return None  # claimed by another worker a moment ago: the next run sees what is left
        request.state = RefundState.SENDING
        request.claimed_at, request.claimed_by, request.sent_at = now, worker[:80], None
        request.attempts_made += 1
        request.save(
            update_fields=["state", "claimed_at", "claimed_by", "sent_at", "attempts_made"]
        )
    return request


def send_one(
    request: RefundRequest,
    account: MerchantAccount,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
) -> str:
    """Look, decide, send. Returns what came of it."""
    if request.is_unlinked:
        return send_credit(request, account, gateway, clock)
    try:
        seen = look_at_payment(request, account, gateway, clock())
    except (ExternalError, RecordError) as error:
        if is_mine(request):
            back_to_approved(request, str(error), clock(), AGAIN_IN)
        if isinstance(error, (UnavailableError, CredentialError)):
            raise
        return "not looked at"
    chosen = choose(request, seen, clock())
    if not is_mine(request):
        return "taken over"
    if chosen.way == Way.WAIT:
        back_to_approved(request, chosen.why, clock(), SETTLES_IN)
        return "waits"
    if chosen.way == Way.REFUSE:
        fail(request, chosen.why, clock())
        return "failed"
    return send_as(request, chosen.way, account, gateway, clock)


def send_credit(
    request: RefundRequest,
    account: MerchantAccount,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
) -> str:
    """No payment limits it; whether it may go at all is asked once more."""
    problem = objection_to_unlinked(request.transaction)
    if problem:
        fail(request, problem, clock())
        return "failed"
    return send_as(request, Way.CREDIT, account, gateway, clock)


def send_as(
    request: RefundRequest,
    way: Way,
    account: MerchantAccount,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
) -> str:
    """Commit that it is being sent, call, and write the answer down."""
    if not mark_sent(request, way, clock()):
        return "taken over"
    try:
        result = call(request, way, gateway)
    except (UnavailableError, CredentialError) as error:
        back_to_approved(request, str(error), clock(), AGAIN_IN)
        raise
    except PaySyncError as error:  # our own adapter refused: nothing was sent
        fail(request, str(error), clock())
        return "failed"
    return settle(request, way, result, account, gateway, clock)


def look_at_payment(
    request: RefundRequest, account: MerchantAccount, gateway: PaymentGateway, now: datetime
) -> GatewayRecord:
    """The payment as the gateway shows it now; our books follow before anything is decided."""
    row = request.transaction
    seen = gateway.get_transaction(row.gateway_id, Method(row.method))
    record_transactions(account, [seen], now=now)
    return seen


def choose(request: RefundRequest, seen: GatewayRecord, now: datetime) -> Chosen:
    """Void or refund, and whether that much is still there: others may have given it back."""
    with database.atomic():
        row = lock_payment(request.transaction_id)
        parts: Refundable = refundable_of(row, but=request)
    amount = Money.parse(request.amount, request.currency)
    if parts.left < amount:
        return Chosen(Way.REFUSE, f"Only {parts.left} of it can still go back: {parts}.")
    is_whole = parts.is_untouched and amount == parts.captured
    return choose_way(seen.state, seen.method, is_whole=is_whole)


def claim_of(request: RefundRequest) -> QuerySet[RefundRequest]:
    """The request, as long as this worker's claim of it stands."""
    return RefundRequest.objects.filter(
        pk=request.pk,
        state=RefundState.SENDING,
        claimed_by=request.claimed_by,
        claimed_at=request.claimed_at,
    )


def is_mine(request: RefundRequest) -> bool:
    return claim_of(request).exists()


def mark_sent(request: RefundRequest, way: Way, now: datetime) -> bool:
    """Committed before the call: from here on a lost worker means "nobody knows".

    False where this worker was so slow that another has taken the request over: then it must not
    send. The lease begins anew.
    """
    with database.atomic():
        if not claim_of(request).update(way=way, sent_at=now, claimed_at=now):
            return False
        request.way, request.sent_at, request.claimed_at = way, now, now
        record("paysync", f"{way.value} sent", request, {"attempt": request.attempts_made})
    return True


def call(request: RefundRequest, way: Way, gateway: PaymentGateway) -> MoneyResult:
    row = request.transaction
    method = Method(row.method)
    if way == Way.VOID:
        return gateway.void(row.gateway_id, method)
    amount = Money.parse(request.amount, request.currency)
    if way == Way.CREDIT:
        return gateway.credit(row.gateway_customer_id, amount)
    return gateway.refund(row.gateway_id, amount, method)


def settle(
    request: RefundRequest,
    way: Way,
    result: MoneyResult,
    account: MerchantAccount,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
) -> str:
    """Write the answer down at once, then book what was done."""
    if result.outcome in {Outcome.APPROVED, Outcome.ACCEPTED}:
        done(request, "" if way == Way.VOID else result.gateway_id, result.message, clock())
        book(request, account, gateway, clock())
        return "done"
    if result.outcome == Outcome.UNKNOWN:
        note_unknown(request, result.message or "no clear answer", clock())
        return "unknown"
    if is_raced(request, way, account, gateway, clock()):
        back_to_approved(request, "It settled meanwhile: decided anew.", clock())
        return "decided anew"
    fail(request, refusal_of(result), clock())
    return "failed"


def is_raced(
    request: RefundRequest,
    way: Way,
    account: MerchantAccount,
    gateway: PaymentGateway,
    now: datetime,
) -> bool:
    """Whether the gateway said no because the payment settled between our look and our call."""
    if way == Way.CREDIT:
        return False
    try:
        seen = look_at_payment(request, account, gateway, now)
    except (ExternalError, RecordError):
        return False
    return choose(request, seen, now).way not in {way, Way.REFUSE}


def refusal_of(result: MoneyResult) -> str:
    """The gateway's own words, and its numbers for who asks the gateway's support."""
    numbers = ", ".join(
        [f"code {result.response_code}"] * (result.response_code is not None)
        + [f"error {key}" for key in result.error_keys]
    )
    text = result.message or "PayTrace refused it"
    return f"{text} ({numbers})" if numbers else text
