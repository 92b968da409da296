"""The rows of transactions: those held, locked; those that are new."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, GatewayRecord, Kind, State
from paysync.domain.redaction import redact
from paysync.models import MerchantAccount
from paysync.services.bulk import locked
from reconciliation.domain.returns.returns import parse_code
from reconciliation.models import GatewayTransaction

Key = tuple[str, str]  # (method, gateway id)


def lock_account(merchant_account: MerchantAccount) -> None:
    """Let one worker at a time record payments of an account, for the rest of the transaction.

    Two that see a new payment, or a payment and its refund, at once would miss each other.
    """
    locked(MerchantAccount.objects.all()).get(pk=merchant_account.pk)


def lock_held(
    merchant_account: MerchantAccount, records: list[GatewayRecord]
) -> dict[Key, GatewayTransaction]:
    """The rows we have of these records and of what they give back, locked until the commit.

    All in one statement and ordered, as matching locks them: two orders would be a deadlock.
    """
    wanted = {record.gateway_id for record in records} | original_ids(merchant_account, records)
    rows = locked(GatewayTransaction.objects.all()).filter(
        merchant_account=merchant_account, gateway_id__in=wanted
    )
    return {(row.method, row.gateway_id): row for row in rows.order_by("pk")}


def original_ids(merchant_account: MerchantAccount, records: list[GatewayRecord]) -> set[str]:
    """The ids of the payments that the refunds among the records give back."""
    refunds = [record for record in records if record.kind == Kind.REFUND]
    if not refunds:
        return set()
    held = GatewayTransaction.objects.filter(
        merchant_account=merchant_account,
        kind=Kind.REFUND,
        gateway_id__in=[record.gateway_id for record in refunds],
    )
    named = {record.original_id for record in refunds}
    return (named | set(held.values_list("original_id", flat=True))) - {""}


def first_rows(
    merchant_account: MerchantAccount,
    records: list[GatewayRecord],
    held: dict[Key, GatewayTransaction],
    payers: dict[str, int],
    now: datetime,
) -> dict[Key, GatewayTransaction]:
    """Unsaved rows, in state unknown, for the records not held yet."""
    new: dict[Key, GatewayTransaction] = {}
    for record in records:
        key = (record.method.value, record.gateway_id)
        if key in held or key in new:
            continue
        new[key] = GatewayTransaction(
            merchant_account=merchant_account,
            company_id=merchant_account.company_id,
            gateway_id=record.gateway_id,
            api_version=merchant_account.connection.kind,
            environment=merchant_account.connection.environment,
            kind=record.kind,
            method=record.method,
            state=record.state,
            currency=record.amount.currency,
            amount=record.amount.amount,
            created_at=record.created_at,
            business_date=record.business_date,
            settled_at=record.settled_at,
            batch_number=record.batch_number[:12],
            invoice_reference=clean(record.invoice_reference, 60),
            customer_reference=clean(record.customer_reference, 60),
            gateway_customer_id=record.gateway_customer_id[:50],
            billing_name=clean(record.billing_name, 100),
            description=clean(record.description, 255),
            card_brand=record.card_brand[:20],
            last4=record.last4[-4:],
            status_text=clean(record.status_text, 100),
            answer_text=clean(record.answer_text, 120),
            avs_response=clean(record.avs, 60),
            csc_response=clean(record.csc, 60),
            return_code=return_code_of(record),
            returned_on=timezone.localdate(now) if record.state == State.RETURNED else None,
            approval_code=clean(record.approval_code, 20),
            original_id=record.original_id[:40],
            customer_id=payers.get(record.gateway_customer_id),
            needs_match=is_matchable(record.kind, record.state, record.amount),
            first_seen_at=now,
            updated_at=now,
        )
    return new


def return_code_of(record: GatewayRecord) -> str:
    """Why the bank sent it back: where no field names a code, the text may. "" where none does."""
    if record.state != State.RETURNED:
        return ""
    return parse_code(record.return_code) or parse_code(record.status_text) or ""


def clean(text: str, length: int) -> str:
    """The text without anything that looks like card data, cut to what the column holds."""
    return str(redact(text)[0])[:length] if text else ""


def is_matchable(kind: Kind, state: State, amount: Money) -> bool:
    return kind == Kind.SALE and state in MONEY_STATES and amount.amount > 0
