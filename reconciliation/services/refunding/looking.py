"""Find out what became of refunds whose outcome nobody knows: by asking, never by sending again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import transaction as database

from paysync.domain.errors import ConflictError, RecordError, RuleError
from paysync.domain.money import Money
from paysync.domain.payments import GatewayRecord, Kind, Method, State, Window
from paysync.models import MerchantAccount
from paysync.ports import PaymentGateway
from paysync.services.audit import record
from reconciliation.domain.refunds.states import RefundState
from reconciliation.domain.refunds.ways import Way
from reconciliation.models import RefundRequest
from reconciliation.services.refunding.answers import (
    LOOK_AFTER,
    back_to_approved,
    done,
    note_unknown,
)
from reconciliation.services.refunding.booking import book
from reconciliation.services.refunding.deciding import APPROVES, get_request

#: Clocks differ: a refund may carry a stamp from before we sent it.
CLOCKS = timedelta(minutes=10)
#: A list shows what was made with some delay (its length is unknown): only after this is a void
#: that is not to be seen taken as not made. A refund that is not to be seen is for a person.
LATE_NEWS = timedelta(minutes=30)


def look_up(
    account: MerchantAccount, gateway: PaymentGateway, clock: Callable[[], datetime]
) -> int:
    """Ask about the account's unknown outcomes that are due. Returns how many are known now.

    An outage ends it; one that cannot be told holds up no other.
    """
    rows = RefundRequest.objects.filter(
        transaction__merchant_account=account, state=RefundState.UNKNOWN, due_at__lte=clock()
    ).select_related("transaction", "company")
    known = 0
    for request in rows.order_by("due_at", "pk")[:100]:
        if request.way == Way.VOID:
            known += look_for_void(request, account, gateway, clock())
        else:
            known += look_for_refund(request, account, gateway, clock())
    return known


def look_for_void(
    request: RefundRequest, account: MerchantAccount, gateway: PaymentGateway, now: datetime
) -> bool:
    row = request.transaction
    try:
        seen = gateway.get_transaction(row.gateway_id, Method(row.method))
    except RecordError as error:
        ask_again(request, str(error), now)
        return False
    if seen.state == State.VOIDED:
        done(request, "", "Found: it is voided.", now)
        book(request, account, gateway, now)
        return True
    if seen.state == State.SETTLED or now - started(request) > LATE_NEWS:
        back_to_approved(request, f"Looked up: it is {seen.state}, not voided.", now)
        return True
    ask_again(request, f"the payment is {seen.state} still", now)
    return False


def look_for_refund(
    request: RefundRequest, account: MerchantAccount, gateway: PaymentGateway, now: datetime
) -> bool:
    start = started(request) - CLOCKS
    window = Window(start, min(now, start + timedelta(hours=24)) + timedelta(seconds=1))
    found = [one for one in refunds_in(window, gateway) if may_be(request, account, one)]
    sure = [one for one in found if one.original_id]
    if len(sure) == 1 or (len(found) == 1 and not sure):
        [one] = sure or found
        done(request, one.gateway_id, "Found in PayTrace's list.", now)
        book(request, account, gateway, now)
        return True
    if found:
        ask_again(request, f"{len(found)} refunds in PayTrace may be it", now)
    else:
        ask_again(request, "PayTrace lists no such refund", now)
    return False


def started(request: RefundRequest) -> datetime:
    return request.sent_at or request.requested_at


def refunds_in(window: Window, gateway: PaymentGateway) -> Iterator[GatewayRecord]:
    cursor: str | None = None
    while True:
        page = gateway.list_transactions(window, cursor)
        yield from (one for one in page.records if one.kind == Kind.REFUND)
        cursor = page.next_cursor
        if cursor is None:
            return


def may_be(request: RefundRequest, account: MerchantAccount, seen: GatewayRecord) -> bool:
    """Whether that refund is the one we sent, as far as a record tells; none of another request."""
    row = request.transaction
    if seen.method != row.method or seen.amount != Money.parse(request.amount, request.currency):
        return False
    if request.is_unlinked and seen.original_id:
        return False
    if seen.original_id and seen.original_id != row.gateway_id:
        return False
    known = seen.gateway_customer_id
    if request.is_unlinked and known and known != row.gateway_customer_id:
        return False
    if not seen.original_id and seen.last4 and row.last4 and seen.last4 != row.last4:
        return False
    others = RefundRequest.objects.filter(
        transaction__merchant_account=account, refund_gateway_id=seen.gateway_id
    )
    return not others.exclude(pk=request.pk).exists()


def ask_again(request: RefundRequest, why: str, now: datetime) -> None:
    """Later each time. looks: how many pauses have passed since it was sent."""
    passed = now - started(request)
    looks = sum(passed >= pause for pause in LOOK_AFTER)
    note_unknown(request, why, now, looks)


# --- a person knows -------------------------------------------------------------------------------


def tell_outcome(
    request_id: int,
    *,
    happened: bool,
    user: AbstractUser,
    now: datetime,
    refund_gateway_id: str = "",
) -> RefundRequest:
    """A person has looked at PayTrace: it was made (under that id), or it was not.

    Raises PermissionDenied, ConflictError where it is known already, RuleError without the id of
    the refund.
    """
    if not user.has_perm(APPROVES):
        raise PermissionDenied
    actor = str(user.get_username())
    with database.atomic():
        request = get_request(request_id)
        if request.state != RefundState.UNKNOWN:
            raise ConflictError(f"This request is {request.state} by now.")
        gateway_id = refund_gateway_id.strip()[:40]
        if happened and request.way != Way.VOID and not gateway_id:
            raise RuleError("Type the number of the refund in PayTrace.")
        taken = RefundRequest.objects.filter(refund_gateway_id=gateway_id).exclude(pk=request_id)
        if happened and gateway_id and taken.exists():
            raise RuleError(f"Refund {gateway_id} belongs to another request.")
        record(actor, "refund outcome told", request, {"happened": happened, "id": gateway_id})
        if happened:
            done(request, gateway_id, f"{actor} found it in PayTrace.", now)
        else:
            back_to_approved(request, f"{actor}: it was not made.", now)
    return request
