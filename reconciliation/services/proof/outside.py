"""The lists of both outside systems against ours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from paysync.domain.ledger import ErpReceiptState, ReceiptState, ReversalState
from paysync.domain.payments import GatewayRecord, State, Window
from paysync.models import Company, MerchantAccount
from paysync.ports import ErpLedger, PaymentGateway
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    ReceiptReversal,
    ReconcilingItem,
)
from reconciliation.services.polling import pages
from reconciliation.services.proof.money import open_or_decided
from reconciliation.services.proof.result import Proof

REVERSAL_THERE = [ReversalState.SUBMITTED, ReversalState.POSTED]
LIVE_IN_ERP = {
    ErpReceiptState.PENDING,
    ErpReceiptState.BEING_EDITED,
    ErpReceiptState.POSTING,
    ErpReceiptState.INTERRUPTED,
    ErpReceiptState.POSTED,
}


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
    reversals = ReceiptReversal.objects.filter(receipt__company=company)
    known = ours.keys() | set(reversals.values_list("idempotency_key", flat=True))
    told = set(asked_to_reverse(company))
    live: dict[str, list[str]] = {}
    seen: set[str] = set()
    for receipt in ledger.receipts_on(company.company_id, start, end):
        proof.checked += 1
        seen.add(receipt.idempotency_key)
        if receipt.state in LIVE_IN_ERP and not receipt.reversed_by:
            live.setdefault(receipt.gateway_reference, []).append(receipt.idempotency_key)
        if receipt.idempotency_key not in known:
            proof.broken(6, "not ours", receipt.idempotency_key, "the ERP has it, we do not")
        is_counted = ours.get(receipt.idempotency_key) == ReceiptState.POSTED
        if receipt.reversed_by and is_counted and receipt.idempotency_key not in told:
            message = f"{receipt.reversed_by} reverses it, here it counts and nobody is told"
            proof.broken(6, "reversed in ERP", receipt.idempotency_key, message)
    for reference, keys in live.items():
        if len(keys) > 1:
            proof.duplicates += len(keys) - 1
            proof.broken(6, "duplicate in ERP", reference, ", ".join(keys))
    there = {ReceiptState.SUBMITTED, ReceiptState.EDITED_IN_ERP, ReceiptState.POSTED}
    listed = [
        *in_days(receipts.filter(state__in=there), start, end),
        *in_days(reversals.filter(state__in=REVERSAL_THERE), start, end),
    ]
    for key, state in listed:
        if key not in seen:
            proof.missing += 1
            proof.broken(6, "not in ERP", key, f"{state} here, not in the ERP's list")


def asked_to_reverse(company: Company) -> QuerySet[ReconcilingItem, str]:
    """Receipts that an item asks to reverse, or a person has decided about: their keys."""
    items = ReconcilingItem.objects.filter(open_or_decided(), company=company)
    return items.filter(receipt__state=ReceiptState.POSTED).values_list(
        "receipt__idempotency_key", flat=True
    )


def in_days(rows: QuerySet[Any], start: date, end: date) -> list[tuple[str, str]]:
    found = rows.filter(tran_date__gte=start, tran_date__lte=end)
    return list(found.values_list("idempotency_key", "state"))
