"""The inbox: once each, without card data, never used up by a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from paysync.domain.errors import RuleError
from paysync.models import (
    Alert,
    AuditEntry,
    Connection,
    Counter,
    InboundEvent,
    MerchantAccount,
)
from paysync.services import inbox
from paysync.services.inbox import Arrival
from tests.factories import make_connection
from tests.workers import in_threads

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
POLL, HINT = InboundEvent.Source.POLL, InboundEvent.Source.HINT
State = InboundEvent.State
VISA = "4111111111111111"


def receive(connection: Connection, *arrivals: Arrival, **fields: Any) -> list[InboundEvent]:
    return inbox.receive(arrivals, source=POLL, connection=connection, now=NOW, **fields)


def one(connection: Connection, payload: dict[str, Any] | None = None) -> InboundEvent:
    return receive(connection, Arrival("t1", payload or {"a": 1}))[0]


def test_arrivals_come_back_in_order_new_and_known(merchant_account: MerchantAccount) -> None:
    connection = merchant_account.connection
    known = receive(connection, Arrival("b", {"n": 2}), merchant_account=merchant_account)[0]
    inbox.mark_done([known], NOW)
    rows = receive(
        connection,
        *(Arrival(name, {"n": n}) for name, n in [("c", 3), ("b", 2), ("a", 1), ("c", 3)]),
        merchant_account=merchant_account,
    )
    assert [row.external_id for row in rows] == ["c", "b", "a", "c"]
    assert (rows[1].pk, rows[1].state) == (known.pk, State.DONE)
    assert rows[0].pk == rows[3].pk
    assert InboundEvent.objects.count() == 3
    assert rows[0].merchant_account == merchant_account


def test_nothing_arrives_nothing_happens(connection: Connection) -> None:
    assert receive(connection) == []


def test_new_content_of_a_known_id_is_a_new_row(connection: Connection) -> None:
    receive(connection, Arrival("a", {"state": "captured"}), Arrival("a", {"state": "settled"}))
    assert InboundEvent.objects.count() == 2


def test_the_order_of_names_is_no_new_content(connection: Connection) -> None:
    receive(connection, Arrival("a", {"x": 1, "y": 2}), Arrival("a", {"y": 2, "x": 1}))
    assert InboundEvent.objects.count() == 1


def test_connections_and_sources_do_not_mix(connection: Connection) -> None:
    arrival = Arrival("a", {})
    receive(connection, arrival)
    receive(make_connection(), arrival)
    inbox.receive([arrival], source=HINT, connection=connection, now=NOW)
    assert InboundEvent.objects.count() == 3


def test_few_queries_for_many(
    connection: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    arrivals = [Arrival(str(n), {"n": n}) for n in range(1000)]
    with django_assert_max_num_queries(40):  # SQLite takes 83 rows in one INSERT
        rows = receive(connection, *arrivals)
    with django_assert_max_num_queries(2):
        again = receive(connection, *arrivals)
    assert [row.pk for row in rows] == [row.pk for row in again]


def test_card_data_is_removed_before_storing_and_counted_once(connection: Connection) -> None:
    arrival = Arrival(f"t{VISA}", {"card": {"number": VISA, "csc": "999"}, "note": VISA})
    row = receive(connection, arrival)[0]
    receive(connection, arrival)
    row.refresh_from_db()
    assert row.redactions == 4
    assert VISA not in f"{row.payload} {row.external_id}"
    counter = Counter.objects.get()
    assert (counter.name, counter.count) == ("card data removed", 4)


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "nul \x00 here"},
        {"text": "half \ud83d a pair"},
        {"nul \x00": 1},
        {"number": float("inf")},
        {"number": Decimal("1.50"), "at": NOW},
        {"text": "\U0001f600 ok \\u0000"},
    ],
)
def test_what_json_allows_and_databases_do_not_is_kept(
    connection: Connection, payload: dict[str, Any]
) -> None:
    row = one(connection, payload)
    row.refresh_from_db()
    assert one(connection, payload).pk == row.pk


def test_an_overlong_id_is_shortened_the_same_way_each_time(connection: Connection) -> None:
    rows = [receive(connection, Arrival("x" * 300, {}))[0] for _ in range(2)]
    assert rows[0].pk == rows[1].pk
    assert len(rows[0].external_id) <= 80


def test_done_events_are_due_no_more(connection: Connection) -> None:
    event = one(connection)
    assert list(inbox.due_events(POLL, NOW, 10)) == [event]
    assert list(inbox.due_events(HINT, NOW, 10)) == []
    inbox.mark_done([event], NOW)
    assert list(inbox.due_events(POLL, NOW, 10)) == []
    event.refresh_from_db()
    assert (event.state, event.done_at) == (State.DONE, NOW)


def test_a_claimed_event_is_not_due_until_its_lease_ends(connection: Connection) -> None:
    event = one(connection)
    claimed = inbox.claim_event(event.pk, NOW, 60)
    assert claimed is not None
    assert claimed.attempts == 1
    assert inbox.claim_event(event.pk, NOW + timedelta(seconds=59), 60) is None
    assert list(inbox.due_events(POLL, NOW, 10)) == []
    again = inbox.claim_event(event.pk, NOW + timedelta(seconds=60), 60)
    assert again is not None
    assert again.attempts == 2


def test_no_claim_of_what_is_done_or_not_there(connection: Connection) -> None:
    event = one(connection)
    inbox.mark_done([event], NOW)
    assert inbox.claim_event(event.pk, NOW, 60) is None
    assert inbox.claim_event(0, NOW, 60) is None


def test_failures_wait_longer_each_time_and_are_parked_after_eight(connection: Connection) -> None:
    event, now, waits = one(connection), NOW, []
    for _ in range(8):
        claimed = inbox.claim_event(event.pk, now, 60)
        assert claimed is not None
        inbox.mark_failed(claimed, f"no answer about {VISA}", now)
        event.refresh_from_db()
        assert VISA not in event.error
        if event.next_try_at:
            waits.append((event.next_try_at - now).total_seconds())
            now = event.next_try_at
    assert (event.state, event.attempts, len(waits)) == (State.PARKED, 8, 7)
    assert all(0.75 * 30 * 2**n <= wait <= 1.25 * 30 * 2**n for n, wait in enumerate(waits))
    assert Alert.objects.get().code == "inbox_parked"
    assert inbox.claim_event(event.pk, now + timedelta(days=1), 60) is None


def test_a_failure_without_a_claim_counts_too(connection: Connection) -> None:
    event = one(connection)
    inbox.mark_failed(event, "x", NOW)
    event.refresh_from_db()
    assert (event.state, event.attempts) == (State.FAILED, 1)


def test_an_event_that_kills_every_worker_is_parked(connection: Connection) -> None:
    event, now = one(connection), NOW
    for _ in range(8):
        assert inbox.claim_event(event.pk, now, 60)
        now += timedelta(seconds=60)
    assert inbox.claim_event(event.pk, now, 60) is None
    event.refresh_from_db()
    assert event.state == State.PARKED


def test_a_replay_makes_it_due_again_and_is_audited(connection: Connection) -> None:
    event = one(connection)
    event.attempts = 8
    inbox.mark_failed(event, "x", NOW)
    with pytest.raises(RuleError):
        inbox.replay(event, actor="eve", user_may=False)
    inbox.replay(event, actor="ann", user_may=True)
    assert list(inbox.due_events(POLL, NOW, 10)) == [event]
    entry = AuditEntry.objects.get(action="replay event")
    assert (entry.actor, entry.detail["state"]) == ("ann", "parked")
    assert not Alert.objects.filter(closed_at__isnull=True).exists()


def test_counters_add_up_by_local_day(connection: Connection) -> None:
    for at in (NOW, NOW + timedelta(hours=11), NOW + timedelta(hours=13)):
        inbox.count(connection, "x", at, by=2)
    assert list(Counter.objects.order_by("day").values_list("count", flat=True)) == [4, 2]


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_event(connection: Connection) -> None:
    event = one(connection)
    claims = in_threads(4, lambda _: inbox.claim_event(event.pk, NOW, 60))
    assert sorted(claim is None for claim in claims) == [False, True, True, True]


@pytest.mark.django_db(transaction=True)
def test_the_same_arrivals_at_once_make_one_row_each(connection: Connection) -> None:
    arrivals = [Arrival(str(n), {"n": n}) for n in range(50)]
    results = in_threads(4, lambda _: [row.pk for row in receive(connection, *arrivals)])
    assert results[0] == results[1] == results[2] == results[3]
    assert InboundEvent.objects.count() == 50


@pytest.mark.django_db(transaction=True)
def test_counting_at_once_loses_nothing(connection: Connection) -> None:

    def count_ten(_: int) -> None:
        for _ in range(10):
            inbox.count(connection, "x", NOW)

    in_threads(4, count_ten)
    assert Counter.objects.get().count == 40


@pytest.mark.parametrize("odd", ["🙂" * 50, "no\x00such", "half \ud83d", "x" * 81])
def test_an_id_that_no_column_holds_as_it_is_becomes_its_checksum(
    connection: Connection, odd: str
) -> None:
    """SQL Server counts a character beyond U+FFFF as two: fifty would not fit eighty."""
    first = receive(connection, Arrival(odd, {"a": 1}))[0]
    assert first.external_id.startswith("sha256:")
    again = receive(connection, Arrival(odd, {"a": 1}))[0]
    assert again.pk == first.pk


def test_what_came_in_keeps_its_rare_characters(connection: Connection) -> None:
    """A JSON column has no length that they could break."""
    event = receive(connection, Arrival("t1", {"name": "🙂 𠮷野家", "bad": "a\x00b"}))[0]
    event.refresh_from_db()
    assert event.payload == {"name": "🙂 𠮷野家", "bad": "a\ufffdb"}
