"""What the ERP answers and nobody can read is never taken for "not there", and stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import RecordError
from paysync.models import Alert, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation import tasks
from reconciliation.models import CashReceipt, ReconcilingItem
from reconciliation.tasks import books
from tests.integration.sage_company import (
    LATER,
    NOW,
    ask,
    pay,
    post,
    smudge,
    states,
    truth,
)

pytestmark = pytest.mark.django_db


def test_an_answer_nobody_can_read_lets_the_claims_go(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 2)
    with pytest.raises(RecordError):
        post(account, smudge(erp, *CashReceipt.objects.all()))
    assert states() == {"due": 2}
    assert CashReceipt.objects.filter(due_at__gt=NOW).count() == 2
    assert truth(twin) == []
    post(account, erp, LATER)
    assert states() == {"submitted": 2}


def test_an_answer_nobody_can_read_stops_only_the_receipt_it_is_about(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 5)
    third = CashReceipt.objects.order_by("pk")[2]
    post(account, smudge(erp, third))
    assert states() == {"submitted": 4, "unknown": 1}
    with pytest.raises(RecordError):
        ask(account, smudge(erp, third))
    assert len(truth(twin)) == 4
    ask(account, erp, LATER + timedelta(hours=2))
    post(account, erp, LATER + timedelta(hours=3))
    assert states() == {"submitted": 5}
    assert len(truth(twin)) == 5


def test_one_unknown_receipt_nobody_can_read_does_not_keep_the_others_unknown(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    pay(account, 5)
    post(account, erp)
    CashReceipt.objects.update(state="unknown", due_at=NOW)
    with pytest.raises(RecordError):
        ask(account, smudge(erp, CashReceipt.objects.order_by("pk")[2]))
    assert states() == {"submitted": 4, "unknown": 1}


def test_an_unknown_outcome_that_cannot_be_read_is_asked_about_later(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.faults.play("timeout_after", route="*/receipts", hold_s=1)
    post(account, erp)
    with pytest.raises(RecordError):
        ask(account, smudge(erp, CashReceipt.objects.get()))
    assert states() == {"unknown": 1}
    assert CashReceipt.objects.get().due_at > LATER
    ask(account, erp, LATER + timedelta(hours=1))
    assert states() == {"submitted": 1}
    assert len(truth(twin)) == 1


def test_a_receipt_that_cannot_be_read_before_sending_is_unknown_never_sent_nor_done(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 2)
    post(account, erp)
    CashReceipt.objects.update(state="due")  # as after a restored backup
    twin.faults.play("malformed_row", route="*/query")
    post(account, erp, LATER)
    assert states() == {"submitted": 1, "unknown": 1}
    assert ReconcilingItem.objects.get(state="open").reason == "outcome_unknown"
    ask(account, erp, LATER + timedelta(hours=1))
    assert states() == {"submitted": 2}
    assert len(truth(twin)) == 2


def test_an_unknown_receipt_that_cannot_be_read_stays_unknown_and_is_told(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 2)
    post(account, erp)
    CashReceipt.objects.update(state="unknown", due_at=NOW)
    twin.faults.play("malformed_row", route="*/query")
    with pytest.raises(RecordError):
        ask(account, erp)
    assert states() == {"submitted": 1, "unknown": 1}
    assert CashReceipt.objects.get(state="unknown").due_at > LATER
    assert "cannot be read" in ReconcilingItem.objects.get(state="open").sentence
    assert ask(account, erp).sent == 0
    ask(account, erp, LATER + timedelta(hours=1))
    assert states() == {"submitted": 2}


def test_what_is_due_goes_out_although_an_unknown_one_cannot_be_read(
    account: MerchantAccount, erp: HttpErpLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(account, 3)
    first = CashReceipt.objects.earliest("pk")
    CashReceipt.objects.filter(pk=first.pk).update(state="unknown", attempts_made=1)
    ledger = smudge(erp, first)
    monkeypatch.setattr(books, "ledger_for", lambda company: ledger)
    with time_machine.travel(LATER, tick=False):
        tasks.post(account.company_id)
    assert states() == {"unknown": 1, "submitted": 2}
    assert Alert.objects.get(closed_at=None).code == "unreadable"
