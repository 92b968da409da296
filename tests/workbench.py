"""What tests of the workbench share: people, payments that wait, suggestions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import Group, User

from customers.models import Customer
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, Invoice, Proposal, ReconcilingItem
from reconciliation.services.leftovers import match_key
from reconciliation.services.roles import ensure_roles
from reconciliation.services.workbench import Deed
from tests.books import NOW, make_customer, make_invoice, ready
from tests.choosing import waiting_payment
from tests.factories import make_merchant_account

CENT = Decimal("0.01")


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


@pytest.fixture
def ana(db: None) -> User:
    return person("ana", first_name="Ana")


@pytest.fixture
def ben(db: None) -> User:
    return person("ben", first_name="Ben")


def person(name: str = "ana", role: str = "Finance clerk", **fields: Any) -> User:
    """Somebody of the console who has one role, or none."""
    user = User.objects.create_user(name, is_staff=True, **fields)
    if role:
        ensure_roles()
        user.groups.add(Group.objects.get(name=role))
    return user


def deed(user: User, now: datetime = NOW) -> Deed:
    return Deed(user, now)


def no_ledger(company: Company) -> NoReturn:
    raise AssertionError("the ERP was asked")


def solution(
    *invoices: Invoice, rank: int = 1, unapplied: str = "0.00", customer: Customer | None = None,
    **parts: str,
) -> dict[str, Any]:  # fmt: skip
    """A suggestion that pays these invoices whole, as a card holds it."""
    payer = customer or invoices[0].customer
    shares = [
        {
            "document": invoice.pk,
            "tran_id": invoice.tran_id,
            "amount": parts.get("amount", str(invoice.payable.quantize(CENT))),
            "discount": parts.get("discount", "0.00"),
            "write_off": parts.get("write_off", "0.00"),
            "open_before": str(invoice.payable.quantize(CENT)),
            "open_after": "0.00",
        }
        for invoice in invoices
    ]
    return {
        "rank": rank,
        "strategy": "customer_and_exact_amount",
        "customer": {"id": payer.pk, "label": payer.customer_id, "name": payer.name},
        "score": 80 - rank,
        "shares": shares,
        "credits": [],
        "unapplied": unapplied,
        "signals": [
            {"code": "amount", "weight": 50, "text": "the amount is exact"},
            {"code": "payer", "weight": -10, "text": "the payer is not known"},
        ],
        "lost_because": "" if rank == 1 else "the first is older",
    }


def suggest(row: GatewayTransaction, *solutions: dict[str, Any], **card: Any) -> Proposal:
    """What the engine offers for a payment, with its open item."""
    values = {
        "schema": 1,
        "outcome": "suggest",
        "sentence": "Several invoices fit.",
        "reason": "ambiguous",
        "rule": None,
        "payment": {"amount": str(row.amount), "currency": row.currency, "reference": "",
                    "payer": row.billing_name},
        "rivals": {"count": len(solutions), "counted_all": True, "gave_up": False},
        "stopped": ["Two solutions explain the payment as well."],
        "near_misses": [],
        "solutions": list(solutions),
    }  # fmt: skip
    waits(row)
    proposal, _ = Proposal.objects.update_or_create(
        transaction=row,
        defaults={"card": values | card, "solutions": len(solutions), "made_at": NOW},
    )
    return proposal


def waits(row: GatewayTransaction, reason: Reason = Reason.AMBIGUOUS) -> ReconcilingItem:
    """The payment's open item."""
    GatewayTransaction.objects.filter(pk=row.pk).update(match_tried_at=NOW)
    item, _ = ReconcilingItem.objects.get_or_create(
        company_id=row.company_id,
        key=match_key(row.pk),
        state=ReconcilingItem.State.OPEN,
        defaults={
            "reason": reason,
            "sentence": "Several invoices fit.",
            "transaction": row,
            "currency": row.currency,
            "amount": row.amount,
            "opened_at": NOW,
        },
    )
    return item


def two_ways(
    account: MerchantAccount, amount: str = "100.00", **fields: Any
) -> tuple[GatewayTransaction, Invoice, Invoice]:
    """A payment of an unknown payer, and two invoices of its amount that are suggested for it."""
    customer = make_customer(account.company)
    first = make_invoice(account.company, amount, customer=customer)
    second = make_invoice(account.company, amount, customer=customer)
    row = waiting_payment(account, amount, **({"billing_name": "Acme Tools"} | fields))
    suggest(row, solution(first), solution(second, rank=2))
    return row, first, second
