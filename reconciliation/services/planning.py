"""From a decided match to the cash receipt we mean to have: account, dates, fingerprint."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from paysync.domain.ledger import Application, ReceiptState, fingerprint
from paysync.domain.money import Money
from paysync.domain.payments import Method, State
from paysync.models import Company
from paysync.services.bulk import maker, spans
from reconciliation.domain.waits import BY_STAFF
from reconciliation.models import (
    CashReceipt,
    FiscalPeriod,
    GatewayTransaction,
    GLMapping,
    Match,
    ShadowComparison,
)

make_receipt = maker(CashReceipt)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The fiscal periods of a company, as last read."""

    periods: tuple[FiscalPeriod, ...]

    @classmethod
    def load(cls, company_id: int) -> Calendar:
        rows = FiscalPeriod.objects.filter(company_id=company_id).order_by("start")
        return cls(tuple(rows))

    def is_open(self, day: date, *, since: datetime | None = None) -> bool:
        """since: only a reading that began after this instant counts."""
        return any(
            p.is_open and p.start <= day <= p.end and (since is None or p.read_at > since)
            for p in self.periods
        )

    def next_open(self, day: date) -> date | None:
        """The first open day after `day`, if a later period is open."""
        return next((p.start for p in self.periods if p.is_open and p.start > day), None)

    def post_date(self, company: Company, day: date) -> tuple[date, bool]:
        """The posting date for a payment of `day`, and whether that date is open now."""
        if self.is_open(day):
            return day, True
        later = self.next_open(day)
        if company.closed_period == Company.ClosedPeriod.NEXT_OPEN and later:
            return later, True
        return day, False


def tran_no_of(transaction: GatewayTransaction, sequence: int, key: str, taken: set[str]) -> str:
    """The receipt number in Sage, at most ten characters: the gateway id where it fits.

    Card and ACH ids come from different ranges, so the letter tells them apart.
    """
    letter = "A" if transaction.method == Method.ACH else "C"
    plain = f"{letter}{transaction.gateway_id}"
    if sequence == 1 and len(plain) <= 10 and plain.isalnum() and plain not in taken:
        return plain
    digest = base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()
    return f"{letter}{digest[:9]}"


def wait_of(transaction: GatewayTransaction, company: Company, period_open: bool) -> str:
    """Why the receipt may not go out yet; "" when it may."""
    settles_first = transaction.method == Method.ACH or company.post_on == Company.PostOn.SETTLEMENT
    if company.mode == Company.Mode.SHADOW:
        return "shadow"
    if settles_first and transaction.state != State.SETTLED:
        return "not_settled"
    if not period_open:
        return "period_closed"
    if company.mode == Company.Mode.PROPOSE:
        return "proposal"
    return ""


def brand_of(transaction: GatewayTransaction) -> str:
    return "ach" if transaction.method == Method.ACH else transaction.card_brand.lower()


def entered_by_staff(payment_ids: Sequence[int]) -> frozenset[int]:
    """Those for which shadow mode found a receipt of the staff in Sage 500, whatever became of the
    company's mode since.
    """
    found: set[int] = set()
    for part in spans(payment_ids):
        rows = ShadowComparison.objects.filter(transaction_id__any_of=part)
        found.update(rows.exclude(erp_tran_id="").values_list("transaction_id", flat=True))
    return frozenset(found)


@dataclass(slots=True)
class Planner:
    """Plans the receipts of one company; loads what it needs once."""

    company: Company
    calendar: Calendar
    taken: set[str]
    by_staff: frozenset[int]

    @classmethod
    def load(cls, company: Company, transactions: Iterable[GatewayTransaction]) -> Planner:
        rows = list(transactions)
        ids = [t.gateway_id for t in rows]
        numbers = [f"{letter}{gid}" for gid in ids if len(gid) <= 9 for letter in "AC"]
        taken = CashReceipt.objects.filter(company=company, tran_no__any_of=numbers)
        return cls(
            company,
            Calendar.load(company.pk),
            set(taken.values_list("tran_no", flat=True)),
            entered_by_staff([t.pk for t in rows]),
        )

    def plan(
        self,
        transaction: GatewayTransaction,
        match: Match,
        applications: Iterable[Application],
        mapping: GLMapping,
        sequence: int,
        now: datetime,
    ) -> CashReceipt:
        """The unsaved receipt of a match, for its money: discount and write-off are none."""
        amount = Money(match.applied + match.unapplied, match.currency)
        key = fingerprint(
            gateway_id=transaction.gateway_id,
            company_id=self.company.company_id,
            merchant_account=str(transaction.merchant_account_id),
            sequence=sequence,
            customer_id=str(match.customer_id),
            amount=amount,
            applications=tuple(applications),
        )
        post_date, period_open = self.calendar.post_date(self.company, transaction.business_date)
        wait = wait_of(transaction, self.company, period_open)
        if transaction.pk in self.by_staff:
            wait = BY_STAFF
        tran_no = tran_no_of(transaction, sequence, key, self.taken)
        self.taken.add(tran_no)
        return make_receipt(
            company_id=self.company.pk,
            merchant_account_id=transaction.merchant_account_id,
            transaction_id=transaction.pk,
            match_id=match.pk,
            customer_id=match.customer_id,
            cash_account_id=mapping.cash_account_id,
            sequence=sequence,
            idempotency_key=key,
            tran_no=tran_no,
            comment=comment_of(transaction),
            currency=amount.currency,
            amount=amount.amount,
            tran_date=transaction.business_date,
            post_date=post_date,
            state=ReceiptState.HELD if wait else ReceiptState.DUE,
            held_because=wait,
            due_at=now,
            made_at=now,
        )


def comment_of(transaction: GatewayTransaction) -> str:
    """`PT <transaction id> <last four> <approval code>`: the reference Sage's users search for."""
    parts = ["PT", transaction.gateway_id, transaction.last4, transaction.approval_code]
    return " ".join(part for part in parts if part)[:50]
