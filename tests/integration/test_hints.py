"""Hints: only known senders, nothing kept of the others, and each message once."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import Error, OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.live_server_helper import LiveServer

from paysync import views
from paysync.models import Connection, Counter, InboundEvent
from paysync.services import hints, vault
from tests.factories import make_connection

URL = "/hooks/paytrace/paytrace/"
NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
KEY, OTHER = b"k" * 32, b"o" * 32
VISA = "4111111111111111"
HINT = {"type": "transaction.updated", "data": {"transaction_id": "700100210", "method": "card"}}


def store(connection: Connection, name: str, value: str, **more: Any) -> None:
    vault.store_secret(connection, name, value, keys=settings.VAULT_KEYS, actor="test", **more)
    hints.forget_doors()


def whsec(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@pytest.fixture
def signed(connection: Connection) -> Connection:
    store(connection, "hint_signing_key", whsec(KEY))
    return connection


@pytest.fixture
def shared(connection: Connection) -> Connection:
    store(connection, "hint_shared_secret", "a long shared secret")
    return connection


def headers_for(
    body: bytes, *, key: bytes = KEY, at: datetime | None = None, message_id: str = "msg_1"
) -> dict[str, str]:
    stamp = str(int((at or timezone.now()).timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": hints.sign(key, message_id, stamp, body),
    }


def post(
    client: Client,
    payload: Any = None,
    *,
    headers: dict[str, str] | None = None,
    url: str = URL,
    content_type: str = "application/json",
    **signing: Any,
) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload or HINT).encode()
    if headers is None:
        headers = headers_for(body, **signing)
    return client.post(url, body, content_type=content_type, headers=headers)


def assert_refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message"}
    assert not InboundEvent.objects.exists()


def assert_counted(code: str) -> None:
    assert Counter.objects.get().name == f"hint refused: {code}"


# --- taken --------------------------------------------------------------------------------------


def test_a_signed_hint_is_kept_and_answered_202(client: Client, signed: Connection) -> None:
    answer = post(client)
    event = InboundEvent.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"id": event.pk, "duplicate": False})
    assert (event.source, event.connection, event.external_id) == ("hint", signed, "msg_1")
    assert (event.payload, event.state) == (HINT, InboundEvent.State.RECEIVED)


def test_the_job_is_woken_once_it_is_committed(
    client: Client,
    signed: Connection,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    woken: list[bool] = []
    monkeypatch.setattr(views, "wake_job", lambda: woken.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        post(client)
        assert woken == []
    assert woken == [True]


def test_the_signature_of_the_standards_own_example(db: None) -> None:
    """From the Standard Webhooks specification's reference test."""
    key = hints.to_signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = hints.sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_silent_post_with_the_shared_secret(client: Client, shared: Connection) -> None:
    body = (
        b"parmList=ORDERID%7ESO-1001%7CTRANSACTIONID%7E700100210%7CAPPCODE%7ETAS404%7C"
        b"CSCRESPONSE%7EMatch%7CEMAIL%7Ebuyer%40example.com%7C"
    )
    answer = post(
        client,
        body,
        headers={"X-Hint-Secret": "a long shared secret"},
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 202
    payload = InboundEvent.objects.get().payload
    assert payload["data"] == {"transaction_id": "700100210", "method": "card"}
    assert payload["post"]["CSCRESPONSE"] == "Match"


def test_the_shared_secret_as_a_basic_password(client: Client, shared: Connection) -> None:
    value = base64.b64encode(b"anyone:a long shared secret").decode()
    assert post(client, headers={"Authorization": f"Basic {value}"}).status_code == 202


def test_a_number_is_a_transaction_id_and_card_the_method(
    client: Client, signed: Connection
) -> None:
    post(client, {"data": {"transaction_id": 700100210}})
    assert InboundEvent.objects.get().payload["data"] == {
        "transaction_id": "700100210",
        "method": "card",
    }


def test_one_of_several_signatures_is_enough(client: Client, signed: Connection) -> None:
    body = json.dumps(HINT).encode()
    headers = headers_for(body)
    headers["webhook-signature"] = f"v1a,xxx v1,yyy {headers['webhook-signature']} v2,zzz"
    assert post(client, headers=headers).status_code == 202


def test_during_a_change_both_keys_count_and_then_the_new_one(
    client: Client, signed: Connection
) -> None:
    ends = timezone.now() + timedelta(minutes=10)
    store(signed, "hint_signing_key", whsec(OTHER), retires_previous_at=ends)
    assert post(client, key=KEY, message_id="a").status_code == 202
    assert post(client, key=OTHER, message_id="b").status_code == 202
    with time_machine.travel(ends + timedelta(seconds=1), tick=False):
        hints.forget_doors()
        assert post(client, key=KEY, message_id="c").status_code == 401
        assert post(client, key=OTHER, message_id="d").status_code == 202


def test_a_withdrawn_key_counts_no_more_after_five_seconds(
    client: Client, signed: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(client, message_id="a").status_code == 202
    vault.store_secret(
        signed, "hint_signing_key", whsec(OTHER), keys=settings.VAULT_KEYS, actor="test"
    )
    started = time.monotonic()
    monkeypatch.setattr("paysync.services.hints.time.monotonic", lambda: started + 5)
    assert post(client, message_id="b").status_code == 401


def test_a_malformed_key_does_not_close_the_door_for_the_others(
    client: Client, signed: Connection
) -> None:
    later = timezone.now() + timedelta(hours=1)
    store(signed, "hint_signing_key", "whsec_short", retires_previous_at=later)
    assert post(client).status_code == 202


def test_the_same_message_again_is_a_duplicate_and_one_row(
    client: Client, signed: Connection
) -> None:
    first, second = post(client), post(client)
    assert second.status_code == 202
    assert second.json() == {"id": first.json()["id"], "duplicate": True}
    assert InboundEvent.objects.count() == 1


def test_an_unsigned_hint_again_makes_the_job_look_again(
    client: Client, shared: Connection
) -> None:
    headers = {"X-Hint-Secret": "a long shared secret"}
    post(client, headers=headers)
    InboundEvent.objects.update(state="done", attempts=1)
    answer = post(client, headers=headers)
    assert answer.json()["duplicate"] is True
    assert InboundEvent.objects.get().state == InboundEvent.State.RECEIVED


def test_a_replayed_message_does_no_work_again(client: Client, signed: Connection) -> None:
    post(client)
    InboundEvent.objects.update(state="done")
    post(client)
    assert InboundEvent.objects.get().state == InboundEvent.State.DONE


def test_card_data_is_gone_before_it_is_stored_and_is_counted(
    client: Client, signed: Connection
) -> None:
    data = {"transaction_id": "1", "note": f"card {VISA}", "csc": "999"}
    assert post(client, {"data": data}).status_code == 202
    event = InboundEvent.objects.get()
    assert VISA not in str(event.payload)
    assert "999" not in str(event.payload)
    assert event.redactions == 2
    counter = Counter.objects.get()
    assert (counter.name, counter.count) == ("card data removed", 2)


def test_one_statement_is_all_a_hint_costs(
    client: Client, signed: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    post(client)
    with django_assert_max_num_queries(3):  # the insert; in a test also its two savepoints
        post(client, message_id="msg_2")


# --- refused ------------------------------------------------------------------------------------


def test_only_post(client: Client, signed: Connection) -> None:
    answer = client.get(URL)
    assert_refused(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": "other"},
        {"slug": "paytrace", "is_active": False},
        {"slug": "paytrace", "kind": Connection.Kind.SAGE500_HTTP},
    ],
)
def test_unknown_inactive_and_foreign_connections(
    client: Client, db: None, fields: dict[str, Any]
) -> None:
    store(make_connection(**fields), "hint_signing_key", whsec(KEY))
    assert_refused(post(client), 404, "unknown_connection")


def test_too_large_is_refused_before_it_is_read(client: Client, signed: Connection) -> None:
    body = b"x" * (settings.HINT_MAX_BYTES + 1)
    assert_refused(post(client, body), 413, "too_large")
    assert_counted("too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "", "multipart/form-data; boundary=x"])
def test_other_content_types(client: Client, signed: Connection, content_type: str) -> None:
    assert_refused(post(client, b"{}", content_type=content_type), 415, "content_type")
    assert_counted("content_type")


def test_a_charset_is_no_other_content_type(client: Client, signed: Connection) -> None:
    assert post(client, content_type="application/json; charset=utf-8").status_code == 202


def test_unsigned(client: Client, signed: Connection) -> None:
    answer = post(client, headers={})
    assert_refused(answer, 401, "unsigned")
    assert_counted("unsigned")


def test_a_secret_in_the_address_opens_nothing(client: Client, shared: Connection) -> None:
    url = URL + "?key=a+long+shared+secret"
    assert_refused(post(client, headers={}, url=url), 401, "unsigned")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hint-Secret": "another secret"},
        {"X-Hint-Secret": "ä"},
        {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()},
    ],
)
def test_a_wrong_shared_secret(client: Client, shared: Connection, headers: dict[str, str]) -> None:
    assert_refused(post(client, headers=headers), 401, "wrong_secret")


def test_a_shared_secret_where_none_is_set(client: Client, signed: Connection) -> None:
    assert_refused(post(client, headers={"X-Hint-Secret": "x"}), 401, "wrong_secret")


@pytest.mark.parametrize("value", ["Basic", "Basic ???", "Bearer a-token", "Basic Og=="])
def test_no_password_at_all(client: Client, shared: Connection, value: str) -> None:
    assert_refused(post(client, headers={"Authorization": value}), 401, "unsigned")


@pytest.mark.parametrize("seconds", [-301, 301])
def test_stale_both_ways(client: Client, signed: Connection, seconds: int) -> None:
    with time_machine.travel(NOW, tick=False):
        hints.forget_doors()
        answer = post(client, at=NOW + timedelta(seconds=seconds))
    assert_refused(answer, 401, "stale")
    assert_counted("stale")


@pytest.mark.parametrize("seconds", [-300, 300])
def test_just_in_time_both_ways(client: Client, signed: Connection, seconds: int) -> None:
    with time_machine.travel(NOW, tick=False):
        hints.forget_doors()
        assert post(client, at=NOW + timedelta(seconds=seconds)).status_code == 202


def test_a_wrong_signature(client: Client, signed: Connection) -> None:
    assert_refused(post(client, key=OTHER), 401, "wrong_signature")
    assert_counted("wrong_signature")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
def test_every_signed_part_counts(client: Client, signed: Connection, name: str) -> None:
    headers = headers_for(json.dumps(HINT).encode(), at=NOW)
    headers[name] = headers[name][:-1] + "7"
    with time_machine.travel(NOW, tick=False):
        hints.forget_doors()
        assert_refused(post(client, headers=headers), 401, "wrong_signature")


def test_a_changed_body_is_a_wrong_signature(client: Client, signed: Connection) -> None:
    headers = headers_for(json.dumps(HINT).encode())
    changed = {"data": {"transaction_id": "2"}}
    assert_refused(post(client, changed, headers=headers), 401, "wrong_signature")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "x" * 81),
        ("webhook-id", "with blank"),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "yesterday"),
        ("webhook-timestamp", "9" * 30),
    ],
)
def test_malformed_signature_headers(
    client: Client, signed: Connection, name: str, value: str
) -> None:
    headers = headers_for(json.dumps(HINT).encode()) | {name: value}
    assert_refused(post(client, headers=headers), 401, "unsigned")


@pytest.mark.parametrize(
    "body",
    [b" ", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"a": NaN}', b"[" * 60_000, b"1" * 60_000],
)
def test_malformed_json(client: Client, signed: Connection, body: bytes) -> None:
    assert_refused(post(client, body), 400, "malformed")


@pytest.mark.parametrize("body", [b" ", b"a=b", b"parmList=%ff", b"&".join([b"a=b"] * 60)])
def test_malformed_forms(client: Client, signed: Connection, body: bytes) -> None:
    answer = post(client, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {400, 422}
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"type": "x"}, "no_transaction"),
        ({"data": []}, "no_transaction"),
        ({"data": {"method": "card"}}, "no_transaction"),
        ({"data": {"transaction_id": ""}}, "no_transaction"),
        ({"data": {"transaction_id": None}}, "no_transaction"),
        ({"data": {"transaction_id": True}}, "no_transaction"),
        ({"data": {"transaction_id": ["1"]}}, "no_transaction"),
        ({"data": {"transaction_id": "9" * 41}}, "transaction_id"),
        ({"data": {"transaction_id": "1/../2"}}, "transaction_id"),
        ({"data": {"transaction_id": VISA}}, "transaction_id"),
        ({"data": {"transaction_id": "1", "method": "cash"}}, "method"),
        ({"data": {"transaction_id": "1", "method": ["card"]}}, "method"),
    ],
)
def test_what_names_no_transaction(
    client: Client, signed: Connection, payload: dict[str, Any], code: str
) -> None:
    assert_refused(post(client, payload), 422, code)
    assert_counted(code)


def test_text_no_database_takes_is_kept_harmless(client: Client, signed: Connection) -> None:
    body = b'{"data": {"transaction_id": "1", "note": "\\u0000 \\ud800", "n": 1e999}}'
    assert post(client, body).status_code == 202


# SQL Server's driver reports a deadlock as a plain Error.
@pytest.mark.parametrize("kind", [OperationalError, Error])
def test_when_it_cannot_be_kept_the_sender_is_told_to_send_again(
    client: Client, signed: Connection, monkeypatch: pytest.MonkeyPatch, kind: type[Error]
) -> None:
    def broken(*args: object) -> None:
        raise kind("disk full at /var/lib")

    monkeypatch.setattr("paysync.services.inbox.receive_one", broken)
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "disk" not in answer.content.decode()


# --- over a socket, and at once -----------------------------------------------------------------


def send(server: LiveServer, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("POST", URL, body, {"Content-Type": "application/json"} | headers)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


@pytest.mark.django_db(transaction=True)
def test_over_a_real_socket(live_server: LiveServer, signed: Connection) -> None:
    body = json.dumps(HINT).encode()
    status, answer = send(live_server, body, headers_for(body))
    assert (status, answer) == (202, {"id": InboundEvent.objects.get().pk, "duplicate": False})
    assert send(live_server, body, headers_for(body, key=OTHER))[0] == 401
    big = {"Content-Length": str(settings.HINT_MAX_BYTES + 1)}
    assert send(live_server, b"", big)[0] == 413


@pytest.mark.django_db(transaction=True)
def test_the_same_message_twice_at_once_is_one_row(
    live_server: LiveServer, signed: Connection
) -> None:
    body = json.dumps(HINT).encode()
    headers = headers_for(body, message_id=str(uuid.uuid4()))
    answers: list[tuple[int, dict[str, Any]]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(send(live_server, body, headers)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pk = InboundEvent.objects.get().pk
    assert sorted((status, a["id"], a["duplicate"]) for status, a in answers) == [
        (202, pk, False),
        (202, pk, True),
        (202, pk, True),
        (202, pk, True),
    ]


def test_many_hints_wake_the_job_once_and_a_later_one_again() -> None:
    fired = threading.Semaphore(0)
    waker = hints.Waker(fired.release, 0.05)
    for _ in range(20):
        waker()
    assert fired.acquire(timeout=5)
    assert not fired.acquire(timeout=0.2)
    waker()
    assert fired.acquire(timeout=5)


def test_a_wake_up_that_fails_does_not_stop_the_next() -> None:
    calls = threading.Semaphore(0)

    def broken() -> None:
        calls.release()
        raise OperationalError("locked")

    waker = hints.Waker(broken, 0.01)
    for _ in range(2):
        waker()
        assert calls.acquire(timeout=5)
        time.sleep(0.05)
