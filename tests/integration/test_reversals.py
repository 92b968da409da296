"""Receipts that people reverse in Sage 500, against the twin: the open item closes itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.payments import State, Window
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt, GatewayTransaction, Match, ReconcilingItem
from reconciliation.services.following import follow_receipts
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.reversing import follow_reversals
from tests.books import refund
from tests.choosing import buckets
from tests.disputes import disputed, turned
from tests.integration.sage_company import LATER, NOW, call, pay, post, states
from tests.workbench import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def arthur(db: None) -> User:
    return person("arthur", "Finance approver")


@pytest.fixture
def payment(account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin) -> GatewayTransaction:
    """A payment whose receipt is posted in Sage 500."""
    [row] = pay(account, 1)
    post(account, erp)
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 1}
    return row


def reverse(twin: SageTwin) -> None:
    key = CashReceipt.objects.get().idempotency_key
    call(twin, "clerk", {"action": "reverse", "idempotency_key": key})


def look(row: GatewayTransaction, erp: HttpErpLedger) -> int:
    return follow_reversals(row.company_id, erp=erp, now=LATER)


def open_reasons() -> list[str]:
    rows = ReconcilingItem.objects.filter(state="open")
    return list(rows.order_by("pk").values_list("reason", flat=True))


def whole(row: GatewayTransaction, *where: str) -> dict[str, str]:
    return {name: f"{row.amount:.2f}" for name in ("captured", *where)}


def test_the_item_of_a_whole_refund_closes_itself(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    back = refund(payment.gateway_id, f"{payment.amount:.2f}")
    record_transactions(account, [back], now=NOW)
    assert open_reasons() == [Reason.MONEY_WENT_BACK]
    assert look(payment, erp) == 0 and states() == {"posted": 1}
    reverse(twin)
    assert look(payment, erp) == 1 and look(payment, erp) == 0
    assert states() == {"reversed": 1} and open_reasons() == []
    item = ReconcilingItem.objects.get(reason=Reason.MONEY_WENT_BACK)
    assert item.resolution.startswith("Reversed in Sage 500 by CR-V")
    assert buckets(payment) == whole(payment, "refunded")
    assert not Match.objects.filter(ended_at=None).exists()
    invoice = Match.objects.get().applications.get().invoice
    refresh_company(payment.company, erp=erp, now=LATER)
    invoice.refresh_from_db()
    assert invoice.payable == payment.amount
    window = Window(NOW - timedelta(days=1), LATER)
    proof = prove(now=LATER, ledgers={payment.company_id: erp}, window=window)
    assert proof.violations == []


def test_what_is_left_after_a_part_went_back_waits_for_a_person(
    payment: GatewayTransaction, account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    record_transactions(account, [refund(payment.gateway_id, "1.00")], now=NOW)
    reverse(twin)
    assert look(payment, erp) == 1
    payment.refresh_from_db()
    rest = f"{payment.amount - 1:.2f}"
    held = buckets(payment)
    assert held["refunded"] == "1.00" and rest in {held.get("unapplied"), held.get("unidentified")}
    assert payment.needs_match and open_reasons() == [Reason.NEEDS_CONFIRMATION]
    assert prove(now=LATER).violations == []


def test_a_dispute_that_is_won_after_the_reversal_is_replayed_or_asked_about(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin, arthur: User
) -> None:
    case = disputed(payment, arthur)
    reverse(twin)
    assert look(payment, erp) == 1 and states() == {"reversed": 1}
    turned(case, arthur, DisputeState.WON)
    payment.refresh_from_db()
    held = buckets(payment)
    assert "charged_back" not in held and payment.needs_match
    assert open_reasons() == [Reason.NEEDS_CONFIRMATION]
    assert prove(now=LATER).violations == []


def test_only_receipts_that_an_item_asks_about_are_looked_at(
    payment: GatewayTransaction, erp: HttpErpLedger, twin: SageTwin
) -> None:
    reverse(twin)
    assert look(payment, erp) == 0
    assert State(payment.state) == State.CAPTURED and states() == {"posted": 1}
