"""Reversals that paysync hands over by itself, against the twin and its clerk."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import ExternalError, RuleError, StateError
from paysync.domain.ledger import (
    REVERSAL_EDGES,
    ReversalState,
    SubmitCode,
    SubmitResult,
    require_reversal_edge,
)
from paysync.domain.payments import Window
from paysync.models import Company, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    CashReceipt,
    FiscalPeriod,
    GatewayTransaction,
    ReceiptReversal,
    ReconcilingItem,
)
from reconciliation.services.following import follow_receipts
from reconciliation.services.items import resolve_item
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.posting.tries import MOST_TRIES
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.reversing import follow_reversals, reverse_receipts
from reconciliation.services.reversing.answers import move_on, settle
from reconciliation.services.reversing.sending import claim
from reconciliation.services.reversing.wanted import plan_reversals
from reconciliation.services.withdrawing import Undone, withdraw_and_unmatch
from tests.books import refund
from tests.choosing import buckets
from tests.disputes import disputed, turned
from tests.integration.sage_company import LATER, NOW, call, pay, post, states, truth
from tests.workbench import person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def arthur(db: None) -> User:
    return person("arthur", "Finance approver")


@pytest.fixture
def payment(account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin) -> GatewayTransaction:
    """Its receipt is posted; the company lets paysync reverse, and Sage's side has rehearsed it."""
    Company.objects.update(reverses_receipts=True)
    twin.reversals_rehearsed = True
    [row] = pay(account, 1)
    post(account, erp)
    clerk(twin, "post", all=True)
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 1}
    return row


@pytest.fixture
def gone(payment: GatewayTransaction, account: MerchantAccount) -> GatewayTransaction:
    """All of its money was refunded, and nothing applies the receipt in Sage 500 any more."""
    send_back(account, payment)
    return payment


def send_back(account: MerchantAccount, row: GatewayTransaction, amount: str = "") -> None:
    back = refund(row.gateway_id, amount or f"{row.amount:.2f}")
    record_transactions(account, [back], now=NOW)


def clerk(twin: SageTwin, action: str, **more: object) -> None:
    if action in {"unapply", "reverse"}:
        more["idempotency_key"] = CashReceipt.objects.get().idempotency_key
    call(twin, "clerk", {"action": action, **more})


def run(row: GatewayTransaction, erp: HttpErpLedger, at: datetime = LATER) -> int:
    """What the job does every few minutes."""
    follow_reversals(row.company_id, erp=erp, now=at)
    return reverse_receipts(row.company_id, erp=erp, now=at)


def its_state() -> str:
    return ReceiptReversal.objects.latest("pk").state


def the_item(reason: Reason = Reason.MONEY_WENT_BACK) -> ReconcilingItem:
    return ReconcilingItem.objects.get(reason=reason)


def broken(row: GatewayTransaction, erp: HttpErpLedger) -> list[str]:
    """What the proof finds, Sage 500's own list included."""
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=2))
    return [
        one.name
        for one in prove(now=LATER, ledgers={row.company_id: erp}, window=window).violations
    ]


def holds(row: GatewayTransaction, erp: HttpErpLedger) -> bool:
    return broken(row, erp) == []


def reversals(twin: SageTwin) -> list[str]:
    """States of the reversing receipts that the twin holds."""
    return [one["state"] for one in truth(twin) if one["idempotency_key"].startswith("R")]


def test_a_receipt_whose_money_is_gone_is_reversed_once_its_applications_are(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    assert run(gone, erp) == 0 and reversals(twin) == []
    receipt = CashReceipt.objects.get()
    assert f"applications of receipt {receipt.erp_tran_id} back" in the_item().progress
    clerk(twin, "unapply")
    assert run(gone, erp) == 0  # it waits its hour
    assert run(gone, erp, LATER + HOUR) == 1 and run(gone, erp, LATER + 2 * HOUR) == 0
    made = ReceiptReversal.objects.get()
    assert (made.state, reversals(twin)) == ("submitted", ["pending"])
    assert made.erp_batch and made.erp_tran_id in the_item().progress
    assert made.comment == f"PTR {gone.gateway_id}"
    assert states() == {"posted": 1} and holds(gone, erp)

    clerk(twin, "post", all=True)
    run(gone, erp, LATER + 3 * HOUR)
    assert (its_state(), states()) == ("posted", {"reversed": 1})
    assert the_item().state == "resolved" and made.erp_tran_id in the_item().resolution
    assert buckets(gone) == {name: f"{gone.amount:.2f}" for name in ("captured", "refunded")}
    refresh_company(gone.company, erp=erp, now=LATER)
    assert receipt.match.applications.get().invoice.payable == gone.amount
    assert holds(gone, erp)


def test_a_company_that_was_not_asked_reverses_nothing(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    Company.objects.update(reverses_receipts=False)
    clerk(twin, "unapply")
    assert run(gone, erp) == 0
    assert not ReceiptReversal.objects.exists() and the_item().progress == ""


def test_a_site_that_has_not_rehearsed_it_leaves_it_to_people(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    twin.reversals_rehearsed = False
    clerk(twin, "unapply")
    assert run(gone, erp) == 0 and run(gone, erp, LATER + 23 * HOUR) == 0
    assert its_state() == "due" and "rehearsed" in the_item().progress
    twin.reversals_rehearsed = True
    assert run(gone, erp, LATER + 24 * HOUR) == 1
    assert reversals(twin) == ["pending"]


def test_a_part_that_went_back_is_for_a_person(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    send_back(account, payment, "1.00")
    clerk(twin, "unapply")
    assert run(payment, erp) == 0 and not ReceiptReversal.objects.exists()
    assert the_item().progress == ""


def test_a_match_that_somebody_undid_is_reversed(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    undone = withdraw_and_unmatch(payment.pk, ledger=erp, actor="ada", reason="wrong", now=LATER)
    assert undone == Undone.TO_REVERSE
    clerk(twin, "unapply")
    assert run(payment, erp) == 1
    clerk(twin, "post", all=True)
    run(payment, erp)
    assert (its_state(), states()) == ("posted", {"reversed": 1})
    assert the_item(Reason.TO_REVERSE).state == "resolved"
    payment.refresh_from_db()
    assert payment.needs_match and holds(payment, erp)


def test_a_claim_that_is_undecided_reverses_nothing(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, arthur: User
) -> None:
    case = disputed(payment, arthur)
    clerk(twin, "unapply")
    assert run(payment, erp) == 0 and not ReceiptReversal.objects.exists()
    turned(case, arthur, DisputeState.LOST)
    assert run(payment, erp) == 1 and reversals(twin) == ["pending"]


def test_a_claim_won_after_all_takes_the_reversal_back_and_a_loss_makes_another(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, arthur: User
) -> None:
    case = turned(disputed(payment, arthur), arthur, DisputeState.LOST)
    clerk(twin, "unapply")
    run(payment, erp)
    turned(case, arthur, DisputeState.WON)
    run(payment, erp)
    assert its_state() == "withdrawn" and reversals(twin) == []
    assert states() == {"posted": 1} and the_item().state == "resolved"
    again = the_item(Reason.TO_APPLY_AGAIN)
    paid = CashReceipt.objects.get().match.applications.get()
    assert again.state == "open"
    assert f"{paid.invoice.tran_id} by {payment.amount:.2f} USD." in again.sentence
    turned(case, arthur, DisputeState.LOST)
    assert run(payment, erp) == 1 and reversals(twin) == ["pending"]
    assert the_item(Reason.TO_APPLY_AGAIN).state == "resolved"
    assert [one.sequence for one in ReceiptReversal.objects.order_by("pk")] == [1, 2]
    assert holds(payment, erp)


def test_a_claim_won_after_the_reversal_was_posted_waits_for_a_person(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, arthur: User
) -> None:
    case = turned(disputed(payment, arthur), arthur, DisputeState.LOST)
    clerk(twin, "unapply")
    run(payment, erp)
    clerk(twin, "post", all=True)
    turned(case, arthur, DisputeState.WON)  # before anybody saw the posting
    run(payment, erp)
    assert (its_state(), states()) == ("posted", {"reversed": 1})
    payment.refresh_from_db()
    assert payment.needs_match and "charged_back" not in buckets(payment)
    assert holds(payment, erp)


def test_one_that_people_deleted_is_not_made_again(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "unapply")
    run(gone, erp)
    clerk(twin, "delete", idempotency_key=ReceiptReversal.objects.get().idempotency_key)
    assert run(gone, erp) == 0 and run(gone, erp, LATER + 24 * HOUR) == 0
    assert its_state() == "deleted_in_erp" and "reverse the receipt there" in the_item().progress
    resolve_item(the_item().pk, note="It stays.", actor="ada")
    assert holds(gone, erp)


def test_people_are_quicker(gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin) -> None:
    run(gone, erp)
    clerk(twin, "reverse")
    assert run(gone, erp, LATER + HOUR) == 0
    assert states() == {"reversed": 1} and its_state() == "withdrawn"
    assert the_item().state == "resolved" and holds(gone, erp)


@pytest.mark.parametrize("fault", ["timeout_after", "reset_mid_answer"])
def test_an_unknown_outcome_is_looked_up_and_is_one_reversal(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, fault: str
) -> None:
    clerk(twin, "unapply")
    twin.faults.play(fault, route="*/reversals", **({"hold_s": 1} if "time" in fault else {}))
    assert run(gone, erp) == 0
    assert its_state() == "unknown" and "not known" in the_item().progress
    with pytest.raises(RuleError, match="posting it closes the item"):
        resolve_item(the_item().pk, note="Done by hand.", actor="ada")
    assert run(gone, erp) == 0  # not before its minute
    assert run(gone, erp, LATER + HOUR) == 1
    assert its_state() == "submitted" and reversals(twin) == ["pending"]


def test_one_that_did_not_get_through_is_sent_again(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "unapply")
    twin.faults.play("timeout_before", route="*/reversals", hold_s=1)
    assert run(gone, erp) == 0 and its_state() == "unknown" and reversals(twin) == []
    assert run(gone, erp, LATER + HOUR) == 1 and reversals(twin) == ["pending"]


def test_an_unknown_one_that_nobody_wants_any_more_is_looked_up_and_not_sent_again(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, arthur: User
) -> None:
    case = turned(disputed(payment, arthur), arthur, DisputeState.LOST)
    clerk(twin, "unapply")
    twin.faults.play("timeout_before", route="*/reversals", hold_s=1)
    run(payment, erp)
    turned(case, arthur, DisputeState.WON)
    assert run(payment, erp, LATER + HOUR) == 0
    assert its_state() == "withdrawn" and reversals(twin) == []
    assert the_item(Reason.TO_APPLY_AGAIN).state == "open" and holds(payment, erp)


def test_one_that_was_never_sent_and_is_wanted_no_more_asks_for_nothing(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, arthur: User
) -> None:
    case = turned(disputed(payment, arthur), arthur, DisputeState.LOST)
    run(payment, erp)  # the clerk has not got round to it
    turned(case, arthur, DisputeState.WON)
    assert run(payment, erp, LATER + HOUR) == 0 and its_state() == "withdrawn"
    assert not ReconcilingItem.objects.filter(reason=Reason.TO_APPLY_AGAIN).exists()


@pytest.mark.parametrize("sent", [False, True])
def test_a_worker_that_dies_leaves_a_claim_that_is_taken_up(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, sent: bool
) -> None:
    clerk(twin, "unapply")
    with pytest.MonkeyPatch.context() as patch:
        if sent:  # it died with the answer in its hands
            patch.setattr("reconciliation.services.reversing.sending.settle", died)
            with pytest.raises(KeyboardInterrupt):
                run(gone, erp)
        else:
            run_until_claimed(gone, erp)
    assert its_state() == "sending" and len(reversals(twin)) == sent
    assert run(gone, erp, LATER + timedelta(minutes=14)) == 0
    assert run(gone, erp, LATER + timedelta(minutes=16)) == 1
    assert its_state() == "submitted" and reversals(twin) == ["pending"]


def died(*args: object) -> bool:
    raise KeyboardInterrupt


def run_until_claimed(row: GatewayTransaction, erp: HttpErpLedger) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciliation.services.reversing.sending.find_receipts", died)
        with pytest.raises(KeyboardInterrupt):
            run(row, erp)


def test_a_worker_that_was_overtaken_writes_nothing(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "unapply")
    run_until_claimed(gone, erp)
    [slow] = ReceiptReversal.objects.select_related("receipt")
    run(gone, erp, LATER + HOUR)
    assert its_state() == "submitted"
    assert not settle(slow, SubmitResult(SubmitCode.VALIDATION_ERROR, message="late"), LATER)
    assert its_state() == "submitted"


def test_an_outage_gives_up_nothing(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "unapply")
    card = twin.faults.play("server_error", route="*/query", times=None)
    for hours in range(1, MOST_TRIES + 3):
        with pytest.raises(ExternalError):
            reverse_receipts(gone.company_id, erp=erp, now=LATER + hours * HOUR)
    assert its_state() == "due" and "tries again" in the_item().progress and card.fired
    twin.faults.clear()
    assert run(gone, erp, LATER + 30 * HOUR) == 1


def test_one_that_the_erp_answers_again_and_again_is_given_up(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "unapply")
    for tries in range(MOST_TRIES):
        assert its_state() == "due" if tries else True
        [one] = claimed(gone, LATER + tries * HOUR)
        settle(one, SubmitResult(SubmitCode.RETRYABLE, message="deadlock"), LATER + tries * HOUR)
    assert its_state() == "refused" and "given up after 12 tries" in the_item().progress
    assert run(gone, erp, LATER + 99 * HOUR) == 0 and reversals(twin) == []


def claimed(row: GatewayTransaction, at: datetime) -> list[ReceiptReversal]:
    plan_reversals(row.company, at)
    return [one.row for one in claim(Company.objects.get(pk=row.company_id), at)]


def test_a_slow_run_puts_back_what_it_has_not_sent(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, settings: Any
) -> None:
    clerk(twin, "unapply")
    settings.SENDING_LEASE_S = 0
    assert run(gone, erp) == 0
    assert its_state() == "due" and "not sent now" in the_item().progress
    settings.SENDING_LEASE_S = 900
    assert run(gone, erp, LATER + HOUR) == 1 and reversals(twin) == ["pending"]


def test_a_closed_period_is_waited_for_and_the_day_is_that_of_sending(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "unapply")
    periods = FiscalPeriod.objects.filter(start__lte=NOW.date(), end__gte=NOW.date())
    periods.update(is_open=False)
    assert run(gone, erp) == 0 and "is closed for AR" in the_item().progress
    periods.update(is_open=True)
    assert run(gone, erp, LATER + 24 * HOUR) == 1
    made = ReceiptReversal.objects.get()
    assert made.post_date == made.tran_date == date(2026, 11, 21)


def test_an_item_that_a_person_resolved_is_reversed_no_more(
    gone: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    run(gone, erp)  # it waits for the applications
    resolve_item(the_item().pk, note="Posted by hand in the ledger.", actor="ada")
    clerk(twin, "unapply")
    assert run(gone, erp, LATER + HOUR) == 0
    assert its_state() == "withdrawn" and reversals(twin) == []


def test_a_reversal_that_nobody_is_told_of_breaks_the_proof(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    clerk(twin, "reverse")
    assert broken(payment, erp) == ["reversed in ERP"]


def test_edges() -> None:
    for old, followers in REVERSAL_EDGES.items():
        for new in ReversalState:
            if new in followers:
                require_reversal_edge(old, new)
            else:
                with pytest.raises(StateError, match="cannot become"):
                    require_reversal_edge(old, new)


def test_no_answer_takes_an_edge_that_is_not_listed(
    gone: GatewayTransaction, erp: HttpErpLedger
) -> None:
    run(gone, erp)
    with pytest.raises(StateError):
        move_on(ReceiptReversal.objects.get(), ReversalState.POSTED, "")


def test_the_pages_say_what_paysync_does_and_whom_it_waits_for(
    gone: GatewayTransaction, erp: HttpErpLedger, client: Client, arthur: User
) -> None:
    run(gone, erp)
    client.force_login(arthur)
    receipt, item = CashReceipt.objects.get(), the_item()
    pages = {
        "receipt": reverse("admin:reconciliation_cashreceipt_change", args=[receipt.pk]),
        "item": reverse("admin:reconciliation_reconcilingitem_change", args=[item.pk]),
        "items": reverse("admin:reconciliation_reconcilingitem_changelist"),
        "payment": reverse("admin:reconciliation_gatewaytransaction_change", args=[gone.pk]),
    }
    for name, url in pages.items():
        page = client.get(url).content.decode()
        assert f"applications of receipt {receipt.erp_tran_id} back" in page, name
        assert "Reverse the receipt or its part" not in page, name
    made = ReceiptReversal.objects.get()
    assert made.tran_no in client.get(pages["receipt"]).content.decode()
