"""Matching a company: what is written, what is left over, what happens twice or at once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from paysync.domain.errors import RuleError
from paysync.domain.ledger import ReceiptState
from paysync.domain.payments import GatewayRecord, Method, State
from paysync.models import AuditEntry, Company, Connection, MerchantAccount
from reconciliation.domain.matching.results import Share
from reconciliation.models import (
    CashReceipt,
    FiscalPeriod,
    GatewayTransaction,
    GLMapping,
    Invoice,
    Match,
    ReconcilingItem,
)
from reconciliation.services.decisions import release_receipt, review_held
from reconciliation.services.items import resolve_item
from reconciliation.services.journal import balances_of
from reconciliation.services.matching import MatchRun, apply_solution, match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.releasing import unmatch
from tests.books import NOW, make_customer, make_invoice, ready, refund, sale
from tests.factories import make_merchant_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant_account(company: Company, connection: Connection) -> MerchantAccount:
    account = make_merchant_account(company=company, connection=connection)
    ready(account)
    return account


def run(account: MerchantAccount, *records: GatewayRecord) -> MatchRun:
    record_transactions(account, records, now=NOW)
    return match_company(account.company_id, now=NOW)


def paid(amount: str, invoice: Invoice, gateway_id: str = "") -> GatewayRecord:
    """A payment by the invoice's customer that names the invoice."""
    payer = invoice.customer.customer_id
    return sale(gateway_id, amount, invoice_reference=invoice.tran_id, gateway_customer_id=payer)


def match_again(row: GatewayTransaction, invoice: Invoice) -> Match:
    """What a person does after undoing a match."""
    return apply_solution(
        row.pk,
        customer_id=invoice.customer_id,
        shares=[Share(invoice.pk, int(row.amount * 100))],
        unapplied=0,
        rule="by_hand",
        rule_version=0,
        sentence="By hand.",
        card={},
        actor="ada",
        now=NOW,
    )


def buckets(gateway_id: str) -> dict[str, str]:
    row = GatewayTransaction.objects.get(gateway_id=gateway_id)
    return {b.value: str(m.amount) for b, m in balances_of([row])[row.pk].items() if m}


def reason() -> str:
    return ReconcilingItem.objects.get(state="open").reason


def test_a_payment_that_names_its_invoice_becomes_a_due_receipt(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company, "125.00")
    run(merchant_account, sale("700100205", "125.00", invoice_reference=invoice.tran_id))
    receipt = CashReceipt.objects.get()
    assert receipt.state == ReceiptState.DUE
    assert receipt.amount == Decimal("125")
    assert receipt.tran_no == "C700100205"
    assert receipt.comment == "PT 700100205 5439 TAS401"
    assert receipt.idempotency_key.startswith("PT700100205-1-")
    assert buckets("700100205") == {"captured": "125.00", "applied": "125.00"}
    assert AuditEntry.objects.filter(action="matched").count() == 1
    assert prove(now=NOW).violations == []


def test_matching_again_changes_nothing(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    run(merchant_account, sale(invoice_reference=invoice.tran_id), sale(amount="7.77"))
    again = match_company(company.pk, now=NOW)
    assert (again.seen, again.matched) == (1, 0)
    assert Match.objects.count() == CashReceipt.objects.count() == 1
    assert ReconcilingItem.objects.count() == 1


def test_two_payments_never_take_more_than_the_invoice_has(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company, "100.00")
    run(
        merchant_account,
        sale("1", "100.00", invoice_reference=invoice.tran_id),
        sale("2", "100.00", invoice_reference=invoice.tran_id),
    )
    assert Match.objects.count() == 1
    assert reason() == "already_paid"
    run(merchant_account, sale("3", "100.00", invoice_reference=invoice.tran_id))
    assert Match.objects.count() == 1


def test_an_overpayment_applies_what_is_due_and_leaves_the_rest_on_account(
    merchant_account: MerchantAccount, company: Company
) -> None:
    run(merchant_account, paid("130.00", make_invoice(company, "100.00"), "1"))
    assert buckets("1") == {"captured": "130.00", "applied": "100.00", "unapplied": "30.00"}
    assert CashReceipt.objects.get().amount == 130
    item = ReconcilingItem.objects.get(state="open")
    assert (item.reason, item.amount) == ("overpayment", Decimal(30))
    assert prove(now=NOW).violations == []


def test_a_known_payer_without_a_match_is_unapplied_not_unidentified(
    merchant_account: MerchantAccount, company: Company
) -> None:
    make_customer(company, "ACME")
    run(merchant_account, sale("1", "5.00", gateway_customer_id=" acme"))
    assert buckets("1") == {"captured": "5.00", "unapplied": "5.00"}
    assert reason() == "no_exact_amount"


def test_an_invoice_that_arrives_later_is_matched_then(
    merchant_account: MerchantAccount, company: Company
) -> None:
    run(merchant_account, sale("1", "100.00", invoice_reference="IN-0099999999"))
    assert reason() == "unknown_invoice"
    make_invoice(company, "100.00", tran_id="IN-0099999999", tran_no="0099999999")
    match_company(company.pk, now=NOW)
    assert CashReceipt.objects.count() == 1
    assert ReconcilingItem.objects.filter(state="open").count() == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"in_dispute": True}, "invoice_in_dispute"),
        ({"tran_type": 502}, "not_payable"),
        ({"currency": "CAD"}, "currency_mismatch"),
        ({"payable": "0"}, "already_paid"),
    ],
)
def test_what_may_not_be_paid_is_an_open_item(
    merchant_account: MerchantAccount, company: Company, change: dict[str, Any], expected: str
) -> None:
    invoice = make_invoice(company, **change)
    run(merchant_account, sale(invoice_reference=invoice.tran_id))
    assert reason() == expected
    assert not CashReceipt.objects.exists()


def test_an_inactive_customer_is_an_open_item(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company, customer=make_customer(company, is_active=False))
    run(merchant_account, sale(invoice_reference=invoice.tran_id))
    assert reason() == "inactive_customer"


def test_text_that_sage_cannot_hold_is_an_open_item(
    merchant_account: MerchantAccount, company: Company
) -> None:
    run(merchant_account, sale(invoice_reference="請求書 77"))
    assert reason() == "bad_text"


def test_without_a_mapping_nothing_is_posted_and_the_reason_is_said(
    merchant_account: MerchantAccount, company: Company
) -> None:
    GLMapping.objects.update(ended_on="2026-02-01")
    invoice = make_invoice(company)
    run(merchant_account, sale(invoice_reference=invoice.tran_id))
    assert reason() == "no_gl_mapping"


def test_a_closed_period_holds_the_receipt_until_it_opens(
    merchant_account: MerchantAccount, company: Company
) -> None:
    FiscalPeriod.objects.update(is_open=False)
    invoice = make_invoice(company)
    run(merchant_account, sale(invoice_reference=invoice.tran_id))
    receipt = CashReceipt.objects.get()
    assert (receipt.state, receipt.held_because) == ("held", "period_closed")
    assert reason() == "period_closed"
    assert prove(now=NOW).violations == []
    FiscalPeriod.objects.update(is_open=True)
    assert review_held(company.pk, now=NOW) == 1
    receipt.refresh_from_db()
    assert receipt.state == "due"
    assert not ReconcilingItem.objects.filter(state="open").exists()


def test_ach_waits_for_its_settlement(merchant_account: MerchantAccount, company: Company) -> None:
    invoice = make_invoice(company)
    record = sale("1", method=Method.ACH, state=State.ACCEPTED, invoice_reference=invoice.tran_id)
    run(merchant_account, record)
    assert CashReceipt.objects.get().held_because == "not_settled"
    with pytest.raises(RuleError):
        release_receipt(CashReceipt.objects.get().pk, actor="ada", now=NOW)
    settled = sale("1", method=Method.ACH, state=State.SETTLED)
    record_transactions(merchant_account, [settled], now=NOW)
    review_held(company.pk, now=NOW)
    assert CashReceipt.objects.get().state == "due"


@pytest.mark.parametrize(("mode", "wait"), [("shadow", "shadow"), ("propose", "proposal")])
def test_a_careful_company_sends_nothing_by_itself(
    merchant_account: MerchantAccount, company: Company, mode: str, wait: str
) -> None:
    Company.objects.update(mode=mode)
    invoice = make_invoice(company)
    run(merchant_account, sale(invoice_reference=invoice.tran_id))
    receipt = CashReceipt.objects.get()
    assert (receipt.state, receipt.held_because) == ("held", wait)
    if mode == "propose":
        assert release_receipt(receipt.pk, actor="ada", now=NOW).state == "due"
    else:
        with pytest.raises(RuleError):
            release_receipt(receipt.pk, actor="ada", now=NOW)


def test_a_void_before_sending_takes_the_receipt_back(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    run(merchant_account, sale("1", invoice_reference=invoice.tran_id))
    record_transactions(merchant_account, [sale("1", state=State.VOIDED)], now=NOW)
    assert CashReceipt.objects.get().state == "withdrawn"
    assert buckets("1") == {"captured": "100.00", "voided": "100.00"}
    run(merchant_account, sale("2", invoice_reference=invoice.tran_id))
    assert CashReceipt.objects.filter(state="due").count() == 1
    assert prove(now=NOW).violations == []


def test_a_void_after_sending_asks_a_person(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    run(merchant_account, sale("1", invoice_reference=invoice.tran_id))
    CashReceipt.objects.update(state="submitted", submitted_at=NOW)
    record_transactions(merchant_account, [sale("1", state=State.VOIDED)], now=NOW)
    assert buckets("1") == {"captured": "100.00", "voided": "100.00"}
    assert reason() == "money_went_back"
    assert prove(now=NOW).violations == []


def test_a_partial_refund_before_sending_leaves_a_receipt_for_the_rest(
    merchant_account: MerchantAccount, company: Company
) -> None:
    run(merchant_account, paid("100.00", make_invoice(company), "1"))
    run(merchant_account, refund("1", "30.00", gateway_id="9"))
    assert buckets("1") == {"captured": "100.00", "applied": "70.00", "refunded": "30.00"}
    assert CashReceipt.objects.get(state="due").amount == 70
    assert prove(now=NOW).violations == []


def test_unmatching_restores_both_sides(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    run(merchant_account, sale("1", invoice_reference=invoice.tran_id))
    row = GatewayTransaction.objects.get()
    unmatch(row.pk, actor="ada", reason="wrong invoice", now=NOW)
    assert buckets("1") == {"captured": "100.00", "unidentified": "100.00"}
    assert CashReceipt.objects.get().state == "withdrawn"
    match_again(row, invoice)
    receipt = CashReceipt.objects.get(state="due")
    assert receipt.sequence == 2
    assert receipt.idempotency_key.startswith("PT1-2-")
    assert prove(now=NOW).violations == []


def test_a_submitted_match_cannot_be_undone_here(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company)
    run(merchant_account, sale("1", invoice_reference=invoice.tran_id))
    CashReceipt.objects.update(state="unknown")
    with pytest.raises(RuleError):
        unmatch(GatewayTransaction.objects.get().pk, actor="ada", reason="x", now=NOW)


def test_an_application_counts_until_the_mirror_has_seen_it(
    merchant_account: MerchantAccount, company: Company
) -> None:
    invoice = make_invoice(company, "100.00")
    run(merchant_account, paid("60.00", invoice, "1"))
    CashReceipt.objects.update(state="submitted", submitted_at=NOW + timedelta(minutes=1))
    run(merchant_account, paid("60.00", invoice, "2"))
    assert buckets("2") == {"captured": "60.00", "applied": "40.00", "unapplied": "20.00"}
    Invoice.objects.update(payable="60.00", read_at=NOW + timedelta(minutes=2))
    CashReceipt.objects.filter(transaction__gateway_id="2").update(
        state="submitted", submitted_at=NOW
    )
    run(merchant_account, paid("60.00", invoice, "3"))
    assert buckets("3") == {"captured": "60.00", "applied": "60.00"}


def test_what_a_person_resolved_is_not_opened_again_for_the_same_reason(
    merchant_account: MerchantAccount, company: Company
) -> None:
    run(merchant_account, sale("1", "5.00"))
    resolve_item(ReconcilingItem.objects.get().pk, actor="ada", note="on account")
    match_company(company.pk, now=NOW)
    assert not ReconcilingItem.objects.filter(state="open").exists()
    assert prove(now=NOW + timedelta(days=1)).violations == []
    GatewayTransaction.objects.update(customer=make_customer(company))
    match_company(company.pk, now=NOW)
    assert reason() == "no_exact_amount"


def test_reads_do_not_grow_with_the_payments(
    merchant_account: MerchantAccount, company: Company
) -> None:
    def reads(count: int) -> int:
        records = [sale(invoice_reference=make_invoice(company).tran_id) for _ in range(count)]
        record_transactions(merchant_account, records, now=NOW)
        with CaptureQueriesContext(database) as context:
            assert match_company(company.pk, now=NOW).matched == count
        return sum(query["sql"].startswith("SELECT") for query in context.captured_queries)

    assert reads(60) == reads(200)
