"""Handing receipts to the Sage 500 twin over a socket: once, whatever goes wrong on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger
from paysync.domain.errors import RuleError, UnavailableError
from paysync.domain.ledger import Bucket, ReceiptState
from paysync.domain.payments import State
from paysync.models import Alert, Company, Connection, MerchantAccount
from paysync.sandbox.company import demo_data
from paysync.sandbox.sage500.twin import SANDBOX_KEY, SageTwin
from reconciliation.models import (
    CashAccount,
    CashReceipt,
    GatewayTransaction,
    GLMapping,
    Invoice,
    PostingAttempt,
    ReconcilingItem,
)
from reconciliation.services.decisions import release_receipt
from reconciliation.services.following import follow_receipts
from reconciliation.services.journal import balances_of
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.posting import Patience, post_due, resolve_unknown
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from tests.books import refund, sale
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


@pytest.fixture(scope="module")
def dataset() -> dict[str, Any]:
    return demo_data(NOW.date(), customers=20, invoices=120, seed=3)


@pytest.fixture
def twin(dataset: dict[str, Any]) -> Iterator[SageTwin]:
    with SageTwin() as twin:
        twin.clock.set(NOW)
        call(twin, "load", dataset)
        yield twin


@pytest.fixture
def erp(twin: SageTwin) -> HttpErpLedger:
    return HttpErpLedger(
        HttpErpConfig(
            base_url=twin.url, api_key=SANDBOX_KEY, read_timeout_s=2, submit_timeout_s=0.5
        )
    )


@pytest.fixture
def account(company: Company, connection: Connection, erp: HttpErpLedger) -> MerchantAccount:
    """A merchant account of SOA, its mirrors read from the twin, ready to post."""
    company.mode = Company.Mode.AUTO
    company.save()
    refresh_company(company, erp=erp, now=NOW)
    account = make_merchant_account(company=company, connection=connection)
    cash = CashAccount.objects.get(cash_account_id="MERCH-USD")
    assert cash.gl_account is not None
    GLMapping.objects.create(
        company=company,
        cash_account=cash,
        gl_account=cash.gl_account,
        valid_from="2026-01-01",
        drafted_by="ada",
        drafted_at=NOW,
        activated_by="bob",
        activated_at=NOW,
    )
    return account


def call(twin: SageTwin, path: str, body: Any) -> Any:
    import requests

    answer = requests.post(f"{twin.url}/_twin/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def truth(twin: SageTwin) -> list[dict[str, Any]]:
    """The receipts the twin holds, past every adapter."""
    import requests

    items = requests.get(f"{twin.url}/_twin/receipts", timeout=30).json()["items"]
    return [item for item in items if item["state"] not in {"deleted", "withdrawn"}]


def payable_invoices(count: int) -> list[Invoice]:
    rows = Invoice.objects.filter(
        is_open=True, tran_type=501, in_dispute=False, customer__is_active=True, currency="USD"
    )
    return list(rows.filter(payable__gt=1).order_by("tran_id")[:count])


def pay(account: MerchantAccount, count: int = 3) -> list[GatewayTransaction]:
    """Payments that name an invoice each, matched."""
    invoices = payable_invoices(count)
    records = [sale(amount=f"{i.payable:.2f}", invoice_reference=i.tran_id) for i in invoices]
    record_transactions(account, records, now=NOW)
    assert match_company(account.company_id, now=NOW).matched == count
    return list(GatewayTransaction.objects.order_by("pk"))


def post(account: MerchantAccount, erp: HttpErpLedger, at: datetime = NOW, **more: Any) -> Any:
    return post_due(account.company_id, erp=erp, worker="w1", clock=lambda: at, **more)


def ask(account: MerchantAccount, erp: HttpErpLedger, at: datetime = LATER) -> Any:
    return resolve_unknown(account.company_id, erp=erp, now=at, delays_s=[60, 300], lease_s=900)


def states() -> dict[str, int]:
    return dict(Counter(CashReceipt.objects.values_list("state", flat=True)))


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
    assert list(outcomes) == [(1, "not found"), (2, "submitted")]


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


def test_the_proof_names_a_receipt_that_only_the_erp_has(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    pay(account, 1)
    post(account, erp)
    CashReceipt.objects.update(state=ReceiptState.DUE, idempotency_key="PT1-1-changed")
    proof = prove(now=LATER, ledgers={account.company_id: erp}, window=None)
    assert proof.holds
    from paysync.domain.payments import Window

    window = Window(NOW - timedelta(days=2), NOW + timedelta(days=2))
    proof = prove(now=LATER, ledgers={account.company_id: erp}, window=window)
    assert [violation.name for violation in proof.violations] == ["not ours"]


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
