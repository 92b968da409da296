"""The honest meter: each figure on rows made by hand, and who may see it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.domain.payments import State
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.models import GatewayTransaction
from reconciliation.queries.meter import Reading, Span, by_month, by_rule, share, together
from reconciliation.services.matching import match_company
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from reconciliation.views.scope import first_of_month
from tests.books import NOW, TODAY, make_invoice, ready, sale
from tests.choosing import choose, waiting_payment
from tests.factories import make_merchant_account
from tests.integration.test_console import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def by_itself(account: MerchantAccount, amount: str = "100.00") -> GatewayTransaction:
    """A payment that paysync matches by its reference."""
    invoice = make_invoice(account.company, amount)
    row = waiting_payment(account, amount, invoice_reference=invoice.tran_id)
    match_company(account.company_id, now=NOW)
    row.refresh_from_db()
    assert not row.needs_match
    return row


def read(company: Company, first: date = TODAY - timedelta(days=60)) -> Reading:
    return together(by_month(Span((company.pk,), first, TODAY)))


def test_the_rates_of_one_of_each(account: MerchantAccount, company: Company) -> None:
    by_itself(account, "300.00")
    undone = by_itself(account, "200.00")
    unmatch(undone.pk, actor="ada", reason="wrong", now=NOW)
    choose(undone_again(undone), make_invoice(company, "200.00"))
    waiting_payment(account, "500.00", invoice_reference="nobody knows")
    found = read(company)
    assert (found.payments, found.matched, found.untouched) == (3, 1, 1)
    assert (found.lines, found.lines_matched) == (2, 1)
    assert (found.made, found.undone) == (2, 1)
    (purse,) = found.purses
    assert (purse.amount, purse.matched) == (Decimal(1000), Decimal(300))
    assert (found.payment_rate, found.line_rate) == (Decimal("33.3"), Decimal("50.0"))
    assert (found.untouched_rate, found.precision) == (Decimal("33.3"), Decimal("50.0"))
    assert purse.rate == Decimal("30.0")


def undone_again(row: GatewayTransaction) -> GatewayTransaction:
    row.refresh_from_db()
    return row


def test_a_match_made_again_by_paysync_after_a_person_undid_one_is_not_touchless(
    account: MerchantAccount, company: Company
) -> None:
    row = by_itself(account)
    unmatch(row.pk, actor="ada", reason="wrong", now=NOW)
    choose(undone_again(row), make_invoice(company), actor="paysync")
    found = read(company)
    assert (found.matched, found.untouched) == (1, 0)


def test_money_that_went_back_was_not_a_wrong_match(
    account: MerchantAccount, company: Company
) -> None:
    row = by_itself(account)
    record_transactions(account, [sale(row.gateway_id, state=State.VOIDED)], now=NOW)
    assert read(company).payments == 0, "a voided payment is no payment"
    GatewayTransaction.objects.update(state=State.CAPTURED)
    found = read(company)
    assert (found.made, found.undone, found.matched) == (1, 0, 0)


def test_declined_payments_and_refunds_are_not_counted(
    account: MerchantAccount, company: Company
) -> None:
    record_transactions(account, [sale(state=State.DECLINED)], now=NOW)
    row = by_itself(account)
    GatewayTransaction.objects.create(
        merchant_account=account, company=company, gateway_id="r1", api_version="v3",
        environment="sandbox", kind="refund", method="card", state="settled", currency="USD",
        amount=5, created_at=NOW, business_date=TODAY, original_id=row.gateway_id,
        first_seen_at=NOW, updated_at=NOW,
    )  # fmt: skip
    assert read(company).payments == 1


def test_a_payment_counts_in_the_month_of_its_business_date(
    account: MerchantAccount, company: Company
) -> None:
    for day in (date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31)):
        waiting_payment(account, business_date=day)
    found = by_month(Span((company.pk,), date(2026, 9, 1), date(2026, 10, 31)))
    assert [(one.key[1], one.payments) for one in found] == [
        (date(2026, 9, 1), 1),
        (date(2026, 10, 1), 2),
    ]


def test_each_rule_answers_for_its_own_matches(account: MerchantAccount, company: Company) -> None:
    by_itself(account)
    unmatch(by_itself(account).pk, actor="ada", reason="wrong", now=NOW)
    (found,) = by_rule(Span((company.pk,), TODAY, TODAY))
    assert (found.key, found.made, found.undone, found.matched) == ("invoice_reference", 2, 1, 1)


def test_nothing_of_nothing_is_no_rate() -> None:
    assert Reading("").payment_rate is None and share(0, 0) is None


def test_a_rate_is_rounded_down() -> None:
    assert share(9_999, 10_000) == Decimal("99.9")
    assert share(1, 1) == Decimal("100.0")


def test_two_companies_are_kept_apart(account: MerchantAccount, company: Company) -> None:
    by_itself(account)
    other = make_merchant_account()
    waiting_payment(other)
    found = by_month(Span((company.pk, other.company_id), TODAY, TODAY))
    assert {one.key[0]: one.payments for one in found} == {company.pk: 1, other.company_id: 1}


class TestPage:
    def test_an_auditor_reads_it(self, account: MerchantAccount, company: Company) -> None:
        by_itself(account)
        page = sign_in("Auditor").get(reverse("report-meter") + "?months=24")
        text = page.content.decode()
        assert page.status_code == 200
        assert "100.0 %" in text and "Names the invoice, exact amount" in text

    def test_who_may_not_see_matches_may_not_see_it(self) -> None:
        assert sign_in("Operator").get(reverse("report-meter")).status_code == 403

    def test_nobody_is_sent_to_sign_in(self) -> None:
        assert Client().get(reverse("report-meter")).status_code == 302

    def test_every_rate_is_charted_and_a_month_without_payments_leaves_a_gap(
        self, account: MerchantAccount, company: Company
    ) -> None:
        today = timezone.localdate()
        for back in (0, 2):
            waiting_payment(account, business_date=first_of_month(today, back))
        page = sign_in("Auditor").get(reverse("report-meter"))
        assert [one.payments for one in page.context["months"]] == [1, 0, 1]
        lines = {line.title: len(line.points) for line in page.context["lines"]}
        assert lines == {
            "Payments": 2, "Invoice lines": 0, "Money, USD": 2, "Touchless, never corrected": 2,
            "Precision": 0,
        }  # fmt: skip

    @pytest.mark.parametrize("months", ["0", "-1", "99999999999", "x", "<b>", "37"])
    def test_nonsense_in_the_address_is_the_default(self, months: str, company: Company) -> None:
        page = sign_in("Auditor").get(reverse("report-meter"), {"months": months, "company": "?"})
        assert page.status_code == 200 and page.context["count"] == 6

    def test_no_payment_is_said(self, company: Company) -> None:
        page = sign_in("Auditor").get(reverse("report-meter"))
        assert "nothing to measure yet" in page.content.decode()

    def test_queries_do_not_grow(self, account: MerchantAccount, company: Company) -> None:
        client = sign_in("Auditor")

        def queries() -> int:
            with CaptureQueriesContext(database) as seen:
                client.get(reverse("report-meter"))
            return len(seen)

        by_itself(account)
        client.get(reverse("report-meter"))
        before = queries()
        for _ in range(5):
            by_itself(account)
        assert queries() == before
