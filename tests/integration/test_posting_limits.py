"""How often a receipt is tried at the Sage 500 twin before a person has to decide."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import UnavailableError
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt, PostingAttempt, ReconcilingItem
from reconciliation.services.decisions import release_receipt
from reconciliation.services.posting import MOST_TRIES
from tests.integration.sage_company import NOW, ask, pay, post, states, truth

pytestmark = pytest.mark.django_db


def test_an_outcome_that_is_unknown_again_and_again_is_given_up(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    card = twin.faults.play("server_error", route="*/receipts", times=None)
    at = NOW
    for _ in range(MOST_TRIES + 3):
        at += timedelta(hours=2)
        post(account, erp, at)
        ask(account, erp, at + timedelta(hours=1))
    assert card.fired == MOST_TRIES
    receipt = CashReceipt.objects.get()
    assert (receipt.state, receipt.held_because) == ("held", "erp_rejected")
    assert ReconcilingItem.objects.get(state="open").reason == "erp_rejected"
    assert PostingAttempt.objects.filter(outcome="unknown, not found").count() == MOST_TRIES
    twin.faults.clear()
    release_receipt(receipt.pk, actor="ada", now=at)
    post(account, erp, at)
    assert states() == {"submitted": 1}
    assert len(truth(twin)) == 1


def test_a_receipt_given_up_is_looked_for_first(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    post(account, erp)
    receipt = CashReceipt.objects.get()
    PostingAttempt.objects.all().delete()
    PostingAttempt.objects.bulk_create(
        [
            PostingAttempt(
                receipt=receipt, number=number, worker="w", started_at=NOW, outcome="unknown"
            )
            for number in range(1, MOST_TRIES + 2)
        ]
    )
    CashReceipt.objects.update(state="due", attempts_made=MOST_TRIES + 1)
    post(account, erp)
    assert states() == {"submitted": 1}


def test_a_receipt_the_erp_puts_off_again_and_again_is_given_up_and_may_be_released(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    card = twin.faults.play("deadlock_1205", times=None)
    for hour in range(MOST_TRIES + 3):
        post(account, erp, NOW + timedelta(hours=hour))
    assert card.fired == MOST_TRIES
    receipt = CashReceipt.objects.get()
    assert (receipt.state, receipt.held_because) == ("held", "erp_rejected")
    release_receipt(receipt.pk, actor="ada", now=NOW)
    post(account, erp, NOW)
    assert states() == {"due": 1}, "a person's release begins a new count"


def test_an_outage_is_no_answer_and_uses_no_try_up(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.faults.play("rate_limited", route="*/query", times=MOST_TRIES + 3)
    for hour in range(MOST_TRIES + 3):
        with pytest.raises(UnavailableError):
            post(account, erp, NOW + timedelta(hours=hour))
    twin.faults.play("deadlock_1205")
    post(account, erp, NOW + timedelta(days=2))
    assert states() == {"due": 1}
    post(account, erp, NOW + timedelta(days=3))
    assert states() == {"submitted": 1}
