"""Recording gateway transactions: idempotent, order-proof, exact to the cent."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from paysync.domain.ledger import Bucket
from paysync.domain.payments import GatewayRecord, Method, State
from paysync.models import MerchantAccount
from reconciliation.models import GatewayTransaction, JournalEntry, ReconcilingItem
from reconciliation.services.journal import balances_of
from reconciliation.services.recording import Recorded, record_transactions
from tests.books import NOW, refund, sale, usd

pytestmark = pytest.mark.django_db


def record(account: MerchantAccount, *records: GatewayRecord) -> Recorded:
    return record_transactions(account, records, now=NOW)


def held(gateway_id: str) -> GatewayTransaction:
    return GatewayTransaction.objects.get(gateway_id=gateway_id)


def buckets(gateway_id: str) -> dict[str, str]:
    balances = balances_of([held(gateway_id)]).get(held(gateway_id).pk, {})
    return {bucket.value: str(money.amount) for bucket, money in balances.items() if money}


def test_a_capture_enters_the_ledger_as_unidentified(merchant_account: MerchantAccount) -> None:
    record(merchant_account, sale("1", "125.00"))
    assert buckets("1") == {"captured": "125.00", "unidentified": "125.00"}
    assert held("1").needs_match


def test_recording_again_changes_nothing(merchant_account: MerchantAccount) -> None:
    records = [sale("1"), sale("2", state=State.DECLINED), sale("3", state=State.VOIDED)]
    record(merchant_account, *records)
    entries = JournalEntry.objects.count()
    again = record(merchant_account, *records, *records)
    assert (again.new, again.moved, again.same) == (0, 0, 6)
    assert JournalEntry.objects.count() == entries == 1


def test_ids_that_differ_in_case_alone_are_two_payments(merchant_account: MerchantAccount) -> None:
    record(merchant_account, sale("tx-abC", "1.00"), sale("tx-ABc", "2.00"))
    again = record(merchant_account, sale("tx-ABc", "2.00"), sale("tx-abc", "3.00"))
    assert (again.new, again.same) == (1, 1)
    assert buckets("tx-abC")["captured"] == "1.00"
    assert buckets("tx-ABc")["captured"] == "2.00"
    assert buckets("tx-abc")["captured"] == "3.00"


def test_the_same_id_as_card_and_as_ach_are_two_payments(merchant_account: MerchantAccount) -> None:
    record(merchant_account, sale("77"), sale("77", method=Method.ACH, state=State.ACCEPTED))
    assert GatewayTransaction.objects.filter(gateway_id="77").count() == 2


def test_older_news_never_undoes_newer(merchant_account: MerchantAccount) -> None:
    record(merchant_account, sale("1", state=State.SETTLED))
    result = record(merchant_account, sale("1", state=State.CAPTURED))
    assert result.older == 1
    assert held("1").state == State.SETTLED


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_the_same_news_gives_the_same_books(
    merchant_account: MerchantAccount, seed: int
) -> None:
    news = [
        sale("1", state=State.AUTHORIZED),
        sale("1", state=State.CAPTURED),
        sale("1", state=State.SETTLED),
        sale("2", "80.00", method=Method.ACH, state=State.ACCEPTED),
        sale("2", "80.00", method=Method.ACH, state=State.SETTLED),
        sale("2", "80.00", method=Method.ACH, state=State.RETURNED),
        sale("3", state=State.CAPTURED),
        sale("3", state=State.VOIDED),
        refund("1", "30.00", gateway_id="9"),
    ]
    random.Random(seed).shuffle(news)
    for entry in news:
        record(merchant_account, entry)
    assert buckets("1") == {"captured": "100.00", "unidentified": "70.00", "refunded": "30.00"}
    assert buckets("2") == {"captured": "80.00", "charged_back": "80.00"}
    assert buckets("3") in ({}, {"captured": "100.00", "voided": "100.00"})
    assert not held("3").needs_match


def test_a_contradiction_is_kept_out_and_shown_once(merchant_account: MerchantAccount) -> None:
    record(merchant_account, sale("1", state=State.SETTLED))
    record(merchant_account, sale("1", state=State.VOIDED))
    record(merchant_account, sale("1", state=State.VOIDED))
    assert held("1").state == State.SETTLED
    item = ReconcilingItem.objects.get(reason="state_conflict")
    assert "voided" in item.sentence
    assert held("1").observations.filter(effect="conflict").count() == 1


def test_a_capture_for_less_than_authorized_counts_what_was_charged(
    merchant_account: MerchantAccount,
) -> None:
    record(merchant_account, sale("1", "100.00", state=State.AUTHORIZED))
    assert buckets("1") == {}
    record(merchant_account, sale("1", "60.00", state=State.CAPTURED))
    assert buckets("1") == {"captured": "60.00", "unidentified": "60.00"}


def test_another_amount_for_the_same_capture_is_an_open_item(
    merchant_account: MerchantAccount,
) -> None:
    record(merchant_account, sale("1", "100.00"))
    record(merchant_account, replace(sale("1", "90.00"), state=State.SETTLED))
    assert held("1").amount == usd("100.00").amount
    assert ReconcilingItem.objects.filter(reason="state_conflict", amount=90).exists()


def test_a_capture_of_nothing_is_an_open_item_and_no_money(
    merchant_account: MerchantAccount,
) -> None:
    record(merchant_account, sale("1", "0.00"))
    assert buckets("1") == {}
    assert ReconcilingItem.objects.get().reason == "bad_amount"


def test_a_refund_without_its_payment_waits_for_it(merchant_account: MerchantAccount) -> None:
    record(merchant_account, refund("1", "30.00", gateway_id="9"))
    assert ReconcilingItem.objects.get(reason="money_went_back").transaction == held("9")
    record(merchant_account, sale("1"))
    assert buckets("1")["refunded"] == "30.00"


def test_refunds_beyond_what_was_captured_are_refused_and_shown(
    merchant_account: MerchantAccount,
) -> None:
    record(merchant_account, sale("1", "50.00"))
    record(merchant_account, refund("1", "40.00", gateway_id="8"))
    record(merchant_account, refund("1", "20.00", gateway_id="9"))
    balances = balances_of([held("1")])[held("1").pk]
    assert balances[Bucket.REFUNDED] == usd("40.00")
    assert ReconcilingItem.objects.filter(reason="state_conflict").exists()


def test_queries_do_not_grow_with_the_records(
    merchant_account: MerchantAccount, django_assert_max_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def reads(count: int) -> int:
        records = [sale() for _ in range(count)]
        with CaptureQueriesContext(connection) as context:
            record(merchant_account, *records)
        return sum(query["sql"].startswith("SELECT") for query in context.captured_queries)

    assert reads(60) == reads(300)
