"""Un-match (match (x)) is x: money, documents, credit memos, and the payment itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paysync.domain.payments import State
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Credit, Share
from reconciliation.models import CashReceipt, CreditUse, GatewayTransaction, Invoice, Match
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from tests.books import NOW, make_customer, make_invoice, ready, refund, sale
from tests.choosing import buckets, choose, open_of, waiting_payment
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


@dataclass(frozen=True)
class Plan:
    """How a payment of some cents is cut up."""

    parts: list[tuple[int, int, int]]
    unapplied: int
    memo: int
    is_known: bool
    was_tried: bool


plans = st.builds(
    Plan,
    parts=st.lists(
        st.tuples(st.integers(1, 9_000), st.integers(0, 50), st.integers(0, 50)), max_size=3
    ),
    unapplied=st.integers(1, 5_000),
    memo=st.integers(0, 400),
    is_known=st.booleans(),
    was_tried=st.booleans(),
)


def everything(row: GatewayTransaction, invoices: list[Invoice]) -> dict[str, Any]:
    row.refresh_from_db()
    return {
        "buckets": buckets(row),
        "open": open_of(row.company, *invoices),
        "needs_match": row.needs_match,
        "customer": row.customer_id,
        "active": Match.objects.filter(transaction=row, ended_at__isnull=True).count(),
    }


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=plans)
def test_unmatching_a_match_gives_back_what_was_there(account: MerchantAccount, plan: Plan) -> None:
    company = account.company
    customer = make_customer(company)
    total = sum(amount for amount, _, _ in plan.parts) + plan.unapplied
    known = {"gateway_customer_id": customer.customer_id} if plan.is_known else {}
    row = waiting_payment(account, f"{total / 100:.2f}", **known)
    if plan.was_tried:
        match_company(company.pk, now=NOW)
    invoices = [
        make_invoice(company, f"{sum(part) / 100 + 5:.2f}", customer=customer, discount="0.50")
        for part in plan.parts
    ]
    memo = make_invoice(company, "-4.00", customer=customer, tran_type=502)
    before = everything(row, [*invoices, memo])
    choose(
        row,
        shares=[
            Share(invoice.pk, amount, discount, write_off)
            for invoice, (amount, discount, write_off) in zip(invoices, plan.parts, strict=True)
        ],
        credits=[Credit(memo.pk, invoices[0].pk, plan.memo)] if plan.memo and invoices else [],
        customer_id=customer.pk,
        write_off_account="1010-000",
    )
    between = everything(row, [*invoices, memo])
    assert not between["needs_match"]
    assert all(left >= 0 for left in between["open"])
    unmatch(row.pk, actor="ada", reason="wrong", now=NOW)
    assert everything(row, [*invoices, memo]) == before
    assert prove(now=NOW).violations == []


def test_a_refund_in_between_stays_taken(account: MerchantAccount, company: Company) -> None:
    customer = make_customer(company)
    invoice = make_invoice(company, "70.00", customer=customer)
    row = waiting_payment(account, "100.00")
    choose(row, invoice, [Share(invoice.pk, 7_000)])
    CashReceipt.objects.update(state="submitted", submitted_at=NOW)
    record_transactions(account, [refund(row.gateway_id, "50.00")], now=NOW)
    assert buckets(row) == {"captured": "100.00", "applied": "50.00", "refunded": "50.00"}
    CashReceipt.objects.update(state="deleted_in_erp")
    unmatch(row.pk, actor="ada", reason="deleted there", now=NOW)
    assert buckets(row) == {"captured": "100.00", "unidentified": "50.00", "refunded": "50.00"}
    assert prove(now=NOW).violations == []


def test_a_void_ends_the_credit_use_too(account: MerchantAccount, company: Company) -> None:
    customer = make_customer(company)
    invoice = make_invoice(company, "100.00", customer=customer)
    memo = make_invoice(company, "-30.00", customer=customer, tran_type=502)
    row = waiting_payment(account, "70.00")
    credit = Credit(memo.pk, invoice.pk, 3_000)
    match = choose(row, invoice, [Share(invoice.pk, 7_000)], credits=[credit])
    assert open_of(company, invoice, memo) == [0, 0]
    record_transactions(account, [sale(row.gateway_id, "70.00", state=State.VOIDED)], now=NOW)
    assert open_of(company, invoice, memo) == [10_000, 3_000]
    assert CreditUse.objects.get().match_id == match.pk
    assert not company.items.filter(state="open").exists()
