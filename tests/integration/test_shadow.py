"""Shadow mode over the socket: the twin's clerk enters receipts, paysync decides beside him."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from paysync.adapters.sage500.http_api import HttpErpLedger
from paysync.domain.errors import RejectedError
from paysync.models import Alert, Company, MerchantAccount
from paysync.sandbox.sage500.twin import SageTwin
from paysync.services.bulk import upsert
from reconciliation.models import CashReceipt, GatewayTransaction, Invoice, ShadowComparison
from reconciliation.services import shadowing
from reconciliation.services.matching import match_company
from reconciliation.services.recording import record_transactions
from tests.books import sale
from tests.integration.sage_company import (
    LATER,
    NOW,
    account,
    call,
    dataset,
    erp,
    payable_invoices,
    post,
    twin,
)

__all__ = ["account", "dataset", "erp", "twin"]
pytestmark = pytest.mark.django_db

DAY = NOW.date().isoformat()
Enter = Callable[..., None]


@pytest.fixture
def shadowed(account: MerchantAccount) -> MerchantAccount:
    account.company.mode = Company.Mode.SHADOW
    account.company.save()
    return account


@pytest.fixture
def enter(twin: SageTwin) -> Enter:
    """The clerk types in a receipt for an invoice's customer."""

    def entered(number: str, owner: Invoice, *paid: Invoice, **more: Any) -> None:
        links = [{"invoice_tran_id": one.tran_id, "amount": f"{one.payable:.2f}"} for one in paid]
        total = sum((one.payable for one in paid), Decimal(0))
        order = {
            "action": "enter", "company_id": "SOA", "customer_id": owner.customer.customer_id,
            "tran_no": number, "amount": f"{total:.2f}", "tran_date": DAY, "applications": links,
        }  # fmt: skip
        call(twin, "clerk", order | more)

    return entered


def pay_for(account: MerchantAccount, invoice: Invoice, **fields: Any) -> GatewayTransaction:
    """A payment of the invoice's amount, recorded; matched with the others."""
    values = {
        "amount": f"{invoice.payable:.2f}",
        "invoice_reference": invoice.tran_id,
        "gateway_customer_id": invoice.customer.customer_id,
    } | fields
    record = sale(**values)
    record_transactions(account, [record], now=NOW)
    return GatewayTransaction.objects.get(gateway_id=record.gateway_id)


def compared(account: MerchantAccount, erp: HttpErpLedger, at: datetime = LATER) -> int:
    return shadowing.compare_company(account.company, erp=erp, now=at)


def said(payment: GatewayTransaction) -> ShadowComparison:
    return ShadowComparison.objects.get(transaction=payment)


def story(account: MerchantAccount, enter: Enter) -> list[GatewayTransaction]:
    """Same, different, only the staff, only paysync, nobody; in this order."""
    same, other, staff, ours, nobody = payable_invoices(5)
    paid = [
        pay_for(account, same),
        pay_for(account, other),
        pay_for(account, staff, amount="7.77", invoice_reference="", gateway_customer_id=""),
        pay_for(account, ours),
        pay_for(account, nobody, amount="3.33", invoice_reference="?", gateway_customer_id=""),
    ]
    match_company(account.company_id, now=NOW)
    enter("8001", same, same)
    enter("8002", other, amount=f"{other.payable:.2f}")
    link = {"invoice_tran_id": staff.tran_id, "amount": "7.77"}
    comment = f"card {paid[2].gateway_id}"
    enter("8003", staff, amount="7.77", applications=[link], comment=comment)
    return paid


def test_each_payment_gets_its_verdict_and_its_sentence(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    same, other, staff, ours, nobody = story(shadowed, enter)
    call(twin, "clerk", {"action": "post", "company_id": "SOA"})
    assert compared(shadowed, erp) == 5
    assert [said(one).verdict for one in (same, other, staff, ours, nobody)] == [
        "same", "different", "only_staff", "only_us", "waiting",
    ]  # fmt: skip
    assert said(same).ours == said(same).theirs != []
    assert said(same).erp_tran_id == "CR-8001"
    named = other.invoice_reference
    assert said(other).theirs == []
    assert "CR-8002: the staff applied" in said(other).explanation
    assert f"paysync would have applied it to {named}, because" in said(other).explanation
    assert "CR-8003" in said(staff).explanation and "left it to a person" in said(staff).explanation
    assert ours.invoice_reference in said(ours).explanation
    assert "no receipt of the staff" in said(ours).explanation


def test_nothing_is_sent_and_nothing_else_is_written(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    story(shadowed, enter)
    compared(shadowed, erp)
    post(shadowed, erp)
    held = CashReceipt.objects.values_list("state", "held_because").distinct()
    assert set(held) == {("held", "shadow"), ("held", "by_staff")}
    assert twin.store.value("SELECT COUNT(*) FROM ptx_Receipt") == 0


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        dict(one) for one in ShadowComparison.objects.order_by("transaction_id").values()
    ]
    return [{name: one[name] for name in one if name != "compared_at"} for one in found]


def test_a_second_run_gives_the_same_rows(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    story(shadowed, enter)
    assert compared(shadowed, erp) == 5
    first = rows()
    assert compared(shadowed, erp, LATER + timedelta(hours=1)) == 0
    assert rows() == first


def test_what_happens_later_changes_the_verdict(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    invoice = payable_invoices(1)[0]
    payment = pay_for(shadowed, invoice)
    compared(shadowed, erp)
    assert said(payment).verdict == "waiting"
    match_company(shadowed.company_id, now=NOW)
    compared(shadowed, erp)
    assert said(payment).verdict == "only_us"
    enter("8100", invoice, invoice)
    assert compared(shadowed, erp) == 1
    assert said(payment).verdict == "same"


def test_a_run_that_dies_halfway_is_finished_by_the_next(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    story(shadowed, enter)
    whole, count = upsert, iter(range(99))

    def dies(*args: Any, **more: Any) -> tuple[int, int]:
        if next(count) == 2:
            raise KeyboardInterrupt
        return whole(*args, **more)

    monkeypatch.setattr(shadowing, "chunks", lambda keys: ([key] for key in keys))
    monkeypatch.setattr(shadowing, "upsert", dies)
    with pytest.raises(KeyboardInterrupt):
        compared(shadowed, erp)
    assert ShadowComparison.objects.count() == 2
    monkeypatch.undo()
    assert compared(shadowed, erp) == 3
    first = rows()
    ShadowComparison.objects.all().delete()
    compared(shadowed, erp)
    assert [{**one, "id": 0} for one in rows()] == [{**one, "id": 0} for one in first]


def test_a_payment_whose_money_went_back_is_not_spoken_of(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    payment = story(shadowed, enter)[0]
    compared(shadowed, erp)
    GatewayTransaction.objects.filter(pk=payment.pk).update(state="voided")
    assert compared(shadowed, erp) == 1
    assert not ShadowComparison.objects.filter(transaction=payment).exists()


def test_what_paysync_sent_before_is_not_compared(
    account: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    invoice = payable_invoices(1)[0]
    pay_for(account, invoice)
    match_company(account.company_id, now=NOW)
    post(account, erp)
    account.company.mode = Company.Mode.SHADOW
    account.company.save()
    assert compared(account, erp) == 0
    assert not ShadowComparison.objects.exists()


class Silent(HttpErpLedger):
    """A service that is older than this part of the contract."""

    def staff_receipts(self, *args: Any, **more: Any) -> Any:
        raise RejectedError("sage500", "no such resource", reason="not_found")


def test_receipts_that_are_not_told_are_not_taken_for_missing(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    payment = story(shadowed, enter)[0]
    compared(shadowed, erp)
    first = rows()
    assert compared(shadowed, Silent(erp._config)) == 0
    assert rows() == first and said(payment).verdict == "same"
    assert Alert.objects.get(code="shadow_not_compared", closed_at=None)
    compared(shadowed, erp)
    assert not Alert.objects.filter(code="shadow_not_compared", closed_at=None).exists()


def test_a_receipt_nobody_can_read_is_told_and_costs_no_other(
    shadowed: MerchantAccount, erp: HttpErpLedger, twin: SageTwin, enter: Enter
) -> None:
    same, _, staff, _, _ = story(shadowed, enter)
    call(twin, "faults", {"name": "malformed_row", "route": "*/staff-receipts"})
    compared(shadowed, erp)
    assert said(same).verdict == "same" and said(staff).verdict == "waiting"
    assert "1 receipts" in Alert.objects.get(code="shadow_not_compared").message


def test_many_payments_take_no_more_statements_than_few(
    shadowed: MerchantAccount, erp: HttpErpLedger, enter: Enter
) -> None:
    counts = []
    invoices = iter(payable_invoices(20))
    for many in (2, 12):
        for _ in range(many):
            pay_for(shadowed, next(invoices))
        match_company(shadowed.company_id, now=NOW)
        with CaptureQueriesContext(database) as seen:
            compared(shadowed, erp)
        counts.append(len(seen))
        ShadowComparison.objects.all().delete()
    assert counts[0] == counts[1]
