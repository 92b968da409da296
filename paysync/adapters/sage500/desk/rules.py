"""What a receipt must satisfy before the desk takes it: the wrapper's rules, on imported lists.

Same order, codes and reason words as the wrapper (reference 14.3). What no list of ours shows is
not checked here and is left to Sage 500: whether AR is active, the AR window of periods, exchange
rates, receipt numbers that people used, payments that people entered with our reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from paysync.adapters.sage500.desk.options import DeskRules
from paysync.adapters.sage500.mapping import to_invoice
from paysync.domain.desk.entries import Json
from paysync.domain.ledger import (
    PAYABLE_TYPES,
    Application,
    Invoice,
    ReceiptIntent,
    SubmitCode,
)

INVALID, CLOSED = SubmitCode.VALIDATION_ERROR, SubmitCode.PERIOD_CLOSED
CHANGED = SubmitCode.BALANCE_CHANGED


class Refused(Exception):
    """The rules say no: a return code, a stable reason word and a sentence."""

    def __init__(self, code: SubmitCode, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message


@dataclass(frozen=True, slots=True)
class Facts:
    """What the imported lists say about one intent. invoices: by TranID in capitals."""

    customer: Json | None
    cash_account: Json | None
    periods: Sequence[Json]
    invoices: Mapping[str, Json]
    rival: tuple[str, str] | None


def check(intent: ReceiptIntent, facts: Facts, rules: DeskRules) -> None:
    """Raises Refused with the first rule that says no, RecordError for a record we cannot read."""
    customer = check_customer(intent, facts.customer)
    check_cash_account(intent, facts.cash_account)
    if intent.amount.amount <= 0 or any(is_negative(link) for link in intent.applications):
        raise Refused(INVALID, "bad_amount", f"{intent.amount} is not a payable amount")
    check_period(intent, facts.periods)
    check_rival(facts.rival)
    for link in intent.applications:
        check_link(intent, link, facts.invoices.get(key_of(link)), customer, rules)
    check_sums(intent)


def check_customer(intent: ReceiptIntent, customer: Json | None) -> Json:
    if customer is None:
        raise Refused(INVALID, "unknown_customer", f"no customer {intent.customer_id}")
    if not customer["is_active"]:
        raise Refused(INVALID, "inactive_customer", f"customer {intent.customer_id} is not active")
    return customer


def check_cash_account(intent: ReceiptIntent, cash: Json | None) -> None:
    name = intent.cash_account_id
    if cash is None:
        raise Refused(INVALID, "unknown_cash_account", f"no cash account {name}")
    if not cash["is_active"]:
        raise Refused(INVALID, "inactive_cash_account", f"{name} is not active")
    if cash["currency"] != intent.amount.currency:
        raise Refused(INVALID, "currency_mismatch", f"{name} is kept in {cash['currency']}")


def check_period(intent: ReceiptIntent, periods: Sequence[Json]) -> None:
    day = intent.post_date.isoformat()
    if not any(one["is_open"] and one["start"] <= day <= one["end"] for one in periods):
        raise Refused(CLOSED, "period_closed", f"{day} is in no open period")


def check_rival(rival: tuple[str, str] | None) -> None:
    if rival:
        reason, key = rival
        what = "this receipt number" if reason == "duplicate_tran_no" else "this payment"
        raise Refused(INVALID, reason, f"{key} has {what}")


def check_link(
    intent: ReceiptIntent,
    link: Application,
    row: Json | None,
    customer: Json,
    rules: DeskRules,
) -> None:
    name = link.invoice_tran_id
    if row is None:
        raise Refused(INVALID, "unknown_invoice", f"no document {name}")
    invoice = to_invoice(row)
    if invoice.tran_type not in PAYABLE_TYPES:
        raise Refused(INVALID, "not_payable", f"{name} is not a payable document")
    check_owner(name, invoice.customer_id, row, customer, rules)
    if invoice.total.currency != intent.amount.currency:
        raise Refused(INVALID, "currency_mismatch", f"{name} is in {invoice.total.currency}")
    check_discount(intent, link, invoice)
    check_write_off(link, customer, rules)
    if link.reduction > invoice.payable and not rules.allow_overpayment:
        raise Refused(CHANGED, "balance_changed", f"{name} has {invoice.payable} payable")


def check_owner(name: str, owner_id: str, row: Json, customer: Json, rules: DeskRules) -> None:
    """A parent's receipt may pay children's invoices (inferred: reference 5)."""
    payer = customer["customer_id"].upper()
    parent = str(row.get("owner_parent_id", "")).upper()
    if owner_id.upper() != payer and not (rules.national_accounts and parent == payer):
        raise Refused(INVALID, "wrong_customer", f"{name} is another customer's")


def check_discount(intent: ReceiptIntent, link: Application, invoice: Invoice) -> None:
    """Available while the receipt date is not after the discount date (inferred: reference 5)."""
    if not link.discount:
        return
    left, last = invoice.discount, invoice.discount_until
    if left is None or last is None or intent.tran_date > last or link.discount > left:
        raise Refused(
            INVALID, "discount_not_allowed", f"no such discount on {link.invoice_tran_id}"
        )


def check_write_off(link: Application, customer: Json, rules: DeskRules) -> None:
    is_allowed = customer.get("allow_write_off", True)
    if link.write_off and (link.write_off.amount > rules.max_write_off or not is_allowed):
        text = f"write-off on {link.invoice_tran_id} is over the limit"
        raise Refused(INVALID, "write_off_not_allowed", text)


def check_sums(intent: ReceiptIntent) -> None:
    names = [key_of(link) for link in intent.applications]
    if len(set(names)) != len(names):
        raise Refused(INVALID, "duplicate_application", "an invoice is named twice")
    if any(not (a.amount or a.discount or a.write_off) for a in intent.applications):
        raise Refused(INVALID, "bad_amount", "an application of nothing")
    applied = sum((link.amount.amount for link in intent.applications), Decimal(0))
    if applied > intent.amount.amount:
        raise Refused(INVALID, "over_applied", "the applications are more than the receipt")


def is_negative(link: Application) -> bool:
    return min(link.amount.amount, link.discount.amount, link.write_off.amount) < 0


def key_of(link: Application) -> str:
    return link.invoice_tran_id.rstrip().upper()
