"""Cash not applied: what the report says is what the cent ledger holds."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.db.models import Sum
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.domain.ledger import Bucket
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.models import JournalLine
from reconciliation.queries.cash import AGES, age_of, held_payments, standings
from tests.books import TODAY, make_customer, make_invoice, ready
from tests.choosing import choose, waiting_payment
from tests.factories import make_merchant_account
from tests.integration.test_console import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_the_states_by_age_add_up_to_the_ledger(account: MerchantAccount, company: Company) -> None:
    waiting_payment(account, "10.00", business_date=ago(0))
    waiting_payment(account, "20.00", business_date=ago(40))
    choose(waiting_payment(account, "30.00", business_date=ago(200)),
           customer_id=make_customer(company).pk)  # fmt: skip
    choose(waiting_payment(account, "40.00"), make_invoice(company, "40.00"))
    found = standings([company.pk], TODAY)
    assert [(one.bucket, one.total) for one in found] == [
        (Bucket.UNIDENTIFIED, Decimal(30)),
        (Bucket.UNAPPLIED, Decimal(30)),
    ]
    assert found[0].ages == {
        "0-7": 10, "8-30": 0, "31-60": 20, "61-90": 0, "90plus": 0
    }  # fmt: skip
    assert found[1].ages["90plus"] == 30
    for one in found:
        lines = JournalLine.objects.filter(bucket=one.bucket).aggregate(total=Sum("amount"))
        assert one.total == lines["total"]


@pytest.mark.parametrize(
    ("days", "key"),
    [(-1, "0-7"), (0, "0-7"), (7, "0-7"), (8, "8-30"), (30, "8-30"), (31, "31-60"), (61, "61-90"),
     (90, "61-90"), (91, "90plus"), (9_999, "90plus")],
)  # fmt: skip
def test_the_bounds_of_the_ages(days: int, key: str) -> None:
    age = age_of(max(days, 0))
    assert age.key == key
    first, last = age.days(TODAY)
    assert first <= TODAY - timedelta(days=days) <= last


def test_the_payments_behind_a_figure_page_by_page(
    account: MerchantAccount, company: Company
) -> None:
    rows = [waiting_payment(account, f"{n}.00", business_date=ago(n % 3)) for n in range(1, 8)]
    seen, after = [], None
    while page := held_payments([company.pk], today=TODAY, after=after, limit=2):
        seen += [one.payment.pk for one in page]
        last = page[-1]
        after = (last.payment.business_date, last.payment.pk, last.bucket.value)
    assert seen == [row.pk for row in sorted(rows, key=lambda r: (r.business_date, r.pk))]


def test_it_is_narrowed_by_state_age_and_account(
    account: MerchantAccount, company: Company
) -> None:
    old = waiting_payment(account, business_date=ago(50))
    waiting_payment(account)
    waiting_payment(make_merchant_account(company=company), business_date=ago(50))
    age = next(age for age in AGES if age.key == "31-60")
    found = held_payments(
        [company.pk], today=TODAY, bucket=Bucket.UNIDENTIFIED, age=age, account=account.pk
    )
    assert [one.payment.pk for one in found] == [old.pk]


class TestPage:
    def test_a_clerk_reads_it_and_exports_it(
        self, account: MerchantAccount, company: Company
    ) -> None:
        row = waiting_payment(account, "12.50", billing_name="=HYPERLINK(1)<b>")
        client = sign_in("Finance clerk")
        text = client.get(reverse("report-cash")).content.decode()
        assert "$12.50" in text and "&lt;b&gt;" in text and "<b>" not in text
        answer = client.get(reverse("report-cash-csv"), {"state": "unidentified"})
        assert isinstance(answer, StreamingHttpResponse)
        body = b"".join(answer.streaming_content).decode("utf-8-sig")
        (line,) = list(csv.DictReader(io.StringIO(body)))
        days = (timezone.localdate() - TODAY).days
        assert line == {
            "company": company.company_id, "state": "unidentified", "days": str(max(days, 0)),
            "business_date": str(TODAY), "gateway_id": row.gateway_id,
            "payer": "'=HYPERLINK(1)<b>", "amount": "12.500", "currency": "USD",
        }  # fmt: skip

    def test_wrong_caller_and_nobody(self) -> None:
        operator = sign_in("Operator")
        for name in ("report-cash", "report-cash-csv"):
            assert operator.get(reverse(name)).status_code == 403
            assert Client().get(reverse(name)).status_code == 302

    @pytest.mark.parametrize("after", ["x", "2026-13-01~1~unapplied", "2026-01-01~x~y", "~~"])
    def test_nonsense_in_the_address_is_left_out(self, after: str, company: Company) -> None:
        page = sign_in("Auditor").get(
            reverse("report-cash"),
            {"after": after, "state": "captured", "age": "'", "account": "-1", "company": "<"},
        )
        assert page.status_code == 200
        assert "Every cent is applied." in page.content.decode()

    def test_queries_do_not_grow(self, account: MerchantAccount, company: Company) -> None:
        client = sign_in("Auditor")

        def queries() -> int:
            with CaptureQueriesContext(database) as seen:
                client.get(reverse("report-cash"))
            return len(seen)

        waiting_payment(account)
        client.get(reverse("report-cash"))
        before = queries()
        for _ in range(70):
            waiting_payment(account)
        assert queries() == before
