"""The proof names what does not hold."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.ledger import Bucket, ReceiptState, move
from paysync.domain.money import Money
from paysync.domain.payments import Window
from paysync.models import MerchantAccount
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt
from reconciliation.services.journal import Draft, write_entries
from reconciliation.services.leftovers import Finding, open_items
from reconciliation.services.proof import prove
from tests.integration.sage_company import LATER, NOW, pay, post

pytestmark = pytest.mark.django_db


def test_the_proof_names_a_receipt_that_only_the_erp_has(
    account: MerchantAccount, erp: HttpErpLedger
) -> None:
    pay(account, 1)
    post(account, erp)
    CashReceipt.objects.update(state=ReceiptState.DUE, idempotency_key="PT1-1-changed")
    proof = prove(now=LATER, ledgers={account.company_id: erp}, window=None)
    assert proof.holds
    window = Window(NOW - timedelta(days=2), NOW + timedelta(days=2))
    proof = prove(now=LATER, ledgers={account.company_id: erp}, window=window)
    assert [violation.name for violation in proof.violations] == ["not ours"]


@pytest.mark.parametrize("state", ["due", "held", "sending"])
def test_a_live_receipt_for_more_than_its_payment_holds_is_named(
    account: MerchantAccount, erp: HttpErpLedger, state: str
) -> None:
    first, second = pay(account, 2)
    CashReceipt.objects.filter(transaction=first).update(state=state)
    lines = move(Bucket.APPLIED, Bucket.REFUNDED, Money(Decimal("0.40"), "USD"))
    write_entries([Draft(first, "refund:x", "refunded", NOW.date(), lines)], now=NOW)
    receipt = CashReceipt.objects.get(transaction=first)
    [violation] = prove(now=NOW).violations
    assert (violation.invariant, violation.name) == (10, "receipt over its payment")
    assert violation.record == receipt.idempotency_key
    why = Finding("left:1", Reason.MONEY_WENT_BACK, "told", None, first, receipt)
    open_items(account.company, [why], now=NOW)
    assert prove(now=NOW).violations == []
