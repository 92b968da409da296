"""What tests of the matching service share: payments that wait, and a person's choice for one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from paysync.domain.payments import GatewayRecord
from paysync.models import Company, MerchantAccount
from reconciliation.domain.matching.results import Share
from reconciliation.models import GatewayTransaction, Invoice, Match
from reconciliation.queries.candidates import documents_by_id
from reconciliation.services.journal import balances_of
from reconciliation.services.matching import apply_solution
from reconciliation.services.recording import record_transactions
from tests.books import NOW, sale


def waiting_payment(
    account: MerchantAccount, amount: str = "100.00", **fields: Any
) -> GatewayTransaction:
    """A captured payment that nothing explains yet."""
    record = sale(amount=amount, **fields)
    record_transactions(account, [record], now=NOW)
    return GatewayTransaction.objects.get(gateway_id=record.gateway_id)


def paid(amount: str, invoice: Invoice, gateway_id: str = "", **fields: Any) -> GatewayRecord:
    """A payment by the invoice's customer that names the invoice."""
    payer = invoice.customer.customer_id
    return sale(
        gateway_id, amount, invoice_reference=invoice.tran_id, gateway_customer_id=payer, **fields
    )


def choose(
    row: GatewayTransaction,
    invoice: Invoice | None = None,
    shares: Sequence[Share] | None = None,
    **fields: Any,
) -> Match:
    """What a person applies: all of the payment to one invoice, unless told otherwise."""
    if shares is None:
        shares = [Share(invoice.pk, cents(row.amount))] if invoice else []
    values: dict[str, Any] = {
        "customer_id": invoice.customer_id if invoice else row.customer_id,
        "shares": shares,
        "unapplied": cents(row.amount) - sum(share.amount for share in shares),
        "rule": "by_hand",
        "rule_version": 0,
        "sentence": "Chosen by hand.",
        "card": {"schema": 1},
        "actor": "ada",
        "now": NOW,
    }
    return apply_solution(row.pk, **(values | fields))


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def buckets(row: GatewayTransaction) -> dict[str, str]:
    return {b.value: str(m.amount) for b, m in balances_of([row])[row.pk].items() if m}


def open_of(company: Company, *invoices: Invoice) -> list[int]:
    """What each document can still take, in cents."""
    found = documents_by_id(company, [invoice.pk for invoice in invoices])
    return [found[invoice.pk].open for invoice in invoices]
