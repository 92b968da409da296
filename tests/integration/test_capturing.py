"""Captures of authorizations against both twins, and the open item before one lapses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from paysync.adapters.paytrace.v1 import PayTraceV1
from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import ExternalError, RuleError, StateError
from paysync.domain.money import Money
from paysync.models import Connection, MerchantAccount
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.domain.captures import CAPTURE_EDGES, CaptureState, require_capture_edge
from reconciliation.domain.reasons import Reason
from reconciliation.models import Capture, GatewayTransaction, ReconcilingItem
from reconciliation.queries.refundable import has_work
from reconciliation.services.capturing import (
    request_capture,
    send_captures,
    sending,
    watch_authorizations,
)
from reconciliation.services.proof import prove
from tests.choosing import buckets
from tests.refunds import NOW, ask, at_gateway, charged, config, poll, tell
from tests.workbench import person

pytestmark = pytest.mark.django_db
ROLES = ("Finance clerk", "Finance approver", "Finance admin", "Auditor", "Operator")
CAPTURES = {"Finance clerk", "Finance approver", "Finance admin"}


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW)
        yield twin


@pytest.fixture(params=[Connection.Kind.PAYTRACE_V3, Connection.Kind.PAYTRACE_V1])
def gateway(
    request: pytest.FixtureRequest, twin: PayTraceTwin, merchant_account: MerchantAccount
) -> PaymentGateway:
    merchant_account.connection.kind = request.param
    merchant_account.connection.save()
    kind = PayTraceV3 if request.param == Connection.Kind.PAYTRACE_V3 else PayTraceV1
    return kind(config(twin, money_timeout_s=2))


@pytest.fixture
def clara(db: None) -> User:
    return person("clara")


@pytest.fixture
def held(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway
) -> GatewayTransaction:
    """100.00 authorized and not captured."""
    return charged(twin, merchant_account, gateway, outcome="authorized")


def want(row: GatewayTransaction, user: User, amount: str = "100.00") -> Capture:
    return request_capture(row.pk, amount=Money.parse(amount, "USD"), user=user, now=NOW)


def run(account: MerchantAccount, gateway: PaymentGateway, at: datetime = NOW) -> int:
    return send_captures(account.pk, gateway=gateway, clock=lambda: at)


def the_capture() -> Capture:
    return Capture.objects.get()


def status(twin: PayTraceTwin) -> tuple[str, str]:
    [row] = at_gateway(twin, "SALE")
    return row["status"], row["amount"]


@pytest.mark.parametrize("amount", ["100.00", "60.00"])
def test_an_authorization_is_captured_whole_or_in_part(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, amount: str,
) -> None:  # fmt: skip
    want(held, clara, amount)
    assert has_work(merchant_account.pk, NOW)
    assert run(merchant_account, gateway) == 1 and run(merchant_account, gateway) == 0
    assert the_capture().state == "done" and status(twin) == ("captured", amount)
    held.refresh_from_db()
    assert (held.state, f"{held.amount:.2f}", held.needs_match) == ("captured", amount, True)
    assert buckets(held)["captured"] == amount
    assert not has_work(merchant_account.pk, NOW)
    assert prove(now=NOW).violations == []


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [("100.01", "Only 100.00 USD is authorized"), ("0.00", "more than zero"),
     ("-1.00", "more than zero")],
)  # fmt: skip
def test_never_more_than_is_authorized(
    held: GatewayTransaction, clara: User, amount: str, sentence: str
) -> None:
    with pytest.raises(RuleError, match=sentence):
        want(held, clara, amount)
    with pytest.raises(RuleError, match="in USD, not CAD"):
        request_capture(held.pk, amount=Money.parse("1.00", "CAD"), user=clara, now=NOW)


def test_it_is_captured_or_given_up_never_both(held: GatewayTransaction, clara: User) -> None:
    want(held, clara)
    with pytest.raises(RuleError, match="asked for its capture already"):
        want(held, clara)
    with pytest.raises(RuleError, match="is being captured"):
        ask(held, "100.00", clara)
    Capture.objects.all().delete()
    ask(held, "100.00", clara)
    with pytest.raises(RuleError, match="asked to give it up"):
        want(held, clara)


def test_what_is_captured_is_not_captured_again(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PaymentGateway, clara: User
) -> None:
    with pytest.raises(RuleError, match="The payment is captured: only an authorization"):
        want(charged(twin, merchant_account, gateway), clara)


def test_somebody_else_captured_it(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User,
) -> None:  # fmt: skip
    want(held, clara)
    gateway.capture(held.gateway_id, Money.parse("70.00", "USD"))
    assert run(merchant_account, gateway) == 1
    assert the_capture().state == "done" and status(twin) == ("captured", "70.00")
    held.refresh_from_db()
    assert f"{held.amount:.2f}" == "70.00"


def test_one_that_was_given_up_in_paytrace_is_refused(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User,
) -> None:  # fmt: skip
    want(held, clara)
    tell(twin, "void", {"id": held.gateway_id})
    assert run(merchant_account, gateway) == 0
    assert (the_capture().state, the_capture().last_message) == ("failed", "The payment is voided.")
    assert not ReconcilingItem.objects.filter(reason=Reason.TO_CAPTURE).exists()


@pytest.mark.parametrize("fault", ["timeout_after", "reset_mid_answer"])
def test_an_unknown_outcome_is_looked_up(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, fault: str,
) -> None:  # fmt: skip
    want(held, clara)
    hold: dict[str, Any] = {"hold_s": 4} if "time" in fault else {}
    twin.faults.play(fault, route="*capture", **hold)
    assert run(merchant_account, gateway) == 0 and the_capture().state == "unknown"
    with pytest.raises(RuleError, match="is being captured"):
        ask(held, "100.00", clara)
    assert run(merchant_account, gateway) == 0  # not before its minute
    assert run(merchant_account, gateway, NOW + timedelta(minutes=2)) == 1
    assert the_capture().state == "done" and status(twin) == ("captured", "100.00")


def test_one_that_did_not_get_through_is_sent_again_after_half_an_hour(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User,
) -> None:  # fmt: skip
    want(held, clara)
    twin.faults.play("timeout_before", route="*capture", hold_s=4)
    run(merchant_account, gateway)
    assert run(merchant_account, gateway, NOW + timedelta(minutes=29)) == 0
    assert the_capture().state == "unknown" and status(twin)[0] == "authorized"
    assert run(merchant_account, gateway, NOW + timedelta(minutes=31)) == 1
    assert status(twin) == ("captured", "100.00")


@pytest.mark.parametrize("sent", [False, True])
def test_a_worker_that_dies_leaves_a_claim_that_is_taken_up(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User, sent: bool,
) -> None:  # fmt: skip
    want(held, clara)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "settle" if sent else "look", died)
        with pytest.raises(KeyboardInterrupt):
            run(merchant_account, gateway)
    assert the_capture().state == "sending"
    assert run(merchant_account, gateway, NOW + timedelta(minutes=4)) == 0
    assert run(merchant_account, gateway, NOW + timedelta(minutes=6)) == 1
    assert the_capture().state == "done" and status(twin) == ("captured", "100.00")


def died(*args: object) -> None:
    raise KeyboardInterrupt


def test_an_outage_sends_nothing_and_loses_nothing(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User,
) -> None:  # fmt: skip
    want(held, clara)
    card = twin.faults.play("server_error", times=None)
    with pytest.raises(ExternalError):
        run(merchant_account, gateway)
    assert card.fired and the_capture().state == "due"
    twin.faults.clear()
    assert run(merchant_account, gateway, NOW + timedelta(minutes=2)) == 1


def test_an_authorization_that_is_about_to_lapse_is_told_until_it_is_decided(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    clara: User,
) -> None:  # fmt: skip
    company = merchant_account.company
    assert watch_authorizations(company, now=NOW + timedelta(days=4)) == 0
    assert watch_authorizations(company, now=NOW + timedelta(days=6)) == 1
    item = ReconcilingItem.objects.get(reason=Reason.TO_CAPTURE)
    assert "100.00 USD" in item.sentence and "is expected to hold until" in item.sentence
    assert watch_authorizations(company, now=NOW + timedelta(days=8)) == 0
    item.refresh_from_db()
    assert "was expected to hold until" in item.sentence
    want(held, clara)
    run(merchant_account, gateway)
    watch_authorizations(company, now=NOW + timedelta(days=8))
    item.refresh_from_db()
    assert (item.state, item.resolved_by) == ("resolved", "paysync")


def test_a_refusal_is_told_at_once(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    twin: PayTraceTwin, clara: User,
) -> None:  # fmt: skip
    want(held, clara)
    Capture.objects.update(amount=150)  # as if PayTrace held less than we know of
    assert run(merchant_account, gateway) == 0
    assert the_capture().state == "failed"
    item = ReconcilingItem.objects.get(reason=Reason.TO_CAPTURE)
    assert "The last capture failed" in item.sentence


@pytest.mark.parametrize("role", ROLES)
def test_who_may_capture(held: GatewayTransaction, role: str) -> None:
    user, may = person("someone", role), role in CAPTURES
    if not may:
        with pytest.raises(PermissionDenied):
            want(held, user)
    client = Client()
    client.force_login(user)
    address = reverse("admin:reconciliation_gatewaytransaction_capture", args=[held.pk])
    assert (client.post(address, {"amount": "60.00"}).status_code != 403) == may
    assert Capture.objects.count() == may
    Capture.objects.all().delete()
    api = reverse("api-captures", args=[held.gateway_id])
    answer = client.post(api, {"amount": "60.00"}, content_type="application/json")
    assert answer.status_code == (201 if may else 403)
    assert Capture.objects.count() == may


def test_the_page_offers_it_and_shows_what_became_of_it(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    client: Client, clara: User,
) -> None:  # fmt: skip
    client.force_login(clara)
    page = reverse("admin:reconciliation_gatewaytransaction_change", args=[held.pk])
    address = reverse("admin:reconciliation_gatewaytransaction_capture", args=[held.pk])
    assert 'value="100.00"' in client.get(page).content.decode()
    wrong = client.post(address, {"amount": "a lot"}, follow=True).content.decode()
    assert "is no amount" in wrong and not Capture.objects.exists()
    client.post(address, {"amount": "60.00"})
    assert "Capture …" not in client.get(page).content.decode()
    run(merchant_account, gateway, the_capture().due_at)
    shown = client.get(page).content.decode()
    assert "asked for by clara" in shown and "Captured" in shown


@pytest.mark.parametrize(
    ("body", "status_code"),
    [({"amount": 60}, 422), ({"amount": "60.001"}, 422), ({}, 422), ([], 422),
     ({"amount": "60.00", "currency": "USD"}, 422)],
)  # fmt: skip
def test_a_bad_body_is_refused(
    held: GatewayTransaction, client: Client, clara: User, body: Any, status_code: int
) -> None:
    client.force_login(clara)
    api = reverse("api-captures", args=[held.gateway_id])
    answer = client.post(api, body, content_type="application/json")
    assert answer.status_code == status_code and not Capture.objects.exists()


def test_edges() -> None:
    for old, followers in CAPTURE_EDGES.items():
        for new in CaptureState:
            if new in followers:
                require_capture_edge(old, new)
            else:
                with pytest.raises(StateError, match="cannot become"):
                    require_capture_edge(old, new)


def test_polling_sees_it_too(
    held: GatewayTransaction, merchant_account: MerchantAccount, gateway: PaymentGateway,
    clara: User,
) -> None:  # fmt: skip
    gateway.capture(held.gateway_id)
    poll(merchant_account, gateway)
    held.refresh_from_db()
    assert held.state == "captured"
    with pytest.raises(RuleError, match="only an authorization"):
        want(held, clara)
