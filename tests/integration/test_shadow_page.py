"""The report of shadow mode: figures, disagreements, filters, pages, file, and who may see it."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.models import Company, Connection, MerchantAccount
from reconciliation.models import ShadowComparison
from reconciliation.queries.shadow import Wanted, agreement, comparisons, days_of, months_of
from tests.books import NOW, TODAY
from tests.choosing import waiting_payment
from tests.factories import make_company, make_merchant_account
from tests.integration.test_console import sign_in

pytestmark = pytest.mark.django_db

SAID = "CR-1: the staff applied 100.00 USD to IN-1; paysync would have applied it to IN-2."


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    return make_merchant_account(company=company, connection=connection)


def row(
    account: MerchantAccount, verdict: str = "different", amount: str = "100.00", **fields: Any
) -> ShadowComparison:
    payment = waiting_payment(account, amount)
    values = {
        "company": account.company, "transaction": payment, "business_date": TODAY,
        "verdict": verdict, "currency": "USD", "amount": amount, "ours": [["IN-2", amount]],
        "theirs": [["IN-1", amount]], "erp_tran_id": "CR-1", "explanation": SAID,
        "compared_at": NOW,
    }  # fmt: skip
    return ShadowComparison.objects.create(**(values | fields))


def page(role: str = "Auditor", **query: str) -> Any:
    return sign_in(role).get(reverse("report-shadow"), query)


def test_the_agreement_is_of_what_one_side_matched(account: MerchantAccount) -> None:
    for amount in ("10.00", "20.05"):
        row(account, "same", amount)
    others = {"different": "30.00", "only_staff": "1.00", "only_us": "2.00", "waiting": "99.00"}
    for verdict, amount in others.items():
        row(account, verdict, amount)
    row(account, "same", "7.00", currency="CAD")
    found = agreement(Wanted((account.company_id,)))
    assert (found.same, found.judged, found.total) == (3, 6, 7)
    assert found.rate == Decimal("50.0")
    assert found.of(ShadowComparison.Verdict.SAME).purses == [
        ("CAD", Decimal("7.000")), ("USD", Decimal("30.050")),
    ]  # fmt: skip
    assert found.money_rates == [("CAD", Decimal("100.0")), ("USD", Decimal("47.6"))]
    assert agreement(Wanted((0,))).rate is None


def test_the_pages_hold_each_disagreement_once_newest_first(account: MerchantAccount) -> None:
    made = [row(account, business_date=TODAY - timedelta(days=n % 3)) for n in range(7)]
    row(account, "same")
    seen: list[ShadowComparison] = []
    after = None
    wanted = Wanted((account.company_id,))
    while found := comparisons(wanted, after=after, limit=2):
        seen += found
        after = (found[-1].business_date, found[-1].pk)
    assert seen == sorted(made, key=lambda one: (one.business_date, one.pk), reverse=True)


def test_company_month_and_verdict_narrow_it(account: MerchantAccount) -> None:
    old = row(account, business_date=date(2026, 9, 30))
    row(account, "same", business_date=date(2026, 9, 1))
    here = row(account)
    there = row(make_merchant_account(company=make_company()))
    both = (account.company_id, there.company_id)
    assert set(comparisons(Wanted(both))) == {old, here, there}
    assert comparisons(Wanted((there.company_id,))) == [there]
    assert comparisons(Wanted(both, date(2026, 9, 1))) == [old]
    assert [one.verdict for one in comparisons(Wanted(both, verdict="same"))] == ["same"]
    assert months_of(both) == [date(2026, 11, 1), date(2026, 9, 1)]
    assert days_of(date(2026, 12, 5)) == (date(2026, 12, 1), date(2026, 12, 31))


class TestPage:
    @pytest.mark.parametrize(
        "role", ["Auditor", "Finance clerk", "Finance approver", "Finance admin"]
    )
    def test_auditor_and_finance_read_it(self, account: MerchantAccount, role: str) -> None:
        row(account, explanation=SAID + "<b>")
        row(account, "same")
        answer = page(role)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "50.0 %" in text and "$100.00" in text
        assert SAID + "&lt;b&gt;" in text and "<b>" not in text

    def test_wrong_caller_and_nobody(self) -> None:
        operator = sign_in("Operator")
        for name in ("report-shadow", "report-shadow-csv"):
            assert operator.get(reverse(name)).status_code == 403
            assert Client().get(reverse(name)).status_code == 302
        changelist = reverse("admin:reconciliation_shadowcomparison_changelist")
        assert operator.get(changelist).status_code == 403

    def test_the_file_has_every_disagreement_and_runs_no_formula(
        self, account: MerchantAccount
    ) -> None:
        made = row(account, explanation="=1+1")
        row(account, "same")
        answer = sign_in("Finance clerk").get(reverse("report-shadow-csv"))
        assert isinstance(answer, StreamingHttpResponse)
        body = b"".join(answer.streaming_content).decode("utf-8-sig")
        (line,) = list(csv.DictReader(io.StringIO(body)))
        assert line["explanation"] == "'=1+1"
        assert (line["paysync"], line["staff"]) == ("IN-2 100.00", "IN-1 100.00")
        assert line["gateway_id"] == made.transaction.gateway_id

    @pytest.mark.parametrize(
        "query",
        [
            {"month": "2026-13", "verdict": "'", "company": "<", "after": "x"},
            {"month": "0000-01", "after": "2026-11-20~x"},
            {"month": "²026-11", "after": f"2026-11-20~{9 * 10**30}"},
        ],
    )
    def test_nonsense_in_the_address_is_left_out(
        self, account: MerchantAccount, query: dict[str, str]
    ) -> None:
        row(account)
        answer = page(**query)
        assert answer.status_code == 200 and SAID in answer.content.decode()

    def test_next_leads_on_and_printing_has_more_rows(
        self, account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("reconciliation.views.shadow.PAGE", 2)
        for _ in range(3):
            row(account)
        client = sign_in("Auditor")
        first = client.get(reverse("report-shadow"))
        rest = client.get(reverse("report-shadow"), {"after": first.context["next"]})
        assert len(first.context["rows"]) == 2 and len(rest.context["rows"]) == 1
        printed = client.get(reverse("report-shadow"), {"print": "1"})
        assert len(printed.context["rows"]) == 3 and not printed.context["next"]

    def test_nothing_compared_is_said(self, company: Company) -> None:
        company.mode = Company.Mode.AUTO
        company.save()
        assert "No company is in shadow mode" in page().content.decode()

    def test_queries_do_not_grow(self, account: MerchantAccount) -> None:
        client = sign_in("Auditor")

        def queries(name: str) -> int:
            with CaptureQueriesContext(database) as seen:
                client.get(reverse(name))
            return len(seen)

        names = ("report-shadow", "admin:reconciliation_shadowcomparison_changelist")
        row(account)
        for name in names:
            queries(name)
        before = [queries(name) for name in names]
        for _ in range(5):
            row(account)
        assert [queries(name) for name in names] == before

    def test_the_list_is_filtered_by_month_and_leads_to_the_report(
        self, account: MerchantAccount
    ) -> None:
        day = timezone.localdate()
        row(account, business_date=day)
        client = sign_in("Auditor")
        changelist = reverse("admin:reconciliation_shadowcomparison_changelist")
        shown = client.get(changelist, {"month": f"{day:%Y-%m}"})
        assert SAID in shown.content.decode()
        assert reverse("report-shadow") in shown.content.decode()
        assert client.get(changelist, {"month": "x"}).status_code == 200
