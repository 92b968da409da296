"""Send captures: claim, look at the payment, capture, and write the answer down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction as database
from django.db.models import Q

from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    PaySyncError,
    RecordError,
    UnavailableError,
)
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, MoneyResult, Outcome, State
from paysync.models import MerchantAccount
from paysync.ports import PaymentGateway
from paysync.services.audit import record
from paysync.services.bulk import locked
from reconciliation.domain.captures import CaptureState, require_capture_edge
from reconciliation.models import Capture, GatewayTransaction
from reconciliation.services.capturing.watching import tell_of
from reconciliation.services.recording import record_transactions
from reconciliation.services.refunding.sending import refusal_of

#: A worker that has not ended within this is gone: longer than any money call may take.
LEASE = timedelta(minutes=5)
#: An outcome that nobody knows is asked about after this; one that was not reached, too.
AGAIN_IN = timedelta(minutes=1)
#: A capture that a look does not show is not made after this, as with a void (chosen).
NOT_MADE_AFTER = timedelta(minutes=30)
MOST = 200


def send_captures(
    account_id: int, *, gateway: PaymentGateway, clock: Callable[[], datetime]
) -> int:
    """Send the account's captures, the oldest first. Returns how many are done now.

    Safe to repeat and to run twice at once. What nobody knows is sent again only once the payment
    has shown for half an hour that it is still authorized; PayTrace itself captures once. An outage
    ends the run.
    """
    account = MerchantAccount.objects.select_related("company", "connection").get(pk=account_id)
    done = 0
    for _ in range(MOST):
        capture = claim_next(account, clock())
        if capture is None:
            break
        done += send_one(capture, account, gateway, clock)
    return done


def claim_next(account: MerchantAccount, now: datetime) -> Capture | None:
    """Take one that is due, or whose worker is gone; committed before any call."""
    ready = Q(state__in=[CaptureState.DUE, CaptureState.UNKNOWN], due_at__lte=now) | Q(
        state=CaptureState.SENDING, claimed_at__lte=now - LEASE
    )
    ours = GatewayTransaction.objects.filter(merchant_account=account).values("pk")
    with database.atomic():
        rows = locked(Capture.objects.all()).filter(ready, transaction__in=ours)
        capture = rows.order_by("due_at", "pk").first()
        if capture is None:
            return None
        if capture.state == CaptureState.DUE:  # nothing of this try is out
            capture.sent_at = None
        capture.state, capture.claimed_at = CaptureState.SENDING, now
        capture.save(update_fields=["state", "claimed_at", "sent_at"])
    return capture


def send_one(
    capture: Capture,
    account: MerchantAccount,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
) -> bool:
    """Look, decide, send. Whether the payment is captured now."""
    try:
        state = look(capture, account, gateway, clock())
    except (ExternalError, RecordError) as error:
        put_off(capture, str(error), clock())
        if isinstance(error, (UnavailableError, CredentialError)):
            raise
        return False
    if state in MONEY_STATES:
        return end(capture, CaptureState.DONE, "PayTrace shows it as captured.", clock())
    if state != State.AUTHORIZED:
        end(capture, CaptureState.FAILED, f"The payment is {state}.", clock())
        return False
    if capture.sent_at is not None and clock() < capture.sent_at + NOT_MADE_AFTER:
        put_off(capture, "PayTrace still shows it as authorized.", clock())
        return False
    now = clock()
    if not move_on(capture, CaptureState.SENDING, sent_at=now):
        return False
    try:
        result = gateway.capture(
            capture.transaction.gateway_id, Money.parse(capture.amount, capture.currency)
        )
    except (UnavailableError, CredentialError) as error:
        capture.sent_at = None
        put_off(capture, str(error), clock())
        raise
    except PaySyncError as error:  # our own adapter refused: nothing was sent
        end(capture, CaptureState.FAILED, str(error), clock())
        return False
    return settle(capture, result, account, gateway, clock)


def look(
    capture: Capture, account: MerchantAccount, gateway: PaymentGateway, now: datetime
) -> State:
    """The payment as the gateway shows it now; our books follow before anything is decided."""
    seen = gateway.get_transaction(capture.transaction.gateway_id)
    record_transactions(account, [seen], now=now)
    return seen.state


def settle(
    capture: Capture,
    result: MoneyResult,
    account: MerchantAccount,
    gateway: PaymentGateway,
    clock: Callable[[], datetime],
) -> bool:
    """Write the answer down at once. After a no it is looked at: others may have captured it."""
    if result.outcome == Outcome.UNKNOWN:
        put_off(capture, result.message or "no clear answer", clock())
        return False
    try:
        state = look(capture, account, gateway, clock())
    except (ExternalError, RecordError) as error:
        if result.outcome == Outcome.APPROVED:  # polling reads it
            return end(capture, CaptureState.DONE, result.message, clock())
        put_off(capture, str(error), clock())
        return False
    if result.outcome == Outcome.APPROVED or state in MONEY_STATES:
        return end(capture, CaptureState.DONE, result.message, clock())
    end(capture, CaptureState.FAILED, refusal_of(result), clock())
    return False


def put_off(capture: Capture, why: str, now: datetime) -> None:
    """Not decided: looked at again soon, and before anything is sent again if this try is out."""
    state = CaptureState.DUE if capture.sent_at is None else CaptureState.UNKNOWN
    changes = {"last_message": why[:300], "due_at": now + AGAIN_IN, "sent_at": capture.sent_at}
    move_on(capture, state, **changes)


def end(capture: Capture, state: CaptureState, why: str, now: datetime) -> bool:
    with database.atomic():
        if not move_on(capture, state, last_message=why[:300]):
            return False
        record("paysync", f"capture {state.value}", capture, {"why": why[:300]})
        row = GatewayTransaction.objects.select_related("company").get(pk=capture.transaction_id)
        if state == CaptureState.FAILED and row.state == State.AUTHORIZED:
            tell_of([row], now)
    return True


def move_on(capture: Capture, state: CaptureState, **changes: object) -> bool:
    """Along a listed edge, as long as this worker's claim stands."""
    if state != CaptureState.SENDING:
        require_capture_edge(CaptureState(capture.state), state)
    mine = Capture.objects.filter(
        pk=capture.pk, state=CaptureState.SENDING, claimed_at=capture.claimed_at
    )
    if not mine.update(state=state, **changes):
        return False
    capture.state = state
    for name, value in changes.items():
        setattr(capture, name, value)
    return True
