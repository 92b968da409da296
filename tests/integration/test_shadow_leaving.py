"""Leaving shadow mode: what the staff entered by hand is never sent a second time by itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import CredentialError
from paysync.domain.ledger import ReceiptState
from paysync.models import Alert, Company, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.models import CashReceipt, GatewayTransaction, Invoice
from reconciliation.services.decisions import release_receipt, review_held
from reconciliation.services.matching import match_company
from reconciliation.services.mirrors import refresh_company
from tests.choosing import choose
from tests.integration.sage_company import (
    LATER,
    NOW,
    account,
    call,
    dataset,
    erp,
    payable_invoices,
    post,
    truth,
    twin,
)
from tests.integration.test_shadow import Enter, compared, enter, pay_for, said, shadowed

__all__ = ["account", "dataset", "enter", "erp", "shadowed", "twin"]
pytestmark = pytest.mark.django_db


def in_part(account: MerchantAccount) -> tuple[GatewayTransaction, Invoice, str]:
    """A matched payment of a fifth of an invoice: Sage would take the same again."""
    invoice = payable_invoices(1)[0]
    part = f"{invoice.payable / 5:.2f}"
    payment = pay_for(account, invoice, amount=part)
    match_company(account.company_id, now=NOW)
    return payment, invoice, part


def by_hand(enter: Enter, invoice: Invoice, part: str, number: str = "8001", **more: Any) -> None:
    links = [{"invoice_tran_id": invoice.tran_id, "amount": part}]
    enter(number, invoice, amount=part, **({"applications": links} | more))


def leave(account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin) -> list[dict[str, Any]]:
    """The company goes live. Returns the receipts that paysync put into Sage 500."""
    set_mode(account, Company.Mode.AUTO)
    refresh_company(account.company, erp=erp, now=LATER)
    review_held(account.company_id, now=LATER)
    post(account, erp, LATER)
    return truth(twin)


def set_mode(account: MerchantAccount, mode: Company.Mode) -> None:
    account.company.mode = mode
    account.company.save()


def receipt_of(payment: GatewayTransaction) -> CashReceipt:
    return CashReceipt.objects.get(transaction=payment)


def test_what_the_staff_entered_is_not_sent_again(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    payment, invoice, part = in_part(shadowed)
    by_hand(enter, invoice, part)
    compared(shadowed, erp)
    assert said(payment).verdict == "same"
    assert leave(shadowed, erp, twin) == []
    held = receipt_of(payment)
    assert (held.state, held.held_because) == (ReceiptState.HELD, "by_staff")


def test_money_on_account_neither(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    invoice = payable_invoices(1)[0]
    payment = pay_for(shadowed, invoice, amount="55.00", invoice_reference="")
    choose(payment, customer_id=invoice.customer_id)
    by_hand(enter, invoice, "55.00", applications=[])
    compared(shadowed, erp)
    assert leave(shadowed, erp, twin) == []


def test_nor_what_they_may_have_entered(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    payment, invoice, part = in_part(shadowed)
    by_hand(enter, invoice, part, "8001")
    by_hand(enter, invoice, part, "8002")
    compared(shadowed, erp)
    assert said(payment).erp_tran_id == "", "two receipts fit alike"
    assert leave(shadowed, erp, twin) == []


def test_nor_what_was_due_when_sending_was_stopped(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    payment, invoice, part = in_part(account)
    assert receipt_of(payment).state == ReceiptState.DUE
    set_mode(account, Company.Mode.SHADOW)
    by_hand(enter, invoice, part)
    compared(account, erp)
    assert leave(account, erp, twin) == []


def test_what_they_did_not_enter_goes_out(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin
) -> None:
    in_part(shadowed)
    compared(shadowed, erp)
    assert len(leave(shadowed, erp, twin)) == 1


def test_a_receipt_they_deleted_holds_nothing_back(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    payment, invoice, part = in_part(shadowed)
    by_hand(enter, invoice, part)
    compared(shadowed, erp)
    call(twin, "clerk", {"action": "delete", "company_id": "SOA"})
    compared(shadowed, erp)
    assert receipt_of(payment).held_because == "shadow"
    assert len(leave(shadowed, erp, twin)) == 1


def test_a_person_may_send_it_after_all(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    payment, invoice, part = in_part(shadowed)
    by_hand(enter, invoice, part)
    compared(shadowed, erp)
    assert leave(shadowed, erp, twin) == []
    release_receipt(receipt_of(payment).pk, actor="ada", now=LATER)
    post(shadowed, erp, LATER + timedelta(minutes=1))
    assert [item["amount"] for item in truth(twin)] == [str(Decimal(part))]


class Refusing(HttpErpLedger):
    """A service that refuses our log-in."""

    def staff_receipts(self, *args: Any, **more: Any) -> Any:
        raise CredentialError("sage500", "the API key is refused (401)")


def test_a_refused_log_in_is_not_taken_for_receipts_that_are_not_told(
    shadowed: MerchantAccount, erp: HttpErpLedger
) -> None:
    with pytest.raises(CredentialError):
        compared(shadowed, Refusing(erp._config))
    assert not Alert.objects.filter(code="shadow_not_compared").exists()
