"""What people, and the passing of time, decide about receipts that wait."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database
from django.db.models import Max

from paysync.domain.errors import RuleError
from paysync.domain.ledger import Bucket, ReceiptState, SubmitCode, require_edge
from paysync.domain.money import Money
from paysync.models import Company
from paysync.services.audit import record
from paysync.services.bulk import locked, update_rows
from reconciliation.domain.reasons import Reason
from reconciliation.domain.waits import BY_STAFF, WAITS
from reconciliation.models import CashReceipt, GatewayTransaction, PostingAttempt
from reconciliation.queries.applications import applications_of
from reconciliation.services.journal import balances_of
from reconciliation.services.leftovers import close_items, open_items, receipt_key
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching import (
    find_mapping,
    is_late,
    late_for_period,
    next_sequences,
)
from reconciliation.services.planning import Calendar, Planner, wait_of
from reconciliation.services.posting import shrunk_payments
from reconciliation.services.withdrawing import is_being_taken_back

#: Causes that go away by themselves.
PASSING = ("not_settled", "period_closed", "proposal", "shadow")
WENT_BACK = "Money of this payment went back meanwhile: undo the match first."


def review_held(company_id: int, *, now: datetime) -> int:
    """Make held receipts due whose cause is gone: settled, or the period open. Returns how many."""
    company = Company.objects.get(pk=company_id)
    calendar = Calendar.load(company_id)
    freed: list[CashReceipt] = []
    with database.atomic():
        rows = (
            CashReceipt.objects.select_for_update()
            .filter(company=company, state=ReceiptState.HELD, held_because__in=PASSING)
            .order_by("pk")
        )
        refused = refusals(company)
        for row in rows.prefetch_related("transaction"):
            row.post_date, is_open = calendar.post_date(company, row.transaction.business_date)
            # what Sage 500 refused is open only by a reading from after the refusal
            is_open = is_open and calendar.is_open(row.post_date, since=refused.get(row.pk))
            wait = wait_of(row.transaction, company, is_open)
            if wait == row.held_because:
                continue
            row.held_because = wait
            row.state = ReceiptState.HELD if wait else ReceiptState.DUE
            row.due_at = now
            freed.append(row)
        update_rows(CashReceipt, freed, ["state", "held_because", "due_at", "post_date"])
        keys = [receipt_key(row.pk) for row in freed if row.held_because != Reason.PERIOD_CLOSED]
        close_items(company, keys, "The cause is gone.", now=now)
        open_items(company, [late_for_period(row) for row in freed if is_late(row)], now=now)
    return len([row for row in freed if row.state == ReceiptState.DUE])


def refusals(company: Company) -> dict[int, datetime]:
    """When Sage 500 last refused each held receipt because of its period."""
    tries = PostingAttempt.objects.filter(
        receipt__company=company,
        receipt__state=ReceiptState.HELD,
        code=SubmitCode.PERIOD_CLOSED,
        ended_at__isnull=False,
    )
    last = tries.order_by().values("receipt_id").annotate(at=Max("ended_at"))
    return dict(last.values_list("receipt_id", "at"))


def release_receipt(receipt_id: int, *, actor: str, now: datetime) -> CashReceipt:
    """A person lets a held receipt go, or sends one again that was deleted in Sage 500.

    Raises RuleError where the company is in shadow mode, the payment is not settled yet or money
    of it went back, and StateError where the receipt is in no state to be released. Returns the
    receipt that is due.
    """
    with database.atomic():
        old = CashReceipt.objects.only("transaction_id").get(pk=receipt_id)
        locked(GatewayTransaction.objects.all()).get(pk=old.transaction_id)
        row = CashReceipt.objects.select_for_update().get(pk=receipt_id)
        if row.company.mode == Company.Mode.SHADOW:
            raise RuleError(WAITS["shadow"])
        if row.state == ReceiptState.DELETED_IN_ERP:
            row = send_again(row, now)
        else:
            let_go(row, now)
        record(actor, "receipt released", row, {"of": receipt_id})
        close_items(row.company, [receipt_key(receipt_id)], f"Released by {actor}.", now=now)
    return row


def let_go(row: CashReceipt, now: datetime) -> None:
    """A held receipt is due, unless its cause is not for a person to judge."""
    if row.held_because in {"shadow", "not_settled"}:
        raise RuleError(WAITS[row.held_because])
    require_edge(ReceiptState(row.state), ReceiptState.DUE)
    if row.state != ReceiptState.HELD:
        raise RuleError("paysync is still asking Sage 500 about this receipt.")
    if shrunk_payments([row]):
        raise RuleError(WENT_BACK)
    row.state, row.held_because, row.due_at = ReceiptState.DUE, "", now
    row.save(update_fields=["state", "held_because", "due_at"])


def send_again(old: CashReceipt, now: datetime) -> CashReceipt:
    """A new receipt, next in sequence, for a payment whose receipt was deleted in Sage 500."""
    if CashReceipt.objects.filter(transaction=old.transaction, sequence__gt=old.sequence).exists():
        raise RuleError("This receipt has already been sent again.")
    if is_being_taken_back(old):
        raise RuleError(
            "It is not known yet whether this receipt was taken back: paysync keeps asking."
        )
    held = balances_of([old.transaction]).get(old.transaction_id, {})
    zero = Money.zero(old.currency)
    total = held.get(Bucket.APPLIED, zero) + held.get(Bucket.UNAPPLIED, zero)
    if total != Money(old.amount, old.currency):
        raise RuleError(WENT_BACK)
    if old.match.ended_at is not None:
        raise RuleError("The match behind this receipt was undone: match the payment again.")
    mapping = find_mapping(old.transaction, MappingTable.load(old.company_id))
    if mapping is None:
        raise RuleError("No active GL mapping covers this payment any more.")
    applications = applications_of([old.match_id]).get(old.match_id, [])
    sequence = next_sequences([old.transaction_id])[old.transaction_id] + 1
    planner = Planner.load(old.company, [old.transaction])
    row = planner.plan(old.transaction, old.match, applications, mapping, sequence, now)
    if row.held_because in {"proposal", BY_STAFF}:  # a person is deciding this very moment
        row.state, row.held_because = ReceiptState.DUE, ""
    row.save()
    if is_late(row):
        open_items(row.company, [late_for_period(row)], now=now)
    return row
