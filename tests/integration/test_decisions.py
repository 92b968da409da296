"""What people, and the passing of time, decide about receipts that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import RuleError
from paysync.domain.payments import State
from paysync.models import Company, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt, ReconcilingItem
from reconciliation.services.decisions import release_receipt, review_held
from reconciliation.services.following import follow_receipts
from reconciliation.services.journal import balances_of
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.posting import MOST_TRIES
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from tests.books import refund, sale
from tests.integration.sage_company import LATER, NOW, ask, call, pay, post, states

pytestmark = pytest.mark.django_db


def test_a_refund_after_sending_never_makes_a_receipt_for_more_than_is_left(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [payment] = pay(account, 1)
    post(account, erp)
    record_transactions(account, [refund(payment.gateway_id, "0.40", gateway_id="9")], now=NOW)
    call(twin, "clerk", {"action": "delete", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    with pytest.raises(RuleError):
        release_receipt(CashReceipt.objects.get().pk, actor="ada", now=LATER)
    unmatch(payment.pk, actor="ada", reason="deleted", now=LATER)
    match_company(account.company_id, now=LATER)
    again = CashReceipt.objects.get(state="due")
    assert again.amount == payment.amount - Decimal("0.40")
    held = balances_of([payment])[payment.pk]
    assert all(money.amount >= 0 for money in held.values())


def test_a_period_that_was_refused_waits_for_a_newer_reading_of_the_periods(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.faults.play("closed_period")
    post(account, erp)
    assert review_held(account.company_id, now=LATER) == 0
    assert held_because() == "period_closed"
    refresh_company(account.company, erp=erp, now=NOW + timedelta(minutes=10))
    assert review_held(account.company_id, now=LATER) == 1
    post(account, erp, LATER)
    assert states() == {"submitted": 1}


def test_a_refused_period_is_not_forgotten_while_the_company_is_in_shadow(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.faults.play("closed_period")
    post(account, erp)
    for mode, expected in (("shadow", "shadow"), ("auto", "period_closed")):
        Company.objects.update(mode=mode)
        assert review_held(account.company_id, now=LATER) == 0
        assert held_because() == expected
    assert ReconcilingItem.objects.get(state="open").reason == "period_closed"


def test_a_period_refused_again_and_again_waits_for_a_person(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    card = twin.faults.play("closed_period", times=None)
    at = NOW
    for _ in range(MOST_TRIES + 3):
        post(account, erp, at)
        at += timedelta(hours=1)
        refresh_company(account.company, erp=erp, now=at, since=at)
        review_held(account.company_id, now=at)
    assert card.fired == MOST_TRIES
    assert held_because() == "erp_rejected"
    assert ReconcilingItem.objects.get(state="open").reason == "erp_rejected"


@pytest.mark.parametrize("back", ["void", "part"])
def test_a_receipt_for_more_than_its_payment_holds_cannot_be_released(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, back: str
) -> None:
    [payment] = pay(account, 1)
    twin.faults.play("timeout_before", route="*/receipts", hold_s=1)
    post(account, erp)
    voided = replace(sale(payment.gateway_id, f"{payment.amount:.2f}"), state=State.VOIDED)
    part = refund(payment.gateway_id, "0.40")
    record_transactions(account, [voided if back == "void" else part], now=NOW)
    ask(account, erp)
    post(account, erp, LATER + timedelta(hours=1))
    assert held_because() == "money_went_back"
    with pytest.raises(RuleError, match="undo the match"):
        release_receipt(CashReceipt.objects.get().pk, actor="ada", now=LATER)
    assert states() == {"held": 1}
    assert prove(now=LATER).violations == []


def test_undoing_the_match_of_money_that_went_back_leaves_no_open_item(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [payment] = pay(account, 1)
    twin.faults.play("timeout_before", route="*/receipts", hold_s=1)
    post(account, erp)
    voided = replace(sale(payment.gateway_id, f"{payment.amount:.2f}"), state=State.VOIDED)
    record_transactions(account, [voided], now=NOW)
    ask(account, erp)
    unmatch(payment.pk, actor="ada", reason="voided", now=LATER)
    assert states() == {"withdrawn": 1}
    assert not ReconcilingItem.objects.filter(state="open").exists()
    assert prove(now=LATER).violations == []


def held_because() -> str:
    receipt = CashReceipt.objects.get()
    assert receipt.state == "held"
    return receipt.held_because
