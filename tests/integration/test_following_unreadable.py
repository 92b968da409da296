"""A receipt in Sage 500 that nobody can read stays what it was, and hides no other."""

from __future__ import annotations

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import RecordError
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt
from reconciliation.services.following import follow_receipts
from tests.integration.sage_company import LATER, call, pay, post, smudge, states

pytestmark = pytest.mark.django_db


def test_an_unreadable_receipt_is_not_gone_and_the_others_are_followed(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 3)
    post(account, erp)
    call(twin, "clerk", {"action": "post", "all": True})
    twin.faults.play("malformed_row", route="/v1/receipts/query")
    with pytest.raises(RecordError):  # at the end, so that a person hears of it
        follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 2, "submitted": 1}
    assert CashReceipt.objects.get(state="submitted").last_error
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 3}
    assert not CashReceipt.objects.filter(posted_on=None).exists()
    assert set(CashReceipt.objects.values_list("last_error", flat=True)) == {""}


def test_an_answer_nobody_can_read_does_not_stop_the_following_of_others(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    pay(account, 3)
    post(account, erp)
    call(twin, "clerk", {"action": "post", "all": True})
    first = CashReceipt.objects.earliest("pk")
    with pytest.raises(RecordError):
        follow_receipts(account.company_id, erp=smudge(erp, first), now=LATER, size=1)
    assert states() == {"posted": 2, "submitted": 1}
