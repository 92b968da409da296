"""GET /api/v1/payments/<id>/match/: the explain card of a match, of a non-match, and who may."""

from __future__ import annotations

import pytest
from django.test import Client

from paysync.domain.payments import Method, State
from paysync.models import Company, Connection, MerchantAccount
from reconciliation.models import Match
from reconciliation.services.matching import match_company
from reconciliation.services.recording import record_transactions
from tests.books import NOW, make_invoice, ready, sale
from tests.choosing import waiting_payment
from tests.factories import make_merchant_account
from tests.integration.test_api import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def address(name: object) -> str:
    return f"/api/v1/payments/{name}/match/"


@pytest.mark.parametrize("by", ["gateway id", "key"])
def test_the_card_of_a_match(
    client: Client, account: MerchantAccount, company: Company, by: str
) -> None:
    invoice = make_invoice(company, "100.00")
    row = waiting_payment(account, gateway_id="PT-1", invoice_reference=invoice.tran_id)
    match_company(company.pk, now=NOW)
    sign_in(client, "Finance clerk")
    answer = client.get(address("PT-1" if by == "gateway id" else row.pk)).json()
    assert answer["payment"]["amount"] == "100.00"
    assert answer["match"]["id"] == Match.objects.get().pk
    assert answer["match"]["applied"] == "100.00"
    assert answer["card"]["outcome"] == "auto"
    [share] = answer["card"]["solutions"][0]["shares"]
    assert (share["tran_id"], share["amount"]) == (invoice.tran_id, "100.00")
    assert answer["card"].keys() == {
        "schema", "outcome", "sentence", "reason", "rule", "payment", "rivals", "stopped",
        "near_misses", "solutions",
    }  # fmt: skip


def test_the_card_of_a_payment_that_waits(
    client: Client, account: MerchantAccount, company: Company
) -> None:
    row = waiting_payment(account, invoice_reference="IN-0099999999")
    sign_in(client, "Auditor")
    undecided = client.get(address(row.gateway_id)).json()
    assert (undecided["match"], undecided["card"]) == (None, None)
    match_company(company.pk, now=NOW)
    decided = client.get(address(row.gateway_id)).json()
    assert decided["match"] is None
    assert decided["card"]["outcome"] == "none"
    assert decided["card"]["sentence"]


@pytest.mark.parametrize("name", ["nothing", "0", "-1", "9" * 30, "٣", "%27%20OR%201=1--"])
def test_an_unknown_payment_is_not_found(client: Client, name: str) -> None:
    sign_in(client, "Finance clerk")
    answer = client.get(address(name))
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_gateway_id_of_two_payments_is_asked_for_by_key(
    client: Client, account: MerchantAccount
) -> None:
    waiting_payment(account, gateway_id="77")
    other = make_merchant_account(company=account.company, connection=account.connection)
    ach = sale("77", method=Method.ACH, state=State.SETTLED)
    record_transactions(other, [ach], now=NOW)
    sign_in(client, "Finance clerk")
    answer = client.get(address(77))
    assert answer.status_code == 409
    assert "ask by key" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["", "Operator"])
def test_who_may_not_see_payments_is_refused(
    client: Client, account: MerchantAccount, role: str
) -> None:
    row = waiting_payment(account)
    assert client.get(address(row.pk)).status_code == 403
    sign_in(client, role)
    assert client.get(address(row.pk)).status_code == 403
    assert client.get(address("nothing")).status_code == 403
