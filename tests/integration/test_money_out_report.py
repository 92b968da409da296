"""The report of money out: every figure against rows that are known."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.domain.payments import Method, State
from paysync.models import MerchantAccount
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import GatewayTransaction, RefundRequest
from reconciliation.queries.money_out import MOST_GROUPS, merged
from reconciliation.services.recording import record_transactions
from tests.books import make_customer, refund, sale
from tests.disputes import disputed, turned
from tests.factories import make_company
from tests.refunds import ask
from tests.workbench import account, person

__all__ = ["account"]

pytestmark = pytest.mark.django_db
PAGE, FILE = reverse("report-money-out"), reverse("report-money-out-csv")


@pytest.fixture
def ann(db: None) -> User:
    return person("ann", "Finance approver")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def paid(account: MerchantAccount, **fields: Any) -> GatewayTransaction:
    now = timezone.now()
    values: dict[str, Any] = {"created_at": now, "business_date": timezone.localdate(now)}
    one = sale(**(values | fields))
    record_transactions(account, [one], now=now)
    return GatewayTransaction.objects.get(gateway_id=one.gateway_id)


@pytest.fixture
def busy(account: MerchantAccount, ann: User) -> None:
    """Two refunds done, one made elsewhere, three disputes (one won, one lost), a return, two
    declines.
    """
    now = timezone.now()
    for amount in ("10.00", "15.50"):
        request = ask(paid(account), amount, ann, now=now)
        RefundRequest.objects.filter(pk=request.pk).update(state="done", ended_at=now)
    there = paid(account)
    record_transactions(
        account,
        [refund(there.gateway_id, "7.00", business_date=timezone.localdate(now))],
        now=now,
    )
    turned(disputed(paid(account), ann), ann, DisputeState.WON)
    turned(disputed(paid(account), ann), ann, DisputeState.LOST)
    disputed(paid(account), ann, "40.00", reason_code="13.1")
    paid(account, method=Method.ACH, state=State.RETURNED, return_code="R01", amount="55.00")
    for _ in range(2):
        paid(account, state=State.DECLINED, approval_code="", amount="9.00")


def rows_of(client: Client, address: str = FILE) -> list[dict[str, str]]:
    text = b"".join(client.get(address)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def figure(rows: list[dict[str, str]], table: str, kind: str, title: str = "") -> tuple[str, str]:
    [one] = [r for r in rows if (r["table"], r["kind"]) == (table, kind) and title in r["title"]]
    return one["count"], one["amount"]


def test_every_figure(busy: None, ann: User) -> None:
    rows = rows_of(signed_in(ann))
    assert figure(rows, "month", "refund") == ("3", "32.500")
    assert figure(rows, "month", "dispute") == ("3", "240.000")
    assert figure(rows, "month", "return") == ("1", "55.000")
    assert figure(rows, "month", "decline") == ("2", "18.000")
    assert figure(rows, "reason", "refund", "Goods returned") == ("2", "25.500")
    assert figure(rows, "reason", "refund", "PayTrace itself") == ("1", "7.000")
    assert figure(rows, "reason", "dispute", "Visa 10.4") == ("2", "200.000")
    assert figure(rows, "reason", "dispute", "Visa 13.1") == ("1", "40.000")
    assert figure(rows, "reason", "return", "R01: Insufficient funds") == ("1", "55.000")
    assert figure(rows, "reason", "decline") == ("2", "18.000")
    assert figure(rows, "person", "refund", "ann") == ("2", "25.500")
    assert figure(rows, "person", "dispute", "nobody") == ("3", "240.000")
    assert figure(rows, "win rate", "dispute", "won") == ("1", "100.000")
    assert figure(rows, "win rate", "dispute", "ended") == ("2", "200.000")
    assert figure(rows, "at risk", "dispute") == ("1", "40.000")


def test_the_page_shows_them(busy: None, ann: User) -> None:
    shown = " ".join(signed_in(ann).get(PAGE).content.decode().split())
    assert "1 was won: 50.0 %" in shown and "<rect" in shown
    assert "Disputes by reason" in shown and "Failed payments by reason" in shown


def test_it_is_empty_where_nothing_went_out(account: MerchantAccount, ann: User) -> None:
    client = signed_in(ann)
    shown = client.get(f"{PAGE}?months=abc&company=nope").content.decode()
    assert "Nothing went out" in shown and "No case is open" in shown
    assert rows_of(client) == []


def test_another_companys_money_is_not_in_it(busy: None, ann: User) -> None:
    make_company(company_id="ZZZ")
    client = signed_in(ann)
    assert rows_of(client, f"{FILE}?company=ZZZ") == []
    assert "Nothing went out" in client.get(f"{PAGE}?company=ZZZ").content.decode()


def test_more_rows_ask_no_more(busy: None, account: MerchantAccount, ann: User) -> None:
    client = signed_in(ann)

    def count() -> int:
        with CaptureQueriesContext(database) as seen:
            assert client.get(PAGE).status_code == 200
        return len(seen)

    few = count()
    for _ in range(5):
        disputed(paid(account), ann)
        paid(account, state=State.DECLINED, approval_code="")
    assert count() == few


@pytest.mark.parametrize(
    ("role", "status"),
    [("Finance clerk", 200), ("Finance admin", 200), ("Auditor", 200), ("Operator", 403)],
)
def test_who_may_see_it(role: str, status: int, account: MerchantAccount) -> None:
    client = signed_in(person("who", role))
    assert client.get(PAGE).status_code == client.get(FILE).status_code == status


def test_a_name_that_is_a_formula_is_text_in_the_file(account: MerchantAccount, ann: User) -> None:
    customer = make_customer(account.company, name="=cmd|' /C calc'!A0")
    row = paid(account)
    GatewayTransaction.objects.filter(pk=row.pk).update(customer=customer)
    row.refresh_from_db()
    disputed(row, ann)
    [one] = [r for r in rows_of(signed_in(ann)) if r["table"] == "customer"]
    assert not one["title"].startswith("=")


def test_what_is_beyond_the_largest_groups_is_one_row() -> None:
    rows = [(f"C{n}", {"currency": "USD", "count": 1, "mills": n * 1000}) for n in range(1, 31)]
    found = merged("refund", rows)
    assert len(found) == MOST_GROUPS + 1 and found[0].title == "C30"
    assert (found[-1].title, found[-1].count, str(found[-1].amount)) == ("All others", 10, "55.000")
