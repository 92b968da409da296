"""Customers, invoices and statements by API: what is payable now, and whose it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.models import Customer
from paysync.models import Company, MerchantAccount
from reconciliation.queries import portal as queries
from tests.books import make_customer, make_invoice
from tests.choosing import choose, waiting_payment
from tests.factories import make_company
from tests.portal import Program, program
from tests.workbench import account

__all__ = ["account"]

pytestmark = pytest.mark.django_db
INVOICES = "/api/v1/invoices/"


@pytest.fixture
def acme(account: MerchantAccount) -> Customer:
    return make_customer(
        account.company, "ACME", name="Acme Tools", address={"line1": "1 Main St", "city": "Reno"}
    )


@pytest.fixture
def portal(account: MerchantAccount) -> Program:
    return program(account.company)


def test_a_customer_is_shown_as_sage_has_it(portal: Program, acme: Customer) -> None:
    [found] = portal.get("/api/v1/customers/", {"customer_id": " acme "}).json()["data"]
    assert (found["id"], found["name"], found["address"]["city"]) == (acme.pk, "Acme Tools", "Reno")
    assert portal.get(f"/api/v1/customers/{acme.pk}/").json() == found


def test_an_invoice_shows_what_may_be_paid_now(
    portal: Program, acme: Customer, account: MerchantAccount
) -> None:
    invoice = make_invoice(account.company, "100.00", customer=acme, due_date=date(2026, 11, 1))
    choose(waiting_payment(account, "40.00", gateway_customer_id="ACME"), invoice)
    [found] = portal.get(INVOICES, {"customer": acme.pk}).json()["data"]
    assert (found["balance"], found["pending"], found["payable"]) == ("100.00", "40.00", "60.00")
    assert (found["number"], found["status"], found["type"]) == (invoice.tran_id, "open", "invoice")
    assert portal.get(f"{INVOICES}{invoice.pk}/").json() == found


def test_lists_are_narrowed(portal: Program, acme: Customer, account: MerchantAccount) -> None:
    old = make_invoice(account.company, "0.00", customer=acme, total="50.00", is_open=False)
    new = make_invoice(account.company, "10.00", customer=acme)
    make_invoice(account.company, "7.00")

    def numbers(**query: Any) -> list[str]:
        return [one["number"] for one in portal.get(INVOICES, query).json()["data"]]

    assert numbers(customer=acme.pk) == [new.tran_id, old.tran_id]
    assert numbers(customer=acme.pk, status="paid") == [old.tran_id]
    assert numbers(customer=acme.pk, status="open") == [new.tran_id]
    assert numbers(number=new.tran_id.lower()) == [new.tran_id]
    assert numbers(company="ZZZ") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [({"status": "lost"}, "status"), ({"customer": "x"}, "customer"), ({"limit": "0"}, "limit"),
     ({"limit": "101"}, "limit"), ({"limit": "²"}, "limit"), ({"cursor": "zzz"}, "cursor"),
     ({"number": "x" * 14}, "number"), ({"customer": "9" * 19}, "customer"),
     ({"customer": ""}, "customer"), ({"status": ""}, "status"), ({"custmer": "7"}, "custmer"),
     ({"customer": ["1", "2"]}, "customer"), ({"number": "\0"}, "number")],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_named(
    portal: Program, query: dict[str, Any], field: str
) -> None:
    answer = portal.get(INVOICES, query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_pages_repeat_nothing_and_leave_nothing_out(
    portal: Program, acme: Customer, account: MerchantAccount
) -> None:
    made = [make_invoice(account.company, customer=acme).tran_id for _ in range(7)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = portal.get(INVOICES, query).json()
        seen += [one["number"] for one in page["data"]]
        make_invoice(account.company, customer=acme)  # newer: on no later page
        if not page["has_more"]:
            assert page["next_cursor"] is None
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]


def test_nothing_of_another_company_or_customer_exists(
    portal: Program, acme: Customer, account: MerchantAccount
) -> None:
    other = make_company()
    theirs = make_invoice(other, customer=make_customer(other))
    ours = make_invoice(account.company, customer=make_customer(account.company))
    mine = make_invoice(account.company, customer=acme)
    assert {one["id"] for one in portal.get(INVOICES).json()["data"]} == {ours.pk, mine.pk}
    portal.customer = acme.pk
    assert [one["id"] for one in portal.get(INVOICES).json()["data"]] == [mine.pk]
    for row in (theirs, ours):
        assert portal.get(f"{INVOICES}{row.pk}/").status_code == 404
        assert portal.get(f"/api/v1/customers/{row.customer_id}/").status_code == 404
        assert portal.get(f"/api/v1/customers/{row.customer_id}/statement/").status_code == 404
    portal.customer = theirs.customer_id
    assert portal.get(INVOICES).json()["data"] == []
    portal.customer = None
    Company.objects.filter(pk=account.company_id).update(is_active=False)
    assert portal.get(INVOICES).json()["data"] == []


def test_a_statement_adds_up(portal: Program, acme: Customer, account: MerchantAccount) -> None:
    today = timezone.localdate()

    def due(days: int, amount: str, **more: Any) -> Any:
        day = today - timedelta(days=days)
        return make_invoice(account.company, amount, customer=acme, due_date=day, **more)

    due(-5, "10.00")
    due(0, "5.00")
    late = due(1, "100.00")
    due(45, "30.00")
    due(90, "40.00")
    due(91, "50.00")
    due(3, "0.00", total="-25.00", balance="-25.00", tran_type=502)
    choose(waiting_payment(account, "60.00", gateway_customer_id="ACME"), late)
    found = portal.get(f"/api/v1/customers/{acme.pk}/statement/").json()
    [totals] = found["totals"]
    wanted = {"currency": "USD", "due": "175.00", "pending": "60.00", "credits": "25.00",
              "current": "15.00", "days_1_30": "40.00", "days_31_60": "30.00",
              "days_61_90": "40.00", "days_over_90": "50.00", "on_account": "0.00"}  # fmt: skip
    assert totals == wanted and found["is_whole"]
    assert len(found["invoices"]) == 7 and found["customer"]["customer_id"] == "ACME"
    assert found["invoices"][0]["due_date"] < found["invoices"][-1]["due_date"]


def test_the_totals_are_of_all_that_is_open(
    portal: Program, acme: Customer, account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "STATEMENT_ROWS", 2)
    undated = make_invoice(account.company, "1.00", customer=acme)
    for day in (3, 2, 1):
        make_invoice(account.company, "1.00", customer=acme, due_date=date(2026, 11, day))
    found = portal.get(f"/api/v1/customers/{acme.pk}/statement/").json()
    assert [one["due_date"] for one in found["invoices"]] == ["2026-11-01", "2026-11-02"]
    assert (found["totals"][0]["due"], found["is_whole"]) == ("4.00", False)
    assert undated.due_date is None


def test_money_on_account_is_told(
    portal: Program, acme: Customer, account: MerchantAccount
) -> None:
    choose(waiting_payment(account, "60.00", gateway_customer_id="ACME"))
    [totals] = portal.get(f"/api/v1/customers/{acme.pk}/statement/").json()["totals"]
    assert (totals["on_account"], totals["due"]) == ("60.00", "0.00")


def test_a_read_that_changed_nothing_is_not_sent_again(portal: Program, acme: Customer) -> None:
    first = portal.get(f"/api/v1/customers/{acme.pk}/")
    again = portal.get(f"/api/v1/customers/{acme.pk}/", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Customer.objects.update(name="Acme Inc")
    after = portal.get(f"/api/v1/customers/{acme.pk}/", **{"If-None-Match": first["ETag"]})
    assert after.status_code == 200 and after["ETag"] != first["ETag"]


def test_a_page_costs_the_same_however_many_rows(
    portal: Program, acme: Customer, account: MerchantAccount, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        make_invoice(account.company, customer=acme)
    portal.get(INVOICES)
    with django_assert_max_num_queries(7):
        assert len(portal.get(INVOICES, {"limit": 5}).json()["data"]) == 5
    with django_assert_max_num_queries(7):
        assert len(portal.get(INVOICES, {"limit": 30}).json()["data"]) == 30


def test_an_address_that_does_not_exist_is_a_problem_too(portal: Program) -> None:
    for address in ("/api/v1/nothing/", "/api/v9/", f"{INVOICES}{'9' * 30}/", f"{INVOICES}0/"):
        answer = portal.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert portal.post(INVOICES, {}).status_code == 405


def test_a_body_that_is_too_large_is_not_read(portal: Program) -> None:
    answer = portal.post(INVOICES, {"text": "x" * 300_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
