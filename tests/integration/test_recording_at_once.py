"""Several workers that record payments of one merchant account at the same moment."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from paysync.domain.payments import GatewayRecord, Method, State, UnreadableRecord
from paysync.models import InboundEvent, MerchantAccount
from paysync.services.bulk import locked
from reconciliation.models import GatewayTransaction, JournalEntry, ReconcilingItem
from reconciliation.services.polling import keep_unreadable
from reconciliation.services.recording import record_transactions
from tests.books import NOW, refund, sale
from tests.workers import in_threads

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12
on_postgres = pytest.mark.skipif(
    not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"),
    reason="rows are locked one by one on PostgreSQL; DATABASE_URL names another database",
)


def at_once(account: MerchantAccount, *batches: list[GatewayRecord]) -> None:
    """Record each batch in a worker of its own."""
    results = in_threads(
        len(batches), lambda n: record_transactions(account, batches[n], now=NOW).new
    )
    assert [result for result in results if isinstance(result, BaseException)] == []


def test_a_payment_seen_by_two_workers_is_recorded_once(merchant_account: MerchantAccount) -> None:
    for number in range(ROUNDS):
        same = [sale(f"{number}-{place}") for place in range(5)]
        at_once(merchant_account, same, same)
    assert GatewayTransaction.objects.count() == ROUNDS * 5
    assert JournalEntry.objects.count() == ROUNDS * 5


def test_a_refund_recorded_while_its_payment_is_finds_it(
    merchant_account: MerchantAccount,
) -> None:
    for number in range(ROUNDS):
        back = refund(f"{number}", "30.00", gateway_id=f"{number}-back")
        at_once(merchant_account, [sale(f"{number}")], [back])
    assert JournalEntry.objects.filter(event_key__startswith="refund:").count() == ROUNDS
    assert not ReconcilingItem.objects.filter(state="open").exists()


def keep_at_once(account: MerchantAccount, entries: list[UnreadableRecord]) -> list[Any]:
    return in_threads(2, lambda _: keep_unreadable(account, entries, now=NOW))


def test_an_unreadable_record_seen_by_two_workers_opens_one_item(
    merchant_account: MerchantAccount,
) -> None:
    for number in range(ROUNDS):
        entries = [
            UnreadableRecord(f"{number}-{place}", "no amount", {"n": place}, method=Method.CARD)
            for place in range(5)
        ]
        assert keep_at_once(merchant_account, entries) == [None, None]
    assert ReconcilingItem.objects.filter(state="open").count() == ROUNDS * 5
    assert InboundEvent.objects.filter(state="parked").count() == ROUNDS * 5


@pytest.mark.postgres
@on_postgres
def test_a_refund_locks_its_payment_in_the_order_that_matching_does(
    merchant_account: MerchantAccount,
) -> None:
    record_transactions(merchant_account, [sale("old"), sale("new")], now=NOW)
    old, new = GatewayTransaction.objects.order_by("pk")
    failed: list[BaseException] = []

    def record() -> None:
        try:
            news = [sale("new", state=State.SETTLED), refund("old", "30.00")]
            record_transactions(merchant_account, news, now=NOW)
        except BaseException as error:
            failed.append(error)
        finally:
            database.close()

    worker = threading.Thread(target=record)
    with transaction.atomic():
        lock(old)
        worker.start()
        wait_until_one_waits()
        lock(new)
    worker.join()
    assert failed == []
    assert JournalEntry.objects.filter(event_key__startswith="refund:").count() == 1


def lock(row: GatewayTransaction) -> None:
    locked(GatewayTransaction.objects.all()).get(pk=row.pk)


def wait_until_one_waits() -> None:
    """Until another connection waits for a lock of ours."""
    sql = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    deadline = time.monotonic() + 10
    with database.cursor() as cursor:
        row: tuple[Any, ...] = (0,)
        while not row[0] and time.monotonic() < deadline:
            time.sleep(0.02)
            cursor.execute(sql)
            row = cursor.fetchone()
    assert row[0], "nobody waits"
