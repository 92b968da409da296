"""Handing receipts to the Sage 500 twin over a socket: once, whatever goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import CredentialError, UnavailableError
from paysync.domain.ledger import Bucket, ReceiptIntent, SubmitCode, SubmitResult
from paysync.domain.payments import State
from paysync.models import Company, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt, PostingAttempt, ReconcilingItem
from reconciliation.services.following import follow_receipts
from reconciliation.services.journal import balances_of
from reconciliation.services.matching import match_company
from reconciliation.services.posting import Patience, post_due
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from tests.books import sale
from tests.integration.sage_company import (
    LATER,
    NOW,
    ask,
    call,
    pay,
    payable_invoices,
    post,
    states,
    truth,
)

pytestmark = pytest.mark.django_db


def test_a_receipt_is_sent_followed_and_posted(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    payments = pay(account)
    post(account, erp)
    assert states() == {"submitted": 3}
    batch = CashReceipt.objects.first()
    assert batch is not None and batch.erp_batch is not None
    assert CashReceipt.objects.values("erp_batch").distinct().count() == 1
    follow_receipts(account.company_id, erp=erp, now=NOW)
    assert states() == {"submitted": 3}
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 3}
    for payment in payments:
        held = balances_of([payment])[payment.pk]
        assert held[Bucket.POSTED] == held[Bucket.CAPTURED]
    assert prove(now=LATER, ledgers={account.company_id: erp}).violations == []


def test_posting_again_sends_nothing(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account)
    post(account, erp)
    assert post(account, erp, LATER).sent == 0
    assert len(truth(twin)) == 3


def test_a_lost_answer_is_unknown_and_found_never_sent_twice(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.faults.play("timeout_after", route="*/receipts", hold_s=1)
    post(account, erp)
    assert states() == {"unknown": 1}
    assert ReconcilingItem.objects.get(state="open").reason == "outcome_unknown"
    assert post(account, erp, LATER).sent == 0
    ask(account, erp)
    assert states() == {"submitted": 1}
    assert len(truth(twin)) == 1
    assert not ReconcilingItem.objects.filter(state="open").exists()


def test_an_unknown_outcome_that_did_not_happen_is_sent_again_with_the_same_key(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    key = CashReceipt.objects.get().idempotency_key
    twin.faults.play("timeout_before", route="*/receipts", hold_s=1)
    post(account, erp)
    assert states() == {"unknown": 1}
    ask(account, erp)
    assert states() == {"due": 1}
    post(account, erp, LATER + timedelta(minutes=5))
    assert states() == {"submitted": 1}
    assert [item["idempotency_key"] for item in truth(twin)] == [key]
    outcomes = PostingAttempt.objects.values_list("number", "outcome")
    assert list(outcomes) == [(1, "unknown, not found"), (2, "submitted")]


def test_an_unknown_receipt_blocks_others_for_the_same_invoice(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    invoice = payable_invoices(1)[0]
    half = f"{invoice.payable / 2:.2f}"
    records = [sale(amount=half, invoice_reference=invoice.tran_id) for _ in range(2)]
    record_transactions(account, records, now=NOW)
    match_company(account.company_id, now=NOW)
    twin.faults.play("timeout_before", route="*/receipts", hold_s=1)
    post(account, erp, size=1, most=1)
    assert states() == {"unknown": 1, "due": 1}
    assert post(account, erp).sent == 0


def test_a_killed_worker_leaves_a_receipt_that_is_looked_up(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 2)
    CashReceipt.objects.update(state="sending", claimed_at=NOW, claimed_by="dead", attempts_made=1)
    ask(account, erp, NOW + timedelta(seconds=60))
    assert states() == {"sending": 2}
    ask(account, erp, NOW + timedelta(seconds=901))
    assert states() == {"due": 2}
    post(account, erp, LATER)
    assert states() == {"submitted": 2}


def test_a_worker_taken_for_dead_does_not_overwrite_what_was_found_out(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    from reconciliation.domain.reasons import Reason
    from reconciliation.services.outcomes import hold
    from reconciliation.services.posting import claim_due

    pay(account, 1)
    [mine] = claim_due(account.company, "slow", NOW, 10)
    CashReceipt.objects.update(state="submitted")
    hold(mine, Reason.ERP_REJECTED, "too late", now=NOW)
    assert states() == {"submitted": 1}


@pytest.mark.parametrize("fault", ["server_error", "reset_mid_answer", "truncated_json"])
def test_an_unreadable_answer_ends_in_one_receipt(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, fault: str
) -> None:
    pay(account, 2)
    twin.faults.play(fault, route="*/receipts", times=1)
    at = NOW
    for _ in range(6):
        at += timedelta(hours=1)
        post(account, erp, at)
        ask(account, erp, at + timedelta(minutes=30))
    assert states() == {"submitted": 2}
    assert len(truth(twin)) == 2


def test_a_deadlock_is_tried_again(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.faults.play("deadlock_1205")
    post(account, erp)
    assert states() == {"due": 1}
    post(account, erp, LATER)
    assert states() == {"submitted": 1}


def test_an_erp_that_cannot_be_reached_costs_nothing(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 2)
    twin.stop()
    with pytest.raises(UnavailableError):
        post(account, erp)
    assert states() == {"due": 2}


def test_an_invoice_paid_meanwhile_holds_the_receipt(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    tran_id = CashReceipt.objects.get().match.applications.get().invoice.tran_id
    call(twin, "pay-invoice", {"company_id": "SOA", "tran_id": tran_id})
    post(account, erp)
    assert states() == {"held": 1}
    assert ReconcilingItem.objects.get(state="open").reason == "balance_changed"
    assert truth(twin) == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("closed_period", "period_closed"), ("invoice_paid_meanwhile", "balance_changed")],
)
def test_what_the_erp_refuses_at_the_last_moment_is_an_open_item(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, fault: str, reason: str
) -> None:
    pay(account, 1)
    twin.faults.play(fault)
    post(account, erp)
    assert states() == {"held": 1}
    assert ReconcilingItem.objects.get(state="open").reason == reason


def test_a_group_that_takes_too_long_puts_the_rest_back(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    pay(account, 3)
    ticks = iter(NOW + timedelta(seconds=10 * n) for n in range(1000))
    post_due(
        account.company_id,
        erp=erp,
        worker="w1",
        clock=lambda: next(ticks),
        most=1,
        patience=Patience(claim_s=25, look_up_after_s=60),
    )
    assert states()["due"] >= 1
    assert states()["submitted"] >= 1


def test_money_that_went_back_while_sending_is_not_sent_afterwards(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [payment] = pay(account, 1)
    twin.faults.play("timeout_before", route="*/receipts", hold_s=1)
    post(account, erp)
    voided = replace(sale(payment.gateway_id, f"{payment.amount:.2f}"), state=State.VOIDED)
    record_transactions(account, [voided], now=NOW)
    ask(account, erp)
    post(account, erp, LATER + timedelta(hours=1))
    assert states() == {"held": 1}
    assert truth(twin) == []


def test_an_outage_gives_no_receipt_up(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 1)
    twin.stop()
    for hour in range(15):
        with pytest.raises(UnavailableError):
            post(account, erp, NOW + timedelta(hours=hour))
    assert states() == {"due": 1}


def test_an_unknown_receipt_holds_back_its_neighbour_in_the_same_group(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    invoice = payable_invoices(1)[0]
    half = f"{invoice.payable / 2:.2f}"
    records = [sale(amount=half, invoice_reference=invoice.tran_id) for _ in range(2)]
    record_transactions(account, records, now=NOW)
    match_company(account.company_id, now=NOW)
    twin.faults.play("timeout_before", route="*/receipts", hold_s=1)
    post(account, erp, most=1)
    assert states() == {"unknown": 1, "due": 1}
    assert truth(twin) == []


def test_shadow_stops_a_run_under_way_at_the_next_group(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 3)

    def switch(text: str) -> None:
        Company.objects.filter(pk=account.company_id).update(mode=Company.Mode.SHADOW)

    assert post(account, erp, size=1, tell=switch).sent == 1
    assert states() == {"submitted": 1, "due": 2}
    assert len(truth(twin)) == 1


def test_an_error_of_the_erp_holds_back_its_neighbour_in_the_same_group(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    class FailingLedger(HttpErpLedger):
        """Answers each receipt with code 99, which no card of the twin does."""

        def submit_receipt(self, intent: ReceiptIntent) -> SubmitResult:
            return SubmitResult(SubmitCode.ERROR)

    invoice = payable_invoices(1)[0]
    half = f"{invoice.payable / 2:.2f}"
    records = [sale(amount=half, invoice_reference=invoice.tran_id) for _ in range(2)]
    record_transactions(account, records, now=NOW)
    match_company(account.company_id, now=NOW)
    post(account, FailingLedger(erp._config), most=1)
    assert states() == {"unknown": 1, "due": 1}


def test_refused_credentials_stop_the_run_and_hold_no_receipt(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 3)
    card = twin.faults.play("token_expired", route="*/receipts", times=None)
    with pytest.raises(CredentialError):
        post(account, erp)
    assert states() == {"due": 3}
    assert card.fired == 1, "more tries could lock the user"
