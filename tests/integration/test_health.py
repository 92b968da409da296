"""Connections that fail rest; alerts open once; runs end; the machine doors answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import Error, InterfaceError, OperationalError
from django.test import Client
from django_q.models import OrmQ
from pytest_django import Settings

from paysync.domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
)
from paysync.models import Alert, Connection, OutgoingCall, SyncRun
from paysync.queries import health as queries
from paysync.services import alerts, health, runs

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DOWN = UnavailableError("paytrace", "not reached")


def fail(connection: Connection, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        health.note_failure(connection, DOWN, now)


def open_alerts() -> list[str]:
    return list(Alert.objects.filter(closed_at__isnull=True).values_list("code", flat=True))


def rest_s(connection: Connection) -> float:
    assert connection.resting_until is not None
    return (connection.resting_until - NOW).total_seconds()


def test_four_failures_are_borne(connection: Connection) -> None:
    fail(connection, 4)
    assert not health.is_resting(connection, NOW)
    assert OutgoingCall.objects.count() == 4
    assert open_alerts() == []


def test_the_fifth_opens_the_breaker_for_thirty_seconds(connection: Connection) -> None:
    fail(connection, 5)
    connection.refresh_from_db()
    assert health.is_resting(connection, NOW + timedelta(seconds=29))
    assert not health.is_resting(connection, NOW + timedelta(seconds=30))
    assert connection.health == Connection.Health.FAILING
    assert open_alerts() == ["connection_failing"]


@pytest.mark.parametrize(("times", "seconds"), [(6, 60), (7, 120), (9, 480), (10, 900), (40, 900)])
def test_the_rest_doubles_up_to_a_quarter_of_an_hour(
    connection: Connection, times: int, seconds: int
) -> None:
    fail(connection, times)
    assert rest_s(connection) == seconds
    assert Alert.objects.get().times == times - 4


def test_failures_of_several_workers_add_up(connection: Connection) -> None:
    others = [Connection.objects.get(pk=connection.pk) for _ in range(5)]
    for other in others:
        health.note_failure(other, OutcomeUnknownError("paytrace", "no answer"), NOW)
    assert health.is_resting(others[-1], NOW)


def test_retry_after_is_honoured_from_the_first_failure(connection: Connection) -> None:
    health.note_failure(connection, UnavailableError("paytrace", "429", retry_after_s=77), NOW)
    assert rest_s(connection) == 77


def test_an_answer_of_no_is_no_failure(connection: Connection) -> None:
    for _ in range(9):
        health.note_failure(connection, RejectedError("paytrace", "no such batch"), NOW)
    assert not health.is_resting(connection, NOW)
    assert OutgoingCall.objects.count() == 9


def test_a_refused_log_in_rests_for_good(connection: Connection) -> None:
    health.note_failure(connection, CredentialError("paytrace", "refused"), NOW)
    fail(connection, 1)
    connection.refresh_from_db()
    assert connection.health == Connection.Health.REFUSED
    assert health.is_resting(connection, NOW + timedelta(days=30))
    assert open_alerts() == ["credentials_refused"]


def test_success_closes_everything(connection: Connection) -> None:
    fail(connection, 6)
    health.note_success(connection, NOW + timedelta(minutes=2))
    connection.refresh_from_db()
    assert (connection.health, connection.failures) == (Connection.Health.OK, 0)
    assert (connection.resting_until, connection.last_error) == (None, "")
    assert open_alerts() == []


def test_success_after_success_is_not_written_each_time(connection: Connection) -> None:
    health.note_success(connection, NOW)
    health.note_success(connection, NOW + timedelta(seconds=29))
    connection.refresh_from_db()
    assert connection.last_ok_at == NOW
    health.note_success(connection, NOW + timedelta(seconds=30))
    connection.refresh_from_db()
    assert connection.last_ok_at == NOW + timedelta(seconds=30)


def test_a_card_number_in_an_error_is_not_kept(connection: Connection) -> None:
    health.note_failure(connection, UnavailableError("paytrace", "at 4111111111111111"), NOW)
    assert "4111" not in OutgoingCall.objects.get().message + connection.last_error


def test_an_alert_is_open_once_and_counts(connection: Connection) -> None:
    for number in range(3):
        alert = alerts.raise_alert("x", "key", f"seen {number}", connection=connection, now=NOW)
    assert (alert.times, alert.message) == (3, "seen 2")
    assert alerts.close_alert("key", actor="ann")
    assert not alerts.close_alert("key", actor="ann")
    again = alerts.raise_alert("x", "key", "seen again")
    assert (again.times, Alert.objects.count()) == (1, 2)


def test_a_run_ends_done(merchant_account: object) -> None:
    with runs.running(SyncRun.Job.POLL) as run:
        runs.progress(run, "page 1", read=10, written=3)
    run.refresh_from_db()
    assert (run.state, run.read, run.written) == (SyncRun.State.DONE, 10, 3)
    assert run.ended_at


def test_a_run_that_raises_is_failed_with_the_reason(db: None) -> None:
    with (
        pytest.raises(UnavailableError),
        runs.running(SyncRun.Job.MATCH) as run,
    ):
        raise UnavailableError("paytrace", "4111111111111111 not reached")
    run.refresh_from_db()
    assert run.state == SyncRun.State.FAILED
    assert "not reached" in run.error
    assert "4111" not in run.error


@pytest.mark.parametrize("kind", [OperationalError, Error])
def test_a_failure_that_cannot_be_noted_is_still_the_one_to_hear_of(
    db: None, monkeypatch: pytest.MonkeyPatch, kind: type[Error]
) -> None:
    def deadlock(*args: object, **kwargs: object) -> None:
        raise kind("deadlock")

    monkeypatch.setattr(runs, "finish_run", deadlock)
    with pytest.raises(UnavailableError), runs.running(SyncRun.Job.MATCH):
        raise UnavailableError("paytrace", "not reached")


def test_old_good_runs_are_trimmed_and_failed_ones_kept(db: None) -> None:
    with time_machine.travel(NOW - timedelta(days=40), tick=False):
        runs.finish_run(runs.start_run(SyncRun.Job.POLL))
        runs.finish_run(runs.start_run(SyncRun.Job.POLL), state=SyncRun.State.FAILED, error="x")
        lost = runs.start_run(SyncRun.Job.POLL)
    with time_machine.travel(NOW, tick=False):
        runs.finish_run(runs.start_run(SyncRun.Job.POLL))
        assert runs.trim_runs(30) == 1
        assert runs.fail_lost_runs(timedelta(days=1)) == 1
    lost.refresh_from_db()
    assert lost.state == SyncRun.State.FAILED
    assert SyncRun.objects.count() == 3


def test_connection_health_lists_active_connections(connection: Connection) -> None:
    fail(connection, 5)
    found = queries.connection_health(NOW)
    assert [(c.slug, c.health, c.is_resting) for c in found] == [("paytrace", "failing", True)]


def test_queue_depth_counts_what_waits(db: None) -> None:
    assert queries.queue_depth(NOW) == queries.QueueDepth(0, None)
    OrmQ.objects.create(key="paysync", payload="x", lock=NOW - timedelta(seconds=9))
    OrmQ.objects.create(key="paysync", payload="x", lock=NOW + timedelta(hours=1))
    assert queries.queue_depth(NOW) == queries.QueueDepth(1, 9.0)


def test_a_broker_that_does_not_answer_is_no_error(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ConnectionError

    monkeypatch.setattr("django_q.conf.Conf.ORM", None)
    monkeypatch.setattr("paysync.queries.health.get_broker", broken)
    assert queries.queue_depth(NOW) == queries.QueueDepth(None)


def test_healthz_answers_without_log_in(client: Client, db: None) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert client.post("/healthz").status_code == 405


# A refused login and a deadlock of SQL Server are an InterfaceError and a plain Error.
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, Error])
def test_healthz_says_503_and_nothing_more(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, kind: type[Error]
) -> None:
    def broken() -> None:
        raise kind("password of user paysync at 10.0.0.1")

    with monkeypatch.context() as patch:
        patch.setattr("paysync.queries.health.connection.cursor", broken)
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_metrics_are_for_staff_and_the_token(
    client: Client, connection: Connection, settings: Settings
) -> None:
    assert client.get("/metrics").status_code == 401
    settings.METRICS_TOKEN = "metrics-token"
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    answer = client.get("/metrics", headers={"authorization": "Bearer metrics-token"})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'paysync_connection_up{connection="paytrace"} 0' in text
    assert 'paysync_inbox_events{state="parked"} 0' in text
    client.force_login(User.objects.create_user("ann"))
    assert client.get("/metrics").status_code == 401
    client.force_login(User.objects.create_user("bob", is_staff=True))
    assert client.get("/metrics").status_code == 200
