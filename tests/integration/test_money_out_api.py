"""Refunds and disputes by API: the same lanes and the same permissions as in the console."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from paysync.models import MerchantAccount
from reconciliation.models import Dispute, GatewayTransaction, RefundReason, RefundRequest
from tests.books import make_customer, make_invoice
from tests.choosing import buckets, choose, waiting_payment
from tests.disputes import disputed
from tests.refunds import ask_now
from tests.workbench import account, person

__all__ = ["account"]

pytestmark = pytest.mark.django_db
ROLES = ("Finance clerk", "Finance approver", "Finance admin", "Auditor", "Operator")
SEE = set(ROLES) - {"Operator"}
WORK = SEE - {"Auditor"}
DECIDE = WORK - {"Finance clerk"}
REFUNDS, DISPUTES = "/api/v1/refunds/", "/api/v1/disputes/"


@pytest.fixture
def row(account: MerchantAccount) -> GatewayTransaction:
    customer = make_customer(account.company)
    made = waiting_payment(account, gateway_customer_id=customer.customer_id)
    choose(made, make_invoice(account.company, "100.00", customer=customer))
    RefundReason.objects.get_or_create(title="Goods returned")
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, address: str, body: Any) -> Any:
    return client.post(address, body, content_type="application/json")


def refund(row: GatewayTransaction, **more: Any) -> dict[str, Any]:
    return {"payment": row.gateway_id, "amount": "40.00", "reason": "Goods returned"} | more


def told(row: GatewayTransaction, **more: Any) -> dict[str, Any]:
    return {
        "company": row.company.company_id,
        "case_number": "CB-9",
        "payment": row.gateway_id,
        "amount": "100.00",
        "opened_on": f"{timezone.localdate()}",
        "brand": "Visa",
        "reason_code": "10.4",
    } | more


def test_a_refund_is_asked_for_approved_and_looked_at(row: GatewayTransaction) -> None:
    clerk, ann = signed_in(person("clara")), signed_in(person("ann", "Finance approver"))
    answer = send(clerk, REFUNDS, refund(row))
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["amount"], made["approvals_needed"]) == ("requested", "40.00", 1)
    address = f"{REFUNDS}{made['id']}/"
    assert send(clerk, f"{address}approve/", {}).status_code == 403
    assert send(ann, f"{address}approve/", {"note": "ok"}).json()["state"] == "approved"
    again = send(ann, f"{address}approve/", {})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert clerk.get(address).json()["state"] == "approved"
    assert [one["id"] for one in clerk.get(f"{REFUNDS}?state=approved").json()["refunds"]] == [
        made["id"]
    ]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"amount": 40.0}, "amount is text"),
        ({"amount": "40.001"}, "whole minor units"),
        ({"amount": "100.01"}, "Only 100.00 USD"),
        ({"amount": "-1.00"}, "more than zero"),
        ({"payment": "nope"}, "No payment"),
        ({"reason": "because"}, "reason is one of: "),
        ({"note": "x" * 501}, "at most 500"),
        ({"documents": "IN-1"}, "list of document numbers"),
        ({"documents": ["IN-1"]}, "got nothing of this payment"),
        ({"ammount": "1.00"}, "no field 'ammount'"),
    ],
)
def test_a_refund_that_cannot_be(row: GatewayTransaction, more: dict[str, Any], why: str) -> None:
    answer = send(signed_in(person("clara")), REFUNDS, refund(row, **more))
    assert answer.status_code == 422 and why in answer.json()["detail"]
    assert not RefundRequest.objects.exists()


def test_whoever_asked_does_not_approve(row: GatewayTransaction) -> None:
    ann = person("ann", "Finance approver")
    request = ask_now(row, "40.00", ann)
    answer = send(signed_in(ann), f"{REFUNDS}{request.pk}/approve/", {})
    assert answer.status_code == 422 and "somebody else" in answer.json()["detail"]
    assert send(signed_in(ann), f"{REFUNDS}{request.pk}/cancel/", {}).status_code == 200
    assert send(signed_in(ann), f"{REFUNDS}{request.pk}/burn/", {}).status_code == 404


def test_a_dispute_is_told_as_often_as_the_feed_likes(row: GatewayTransaction) -> None:
    ann = signed_in(person("ann", "Finance approver"))
    first = send(ann, DISPUTES, told(row))
    assert (first.status_code, first.json()["charged_back"]) == (201, "100.00")
    again = send(ann, DISPUTES, told(row, case_number=" CB-9 "))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    won = send(ann, DISPUTES, told(row, state="won"))
    assert (won.status_code, won.json()["state"]) == (200, "won")
    assert buckets(row)["applied"] == "100.00"
    address = f"{DISPUTES}{first.json()['id']}/"
    lost = send(ann, f"{address}state/", {"state": "lost", "note": "the bank"})
    assert lost.json()["charged_back"] == "100.00" and ann.get(address).json()["state"] == "lost"
    assert send(ann, f"{address}state/", {"state": "opened"}).status_code == 422
    other = send(ann, DISPUTES, told(row, amount="1.00"))
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert Dispute.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"company": "XXX"}, "company is the id"),
        ({"case_number": ""}, "case_number is needed"),
        ({"case_number": "4111111111111111"}, "case number"),
        ({"amount": "1,00"}, "amount"),
        ({"currency": "usd"}, "three capital letters"),
        ({"currency": "CAD"}, "in USD"),
        ({"opened_on": "19.11.2026"}, "such as 2026-11-23"),
        ({"opened_on": "2026-02-30"}, "such as 2026-11-23"),
        ({"opened_on": None}, "opened_on is text"),
        ({"state": "paid"}, "state is one of"),
        ({"who": "me"}, "no field 'who'"),
    ],
)
def test_a_claim_that_cannot_be(row: GatewayTransaction, more: dict[str, Any], why: str) -> None:
    answer = send(signed_in(person("clara")), DISPUTES, told(row, **more))
    assert answer.status_code == 422 and why in answer.json()["detail"]
    assert not Dispute.objects.exists()


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null"])
def test_what_is_no_object_is_refused(row: GatewayTransaction, body: str) -> None:
    clerk = signed_in(person("clara"))
    for address in (REFUNDS, DISPUTES):
        answer = clerk.post(address, body, content_type="application/json")
        assert answer.status_code in {400, 422}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what(role: str, row: GatewayTransaction) -> None:
    """Every deed for every role; the pages and the bulk action are tested beside the console."""
    client = signed_in(person("who", role))
    other = person("other")
    request, second = ask_now(row, "10.00", other), ask_now(row, "11.00", other)
    case = disputed(row, other, "1.00")

    def allowed(roles: set[str], ok: int = 200) -> int:
        return ok if role in roles else 403

    assert client.get(REFUNDS).status_code == allowed(SEE)
    assert client.get(f"{REFUNDS}{request.pk}/").status_code == allowed(SEE)
    assert client.get(DISPUTES).status_code == allowed(SEE)
    assert client.get(f"{DISPUTES}{case.pk}/").status_code == allowed(SEE)
    assert send(client, REFUNDS, refund(row, amount="1.00")).status_code == allowed(WORK, 201)
    posts = {"approve": request, "reject": second}
    for deed, one in posts.items():
        answer = send(client, f"{REFUNDS}{one.pk}/{deed}/", {"note": "seen"})
        assert answer.status_code == allowed(DECIDE), deed
    third = ask_now(row, "12.00", other)
    assert send(client, f"{REFUNDS}{third.pk}/cancel/", {}).status_code == allowed(DECIDE)
    body = told(row, amount="2.00", case_number="CB-10")
    assert send(client, DISPUTES, body).status_code == allowed(WORK, 201)
    turn = f"{DISPUTES}{case.pk}/state/"
    assert send(client, turn, {"state": "submitted"}).status_code == allowed(WORK)
    assert send(client, turn, {"state": "won"}).status_code == allowed(DECIDE)


def test_strangers_are_turned_away(row: GatewayTransaction) -> None:
    customer = User.objects.create_user("nobody")
    for client in (Client(), signed_in(customer)):
        for address in (REFUNDS, DISPUTES):
            assert client.get(address).status_code == 403
            assert send(client, address, {}).status_code == 403


def test_another_site_cannot_post_in_ones_name(row: GatewayTransaction) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("clara"))
    assert send(client, REFUNDS, refund(row)).status_code == 403
    assert not RefundRequest.objects.exists()


@pytest.mark.parametrize("role", ROLES)
def test_a_portal_reads_what_to_tell_the_payer(row: GatewayTransaction, role: str) -> None:
    client = signed_in(person("someone", role))
    address = f"/api/v1/payments/{row.gateway_id}/"
    assert (client.get(address).status_code == 200) == (role in SEE)
    if role not in SEE:
        return
    told = client.get(address).json()
    assert (told["state"], told["customer_message"], told["same_again"]) == ("captured", "", None)
    GatewayTransaction.objects.update(
        state="declined", answer_text="DECLINE - Insufficient funds", status_text="Declined"
    )
    told = client.get(address).json()
    assert told["state"] == "declined" and told["customer_message"]
    assert told["amount"] == f"{row.amount:.2f}" and told["payment_key"] == row.pk
    assert client.get("/api/v1/payments/nothing/").status_code == 404
    GatewayTransaction.objects.create(
        **{
            field.attname: getattr(row, field.attname)
            for field in GatewayTransaction._meta.concrete_fields
            if field.attname not in {"id", "method"}
        },
        method="ach",
    )
    answer = client.get(address)
    assert answer.status_code == 409 and len(answer.json()["keys"]) == 2
