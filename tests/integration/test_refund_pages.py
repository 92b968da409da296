"""The refund pages: what is shown before anything is asked for, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from paysync.models import MerchantAccount
from reconciliation.models import GatewayTransaction, RefundPolicy, RefundReason, RefundRequest
from tests.books import make_customer, make_invoice
from tests.choosing import choose, waiting_payment
from tests.refunds import ask_now
from tests.workbench import account, person

__all__ = ["account"]

pytestmark = pytest.mark.django_db
LIST = reverse("admin:reconciliation_refundrequest_changelist")
ROLES = ("Finance clerk", "Finance approver", "Finance admin", "Auditor", "Operator")


@pytest.fixture
def row(account: MerchantAccount) -> GatewayTransaction:
    """A payment of 100.00 that paid two invoices."""
    customer = make_customer(account.company)
    made = waiting_payment(account, gateway_customer_id=customer.customer_id)
    choose(made, make_invoice(account.company, "100.00", customer=customer))
    return made


@pytest.fixture
def reason(db: None) -> RefundReason:
    return RefundReason.objects.create(title="Goods came back")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def cockpit(row: GatewayTransaction) -> str:
    return reverse("admin:refund_cockpit", args=[row.pk])


def act(request: RefundRequest, name: str) -> str:
    return reverse(f"admin:reconciliation_refundrequest_{name}", args=[request.pk])


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def test_the_cockpit_says_what_a_refund_does(row: GatewayTransaction) -> None:
    page = text(signed_in(person("clara")).get(cockpit(row)))
    assert "voided as a whole" in page
    assert "One person has to approve it" in page
    assert "is taken back here" in page
    invoice = row.matches.get().applications.get().invoice
    assert f"{invoice.tran_id} by" in page


def test_a_part_is_shown_before_it_is_asked_for(row: GatewayTransaction) -> None:
    page = text(signed_in(person("clara")).post(cockpit(row), {"amount": "40.00", "do": "look"}))
    assert "once the payment is settled" in page
    assert not RefundRequest.objects.exists()


@pytest.mark.parametrize("typed", ["abc", "-5", "0", "100.01", "1e3", "9" * 30, "1.005", "٥"])
def test_what_is_no_amount_is_said_and_what_was_typed_stays(
    row: GatewayTransaction, reason: RefundReason, typed: str
) -> None:
    answer = signed_in(person("clara")).post(
        cockpit(row), {"amount": typed, "do": "ask", "reason": reason.pk, "note": "kept"}
    )
    page = text(answer)
    assert 'aria-invalid="true"' in page and 'value="kept"' in page and f'value="{typed}"' in page
    assert not RefundRequest.objects.exists()


@pytest.mark.parametrize("wrong", ["", "abc", "99999", "9" * 40, "<script>"])
def test_a_reason_has_to_be_one_of_the_list(row: GatewayTransaction, wrong: str) -> None:
    answer = signed_in(person("clara")).post(
        cockpit(row), {"amount": "5.00", "do": "ask", "reason": wrong}
    )
    assert "Choose one of the reasons" in text(answer)


def test_from_asking_to_approval(row: GatewayTransaction, reason: RefundReason) -> None:
    clerk, approver = (signed_in(person(*who)) for who in (("clara",), ("ann", "Finance approver")))
    answer = clerk.post(
        cockpit(row),
        {
            "amount": "100.00",
            "do": "ask",
            "reason": reason.pk,
            "left": "100.00",
            "note": "<b>x</b>",
        },
        follow=True,
    )
    assert "Asked for." in text(answer)
    request = RefundRequest.objects.get()
    assert "&lt;b&gt;x&lt;/b&gt;" in text(clerk.get(act(request, "change")))
    assert "Reject" not in text(clerk.get(act(request, "change")))
    assert "Reject" in text(approver.get(act(request, "change")))
    assert "Approved." in text(approver.post(act(request, "approve"), {}, follow=True))
    request.refresh_from_db()
    assert request.state == "approved"


def test_several_are_approved_after_every_line_was_shown(row: GatewayTransaction) -> None:
    clerk, ann = person("clara"), person("ann", "Finance approver")
    requests = [ask_now(row, "10.00", clerk) for _ in range(3)]
    own = ask_now(row, "5.00", ann)
    client = signed_in(ann)
    chosen = {"action": "approve_selected", "_selected_action": [r.pk for r in (*requests, own)]}
    page = text(client.post(LIST, chosen, follow=True))
    assert page.count("Goods returned") == 4
    assert "yours: somebody else decides it" in page
    assert set(RefundRequest.objects.values_list("state", flat=True)) == {"requested"}
    posted = client.post(
        reverse("admin:refund_approving"), {"id": [r.pk for r in (*requests, own)]}, follow=True
    )
    page = text(posted)
    assert "3 approved." in page and "You asked for this refund" in page
    assert RefundRequest.objects.filter(state="approved").count() == 3


#: What each role may do: by the page's last part, the status of an answer.
MATRIX = {
    "ask": {"Finance clerk", "Finance approver", "Finance admin"},
    "approve": {"Finance approver", "Finance admin"},
    "reject": {"Finance approver", "Finance admin"},
    "outcome": {"Finance approver", "Finance admin"},
    "approving": {"Finance approver", "Finance admin"},
    "see": {"Finance clerk", "Finance approver", "Finance admin", "Auditor"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("deed", MATRIX)
def test_who_may_do_what(row: GatewayTransaction, role: str, deed: str) -> None:
    request = ask_now(row, "10.00", person("clara"))
    client = signed_in(person("someone", role))
    pages = {
        "ask": cockpit(row),
        "approving": reverse("admin:refund_approving"),
        "see": act(request, "change"),
    }
    if deed in pages:
        answer = client.get(pages[deed])
    else:
        answer = client.post(act(request, deed), {"note": "x"})
    assert (answer.status_code != 403) == (role in MATRIX[deed])


@pytest.mark.parametrize("role", ROLES)
def test_who_may_approve_many(row: GatewayTransaction, role: str) -> None:
    asked = ask_now(row, "10.00", person("clara"))
    client = signed_in(person("someone", role))
    chosen = {"action": "approve_selected", "_selected_action": [asked.pk]}
    answer = client.post(LIST, chosen)
    may = role in MATRIX["approve"]
    shown = reverse("admin:refund_approving")
    assert (answer.status_code == 302 and answer["Location"].startswith(shown)) == may
    client.post(shown, {"id": [asked.pk]})
    asked.refresh_from_db()
    assert (asked.state == "approved") == may


def test_the_menu_says_how_many_wait_for_approval(row: GatewayTransaction) -> None:
    client = signed_in(person("ann", "Finance approver"))
    before = text(client.get(LIST))
    ask_now(row, "10.00", person("clara"))
    after = text(client.get(LIST))
    entry = 'href="/reconciliation/refundrequest/"'
    assert between(before, entry, "</a>") != between(after, entry, "</a>")
    assert "1" in between(after, entry, "</a>")


def between(page: str, start: str, end: str) -> str:
    return page.split(start, 1)[1].split(end, 1)[0]


def test_who_is_not_signed_in_sees_nothing(row: GatewayTransaction) -> None:
    for url in (cockpit(row), LIST, reverse("admin:refund_approving")):
        assert Client().get(url).status_code == 302


def test_a_payment_that_is_not_there(account: MerchantAccount) -> None:
    client = signed_in(person("clara"))
    assert client.get(reverse("admin:refund_cockpit", args=[987654])).status_code == 404


def test_limits_that_contradict_themselves_are_refused(account: MerchantAccount) -> None:
    client = signed_in(person("ada", "Finance admin"))
    values = {"company": account.company_id, "free_up_to": "500", "one_up_to": "100",
              "free_per_day": "2", "free_days": "90", "expires_hours": "72"}  # fmt: skip
    url = reverse("admin:reconciliation_refundpolicy_add")
    assert "More goes without approval" in text(client.post(url, values))
    assert client.post(url, values | {"one_up_to": "1000"}).status_code == 302
    assert RefundPolicy.objects.get().one_up_to == 1000


def test_the_list_costs_the_same_for_any_number(row: GatewayTransaction) -> None:
    clerk = person("clara")
    client = signed_in(person("ann", "Finance approver"))
    counts = []
    for _ in range(2):
        for _ in range(4):
            ask_now(row, "1.00", clerk)
        with CaptureQueriesContext(database) as queries:
            text(client.get(LIST))
        counts.append(len(queries))
    assert counts[0] == counts[1]
