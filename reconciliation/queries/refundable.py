"""What of a payment may still be given back, and what a refund of it would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from paysync.domain.ledger import Bucket
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, State
from reconciliation.domain.captures import LIVE_CAPTURES, CaptureState
from reconciliation.domain.refunds.refundable import Applied, Refundable
from reconciliation.domain.refunds.states import PENDING, UNDER_WAY, RefundState
from reconciliation.domain.refunds.ways import Way
from reconciliation.models import Application, Capture, GatewayTransaction, RefundRequest
from reconciliation.services.journal import balances_of

#: Done at the gateway, but our books do not show it yet.
NOT_BOOKED = Q(state=RefundState.DONE) & (
    Q(way__in=[Way.REFUND, Way.CREDIT], refund__isnull=True)
    | Q(way=Way.VOID, transaction__state__in=[state.value for state in MONEY_STATES])
)


def spoken_for(rows: Iterable[GatewayTransaction]) -> QuerySet[RefundRequest]:
    """Requests whose money is neither free nor gone in our books. No credit without a payment."""
    pending = Q(state__in=[state.value for state in PENDING]) | NOT_BOOKED
    linked = RefundRequest.objects.filter(is_unlinked=False)
    return linked.filter(pending, transaction__in=[row.pk for row in rows])


def has_work(account_id: int, now: datetime) -> bool:
    """Whether a refund or a capture of the account is due or under way, or one is not booked."""
    due = Q(state__in=[RefundState.APPROVED, RefundState.UNKNOWN], due_at__lte=now)
    rows = RefundRequest.objects.filter(transaction__merchant_account=account_id)
    if rows.filter(due | Q(state=RefundState.SENDING) | NOT_BOOKED).exists():
        return True
    live = [state.value for state in LIVE_CAPTURES]
    captures = Capture.objects.filter(transaction__merchant_account=account_id, state__in=live)
    return captures.filter(Q(due_at__lte=now) | Q(state=CaptureState.SENDING)).exists()


def is_being_captured(row: GatewayTransaction) -> bool:
    live = [state.value for state in LIVE_CAPTURES]
    return Capture.objects.filter(transaction=row, state__in=live).exists()


def refundable_of(row: GatewayTransaction, *, but: RefundRequest | None = None) -> Refundable:
    """Lock the payment first where the answer is to hold. but: a request that does not count."""
    zero = Money.zero(row.currency)
    held = balances_of([row]).get(row.pk, {})
    others = spoken_for([row])
    if but is not None:
        others = others.exclude(pk=but.pk)
    pending = others.aggregate(total=Sum("amount"))["total"]
    is_held = row.state == State.AUTHORIZED  # nothing is in the books yet
    authorized = Money.parse(row.amount, row.currency)
    return Refundable(
        captured=authorized if is_held else held.get(Bucket.CAPTURED, zero),
        refunded=held.get(Bucket.REFUNDED, zero),
        voided=held.get(Bucket.VOIDED, zero),
        charged_back=held.get(Bucket.CHARGED_BACK, zero),
        pending=Money.parse(pending, row.currency) if pending else zero,
        is_held=is_held,
    )


def applied_of(row: GatewayTransaction) -> tuple[list[Applied], Money]:
    """What the payment's active match gave each document, and what of it is on account."""
    parts: Sequence[Application] = list(
        Application.objects.filter(match__transaction=row, match__ended_at__isnull=True)
        .select_related("invoice", "match")
        .order_by("pk")
    )
    applied = [
        Applied(part.invoice.tran_id, Money(part.amount, row.currency), part.pk) for part in parts
    ]
    held = balances_of([row]).get(row.pk, {})
    on_account = (Bucket.UNIDENTIFIED, Bucket.UNAPPLIED, Bucket.POSTED_UNAPPLIED)
    zero = Money.zero(row.currency)
    return applied, sum((held.get(bucket, zero) for bucket in on_account), zero)


def under_way(row: GatewayTransaction) -> Money:
    """What refunds take that the gateway may be making, or has made and we have not booked."""
    busy = Q(state__in=[state.value for state in UNDER_WAY]) | NOT_BOOKED
    linked = RefundRequest.objects.filter(is_unlinked=False)
    total = linked.filter(busy, transaction=row).aggregate(total=Sum("amount"))
    return Money.parse(total["total"], row.currency) if total["total"] else Money.zero(row.currency)
