"""What closes an invoice beside the money: a discount and a write-off go out with the receipt."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.ledger import Application, Bucket, fingerprint
from paysync.domain.money import Money
from paysync.domain.payments import Window
from paysync.models import MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from reconciliation.domain.matching.results import Share
from reconciliation.models import CashReceipt, GatewayTransaction, Invoice, ReconcilingItem
from reconciliation.queries.amounts import to_minor
from reconciliation.services.decisions import release_receipt
from reconciliation.services.following import follow_receipts
from reconciliation.services.journal import balances_of
from reconciliation.services.matching import apply_solution
from reconciliation.services.proof import Proof, prove
from reconciliation.services.recording import record_transactions
from tests.books import sale, usd
from tests.integration.sage_company import LATER, NOW, call, post, states, truth

pytestmark = pytest.mark.django_db

WRITE_OFF, ON_ACCOUNT = Decimal("2.50"), Decimal("10.00")


@pytest.fixture
def invoice(account: MerchantAccount) -> Invoice:
    """One with a discount that may be taken today."""
    rows = Invoice.objects.filter(
        is_open=True, in_dispute=False, customer__is_active=True, currency="USD", discount__gt=0
    )
    found = rows.filter(discount_until__gte=NOW.date()).order_by("tran_id").first()
    assert found is not None
    return found


def money(amount: Decimal) -> Money:
    return Money(amount, "USD")


def pay_with(
    account: MerchantAccount, invoice: Invoice, *, discount: Decimal, write_off: Decimal
) -> tuple[GatewayTransaction, Application]:
    """A payment over all else, and 10.00 more, matched to the invoice by a person."""
    amount = invoice.payable - discount - write_off
    record_transactions(account, [sale(amount=f"{amount + ON_ACCOUNT:.2f}")], now=NOW)
    payment = GatewayTransaction.objects.get()
    parts = [to_minor(part, "USD") for part in (amount, discount, write_off)]
    apply_solution(
        payment.pk, customer_id=invoice.customer_id, shares=[Share(invoice.pk, *parts)],
        unapplied=to_minor(ON_ACCOUNT, "USD"), rule="by_hand", rule_version=0,
        sentence="Chosen by a person.", card={}, actor="ada", now=NOW,
        write_off_account="603010000",
    )  # fmt: skip
    return payment, Application(invoice.tran_id, *map(money, (amount, discount, write_off)))


def proved(account: MerchantAccount, erp: HttpErpLedger) -> Proof:
    window = Window(NOW - timedelta(days=2), NOW + timedelta(days=2))
    return prove(now=LATER, ledgers={account.company_id: erp}, window=window)


def counts(proof: Proof) -> tuple[int, int, list[Any]]:
    return proof.missing, proof.duplicates, proof.violations


def test_a_discount_and_a_write_off_are_posted_with_the_receipt(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, invoice: Invoice
) -> None:
    payment, sent = pay_with(account, invoice, discount=invoice.discount, write_off=WRITE_OFF)
    post(account, erp)
    assert states() == {"submitted": 1}
    receipt = CashReceipt.objects.get()
    assert money(receipt.amount) == sent.amount + money(ON_ACCOUNT)
    key = receipt.idempotency_key
    found = erp.find_receipts([key])[key]
    assert found.applications == (sent,) and not found.differs
    assert (found.amount, found.unapplied) == (money(receipt.amount), money(ON_ACCOUNT))
    assert erp.payable_now("SOA", [invoice.tran_id])[invoice.tran_id] == usd("0")
    assert counts(proved(account, erp)) == (0, 0, [])

    call(twin, "clerk", {"action": "post", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"posted": 1}
    found = erp.find_receipts([key])[key]
    assert found.applications == (sent,) and not found.differs
    fallen = money(invoice.balance) - erp.get_invoice("SOA", invoice.tran_id).balance
    assert fallen == sent.amount + sent.discount + sent.write_off
    held = balances_of([payment])[payment.pk]
    assert held[Bucket.POSTED] == sent.amount
    assert held[Bucket.POSTED_UNAPPLIED] == money(ON_ACCOUNT)
    assert counts(proved(account, erp)) == (0, 0, [])
    assert not ReconcilingItem.objects.filter(state="open").exists()


def test_what_discount_and_write_off_take_must_be_open_too(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, invoice: Invoice
) -> None:
    pay_with(account, invoice, discount=invoice.discount, write_off=WRITE_OFF)
    paid = {"company_id": "SOA", "tran_id": invoice.tran_id, "amount": "0.01"}
    call(twin, "pay-invoice", paid)
    post(account, erp)
    receipt = CashReceipt.objects.get()
    assert (receipt.state, receipt.held_because) == ("held", "balance_changed")
    assert truth(twin) == []


def test_a_receipt_that_lost_its_discount_in_sage_is_told(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, invoice: Invoice
) -> None:
    _, sent = pay_with(account, invoice, discount=invoice.discount, write_off=Decimal(0))
    post(account, erp)
    receipt = CashReceipt.objects.get()
    link = {"invoice_tran_id": sent.invoice_tran_id, "amount": str(sent.amount.amount)}
    call(twin, "clerk", {
        "action": "edit", "idempotency_key": receipt.idempotency_key,
        "amount": f"{receipt.amount:.2f}", "applications": [link],
    })  # fmt: skip
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"edited_in_erp": 1}
    item = ReconcilingItem.objects.get(state="open", reason="edited_in_erp")
    assert "other applications" in item.sentence


def test_a_receipt_that_is_sent_again_takes_discount_and_write_off_along(
    account: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, invoice: Invoice
) -> None:
    _, sent = pay_with(account, invoice, discount=invoice.discount, write_off=WRITE_OFF)
    post(account, erp)
    call(twin, "clerk", {"action": "delete", "all": True})
    follow_receipts(account.company_id, erp=erp, now=LATER)
    assert states() == {"deleted_in_erp": 1}
    again = release_receipt(CashReceipt.objects.get().pk, actor="ada", now=LATER)
    post(account, erp, LATER)
    found = erp.find_receipts([again.idempotency_key])[again.idempotency_key]
    assert found.applications == (sent,) and not found.differs


def test_the_fingerprint_stands_for_discount_and_write_off_too(
    account: MerchantAccount, invoice: Invoice
) -> None:
    payment, sent = pay_with(account, invoice, discount=invoice.discount, write_off=WRITE_OFF)
    assert CashReceipt.objects.get().idempotency_key == fingerprint(
        gateway_id=payment.gateway_id,
        company_id="SOA",
        merchant_account=str(account.pk),
        sequence=1,
        customer_id=str(invoice.customer_id),
        amount=sent.amount + money(ON_ACCOUNT),
        applications=(sent,),
    )
