"""Receipts followed at the Sage 500 twin, whatever people do to them there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import RuleError
from paysync.domain.ledger import Bucket
from paysync.domain.payments import State
from paysync.models import Alert, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt, Match, ReconcilingItem
from reconciliation.services.decisions import release_receipt
from reconciliation.services.following import follow_receipts
from reconciliation.services.journal import balances_of
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from tests.books import refund, sale
from tests.integration.sage_company import LATER, NOW, call, pay, post, states, truth

pytestmark = pytest.mark.django_db


def test_a_deleted_batch_is_never_sent_again_by_itself(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 2)
    post(account, erp)
    call(twin, "clerk", {"action": "delete", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"deleted_in_erp": 2}
    assert set(ReconcilingItem.objects.values_list("reason", flat=True)) == {"deleted_in_erp"}
    post(account, erp, LATER)
    assert truth(twin) == []
    first = CashReceipt.objects.earliest("pk")
    again = release_receipt(first.pk, actor="ada", now=LATER)
    assert again.sequence == 2
    post(account, erp, LATER)
    assert len(truth(twin)) == 1
    assert prove(now=LATER, ledgers={account.company_id: erp}).violations == []


def test_a_receipt_that_a_clerk_edited_is_accepted_and_shown(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [payment] = pay(account, 1)
    post(account, erp)
    twin.faults.play("batch_edited")
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 1}
    assert ReconcilingItem.objects.get(state="open").reason == "edited_in_erp"
    held = balances_of([payment])[payment.pk]
    assert held[Bucket.POSTED_UNAPPLIED] == held[Bucket.CAPTURED]
    assert prove(now=LATER).violations == []


def test_an_interrupted_batch_alerts_and_is_posted_once_resumed(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    post(account, erp)
    call(twin, "clerk", {"action": "interrupt", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"submitted": 1}
    assert Alert.objects.filter(code="batch_interrupted", closed_at=None).exists()
    call(twin, "clerk", {"action": "resume", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 1}
    assert not Alert.objects.filter(code="batch_interrupted", closed_at=None).exists()


@pytest.mark.parametrize("back", ["voided", "refunded"])
def test_deleting_a_receipt_whose_money_went_back_leaves_no_open_item(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, back: str
) -> None:
    [payment] = pay(account, 1)
    post(account, erp)
    amount = f"{payment.amount:.2f}"
    voided = replace(sale(payment.gateway_id, amount), state=State.VOIDED)
    record = voided if back == "voided" else refund(payment.gateway_id, amount)
    record_transactions(account, [record], now=NOW)
    assert ReconcilingItem.objects.get(state="open").reason == "money_went_back"
    call(twin, "clerk", {"action": "delete", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"deleted_in_erp": 1}
    assert not ReconcilingItem.objects.filter(state="open").exists()
    assert not Match.objects.filter(ended_at=None).exists()
    assert prove(now=LATER + timedelta(days=1)).violations == []
    with pytest.raises(RuleError):
        release_receipt(CashReceipt.objects.get().pk, actor="ada", now=LATER)


def test_deleting_a_receipt_of_which_a_part_went_back_asks_what_to_do_with_the_rest(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [payment] = pay(account, 1)
    post(account, erp)
    record_transactions(account, [refund(payment.gateway_id, "0.40")], now=NOW)
    call(twin, "clerk", {"action": "delete", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert ReconcilingItem.objects.get(state="open").reason == "deleted_in_erp"
    assert Match.objects.filter(ended_at=None).count() == 1
    assert prove(now=LATER + timedelta(days=1)).violations == []


@pytest.mark.parametrize("part", [False, True])
def test_money_of_a_receipt_that_a_clerk_deleted_goes_back(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, part: bool
) -> None:
    [payment] = pay(account, 1)
    post(account, erp)
    call(twin, "clerk", {"action": "delete", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    amount = "0.40" if part else f"{payment.amount:.2f}"
    record_transactions(account, [refund(payment.gateway_id, amount)], now=LATER)
    payment.refresh_from_db()
    held = balances_of([payment])[payment.pk]
    assert f"{held[Bucket.REFUNDED].amount}" == amount
    assert Bucket.APPLIED not in held or not held[Bucket.APPLIED]
    assert payment.needs_match == part
    assert truth(twin) == [] and states() == {"deleted_in_erp": 1}
    assert prove(now=LATER + timedelta(days=1)).violations == []
    open_ones = ReconcilingItem.objects.filter(state="open")
    assert [item.reason for item in open_ones] == (["needs_confirmation"] if part else [])
