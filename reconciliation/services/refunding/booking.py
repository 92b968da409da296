"""Book what went back at the gateway: once, whether polling or we see it first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction as database

from paysync.domain.errors import ExternalError, RecordError
from paysync.domain.ledger import Bucket
from paysync.domain.money import Money
from paysync.domain.payments import Method
from paysync.models import MerchantAccount
from paysync.ports import PaymentGateway
from paysync.services.bulk import locked
from reconciliation.domain.refunds.ways import Way
from reconciliation.models import GatewayTransaction, JournalEntry, RefundRequest
from reconciliation.queries.refundable import NOT_BOOKED
from reconciliation.services.leftovers import close_items, open_items
from reconciliation.services.recording import lock_account, record_transactions
from reconciliation.services.recording.effects import credit_to_enter
from reconciliation.services.releasing import money_left


def book_done(account: MerchantAccount, gateway: PaymentGateway, now: datetime) -> int:
    """What is done and not in our books yet, because we were cut off. Returns how many are now."""
    rows = RefundRequest.objects.filter(NOT_BOOKED, transaction__merchant_account=account)
    return sum(book(row, account, gateway, now) for row in rows.order_by("pk")[:100])


def book(
    request: RefundRequest, account: MerchantAccount, gateway: PaymentGateway, now: datetime
) -> bool:
    """Read what we did and record it like anything else the gateway says. False where it could not
    be read: polling, or the next run, brings it.
    """
    row = request.transaction
    gateway_id = row.gateway_id if request.way == Way.VOID else request.refund_gateway_id
    if not gateway_id:
        return False
    try:
        seen = gateway.get_transaction(gateway_id, Method(row.method))
    except (ExternalError, RecordError):
        return False
    if request.way == Way.VOID:
        record_transactions(account, [seen], now=now)
        return True
    if not seen.original_id and not request.is_unlinked:
        # no source says that a record names it: we know what we asked for
        seen = replace(seen, original_id=row.gateway_id)
    record_transactions(account, [seen], now=now)
    tie(request, account, now)
    return True


def tie(request: RefundRequest, account: MerchantAccount, now: datetime) -> None:
    """The refund row belongs to this request, and is booked against its payment; a credit that no
    payment limits is told to whoever enters it in Sage 500.
    """
    with database.atomic():
        lock_account(account)
        original = locked(GatewayTransaction.objects.all()).get(pk=request.transaction_id)
        refund = locked(GatewayTransaction.objects.all()).get(
            merchant_account=account,
            method=original.method,
            gateway_id=request.refund_gateway_id,
        )
        if request.is_unlinked:
            open_items(original.company, [credit_to_enter(refund, request)], now=now)
            RefundRequest.objects.filter(pk=request.pk).update(refund=refund)
            request.refund = refund
            return
        if refund.original_id != original.gateway_id:  # polling saw it before we knew its id
            refund.original_id = original.gateway_id
            refund.save(update_fields=["original_id"])
        key = f"refund:{refund.pk}"
        if not JournalEntry.objects.filter(event_key=key).exists():
            money = Money.parse(refund.amount, refund.currency)
            chosen = tuple(request.documents)
            money_left(original, Bucket.REFUNDED, money, key, now=now, chosen=chosen)
        close_items(original.company, [key], "Booked against its payment.", now=now)
        RefundRequest.objects.filter(pk=request.pk).update(refund=refund)
        request.refund = refund
