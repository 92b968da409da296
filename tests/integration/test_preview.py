"""What a match will be in Sage 500, shown before it is one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from paysync.models import Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Credit, Share, Solution
from reconciliation.domain.matching.rules import Strategy
from reconciliation.models import CashReceipt, FiscalPeriod, GatewayTransaction, GLMapping, Match
from reconciliation.queries.preview import DERIVED, preview_of
from tests.books import NOW, TODAY, make_customer, make_invoice, ready
from tests.choosing import choose, waiting_payment
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


@pytest.fixture
def solution(company: Company) -> Solution:
    """80.00 and 5.00 of discount and 0.05 of residue to one invoice, 20.00 on account."""
    customer = make_customer(company, "ACME")
    invoice = make_invoice(
        company, "115.05", customer=customer, tran_id="IN-0000012345", discount="5.00"
    )
    memo = make_invoice(
        company, "-30.00", customer=customer, tran_id="CM-0000000001", tran_type=502
    )
    return Solution(
        Strategy.INVOICE_REFERENCE,
        customer.pk,
        (Share(invoice.pk, 8_000, 500, 5),),
        2_000,
        (),
        (Credit(memo.pk, invoice.pk, 3_000),),
    )


def test_a_solution_is_shown_as_the_receipt_it_leads_to(
    account: MerchantAccount, solution: Solution
) -> None:
    row = waiting_payment(account, gateway_id="700100205")
    seen = preview_of(row, solution, now=NOW, write_off_account="9999")
    assert (seen.number, seen.amount, seen.is_made) == ("C700100205", Decimal(100), False)
    assert (seen.paid_on, seen.post_date, seen.period_is_open) == (TODAY, TODAY, True)
    assert seen.batch.startswith("An open batch of CARDS")
    [line] = seen.lines
    assert (line.tran_id, line.closes, line.write_off_account) == (
        "IN-0000012345",
        Decimal("85.05"),
        "9999",
    )
    assert [(c.memo, c.amount) for c in seen.credits] == [("CM-0000000001", Decimal(30))]
    assert not CashReceipt.objects.exists()
    assert not Match.objects.exists()


def test_the_legs_balance_and_no_number_is_invented(
    account: MerchantAccount, solution: Solution
) -> None:
    seen = preview_of(waiting_payment(account), solution, now=NOW)
    assert [(leg.side, leg.what, leg.amount) for leg in seen.legs] == [
        ("debit", "Cash", Decimal("100.00")),
        ("debit", "Discount given", Decimal("5.00")),
        ("debit", "Written off", Decimal("0.05")),
        ("credit", "Accounts receivable", Decimal("105.05")),
    ]
    assert seen.legs[0].account.startswith("1010-000")
    assert {leg.account for leg in seen.legs[1:]} == {DERIVED}
    assert [leg.is_inferred for leg in seen.legs] == [False, True, True, True]


def test_what_was_previewed_is_what_is_made(account: MerchantAccount, solution: Solution) -> None:
    row = waiting_payment(account)
    before = preview_of(row, solution, now=NOW, write_off_account="1010-000")
    match = choose(
        row,
        shares=solution.shares,
        credits=solution.credits,
        customer_id=solution.customer_id,
        write_off_account="1010-000",
    )
    after = preview_of(row, match, now=NOW)
    assert after.is_made
    for name in ("number", "amount", "lines", "legs", "credits", "unapplied", "post_date", "batch"):
        assert getattr(before, name) == getattr(after, name)


def test_a_closed_period_and_a_missing_mapping_are_said(
    account: MerchantAccount, solution: Solution
) -> None:
    row = waiting_payment(account)
    FiscalPeriod.objects.update(is_open=False)
    seen = preview_of(row, solution, now=NOW)
    assert not seen.period_is_open
    assert "period" in seen.wait
    GLMapping.objects.all().delete()
    seen = preview_of(GatewayTransaction.objects.get(), solution, now=NOW)
    assert "No active GL mapping" in seen.problem
    assert seen.legs[0].is_inferred


def test_the_page_shows_it_and_says_what_is_inferred(
    account: MerchantAccount, solution: Solution
) -> None:
    row = waiting_payment(account, billing_name="<script>alert(1)</script>")
    page = render_to_string(
        "reconciliation/_preview.html", {"preview": preview_of(row, solution, now=NOW)}
    )
    assert page.count("(inferred)") == 3
    for word in ("$105.05", "IN-0000012345", "CM-0000000001", "not made yet"):
        assert word in page
