"""ACH returns, notifications of change and declines: kept, explained, entered by people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import RuleError
from paysync.domain.payments import Method, State
from paysync.models import AuditEntry, MerchantAccount
from paysync.sandbox.paytrace.twin import PayTraceTwin
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, ReconcilingItem
from reconciliation.queries.failures import decline_of, message_for_customer, return_of
from reconciliation.services.following import follow_receipts
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.returns import note_change, set_return_code
from tests.books import refund, sale
from tests.choosing import buckets
from tests.integration.sage_company import LATER, call, payable_invoices, post
from tests.refunds import NOW, config, poll, tell
from tests.workbench import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def paytrace() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW)
        yield twin


@pytest.fixture
def clara(db: None) -> User:
    return person("clara")


def ach(account: MerchantAccount, **fields: Any) -> GatewayTransaction:
    record = sale(method=Method.ACH, card_brand="", **fields)
    record_transactions(account, [record], now=NOW)
    return GatewayTransaction.objects.get(gateway_id=record.gateway_id)


def test_a_return_keeps_the_banks_code(
    paytrace: PayTraceTwin, merchant_account: MerchantAccount
) -> None:
    gateway = PayTraceV3(config(paytrace))
    [pk] = tell(paytrace, "payments", [{"amount": "75.00", "method": "ach"}])["ids"]
    tell(paytrace, "advance", {"steps": 5})
    poll(merchant_account, gateway)
    row = GatewayTransaction.objects.get(gateway_id=str(pk))
    assert (row.state, row.return_code) == (State.SETTLED, "")
    tell(paytrace, "returns", {"id": pk, "code": "R03"})
    poll(merchant_account, gateway)
    row.refresh_from_db()
    assert (row.state, row.return_code) == (State.RETURNED, "R03")
    found = return_of(row, NOW)
    assert found is not None and found.code.title == "No account"
    assert buckets(row) == {"captured": "75.00", "charged_back": "75.00"}
    assert prove(now=LATER).violations == []


def test_a_return_after_posting_names_code_receipt_and_documents(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [invoice] = payable_invoices(1)
    paid = sale(
        amount=f"{invoice.payable:.2f}",
        method=Method.ACH,
        state=State.SETTLED,
        settled_at=NOW,
        invoice_reference=invoice.tran_id,
        gateway_customer_id=invoice.customer.customer_id,
    )
    record_transactions(account, [paid], now=NOW)
    assert match_company(account.company_id, now=NOW).matched == 1
    post(account, erp)
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    back = replace(paid, state=State.RETURNED, return_code="R01")
    record_transactions(account, [back], now=LATER)
    item = ReconcilingItem.objects.get(state="open")
    assert item.reason == Reason.MONEY_WENT_BACK
    assert "returned by the bank (R01, Insufficient funds)" in item.sentence
    assert invoice.tran_id in item.sentence
    row = GatewayTransaction.objects.get()
    assert buckets(row)["charged_back"] == f"{row.amount:.2f}"
    found = return_of(row, LATER)
    assert found is not None and found.again is not None and found.again.is_allowed
    assert prove(now=LATER).violations == []


def test_a_return_after_a_part_was_refunded_does_not_pay_twice(account: MerchantAccount) -> None:
    paid = sale(method=Method.ACH, state=State.SETTLED, settled_at=NOW)
    record_transactions(account, [paid], now=NOW)
    part = refund(paid.gateway_id, "30.00", method=Method.ACH)
    record_transactions(account, [part], now=NOW)
    record_transactions(account, [replace(paid, state=State.RETURNED)], now=LATER)
    row = GatewayTransaction.objects.get(gateway_id=paid.gateway_id)
    assert buckets(row)["refunded"] == "30.00"
    item = ReconcilingItem.objects.filter(state="open", reason=Reason.STATE_CONFLICT).get()
    assert "not held" in item.sentence
    assert prove(now=LATER).violations == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"return_code": "R29"}, "R29"),
        ({"status_text": "RETURNED - R02 account closed"}, "R02"),
        ({"status_text": "RETURNED"}, ""),
        ({"return_code": "4111111111111111"}, ""),
    ],
)
def test_where_a_code_may_stand(
    merchant_account: MerchantAccount, fields: dict[str, str], code: str
) -> None:
    assert ach(merchant_account, state=State.RETURNED, **fields).return_code == code


def test_a_person_enters_a_code_and_it_stays(
    merchant_account: MerchantAccount, clara: User
) -> None:
    row = ach(merchant_account, state=State.RETURNED)
    assert set_return_code(row.pk, " r10 ", user=clara, now=NOW).return_code == "R10"
    assert AuditEntry.objects.filter(action="return code entered", actor="clara").exists()
    again = sale(
        row.gateway_id, method=Method.ACH, card_brand="", state=State.RETURNED, return_code="R01"
    )
    record_transactions(merchant_account, [again], now=LATER)
    row.refresh_from_db()
    assert row.return_code == "R10"
    with pytest.raises(RuleError, match="no return code"):
        set_return_code(row.pk, "X1", user=clara, now=NOW)
    with pytest.raises(PermissionDenied):
        set_return_code(row.pk, "R01", user=person("audrey", "Auditor"), now=NOW)
    held = ach(merchant_account, state=State.SETTLED)
    with pytest.raises(RuleError, match="did not send"):
        set_return_code(held.pk, "R01", user=clara, now=NOW)


def test_a_notification_of_change_becomes_one_task(
    merchant_account: MerchantAccount, clara: User
) -> None:
    row = ach(merchant_account, state=State.SETTLED)
    for _ in range(2):
        item = note_change(row.pk, "c01", "checking ending 6789", user=clara, now=NOW)
    assert ReconcilingItem.objects.filter(reason=Reason.BANK_DETAILS).count() == 1
    assert "change account number by 2026-12-01" in item.sentence
    assert item.due_on is not None and item.due_on > NOW.date() + timedelta(days=7)
    for code, note, why in [
        ("C99", "", "no code"),
        ("C01", "account 123456789", "last four digits"),
        ("C01", "account 1234 5678", "last four digits"),
        ("C01", "x" * 121, "longer than"),
    ]:
        with pytest.raises(RuleError, match=why):
            note_change(row.pk, code, note, user=clara, now=NOW)
    with pytest.raises(PermissionDenied):
        note_change(row.pk, "C01", "", user=person("audrey", "Auditor"), now=NOW)
    card = sale()
    record_transactions(merchant_account, [card], now=NOW)
    other = GatewayTransaction.objects.get(gateway_id=card.gateway_id)
    with pytest.raises(RuleError, match="Only an ACH"):
        note_change(other.pk, "C01", "", user=clara, now=NOW)


def test_a_decline_is_told_in_plain_words(
    paytrace: PayTraceTwin, merchant_account: MerchantAccount
) -> None:
    gateway = PayTraceV3(config(paytrace))
    [pk] = tell(paytrace, "payments", [{"amount": "75.00", "outcome": "declined"}])["ids"]
    poll(merchant_account, gateway)
    row = GatewayTransaction.objects.get(gateway_id=str(pk))
    assert row.state == State.DECLINED and "Do not honor" in row.answer_text
    found = decline_of(row)
    assert found is not None and found.decline.for_staff
    assert message_for_customer(row) == found.decline.for_customer
    client = Client()
    client.force_login(person("clara"))
    page = reverse("admin:reconciliation_gatewaytransaction_change", args=[row.pk])
    shown = client.get(page).content.decode()
    assert "Why it failed" in shown and found.decline.for_customer in shown


@pytest.mark.parametrize("role", ["Finance clerk", "Auditor", "Operator"])
def test_who_may_enter_what_on_the_page(role: str, merchant_account: MerchantAccount) -> None:
    row = ach(merchant_account, state=State.RETURNED, return_code="R08")
    client = Client()
    client.force_login(person("who", role))
    name = "admin:reconciliation_gatewaytransaction"
    page = client.get(reverse(f"{name}_change", args=[row.pk]))
    if role != "Operator":
        assert "R08 Payment stopped" in page.content.decode()
    wanted = 302 if role == "Finance clerk" else 403
    code = client.post(reverse(f"{name}_returned", args=[row.pk]), {"code": "R07"})
    assert code.status_code == wanted
    change = client.post(reverse(f"{name}_changed", args=[row.pk]), {"code": "C01"})
    assert change.status_code == wanted
    row.refresh_from_db()
    assert row.return_code == ("R07" if wanted == 302 else "R08")
