"""The PayTrace twin itself: faults, hints, settlement, and life as a process."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from paysync.sandbox.faults import FaultDeck
from paysync.sandbox.messages import Request, Response, route
from paysync.sandbox.paytrace.twin import PayTraceTwin
from paysync.sandbox.twin import Twin
from tests.contract.twins import NOON, charges_at, make_payments, tell

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests").decode()


class Receiver(Twin):
    """Takes hints and keeps them."""

    def __init__(self) -> None:
        super().__init__("receiver")
        self.got: list[Request] = []

    @route("POST", "/hints")
    def take(self, request: Request) -> Response:
        self.got.append(request)
        return Response(status=202)

    def ids(self) -> list[str]:
        return [json.loads(hint.body)["data"]["transaction_id"] for hint in self.got]


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    twin = PayTraceTwin()
    with twin:
        yield twin


@pytest.fixture
def receiver(twin: PayTraceTwin) -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver:
        tell(twin, "hints", url=f"{receiver.url}/hints", secret=SECRET)
        yield receiver


def test_a_seeded_card_fires_the_same_way_each_time() -> None:
    def dealt(seed: int) -> list[bool]:
        deck = FaultDeck()
        deck.play("slow", times=None, probability=0.5, seed=seed)
        return [deck.take("slow", "/v1/x") is not None for _ in range(50)]

    assert dealt(7) == dealt(7) != dealt(8)


def test_a_card_is_played_for_its_routes_and_times_only() -> None:
    deck = FaultDeck({"own": "x"})
    deck.play("own", times=2, route="/v1/*")
    assert deck.take("own", "/v3/x") is None
    assert [deck.take("own", "/v1/x") is not None for _ in range(3)] == [True, True, False]
    deck.play("slow")
    assert deck.take("slow", "/oauth/token", quiet=True) is None
    with pytest.raises(ValueError, match="no card"):
        deck.play("no such card")


def test_a_person_plays_cards_from_the_page(twin: PayTraceTwin) -> None:
    page = requests.get(f"{twin.url}/_twin/", timeout=5)
    assert "code_103" in page.text and page.headers["X-Sim-Invented"] == "1"
    form = {"name": "code_103", "times": "2", "route": "*"}
    answer = requests.post(f"{twin.url}/_twin/faults", data=form, timeout=5)
    assert answer.url == f"{twin.url}/_twin/"
    assert [(c.name, c.times) for c in twin.faults.in_play()] == [("code_103", 2)]
    requests.post(f"{twin.url}/_twin/faults/clear", timeout=5)
    assert twin.faults.in_play() == []


def test_an_unknown_card_or_setting_is_refused(twin: PayTraceTwin) -> None:
    for path, body in (("faults", {"name": "x"}), ("settings", {"x": 1})):
        answer = requests.post(f"{twin.url}/_twin/{path}", json=body, timeout=5)
        assert answer.status_code == 422


def test_a_hint_is_signed_and_names_the_transaction(twin: PayTraceTwin, receiver: Receiver) -> None:
    made = make_payments(twin, {})
    twin.engine.hints.wait()
    (hint,) = receiver.got
    assert receiver.ids() == made
    signed = f"{hint.headers['webhook-id']}.{hint.headers['webhook-timestamp']}.".encode()
    digest = hmac.new(b"a secret of the tests", signed + hint.body, hashlib.sha256).digest()
    assert hint.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_hints_come_twice_and_out_of_order_on_demand(
    twin: PayTraceTwin, receiver: Receiver
) -> None:
    tell(twin, "faults", name="reordered_hints")
    first, second = make_payments(twin, {}, {})
    twin.engine.hints.wait()
    assert receiver.ids() == [second, first]
    tell(twin, "faults", name="duplicate_hint")
    tell(twin, "settle")
    twin.engine.hints.wait()
    assert receiver.ids()[2:] == [first, first, second]
    assert receiver.got[2].headers["webhook-id"] == receiver.got[3].headers["webhook-id"]


def test_batch_numbers_wrap_after_999(twin: PayTraceTwin) -> None:
    twin.engine.settings.first_batch_number = 999
    numbers = []
    for _ in range(2):
        make_payments(twin, {})
        numbers.append(tell(twin, "settle")["batch_number"])
    assert numbers == ["999", "1"]
    assert tell(twin, "settle")["batch_number"] is None


def test_the_open_batch_settles_at_eight_in_the_evening_if_the_account_says_so(
    twin: PayTraceTwin,
) -> None:
    tell(twin, "settings", auto_settle=True)
    tell(twin, "clock", at=NOON.isoformat(), frozen=True)
    make_payments(twin, {})
    for seconds, batches in ((7 * 3600, 0), (3600, 1), (3600, 1)):
        tell(twin, "clock", advance_s=seconds)
        assert (
            len(requests.get(f"{twin.url}/_twin/batches", timeout=5).json()["batches"]) == batches
        )
    (payment,) = twin.store.rows("SELECT settled FROM payments")
    assert datetime.fromtimestamp(payment["settled"], UTC).hour == 3  # 8 pm in Los Angeles


def test_a_skewed_clock_stamps_the_future(twin: PayTraceTwin) -> None:
    tell(twin, "clock", at=NOON.isoformat(), frozen=True)
    tell(twin, "faults", name="clock_skew", minutes=7)
    tell(twin, "payments", [{"amount": "5.00"}, {"amount": "6.00"}])
    created = [
        row["created"] for row in twin.store.rows("SELECT created FROM payments ORDER BY seq")
    ]
    assert created == [NOON.timestamp() + 420, NOON.timestamp()]


def test_an_ach_payment_returns_instead_of_settling_on_demand(twin: PayTraceTwin) -> None:
    made = make_payments(twin, {"method": "ach"}, {"method": "ach"})
    tell(twin, "faults", name="ach_return", code="R02")
    moved = tell(twin, "advance", steps=2)["moved"]
    assert moved == [
        {"id": made[0], "status": "RETURNED"},
        {"id": made[1], "status": "SETTLED"},
    ]


def test_ten_thousand_payments_are_made_in_seconds(twin: PayTraceTwin) -> None:
    started = time.perf_counter()
    made = make_payments(twin, *[{"invoice_id": f"INV-{n}"} for n in range(10_000)])
    assert len(set(made)) == 10_000
    assert time.perf_counter() - started < 10


def test_it_runs_as_a_process_and_keeps_its_database(tmp_path: Path) -> None:
    kept = []
    for _ in range(2):
        port_file = tmp_path / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "paysync.sandbox.paytrace", "--database"]
        command += [str(tmp_path / "paytrace.sqlite3"), "--port-file", str(port_file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it listens
            url = f"http://127.0.0.1:{port_file.read_text()}"
            requests.post(f"{url}/_twin/payments", json=[{"amount": "5.00"}], timeout=5)
            answer = requests.get(f"{url}/_twin/transactions", timeout=5).json()
            kept.append(len(answer["transactions"]))
            process.terminate()
            assert process.wait(10) == 0
    assert kept == [1, 2]


def test_faults_before_the_work_leave_no_trace(twin: PayTraceTwin) -> None:
    assert charges_at(twin) == []
    token = requests.post(
        f"{twin.url}/oauth/token",
        data={"grant_type": "password", "username": "apiuser", "password": "apipass"},
        timeout=5,
    ).json()["access_token"]
    tell(twin, "settings", strict_customers=False)
    body = {"amount": "5.00", "customer_id": "1", "integrator_id": "paysync"}
    for name in ("rate_limited", "server_error", "token_expired", "timeout_before"):
        tell(twin, "faults", name=name, hold_s=0.01)
        try:
            requests.post(
                f"{twin.url}/v1/transactions/sale/by_customer",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=5,
            )
        except requests.ConnectionError:
            assert name == "timeout_before"
    assert charges_at(twin) == []
