"""Many browsers at one payment, two approvers, two workers: never more than there is, once each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.contrib.auth.models import User

from paysync.adapters.paytrace.v3 import PayTraceV3
from paysync.domain.errors import ConflictError, RuleError
from paysync.models import Connection, MerchantAccount
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.models import RefundDecision, RefundReason, RefundRequest
from reconciliation.queries.refundable import refundable_of
from reconciliation.services.proof import prove
from reconciliation.services.refunding import RefundRun, approve
from tests.choosing import buckets
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
    return PayTraceV3(config(twin))


@pytest.fixture
def clerk(db: None) -> User:
    RefundReason.objects.get_or_create(title="Goods returned")
    return person("clara")


def test_fifty_requests_at_once_never_exceed_what_there_is(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, clerk: User
) -> None:
    row = charged(twin, merchant_account, gateway)
    done = in_threads(50, lambda n: ask(row, "7.00", clerk))
    made = [one for one in done if isinstance(one, RefundRequest)]
    refused = [one for one in done if isinstance(one, RuleError)]
    assert (len(made), len(refused)) == (14, 36)
    assert str(refundable_of(row).left) == "2.00 USD"


def test_two_approvers_at_once_send_it_once(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, clerk: User
) -> None:
    request = ask(charged(twin, merchant_account, gateway, settled=True), "100.00", clerk)
    people = [person("ann", "Finance approver"), person("bea", "Finance approver")]

    def work(number: int) -> RefundRun:
        with suppress(ConflictError):  # the other was quicker; both go on to send
            approve(request.pk, user=people[number], now=NOW)
        return send(merchant_account, gateway)

    in_threads(2, work)
    assert RefundDecision.objects.count() == 1
    assert len(at_gateway(twin)) == 1
    assert RefundRequest.objects.get().state == "done"


def test_four_workers_send_each_request_once(
    twin: PayTraceTwin, merchant_account: MerchantAccount, gateway: PayTraceV3, clerk: User
) -> None:
    ann = person("ann", "Finance approver")
    rows = [charged(twin, merchant_account, gateway) for _ in range(4)]
    twin_row = charged(twin, merchant_account, gateway, settled=True)
    for row in rows:
        agreed(row, "60.00", clerk, ann)
        agreed(row, "40.00", clerk, ann)
    agreed(twin_row, "100.00", clerk, ann)
    for _ in range(3):
        in_threads(4, lambda n: send(merchant_account, gateway))
    assert set(RefundRequest.objects.values_list("state", flat=True)) == {"done"}
    assert len(at_gateway(twin)) == 9
    assert all(buckets(row) == {"captured": "100.00", "refunded": "100.00"} for row in rows)
    assert prove(now=NOW).violations == []
