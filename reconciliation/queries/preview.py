"""What a match will be in Sage 500, before anything is sent: receipt, applications, accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from customers.models import Customer
from paysync.domain.ledger import Application as DomainApplication
from paysync.domain.money import Money
from reconciliation.domain.matching.results import Solution
from reconciliation.domain.waits import WAITS
from reconciliation.models import (
    Application,
    CashAccount,
    CashReceipt,
    CreditUse,
    GatewayTransaction,
    GLMapping,
    Match,
)
from reconciliation.queries.amounts import from_minor
from reconciliation.queries.candidates import documents_by_id
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.postable import find_mapping, objection_to
from reconciliation.services.matching.receipts import next_sequences
from reconciliation.services.planning import Calendar, Planner

#: Which accounts these are stands in the customer's class in Sage 500; paysync does not read it.
DERIVED = "Derived by Sage from the customer's class"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """What one document gets."""

    document_id: int
    tran_id: str
    amount: Decimal
    discount: Decimal
    write_off: Decimal
    write_off_account: str = ""

    @property
    def closes(self) -> Decimal:
        return self.amount + self.discount + self.write_off


@dataclass(frozen=True, slots=True)
class PreviewLeg:
    """One account that posting the receipt touches. is_inferred: Sage chooses the account; which
    it will be is inferred, and no number is shown.
    """

    side: str
    what: str
    account: str
    amount: Decimal
    is_inferred: bool


@dataclass(frozen=True, slots=True)
class PreviewCredit:
    """A credit memo that a person applies in Sage 500: it is on no receipt."""

    memo: str
    tran_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Preview:
    """A receipt as Sage 500 will have it. problem: why it cannot be posted as things are; wait: why
    it does not go out at once.
    """

    number: str
    is_made: bool
    customer: str
    currency: str
    amount: Decimal
    paid_on: date
    post_date: date
    period_is_open: bool
    cash_account: str
    batch: str
    lines: tuple[PreviewLine, ...]
    unapplied: Decimal
    legs: tuple[PreviewLeg, ...]
    credits: tuple[PreviewCredit, ...] = ()
    wait: str = ""
    problem: str = ""

    @property
    def debits(self) -> tuple[PreviewLeg, ...]:
        return tuple(leg for leg in self.legs if leg.side == "debit")

    @property
    def credits_posted(self) -> tuple[PreviewLeg, ...]:
        return tuple(leg for leg in self.legs if leg.side == "credit")


def preview_of(
    transaction: GatewayTransaction,
    chosen: Solution | Match,
    *,
    now: datetime,
    write_off_account: str = "",
) -> Preview:
    """The receipt that `chosen` leads to, or has led to. Writes nothing.

    write_off_account: what the rule names, for a solution with a residue.
    """
    if isinstance(chosen, Match):
        return of_match(transaction, chosen)
    return of_solution(transaction, chosen, now, write_off_account)


def of_match(transaction: GatewayTransaction, match: Match) -> Preview:
    receipt = (
        CashReceipt.objects.filter(match=match)
        .select_related("cash_account__gl_account", "customer", "erp_batch", "company")
        .order_by("-sequence")
        .first()
    )
    rows = Application.objects.filter(match=match).select_related("invoice").order_by("pk")
    lines = tuple(
        PreviewLine(
            row.invoice_id, row.invoice.tran_id, row.amount, row.discount, row.write_off,
            row.write_off_account,
        )
        for row in rows
    )  # fmt: skip
    uses = CreditUse.objects.filter(match=match).select_related("memo", "invoice").order_by("pk")
    credits = tuple(PreviewCredit(u.memo.tran_id, u.invoice.tran_id, u.amount) for u in uses)
    if receipt is None:
        raise RuntimeError(f"match {match.pk} has no receipt")
    return preview(receipt, lines, match.unapplied, credits, is_made=True)


def of_solution(
    transaction: GatewayTransaction, solution: Solution, now: datetime, write_off_account: str
) -> Preview:
    currency = transaction.currency
    wanted = {share.document_id for share in solution.shares}
    wanted |= {credit.memo_id for credit in solution.credits}
    documents = documents_by_id(transaction.company, wanted)
    lines = tuple(
        PreviewLine(
            share.document_id,
            documents[share.document_id].tran_id,
            from_minor(share.amount, currency),
            from_minor(share.discount, currency),
            from_minor(share.write_off, currency),
            write_off_account if share.write_off else "",
        )
        for share in solution.shares
    )
    credits = tuple(
        PreviewCredit(
            documents[credit.memo_id].tran_id,
            documents[credit.document_id].tran_id,
            from_minor(credit.amount, currency),
        )
        for credit in solution.credits
    )
    unapplied = from_minor(solution.unapplied, currency)
    table = MappingTable.load(transaction.company_id)
    objection = objection_to(transaction, table)
    mapping = find_mapping(transaction, table)
    customer = Customer.objects.get(pk=solution.customer_id)
    if mapping is None:
        return without_mapping(transaction, customer, lines, unapplied, credits, objection)
    receipt = planned(transaction, customer, lines, unapplied, mapping, now)
    problem = objection[1] if objection else ""
    return preview(receipt, lines, unapplied, credits, is_made=False, problem=problem)


def planned(
    transaction: GatewayTransaction,
    customer: Customer,
    lines: Sequence[PreviewLine],
    unapplied: Decimal,
    mapping: GLMapping,
    now: datetime,
) -> CashReceipt:
    """The receipt as it would be made now; not saved."""
    currency = transaction.currency
    applied = sum((line.amount for line in lines), ZERO)
    match = Match(customer=customer, currency=currency, applied=applied, unapplied=unapplied)
    applications = [
        DomainApplication(
            line.tran_id,
            Money(line.amount, currency),
            Money(line.discount, currency),
            Money(line.write_off, currency),
        )
        for line in lines
    ]
    sequence = next_sequences([transaction.pk]).get(transaction.pk, 0) + 1
    planner = Planner.load(transaction.company, [transaction])
    receipt = planner.plan(transaction, match, applications, mapping, sequence, now)
    receipt.customer, receipt.cash_account = customer, mapping.cash_account
    return receipt


def preview(
    receipt: CashReceipt,
    lines: tuple[PreviewLine, ...],
    unapplied: Decimal,
    credits: tuple[PreviewCredit, ...],
    *,
    is_made: bool,
    problem: str = "",
) -> Preview:
    account = receipt.cash_account
    return Preview(
        number=receipt.erp_tran_id or receipt.tran_no,
        is_made=is_made,
        customer=str(receipt.customer),
        currency=receipt.currency,
        amount=receipt.amount,
        paid_on=receipt.tran_date,
        post_date=receipt.post_date,
        period_is_open=Calendar.load(receipt.company_id).is_open(receipt.post_date),
        cash_account=str(account),
        batch=str(receipt.erp_batch) if receipt.erp_batch else batch_to_be(account, receipt),
        lines=lines,
        unapplied=unapplied,
        legs=legs_of(account, lines, receipt.amount),
        credits=credits,
        wait=WAITS.get(receipt.held_because, ""),
        problem=problem,
    )


def without_mapping(
    transaction: GatewayTransaction,
    customer: Customer,
    lines: tuple[PreviewLine, ...],
    unapplied: Decimal,
    credits: tuple[PreviewCredit, ...],
    objection: tuple[object, str] | None,
) -> Preview:
    """No cash account is known: what can be said all the same."""
    amount = sum((line.amount for line in lines), unapplied)
    calendar = Calendar.load(transaction.company_id)
    post_date, is_open = calendar.post_date(transaction.company, transaction.business_date)
    return Preview(
        number="",
        is_made=False,
        customer=str(customer),
        currency=transaction.currency,
        amount=amount,
        paid_on=transaction.business_date,
        post_date=post_date,
        period_is_open=is_open,
        cash_account="",
        batch="",
        lines=lines,
        unapplied=unapplied,
        legs=legs_of(None, lines, amount),
        credits=credits,
        problem=objection[1] if objection else "",
    )


def batch_to_be(account: CashAccount, receipt: CashReceipt) -> str:
    return f"An open batch of {account.cash_account_id} for {receipt.post_date:%Y-%m-%d}"


def legs_of(
    account: CashAccount | None, lines: Sequence[PreviewLine], amount: Decimal
) -> tuple[PreviewLeg, ...]:
    """Debits equal credits. Only the account of the cash is known here; of the others paysync knows
    no number and shows none.
    """
    discount = sum((line.discount for line in lines), ZERO)
    write_off = sum((line.write_off for line in lines), ZERO)
    gl_account = account.gl_account if account else None
    cash = str(gl_account) if gl_account else "The GL account of the cash account"
    legs = [PreviewLeg("debit", "Cash", cash, amount, gl_account is None)]
    if discount:
        legs.append(PreviewLeg("debit", "Discount given", DERIVED, discount, True))
    if write_off:
        legs.append(PreviewLeg("debit", "Written off", DERIVED, write_off, True))
    receivable = amount + discount + write_off
    legs.append(PreviewLeg("credit", "Accounts receivable", DERIVED, receivable, True))
    return tuple(legs)
