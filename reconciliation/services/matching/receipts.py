"""The receipts that matches lead to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from paysync.domain.money import Money
from paysync.models import Company
from paysync.services.bulk import insert_rows, spans
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction, Match
from reconciliation.services.leftovers import Finding, open_items, receipt_key
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.chosen import Chosen
from reconciliation.services.matching.postable import find_mapping
from reconciliation.services.planning import Planner


def plan_receipts(
    company: Company,
    made: Sequence[tuple[Match, Chosen, GatewayTransaction]],
    table: MappingTable,
    tran_ids: dict[int, str],
    now: datetime,
) -> list[CashReceipt]:
    rows = [row for _, _, row in made]
    planner = Planner.load(company, rows)
    sequences = next_sequences([row.pk for row in rows])
    receipts = []
    for match, chosen, row in made:
        mapping = find_mapping(row, table)
        if mapping is None:  # the table did not change since it was checked
            raise RuntimeError(f"no GL mapping for payment {row.pk}")
        sequence = sequences.get(row.pk, 0) + 1
        applications = chosen.applications(tran_ids)
        receipts.append(planner.plan(row, match, applications, mapping, sequence, now))
    inserted = insert_rows(receipts, by=("idempotency_key",), among=CashReceipt.objects.all())
    late = [(receipt, row) for receipt, row in zip(inserted, rows, strict=True) if is_late(receipt)]
    for receipt, row in late:
        receipt.transaction = row  # so that it is not read again
    open_items(company, [late_for_period(receipt) for receipt, _ in late], now=now)
    return inserted


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
    for part in spans(payment_ids):
        rows = CashReceipt.objects.filter(transaction_id__any_of=part)
        for pk, sequence in rows.values_list("transaction_id", "sequence"):
            used[pk] = max(used.get(pk, 0), sequence)
    return used
