"""Jobs over many companies and accounts: one that fails stops no other, and people are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ

from paysync.domain.errors import RecordError
from paysync.guarding import each, gateway_for, guarded
from paysync.models import Alert, Company, Connection, InboundEvent, MerchantAccount, SyncRun
from paysync.sandbox.paytrace.twin import PayTraceTwin
from paysync.schedules import DEFAULTS
from paysync.services import inbox
from paysync.services.vault import store_secret
from reconciliation import tasks
from reconciliation.models import GatewayTransaction
from reconciliation.services.polling import poll_merchant_account
from tests.contract.twins import tell
from tests.factories import make_company, make_connection, make_merchant_account

pytestmark = pytest.mark.django_db

SECRETS = {"username": "api", "password": "secret", "integrator_id": "paysync"}


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        yield twin


@pytest.fixture
def account(twin: PayTraceTwin) -> MerchantAccount:
    """A merchant account at the twin, with its credentials."""
    connection = make_connection(base_url=twin.url, name="PayTrace")
    account = make_merchant_account(connection=connection, merchant_id="1234567")
    store_all(connection)
    return account


def store_all(connection: Connection) -> None:
    for name, value in SECRETS.items():
        store_secret(connection, name, value, keys=settings.VAULT_KEYS, actor="test")


def open_alerts() -> list[str]:
    return [alert.key for alert in Alert.objects.filter(closed_at=None).order_by("pk")]


def queued() -> list[tuple[str, tuple[Any, ...]]]:
    return [(row.func(), row.task["args"]) for row in OrmQ.objects.order_by("pk")]


# --- one that fails stops no other --------------------------------------------------------------


def test_one_that_fails_is_alerted_and_stops_no_other() -> None:
    done: list[int] = []
    broken = {2}

    def call(pk: int) -> None:
        if pk in broken:
            raise ZeroDivisionError
        done.append(pk)

    each("match", [1, 2, 3], call)
    assert done == [1, 3]
    assert open_alerts() == ["job:match:2"]
    broken.clear()
    each("match", [2], call)
    assert open_alerts() == []


@pytest.mark.parametrize(
    ("job", "one", "alert"),
    [
        ("poll_all", "poll", "poll"),
        ("recheck_all", "recheck", "recheck"),
        ("check_yesterday", "check_days", "check"),
        ("refresh_all", "refresh", "refresh"),
        ("refresh_all_fully", "refresh", "refresh_fully"),
        ("match_all", "match", "match"),
        ("post_all", "post", "post"),
        ("follow_all", "follow", "follow"),
    ],
)
def test_every_job_goes_on_past_one_that_fails(
    monkeypatch: pytest.MonkeyPatch, job: str, one: str, alert: str
) -> None:
    first = make_merchant_account(company=make_company(company_id="AAA"), name="A")
    last = make_merchant_account(company=make_company(company_id="BBB"), name="B")
    called: list[int] = []

    def broken(subject: Any, *args: Any, **options: Any) -> None:
        pk = getattr(subject, "pk", subject)
        called.append(pk)
        if len(called) == 1:
            raise ZeroDivisionError

    monkeypatch.setattr(import_module(getattr(tasks, job).__module__), one, broken)
    getattr(tasks, job)()
    of_company = called == [first.company_id, last.company_id]
    assert of_company or called == [first.pk, last.pk]
    assert open_alerts() == [f"job:{alert}:{called[0]}"]


def test_a_hint_that_fails_unexpectedly_stops_no_other(
    account: MerchantAccount, twin: PayTraceTwin
) -> None:
    ids = tell(twin, "payments", [{"amount": "10.00"}, {"amount": "11.00"}])["ids"]
    broken = {"transaction_id": "1", "method": "seashells"}
    said = [{"transaction_id": pk, "method": "card"} for pk in ids]
    events = inbox.receive(
        [inbox.Arrival(str(n), {"data": d}) for n, d in enumerate([said[0], broken, said[1]])],
        source=InboundEvent.Source.HINT,
        connection=account.connection,
        now=timezone.now(),
    )
    tasks.process_hints()
    assert set(GatewayTransaction.objects.values_list("gateway_id", flat=True)) == set(ids)
    assert open_alerts() == [f"job:hint:{events[1].pk}"]
    assert queued() == [(tasks.MATCH, (account.company_id,))]


# --- what stops a reading is said, and taken back once it goes on -------------------------------


def unreadable() -> None:
    raise RecordError("no list in the answer")


def test_an_unreadable_answer_is_alerted_until_the_same_job_reads_again(
    connection: Connection,
) -> None:
    assert guarded(connection, unreadable, job="poll:1") is None
    [alert] = Alert.objects.filter(closed_at=None)
    assert "not readable: no list in the answer" in alert.message
    guarded(connection, lambda: None, job="poll:2")
    guarded(connection, lambda: None, job="recheck:1")
    assert open_alerts() == [alert.key], "what others read says nothing of this one"
    guarded(connection, lambda: None, job="poll:1")
    assert open_alerts() == []


def test_a_missing_credential_is_no_unreadable_record(
    account: MerchantAccount, twin: PayTraceTwin
) -> None:
    account.connection.secrets.filter(name="password").delete()
    tasks.poll(account.pk)
    tasks.recheck(account.pk)
    tasks.check(account.pk)
    [alert] = Alert.objects.filter(closed_at=None)
    assert (alert.code, alert.times) == ("connection_incomplete", 3)
    assert "The secret password is not set" in alert.message.replace("the", "The")
    assert "Connections" in alert.advice
    assert "engineer" not in alert.advice
    assert SyncRun.objects.filter(state="failed").count() == 3
    store_all(account.connection)
    tasks.poll(account.pk)
    assert open_alerts() == []


def test_a_company_whose_erp_lacks_a_credential_is_told_of_once(company: Company) -> None:
    for job in (tasks.refresh, tasks.follow, tasks.post):
        job(company.pk)
    assert [alert.code for alert in Alert.objects.all()] == ["connection_incomplete"]


def test_a_hint_without_credentials_is_not_used_up(account: MerchantAccount) -> None:
    account.connection.secrets.all().delete()
    [event] = inbox.receive(
        [inbox.Arrival("1", {"data": {"transaction_id": "1", "method": "card"}})],
        source=InboundEvent.Source.HINT,
        connection=account.connection,
        now=timezone.now(),
    )
    tasks.process_hints()
    event.refresh_from_db()
    assert (event.state, event.attempts) == ("received", 0)
    assert open_alerts() == [f"incomplete:{account.connection_id}:{account.pk}"]


# --- open payments are asked for again ----------------------------------------------------------


def test_late_ach_is_read_again_on_a_schedule_and_matched(
    account: MerchantAccount, twin: PayTraceTwin
) -> None:
    assert "reconciliation.tasks.recheck_all" in {default.func for default in DEFAULTS}
    now, then = timezone.now(), timezone.now() - timedelta(days=10)
    tell(twin, "payments", [{"amount": "10.00", "method": "ach", "created_at": then.isoformat()}])
    gateway = gateway_for(account)
    for moment in (then, now):
        poll_merchant_account(account.pk, gateway=gateway, now=moment, lookback=timedelta(days=3))
    tell(twin, "advance", steps=2)
    tasks.recheck_all()
    assert GatewayTransaction.objects.get().state == "settled"
    assert queued() == [(tasks.MATCH, (account.company_id,))]
    run = SyncRun.objects.get()
    assert run.job == SyncRun.Job.RECHECK
    assert run.progress == "by id: 1 asked for, 1 moved on, 0 not given"
    tasks.recheck_all()
    assert OrmQ.objects.count() == 1, "nothing moved, nothing to match"
