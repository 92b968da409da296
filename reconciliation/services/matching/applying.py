"""A chosen solution for one payment, written by a person or by another service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction as database
from django.db.models import Q

from customers.models import Customer
from paysync.domain.errors import ConflictError, OverApplicationError, RuleError
from paysync.domain.ledger import PAYABLE_TYPES
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, State
from paysync.models import Company
from paysync.services.bulk import locked
from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, GLAccount, Match
from reconciliation.queries.amounts import to_minor
from reconciliation.queries.candidates import documents_by_id
from reconciliation.services.journal import balances_of
from reconciliation.services.mappings import MappingTable
from reconciliation.services.matching.availability import Availability
from reconciliation.services.matching.chosen import Chosen
from reconciliation.services.matching.postable import WAITING, held_money, objection_to
from reconciliation.services.matching.writing import write_chosen
from reconciliation.services.releasing import last_deed

#: The widest amount a column holds, in minor units: anything beyond is a slip of the hand.
MOST = 10**14


def apply_solution(
    transaction_id: int,
    *,
    customer_id: int,
    shares: Sequence[Share],
    credits: Sequence[Credit] = (),
    unapplied: int,
    rule: str,
    rule_version: int,
    sentence: str,
    card: dict[str, Any],
    actor: str,
    now: datetime,
    signals: Sequence[str] = (),
    reason: Reason | None = None,
    write_off_account: str = "",
    short_pay_reason: str = "",
    expected_revision: int | None = None,
) -> Match:
    """Match one payment as chosen: the shares' amounts and `unapplied` are all that it holds.

    Amounts in minor units. No shares: all of it goes on account. reason: why an open item stays all
    the same. expected_revision: the payment's
    `revision` as the person saw it. Raises ConflictError, which names who did what, where the
    payment was taken meanwhile; OverApplicationError where a document no longer has that much
    open; RuleError for whatever else may not be written. Then nothing is written.
    """
    with database.atomic():
        row = lock_payment(transaction_id)
        require_waiting(row, expected_revision)
        chosen = Chosen(
            payment_id=row.pk,
            currency=row.currency,
            customer_id=customer_id,
            shares=tuple(shares),
            unapplied=unapplied,
            rule=rule,
            rule_version=rule_version,
            sentence=sentence,
            card=card,
            actor=actor,
            credits=tuple(credits),
            signals=tuple(signals),
            reason=reason,
            write_off_account=write_off_account.strip(),
            short_pay_reason=short_pay_reason.strip()[:40],
        )
        check_shape(chosen)
        balances = balances_of([row], WAITING)
        check_total(chosen, held_money(row, balances.get(row.pk, {})))
        documents = documents_by_id(row.company, chosen.taken)
        check_customer(chosen, row)
        check_documents(chosen, documents)
        check_write_offs(chosen, row)
        table = MappingTable.load(row.company_id)
        objection = objection_to(row, table)
        if objection:
            raise RuleError(objection[1])
        require_room(chosen, row.company, documents)
        tran_ids = {pk: document.tran_id for pk, document in documents.items()}
        [match] = write_chosen(row.company, [chosen], {row.pk: row}, balances, table, tran_ids, now)
    return match


def lock_payment(transaction_id: int) -> GatewayTransaction:
    """The payment, locked after its company: in the order in which every match is written."""
    company_id = GatewayTransaction.objects.values_list("company_id", flat=True).get(
        pk=transaction_id
    )
    company = locked(Company.objects.all()).get(pk=company_id)
    row = locked(GatewayTransaction.objects.all()).get(pk=transaction_id)
    row.company = company
    return row


def require_waiting(row: GatewayTransaction, expected_revision: int | None) -> None:
    """Raise ConflictError unless the payment is as the person saw it, RuleError unless it waits."""
    if expected_revision is not None and row.revision != expected_revision:
        raise ConflictError(last_deed(row) or "This payment was changed meanwhile.")
    if not row.needs_match:
        raise ConflictError(last_deed(row) or "This payment needs no match any more.")
    if State(row.state) not in MONEY_STATES:
        raise RuleError(f"The gateway holds no money for this payment: it is {row.state}.")


def check_shape(chosen: Chosen) -> None:
    """Amounts that can be amounts; each document once."""
    numbers = [chosen.unapplied]
    for share in chosen.shares:
        numbers += [share.amount, share.discount, share.write_off]
        if share.amount == 0:
            raise RuleError("Each document has to get something of the payment.")
    for credit in chosen.credits:
        numbers.append(credit.amount)
        if credit.amount == 0:
            raise RuleError("A credit memo has to give something.")
    if any(number < 0 for number in numbers):
        raise RuleError("An amount is negative.")
    if any(number >= MOST for number in numbers):
        raise RuleError("An amount is larger than any column holds.")
    ids = [share.document_id for share in chosen.shares]
    pairs = [(credit.memo_id, credit.document_id) for credit in chosen.credits]
    if len(ids) != len(set(ids)) or len(pairs) != len(set(pairs)):
        raise RuleError("A document is named twice.")
    if not {document for _, document in pairs} <= set(ids):
        raise RuleError("A credit memo is used on a document that this payment does not pay.")


def check_total(chosen: Chosen, held: Money) -> None:
    if chosen.total <= 0 or chosen.total != to_minor(held.amount, held.currency):
        raise RuleError(
            f"The amounts add up to {chosen.money(chosen.total)}; the payment holds {held}."
        )


def check_customer(chosen: Chosen, row: GatewayTransaction) -> None:
    """The receipt goes to an active customer of the company."""
    customer = Customer.objects.filter(pk=chosen.customer_id, company_id=row.company_id).first()
    if customer is None:
        raise RuleError("This customer is not one of the payment's company.")
    if not customer.is_active:
        raise RuleError(f"{customer.customer_id} is not active in Sage 500.")


def check_documents(chosen: Chosen, documents: dict[int, Document]) -> None:
    """Documents of the customer, or of those it pays for, in the currency of the payment."""
    if missing := chosen.taken.keys() - documents.keys():
        raise RuleError(f"{len(missing)} of the documents are not in this company.")
    memos = {credit.memo_id for credit in chosen.credits}
    for pk in chosen.taken:
        document = documents[pk]
        if chosen.customer_id not in {document.customer_id, document.parent_customer_id}:
            raise RuleError(
                f"{document.tran_id} belongs to {document.customer_label}, not to this customer."
            )
        if document.currency != chosen.currency:
            raise RuleError(
                f"{document.tran_id} is in {document.currency}, the payment in {chosen.currency}."
            )
        if pk in memos and not document.is_credit:
            raise RuleError(f"{document.tran_id} is no credit memo.")
        if pk not in memos and document.tran_type not in PAYABLE_TYPES:
            raise RuleError(f"{document.tran_id} is not a document that takes payments.")
    for share in chosen.shares:
        document = documents[share.document_id]
        if share.discount > document.discount:
            raise RuleError(
                f"{document.tran_id} has a discount of {chosen.money(document.discount)} left."
            )


def check_write_offs(chosen: Chosen, row: GatewayTransaction) -> None:
    """A residue goes to a GL account that Sage 500 has. How much may go is the caller's rule."""
    if not any(share.write_off for share in chosen.shares):
        return
    name = chosen.write_off_account
    if not name:
        raise RuleError("No account is named for what is written off.")
    found = GLAccount.objects.filter(Q(number=name) | Q(formatted=name), is_active=True)
    if not found.filter(company_id=row.company_id).exists():
        raise RuleError(f"Sage 500 has no active GL account {name}.")


def require_room(chosen: Chosen, company: Company, documents: dict[int, Document]) -> None:
    room = Availability(company, [chosen])
    if room.take(chosen):
        return
    short = next(pk for pk, minor in chosen.taken.items() if room.room.get(pk, 0) < minor)
    raise OverApplicationError(
        f"{documents[short].tran_id} takes {chosen.money(max(room.room.get(short, 0), 0))} now; "
        f"this would use {chosen.money(chosen.taken[short])} of it."
    )
