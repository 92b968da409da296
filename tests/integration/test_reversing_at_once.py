"""Several workers hand over reversals at the same moment."""

from __future__ import annotations

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.models import Company, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt, ReceiptReversal
from reconciliation.services.following import follow_receipts
from reconciliation.services.recording import record_transactions
from reconciliation.services.reversing import reverse_receipts
from tests.books import refund
from tests.integration.sage_company import LATER, NOW, call, pay, post, truth
from tests.workers import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
PAYMENTS, WORKERS = 6, 4


def test_each_receipt_is_reversed_once(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    Company.objects.update(reverses_receipts=True)
    twin.reversals_rehearsed = True
    rows = pay(account, PAYMENTS)
    post(account, erp)
    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    backs = [refund(row.gateway_id, f"{row.amount:.2f}") for row in rows]
    record_transactions(account, backs, now=NOW)
    for receipt in CashReceipt.objects.all():
        call(twin, "clerk", {"action": "unapply", "idempotency_key": receipt.idempotency_key})
    done = in_threads(WORKERS, lambda n: reverse_receipts(account.company_id, erp=erp, now=LATER))
    assert not [one for one in done if isinstance(one, BaseException)]
    assert sum(done) == PAYMENTS
    assert ReceiptReversal.objects.filter(state="submitted").count() == PAYMENTS
    made = [one for one in truth(twin) if one["idempotency_key"].startswith("R")]
    assert len(made) == PAYMENTS
