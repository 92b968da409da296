"""Disputes and refunds at one moment: never more leaves the books than was captured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import ConflictError, RuleError
from paysync.models import Connection, MerchantAccount
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute, DisputeEvent, RefundReason
from reconciliation.queries.refundable import refundable_of
from reconciliation.services.disputing import change_state
from reconciliation.services.proof import prove
from tests.choosing import buckets
from tests.disputes import LATER, disputed
from tests.refunds import NOW, agreed, ask, at_gateway, charged, config, send
from tests.workbench import person
from tests.workers import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def twin() -> Iterator[PayTraceTwin]:
    with PayTraceTwin(username="api", password="secret", integrator_id="paysync") as twin:
        twin.clock.set(NOW)
        yield twin


@pytest.fixture
def gateway(twin: PayTraceTwin, merchant_account: MerchantAccount) -> PayTraceV3:
    Connection.objects.update(kind=Connection.Kind.PAYTRACE_V3)
    RefundReason.objects.get_or_create(title="Goods returned")
    return PayTraceV3(config(twin))


@pytest.fixture
def ann(db: None) -> User:
    return person("ann", "Finance approver")


def test_a_case_is_opened_once_however_many_tell_it(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, ann: User
) -> None:
    row = charged(twin, merchant_account, gateway)
    done = in_threads(8, lambda n: disputed(row, ann, case_number="CB-1"))
    assert [type(one) for one in done if isinstance(one, Exception)] == [ConflictError] * 7
    assert Dispute.objects.count() == 1 and buckets(row)["charged_back"] == "100.00"


def test_refunds_are_asked_for_while_a_dispute_opens(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, ann: User
) -> None:
    row = charged(twin, merchant_account, gateway, settled=True)

    def work(number: int) -> object:
        return disputed(row, ann, "60.00") if number == 4 else ask(row, "15.00", ann)

    done = in_threads(9, work)
    assert not [one for one in done if isinstance(one, Exception) and type(one) is not RuleError]
    parts = refundable_of(row)
    assert str(parts.charged_back) == "60.00 USD" and parts.left.amount >= 0
    assert prove(now=NOW).violations == []


def test_a_refund_is_sent_while_a_dispute_opens(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, ann: User
) -> None:
    rows = [charged(twin, merchant_account, gateway, settled=True) for _ in range(4)]
    clara = person("clara")
    for row in rows:
        agreed(row, "70.00", clara, ann)

    def work(number: int) -> object:
        if number == 0:
            return send(merchant_account, gateway)
        return disputed(rows[number - 1], ann)

    done = in_threads(5, work)
    assert not [one for one in done if isinstance(one, Exception)]
    for row in rows:
        back = sum(float(r["amount"]) for r in at_gateway(twin)
                   if str(r["original_id"]) == row.gateway_id)  # fmt: skip
        held = {name: float(text) for name, text in buckets(row).items()}
        assert held.get("refunded", 0) == back
        assert held.get("refunded", 0) + held.get("charged_back", 0) <= 100
    assert prove(now=NOW).violations == []


def test_two_people_say_how_it_ended(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, ann: User
) -> None:
    row = charged(twin, merchant_account, gateway)
    case = disputed(row, ann)
    ends = (DisputeState.WON, DisputeState.LOST)
    revision = Dispute.objects.get().revision

    def work(number: int) -> object:
        return change_state(case.pk, ends[number % 2], user=ann, now=LATER, revision=revision)

    done = in_threads(6, work)
    assert sum(isinstance(one, Dispute) for one in done) == 1
    state = Dispute.objects.get().state
    where = "charged_back" if state == DisputeState.LOST else "unidentified"
    assert buckets(row) == {"captured": "100.00", where: "100.00"}
    assert DisputeEvent.objects.filter(kind="state").count() == 1
    assert prove(now=NOW).violations == []
