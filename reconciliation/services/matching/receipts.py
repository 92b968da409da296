"""The receipts that matches lead to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from paysync.domain.money import Money
from paysync.models import Company
from paysync.services.bulk import insert_rows
from reconciliation.domain.matching import Matched
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction, Match
from reconciliation.services.leftovers import Finding, open_items, receipt_key
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.postable import find_mapping
from reconciliation.services.planning import Planner


def plan_receipts(
    company: Company,
    matches: Sequence[Match],
    decisions: Sequence[Matched],
    rows: dict[int, GatewayTransaction],
    table: MappingTable,
    tran_ids: dict[int, str],
    now: datetime,
) -> None:
    planner = Planner.load(company, [rows[d.payment_id] for d in decisions])
    sequences = next_sequences([d.payment_id for d in decisions])
    receipts = []
    for made, decision in zip(matches, decisions, strict=True):
        row = rows[decision.payment_id]
        mapping = find_mapping(row, table)
        if mapping is None:  # the table did not change since check_postable
            raise RuntimeError(f"no GL mapping for payment {row.pk}")
        applications = [(tran_ids[invoice], money) for invoice, money in decision.applications]
        sequence = sequences.get(row.pk, 0) + 1
        receipts.append(planner.plan(row, made, applications, mapping, sequence, now))
    made_receipts = insert_rows(receipts, by=("idempotency_key",), among=CashReceipt.objects.all())
    open_items(company, [late_for_period(r) for r in made_receipts if is_late(r)], now=now)


def is_late(receipt: CashReceipt) -> bool:
    return receipt.held_because == Reason.PERIOD_CLOSED


def late_for_period(receipt: CashReceipt) -> Finding:
    return Finding(
        receipt_key(receipt.pk),
        Reason.PERIOD_CLOSED,
        f"Receipt {receipt.tran_no} waits: the period of {receipt.post_date} is closed for AR.",
        Money(receipt.amount, receipt.currency),
        receipt.transaction,
        receipt,
    )


def next_sequences(payment_ids: list[int]) -> dict[int, int]:
    """The highest sequence used so far by each payment's receipts."""
    used: dict[int, int] = {}
    rows = CashReceipt.objects.filter(transaction_id__in=payment_ids)
    for pk, sequence in rows.values_list("transaction_id", "sequence"):
        used[pk] = max(used.get(pk, 0), sequence)
    return used
