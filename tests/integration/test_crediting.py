"""Credits that no payment limits: off by default, two approvers, told to who keeps the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from paysync.adapters.paytrace.v1 import PayTraceV1
from paysync.domain.errors import RuleError
from paysync.models import Connection, MerchantAccount
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    GatewayTransaction,
    ReconcilingItem,
    RefundReason,
    RefundRequest,
)
from reconciliation.queries.refundable import refundable_of
from reconciliation.services.proof import prove
from reconciliation.services.refunding import approve, look_up
from tests.choosing import buckets
from tests.refunds import NOW, ask, at_gateway, charged, config, poll, send, tell
from tests.workbench import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW)
        yield twin


@pytest.fixture
def gateway(twin: PayTraceTwin, merchant_account: MerchantAccount) -> PaymentGateway:
    """V1, with the credits switched on at both ends."""
    Connection.objects.update(kind=Connection.Kind.PAYTRACE_V1)
    MerchantAccount.objects.update(unlinked_credits=True)
    tell(twin, "settings", {"unreferenced_refunds": True, "strict_customers": False})
    return PayTraceV1(config(twin, money_timeout_s=2))


@pytest.fixture
def row(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway
) -> GatewayTransaction:
    return charged(twin, merchant_account, gateway, settled=True, customer_id="acme01")


@pytest.fixture
def clara(db: None) -> User:
    return person("clara")


@pytest.fixture
def two(db: None) -> list[User]:
    return [person(name, "Finance approver") for name in ("ann", "bea")]


def credit(row: GatewayTransaction, user: User, two: list[User], amount: str = "250.00") -> None:
    """Asked for and approved by both."""
    request = ask(row, amount, user, unlinked=True)
    assert (request.state, request.approvals_needed) == ("requested", 2)
    for approver in two:
        request = approve(request.pk, user=approver, now=NOW)
    assert request.state == "approved"


def the_request() -> RefundRequest:
    return RefundRequest.objects.get()


def test_it_goes_to_the_stored_card_and_leaves_the_payment_alone(
    row: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, two: list[User],
) -> None:  # fmt: skip
    credit(row, clara, two)
    assert str(refundable_of(row).left) == "100.00 USD"
    run = send(merchant_account, gateway)
    assert run.outcomes == {"done": 1}
    [made] = at_gateway(twin)
    assert (made["amount"], made["customer_id"], made["original_id"]) == ("250.00", "acme01", "")
    request = the_request()
    assert (request.state, request.way) == ("done", "credit")
    assert request.refund is not None and request.refund.original_id == ""
    assert "refunded" not in buckets(row) and str(refundable_of(row).left) == "100.00 USD"
    item = ReconcilingItem.objects.get(reason=Reason.CREDIT_TO_ENTER)
    assert "250.00 USD was credited to acme01" in item.sentence and "GL mapping" in item.sentence
    poll(merchant_account, gateway)
    assert (
        ReconcilingItem.objects.count()
        == 1
        + ReconcilingItem.objects.filter(reason=Reason.UNKNOWN_INVOICE).count()
        + ReconcilingItem.objects.filter(reason=Reason.UNIDENTIFIED).count()
    )
    assert prove(now=NOW).violations == []


def test_it_is_off_until_an_administrator_switches_it_on(
    row: GatewayTransaction, clara: User
) -> None:
    MerchantAccount.objects.update(unlinked_credits=False)
    with pytest.raises(RuleError, match="switched off for"):
        ask(row, "1.00", clara, unlinked=True)
    MerchantAccount.objects.update(unlinked_credits=True)
    Connection.objects.update(kind=Connection.Kind.PAYTRACE_V3)
    with pytest.raises(RuleError, match="Only PayTrace V1 documents"):
        ask(row, "1.00", clara, unlinked=True)


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_it_is_for_an_amount_and_for_a_stored_card(
    row: GatewayTransaction, clara: User, amount: str
) -> None:
    with pytest.raises(RuleError, match="more than zero"):
        ask(row, amount, clara, unlinked=True)
    with pytest.raises(RuleError, match="opens no document"):
        ask(row, "5.00", clara, unlinked=True, documents=["IN-1"])
    GatewayTransaction.objects.update(gateway_customer_id="")
    with pytest.raises(RuleError, match="names no stored card"):
        ask(row, "5.00", clara, unlinked=True)


def test_switched_off_after_the_approval_it_is_not_sent(
    row: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, two: list[User],
) -> None:  # fmt: skip
    credit(row, clara, two)
    MerchantAccount.objects.update(unlinked_credits=False)
    assert send(merchant_account, gateway).outcomes == {"failed": 1}
    assert at_gateway(twin) == [] and "switched off" in the_request().last_message


def test_paytrace_has_it_switched_off(
    row: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, two: list[User],
) -> None:  # fmt: skip
    tell(twin, "settings", {"unreferenced_refunds": False})
    credit(row, clara, two)
    assert send(merchant_account, gateway).outcomes == {"failed": 1}
    assert the_request().state == "failed" and "981" in the_request().last_message
    assert ReconcilingItem.objects.filter(reason=Reason.REFUND_FAILED).exists()


@pytest.mark.parametrize("polled_first", [False, True])
def test_an_unknown_outcome_is_found_in_the_list(
    row: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, two: list[User], polled_first: bool,
) -> None:  # fmt: skip
    credit(row, clara, two)
    twin.faults.play("timeout_after", route="*to_customer", hold_s=4)
    assert send(merchant_account, gateway).outcomes == {"unknown": 1}
    if polled_first:
        poll(merchant_account, gateway)
    later = NOW + timedelta(minutes=2)
    assert look_up(merchant_account, gateway, lambda: later) == 1
    assert the_request().state == "done" and len(at_gateway(twin)) == 1
    assert ReconcilingItem.objects.filter(reason=Reason.CREDIT_TO_ENTER, state="open").count() == 1
    assert not ReconcilingItem.objects.filter(
        reason__in=[Reason.MONEY_WENT_BACK, Reason.OUTCOME_UNKNOWN], state="open"
    ).exists()
    assert prove(now=later).violations == []


def test_a_refund_of_the_payment_is_not_taken_for_it(
    row: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, two: list[User],
) -> None:  # fmt: skip
    credit(row, clara, two, "40.00")
    twin.faults.play("timeout_before", route="*to_customer", hold_s=4)
    assert send(merchant_account, gateway).outcomes == {"unknown": 1}
    tell(twin, "refund", {"id": row.gateway_id, "amount": "40.00"})
    assert look_up(merchant_account, gateway, lambda: NOW + timedelta(minutes=2)) == 0
    assert the_request().state == "unknown"


def test_the_cockpit_offers_it_only_where_it_is_on(
    row: GatewayTransaction, client: Client, clara: User
) -> None:
    client.force_login(clara)
    reason, _ = RefundReason.objects.get_or_create(title="Goodwill")
    cockpit = reverse("admin:refund_cockpit", args=[row.pk])
    page = client.get(cockpit, {"amount": "250.00", "unlinked": "1"}).content.decode()
    assert "linked to no payment" in page and "two people have to approve it" in page
    form = {"amount": "250.00", "unlinked": "1", "do": "ask", "reason": reason.pk, "left": "100.00"}
    client.post(cockpit, form)
    assert the_request().is_unlinked and the_request().approvals_needed == 2
    MerchantAccount.objects.update(unlinked_credits=False)
    assert "Credit without a payment" not in client.get(cockpit).content.decode()
    client.post(cockpit, form)
    assert RefundRequest.objects.count() == 1


def test_by_api(row: GatewayTransaction, client: Client, clara: User) -> None:
    client.force_login(clara)
    RefundReason.objects.get_or_create(title="Goodwill")
    body = {"payment": row.gateway_id, "amount": "250.00", "reason": "Goodwill", "unlinked": True}
    answer = client.post("/api/v1/refunds/", body, content_type="application/json")
    assert answer.status_code == 201 and answer.json()["unlinked"] is True
    wrong = client.post("/api/v1/refunds/", body | {"unlinked": "yes"},
                        content_type="application/json")  # fmt: skip
    assert wrong.status_code == 422
