"""What recorded transactions do to the cent ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from paysync.domain.ledger import Bucket, capture
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, Kind, State
from paysync.models import MerchantAccount
from paysync.services.bulk import locked
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, GLMapping, RefundRequest
from reconciliation.queries.accounts import accounts_for
from reconciliation.services.journal import Draft, write_entries
from reconciliation.services.leftovers import Finding, close_items
from reconciliation.services.recording.placing import Recorded
from reconciliation.services.recording.rows import Key
from reconciliation.services.releasing import money_left


def write_effects(
    merchant_account: MerchantAccount,
    work: Recorded,
    rows: dict[Key, GatewayTransaction],
    now: datetime,
) -> None:
    """The journal entries of everything that entered, left or was refunded.

    rows: all that this transaction has locked or made, with the originals of its refunds.
    """
    write_entries(
        [
            Draft(row, f"capture:{row.pk}", "captured", row.business_date, capture(money_of(row)))
            for row in work.entered
        ],
        now=now,
    )
    for row in work.left:
        target = Bucket.VOIDED if row.state in {State.VOIDED, State.FAILED} else Bucket.CHARGED_BACK
        money_left(row, target, money_of(row), f"{row.state}:{row.pk}", now=now)
    apply_refunds(merchant_account, work, rows, now)


def money_of(row: GatewayTransaction) -> Money:
    return Money(row.amount, row.currency)


def apply_refunds(
    merchant_account: MerchantAccount,
    work: Recorded,
    rows: dict[Key, GatewayTransaction],
    now: datetime,
) -> None:
    """Book each refund against the sale it gives back, also when the sale is seen later."""
    waiting = list(work.refunds)
    sales = [row.gateway_id for row in work.entered]
    if sales:
        waiting += GatewayTransaction.objects.filter(
            merchant_account=merchant_account,
            kind=Kind.REFUND,
            original_id__in=sales,
            state__in=[state.value for state in MONEY_STATES],
        ).exclude(pk__in=[row.pk for row in waiting])
    sold = {key: row for key, row in rows.items() if row.kind == Kind.SALE}
    asked = asked_for(merchant_account, waiting)
    for refund in waiting:
        request = asked.get((refund.method, refund.gateway_id))
        original = sold.get((refund.method, refund.original_id))
        if original is None and request is not None and not request.is_unlinked:
            original = locked(GatewayTransaction.objects.all()).get(pk=request.transaction_id)
        apply_refund(refund, original, request, work, now)


def asked_for(
    merchant_account: MerchantAccount, refunds: Sequence[GatewayTransaction]
) -> dict[Key, RefundRequest]:
    """The requests that made these refunds, where they are ours."""
    if not refunds:
        return {}
    rows = RefundRequest.objects.filter(
        transaction__merchant_account=merchant_account,
        refund_gateway_id__in=[refund.gateway_id for refund in refunds],
    ).select_related("transaction__customer", "reason")
    return {(row.transaction.method, row.refund_gateway_id): row for row in rows}


def apply_refund(
    refund: GatewayTransaction,
    original: GatewayTransaction | None,
    request: RefundRequest | None,
    work: Recorded,
    now: datetime,
) -> None:
    if request is not None and request.is_unlinked:
        work.findings.append(credit_to_enter(refund, request))
        RefundRequest.objects.filter(pk=request.pk).update(refund=refund)
        return
    if original is None:
        work.findings.append(
            Finding(
                f"refund:{refund.pk}",
                Reason.MONEY_WENT_BACK,
                f"Refund {refund.gateway_id} names no payment that we hold.",
                money_of(refund),
                refund,
            )
        )
        return
    key = f"refund:{refund.pk}"
    chosen = tuple(request.documents) if request else ()
    money_left(original, Bucket.REFUNDED, money_of(refund), key, now=now, chosen=chosen)
    if request is not None:  # with the money, so that nobody counts it as both booked and pending
        RefundRequest.objects.filter(pk=request.pk).update(refund=refund)
    close_items(original.company, [key], "Booked against its payment.", now=now)


def credit_to_enter(refund: GatewayTransaction, request: RefundRequest) -> Finding:
    """Money that went out without a payment: the ledger learns of it by a person."""
    payer = request.transaction
    who = payer.customer.customer_id if payer.customer else payer.gateway_customer_id
    sentence = (
        f"{money_of(refund)} was credited to {who} (refund {refund.gateway_id}), linked to no "
        f"payment: {request.reason}. {accounts_for(payer, GLMapping.Kind.REFUND)}"
    )
    return Finding(
        f"refund:{refund.pk}", Reason.CREDIT_TO_ENTER, sentence, money_of(refund), refund
    )
