"""Look before sending: what the ERP has already, and what its invoices can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from paysync.domain.ledger import Application, Bucket, ErpReceipt
from paysync.domain.money import Money
from paysync.models import Company
from paysync.ports import ErpLedger
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, ErpBatch
from reconciliation.queries.applications import applications_of
from reconciliation.services.journal import balances_of
from reconciliation.services.lookups import find_receipts
from reconciliation.services.planning import Calendar


@dataclass(slots=True)
class Lookup:
    """What was read before a claimed group is sent."""

    found: dict[str, ErpReceipt]
    payable: dict[str, Money]
    applications: dict[int, list[Application]]
    calendar: Calendar
    shrunk: set[int] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    batches: dict[str, ErpBatch] = field(default_factory=dict)


def look(company: Company, claimed: list[CashReceipt], erp: ErpLedger) -> Lookup:
    """Did an earlier try get through, and can the invoices still take it? Few calls for all."""
    applications = applications_of(row.match_id for row in claimed)
    wanted = sorted({one.invoice_tran_id for part in applications.values() for one in part})
    return Lookup(
        found=find_receipts([row.idempotency_key for row in claimed], erp),
        payable=erp.payable_now(company.company_id, wanted) if wanted else {},
        applications=applications,
        calendar=Calendar.load(company.pk),
        shrunk=shrunk_payments(claimed),
    )


def shrunk_payments(claimed: Sequence[CashReceipt]) -> set[int]:
    """The payments that no longer hold what their receipt says: money went back meanwhile."""
    balances = balances_of([row.transaction for row in claimed])
    shrunk: set[int] = set()
    for row in claimed:
        held, zero = balances.get(row.transaction_id, {}), Money.zero(row.currency)
        total = held.get(Bucket.APPLIED, zero) + held.get(Bucket.UNAPPLIED, zero)
        if total < Money(row.amount, row.currency):
            shrunk.add(row.transaction_id)
    return shrunk


def invoices_of(row: CashReceipt, lookup: Lookup) -> set[str]:
    return {one.invoice_tran_id for one in lookup.applications.get(row.match_id, [])}


def objection_to(row: CashReceipt, lookup: Lookup) -> tuple[Reason, str] | None:
    """Why the receipt must not be sent now, from what the ERP said a moment ago."""
    if row.transaction_id in lookup.shrunk:
        return Reason.MONEY_WENT_BACK, "Money of the payment went back: nothing is sent."
    if not lookup.calendar.is_open(row.post_date):
        return Reason.PERIOD_CLOSED, f"The period of {row.post_date} is closed for AR."
    for one in lookup.applications.get(row.match_id, []):
        name, payable = one.invoice_tran_id, lookup.payable.get(one.invoice_tran_id)
        if payable is None:
            return Reason.BALANCE_CHANGED, f"{name} is no longer in Sage 500."
        if payable < one.reduction:
            return (
                Reason.BALANCE_CHANGED,
                f"{name} takes {payable} now; the receipt would take {one.reduction} of it.",
            )
    return None


def take_payable(row: CashReceipt, lookup: Lookup) -> None:
    """What was just applied is no longer payable for the rest of the group."""
    for one in lookup.applications.get(row.match_id, []):
        if one.invoice_tran_id in lookup.payable:
            lookup.payable[one.invoice_tran_id] -= one.reduction
