"""Undoing a match whose receipt is in Sage 500, against the twin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import ConflictError, ExternalError, RecordError, RuleError
from paysync.domain.ledger import ErpReceipt
from paysync.domain.payments import State
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    CashReceipt,
    GatewayTransaction,
    Match,
    PostingAttempt,
    ReconcilingItem,
)
from reconciliation.services.decisions import release_receipt
from reconciliation.services.following import follow_receipts
from reconciliation.services.leftovers import Finding, open_items, receipt_key
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.withdrawing import (
    Undone,
    claim,
    resume_withdrawals,
    withdraw_and_unmatch,
    withdraw_gone,
)
from tests.books import refund, sale
from tests.choosing import buckets
from tests.integration.sage_company import LATER, call, pay, post, states, truth

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(account: MerchantAccount, erp: HttpErpLedger) -> GatewayTransaction:
    """A payment whose receipt lies in a batch of Sage 500."""
    [row] = pay(account, 1)
    post(account, erp)
    assert states() == {"submitted": 1}
    return row


def undo(row: GatewayTransaction, erp: HttpErpLedger, actor: str = "ada") -> Undone:
    return withdraw_and_unmatch(row.pk, ledger=erp, actor=actor, reason="wrong invoice", now=LATER)


def current_reasons() -> list[str]:
    rows = ReconcilingItem.objects.filter(state="open")
    return list(rows.order_by("pk").values_list("reason", flat=True))


def check_undone(row: GatewayTransaction, twin: SageTwin) -> None:
    assert truth(twin) == []
    assert not Match.objects.filter(ended_at__isnull=True).exists()
    row.refresh_from_db()
    assert row.needs_match
    assert buckets(row) == {"captured": f"{row.amount:.2f}", "unidentified": f"{row.amount:.2f}"}
    assert current_reasons() == ["needs_confirmation"]
    assert not PostingAttempt.objects.filter(ended_at__isnull=True).exists()
    assert prove(now=LATER).violations == []


def test_a_receipt_that_never_left_is_taken_back_without_a_call(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    [row] = pay(account, 1)
    assert undo(row, erp) == Undone.DONE
    assert states() == {"withdrawn": 1}
    check_undone(row, twin)


def test_a_pending_receipt_is_withdrawn_and_the_match_undone(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    assert undo(payment, erp) == Undone.DONE
    assert states() == {"withdrawn": 1}
    check_undone(payment, twin)
    tried = PostingAttempt.objects.latest("pk")
    assert (tried.worker, tried.outcome) == ("undo: ada", "taken back")
    with pytest.raises(ConflictError, match="ada undid"):
        undo(payment, erp, "bob")


def test_the_payment_can_be_matched_and_sent_again(
    payment: GatewayTransaction,
    account: MerchantAccount,
    erp: HttpErpLedger,
    twin: SageTwin,
) -> None:
    undo(payment, erp)
    Match.objects.update(ended_by="paysync")  # as if no person had undone it
    assert match_company(account.company_id, now=LATER).matched == 1
    post(account, erp, LATER)
    assert states() == {"withdrawn": 1, "submitted": 1}
    assert len(truth(twin)) == 1


@pytest.mark.parametrize("fault", ["timeout_after", "reset_mid_answer"])
def test_an_unknown_outcome_is_kept_and_asked_about(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, fault: str
) -> None:
    twin.faults.play(fault, route="*/receipts/PT*", **({"hold_s": 1} if "time" in fault else {}))
    assert undo(payment, erp) == Undone.UNKNOWN
    assert states() == {"submitted": 1}
    assert current_reasons() == ["outcome_unknown"]
    assert PostingAttempt.objects.latest("pk").outcome == "undo unknown"
    again = LATER + timedelta(minutes=5)
    assert resume_withdrawals(payment.company_id, ledger=erp, now=again) == 1
    check_undone(payment, twin)


def test_one_that_was_followed_before_the_answer_came_is_undone_all_the_same(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    twin.faults.play("timeout_after", route="*/receipts/PT*", hold_s=1)
    undo(payment, erp)
    follow_receipts(payment.company_id, erp=erp, now=LATER)
    assert states() == {"deleted_in_erp": 1}
    again = LATER + timedelta(minutes=5)
    assert resume_withdrawals(payment.company_id, ledger=erp, now=again) == 1
    check_undone(payment, twin)


def test_a_worker_that_dies_before_the_call_leaves_a_try_that_is_taken_up(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    claim(payment.pk, "ada", "wrong invoice", LATER, None)
    with pytest.raises(ConflictError, match="ada is undoing"):
        undo(payment, erp, "bob")
    again = LATER + timedelta(minutes=5)
    assert resume_withdrawals(payment.company_id, ledger=erp, now=LATER) == 0
    assert resume_withdrawals(payment.company_id, ledger=erp, now=again) == 1
    assert Match.objects.get().ended_by == "ada"
    check_undone(payment, twin)


def test_an_outage_changes_nothing(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    twin.faults.play("server_error", times=None)
    with pytest.raises(ExternalError):
        undo(payment, erp)
    twin.faults.clear()
    assert states() == {"submitted": 1}
    assert len(truth(twin)) == 1
    assert undo(payment, erp) == Undone.DONE
    check_undone(payment, twin)


def test_an_outage_while_asking_leaves_the_question_open(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    twin.faults.play("timeout_after", route="*/receipts/PT*", hold_s=1)
    assert undo(payment, erp) == Undone.UNKNOWN
    twin.faults.play("server_error", times=None)
    again = LATER + timedelta(minutes=5)
    with pytest.raises(ExternalError):
        resume_withdrawals(payment.company_id, ledger=erp, now=again)
    twin.faults.clear()
    assert resume_withdrawals(payment.company_id, ledger=erp, now=again) == 1
    check_undone(payment, twin)


def test_a_posted_receipt_is_for_a_person_to_reverse(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(payment.company_id, erp=erp, now=LATER)
    assert undo(payment, erp) == Undone.TO_REVERSE
    [item] = ReconcilingItem.objects.filter(state="open")
    receipt = CashReceipt.objects.get()
    assert item.reason == "to_reverse"
    for word in (receipt.erp_tran_id, receipt.erp_batch.batch_id, "ada: wrong invoice"):  # type: ignore[union-attr]
        assert word in item.sentence
    assert Match.objects.get().ended_at is None
    assert prove(now=LATER).violations == []


def test_it_is_too_late_once_the_batch_is_posted_and_not_yet_seen(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    call(twin, "clerk", {"action": "post", "all": True})
    with pytest.raises(RuleError, match="too late"):
        undo(payment, erp)
    assert Match.objects.get().ended_at is None
    assert current_reasons() == []


def test_what_a_clerk_changed_is_not_taken_from_under_his_hands(
    payment: GatewayTransaction, erp: HttpErpLedger
) -> None:
    CashReceipt.objects.update(state="edited_in_erp")
    with pytest.raises(RuleError, match="delete it there"):
        undo(payment, erp)


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_a_receipt_under_way_is_waited_for(
    payment: GatewayTransaction, erp: HttpErpLedger, state: str
) -> None:
    CashReceipt.objects.update(state=state)
    with pytest.raises(RuleError):
        undo(payment, erp)


def test_a_receipt_that_may_be_taken_back_is_not_sent_again(payment: GatewayTransaction) -> None:
    """The second receipt of one match would double the money once the first undo is cleared up."""
    claim(payment.pk, "ana", "wrong", LATER, None)
    CashReceipt.objects.update(state="deleted_in_erp")
    with pytest.raises(RuleError, match="not known yet whether this receipt was taken back"):
        release_receipt(CashReceipt.objects.get().pk, actor="bob", now=LATER)
    assert CashReceipt.objects.count() == 1


def test_a_second_try_remembers_that_the_first_may_be_done(payment: GatewayTransaction) -> None:
    claim(payment.pk, "ana", "wrong", LATER, None)
    again = claim(payment.pk, "bob", "wrong", LATER + timedelta(hours=1), None)
    assert not isinstance(again, Undone) and again.may_be_done


def test_one_try_that_cannot_be_cleared_up_holds_up_no_other(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    first, second = pay(account, 2)
    post(account, erp)
    for row in (first, second):
        claim(row.pk, "ana", "wrong", LATER, None)
    unreadable = CashReceipt.objects.get(transaction=first).idempotency_key

    class OneUnreadable:
        def find_receipts(self, keys: Sequence[str]) -> dict[str, ErpReceipt]:
            if unreadable in keys:
                raise RecordError("a row nobody can read")
            return erp.find_receipts(keys)

        def __getattr__(self, name: str) -> Any:
            return getattr(erp, name)

    with pytest.raises(RecordError):
        resume_withdrawals(
            account.company_id,
            ledger=OneUnreadable(),
            now=LATER + timedelta(hours=1),
        )
    assert Match.objects.get(ended_at__isnull=True).transaction_id == first.pk


def test_a_try_whose_receipt_is_gone_comes_to_an_end(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    """A clerk deleted it while nobody knew whether it was taken back: that is what was wanted."""
    claim(payment.pk, "ada", "wrong invoice", LATER, None)
    call(twin, "clerk", {"action": "delete", "all": True})
    again = LATER + timedelta(minutes=5)
    assert resume_withdrawals(payment.company_id, ledger=erp, now=again) == 1
    assert states() == {"deleted_in_erp": 1}
    check_undone(payment, twin)


def test_a_try_whose_receipt_was_posted_comes_to_an_end(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    claim(payment.pk, "ada", "wrong invoice", LATER, None)
    call(twin, "clerk", {"action": "post", "all": True})
    again = LATER + timedelta(minutes=5)
    assert resume_withdrawals(payment.company_id, ledger=erp, now=again) == 1
    assert not PostingAttempt.objects.filter(ended_at__isnull=True).exists()
    assert Match.objects.get().ended_at is None


def test_a_clear_no_closes_no_other_question(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    receipt = CashReceipt.objects.get()
    other = Finding(receipt_key(receipt.pk), Reason.EDITED_IN_ERP, "Look.", None, payment, receipt)
    open_items(payment.company, [other], now=LATER)
    call(twin, "clerk", {"action": "post", "all": True})
    with pytest.raises(RuleError, match="too late"):
        undo(payment, erp)
    assert current_reasons() == ["edited_in_erp"]


def voided(payment: GatewayTransaction, account: MerchantAccount) -> None:
    gone = sale(payment.gateway_id, f"{payment.amount:.2f}", state=State.VOIDED)
    record_transactions(account, [gone], now=LATER)


def test_the_pending_receipt_of_a_voided_payment_is_taken_back(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    voided(payment, account)
    assert current_reasons() == ["money_went_back"]
    assert withdraw_gone(payment.company_id, ledger=erp, now=LATER) == 1
    assert (truth(twin), current_reasons(), states()) == ([], [], {"withdrawn": 1})
    assert Match.objects.get().ended_by == "paysync"
    assert buckets(payment) == {
        "captured": f"{payment.amount:.2f}",
        "voided": f"{payment.amount:.2f}",
    }
    assert prove(now=LATER).violations == []
    assert withdraw_gone(payment.company_id, ledger=erp, now=LATER) == 0


def test_a_receipt_that_still_counts_some_money_is_left_to_a_person(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    record_transactions(account, [refund(payment.gateway_id, "0.50")], now=LATER)
    assert withdraw_gone(payment.company_id, ledger=erp, now=LATER) == 0
    assert (len(truth(twin)), current_reasons()) == (1, ["money_went_back"])
    [item] = ReconcilingItem.objects.filter(state="open")
    [applied] = Match.objects.get().applications.all()
    assert f"open again: {applied.invoice.tran_id} by 0.50 USD" in item.sentence


def test_one_that_is_posted_meanwhile_stays_with_its_item(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    voided(payment, account)
    call(twin, "clerk", {"action": "post", "all": True})
    assert withdraw_gone(payment.company_id, ledger=erp, now=LATER) == 0
    assert current_reasons() == ["money_went_back"]


def test_what_was_given_back_meanwhile_is_not_waited_for(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger
) -> None:
    back = refund(payment.gateway_id, str(payment.amount))
    record_transactions(account, [back], now=LATER)
    undo(payment, erp)
    payment.refresh_from_db()
    assert not payment.needs_match
