"""After the staff entered a receipt: instalments go on, and a later match is not sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import Match
from reconciliation.services.decisions import release_receipt
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from tests.integration.sage_company import (
    LATER,
    account,
    call,
    dataset,
    erp,
    payable_invoices,
    post,
    truth,
    twin,
)  # fmt: skip
from tests.integration.test_shadow import Enter, compared, enter, pay_for, said, shadowed
from tests.integration.test_shadow_leaving import by_hand, in_part, leave, receipt_of

__all__ = ["account", "dataset", "enter", "erp", "shadowed", "twin"]
pytestmark = pytest.mark.django_db
EVENING = LATER + timedelta(hours=2)


def test_the_next_instalment_is_matched_though_the_staff_entered_the_first(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    first, invoice, part = in_part(shadowed)
    by_hand(enter, invoice, part)
    call(twin, "clerk", {"action": "post", "company_id": "SOA"})
    compared(shadowed, erp)
    assert said(first).verdict == "same"
    refresh_company(shadowed.company, erp=erp, now=EVENING)
    invoice.refresh_from_db()
    rest = pay_for(shadowed, invoice)
    match_company(shadowed.company_id, now=EVENING)
    match = Match.objects.get(transaction=rest, ended_at=None)
    assert match.applied == rest.amount


def test_until_the_invoice_was_read_again_the_first_still_counts(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    first, invoice, part = in_part(shadowed)
    by_hand(enter, invoice, part)
    compared(shadowed, erp)
    whole = pay_for(shadowed, invoice)
    match_company(shadowed.company_id, now=EVENING)
    match = Match.objects.filter(transaction=whole, ended_at=None).first()
    assert match is None or match.applied < whole.amount


def test_what_is_matched_only_after_the_company_left_is_not_sent_again(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    invoice = payable_invoices(1)[0]
    part = f"{invoice.payable / 5:.2f}"
    payment = pay_for(shadowed, invoice, amount=part)
    by_hand(enter, invoice, part)
    compared(shadowed, erp)
    assert said(payment).verdict == "only_staff"
    assert leave(shadowed, erp, twin) == []
    match_company(shadowed.company_id, now=LATER)
    post(shadowed, erp, EVENING)
    assert truth(twin) == []
    held = receipt_of(payment)
    assert held.held_because == "by_staff"
    release_receipt(held.pk, actor="ada", now=EVENING)
    post(shadowed, erp, EVENING + timedelta(minutes=1))
    assert len(truth(twin)) == 1
