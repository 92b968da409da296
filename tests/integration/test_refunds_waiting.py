"""What *Today* says of refunds that wait for whoever looks, and the list behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from paysync.models import MerchantAccount
from reconciliation.models import GatewayTransaction, RefundPolicy, RefundRequest
from reconciliation.queries import refund_waiting
from reconciliation.services.refunding import approve, cancel
from tests.choosing import waiting_payment
from tests.refunds import ask_now
from tests.workbench import account, person

__all__ = ["account"]

pytestmark = pytest.mark.django_db
TODAY = reverse("admin:index")
LIST = reverse("admin:reconciliation_refundrequest_changelist")
PANEL = 'id="waits-title"'


@pytest.fixture
def row(account: MerchantAccount) -> GatewayTransaction:
    RefundPolicy.objects.create(company=account.company, one_up_to="1.00")
    return waiting_payment(account)


def page(user: User, address: str = TODAY) -> str:
    return " ".join(answer(user, address).content.decode().split())


def answer(user: User, address: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(address)


def listed(user: User) -> list[int]:
    rows = answer(user, f"{LIST}?waits=me").context["cl"].result_list
    return sorted(row.pk for row in rows)


def test_an_approver_is_told_of_what_they_may_decide_and_of_nothing_else(
    row: GatewayTransaction,
) -> None:
    ann, bea = person("ann", "Finance approver"), person("bea", "Finance approver")
    clara = person("clara")
    own, agreed, taken_back, late, waits = (
        ask_now(row, "10.00", who).pk for who in (ann, clara, clara, clara, clara)
    )
    now = timezone.now()
    approve(agreed, user=ann, now=now)  # the second approval is not hers
    cancel(taken_back, user=clara, now=now)
    RefundRequest.objects.filter(pk=late).update(expires_at=now - timedelta(minutes=1))
    assert listed(ann) == [waits] and listed(bea) == [own, agreed, waits]
    assert "1 refund to approve" in page(ann) and "3 refunds to approve" in page(bea)
    assert f'href="{LIST}?waits=me"' in page(ann)


@pytest.mark.parametrize(
    ("role", "told"),
    [("Finance approver", True), ("Finance admin", True), ("Finance clerk", False),
     ("Auditor", False), ("Operator", False)],
)  # fmt: skip
def test_who_is_told(row: GatewayTransaction, role: str, told: bool) -> None:
    ask_now(row, "10.00", person("clara"))
    who = person("who", role)
    assert (PANEL in page(who)) == told
    if who.has_perm("reconciliation.view_refundrequest") and not told:
        assert len(listed(who)) == 1  # no such filter: the whole list


def test_where_nothing_waits_it_says_so(row: GatewayTransaction) -> None:
    assert "No refund to approve." in page(person("ann", "Finance approver"))


def test_very_many_are_not_counted(
    row: GatewayTransaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refund_waiting, "MOST_COUNTED", 2)
    monkeypatch.setattr("reconciliation.dashboard.MOST_COUNTED", 2)
    clara = person("clara")
    for _ in range(4):
        ask_now(row, "1.00", clara)
    assert "More than 2 refunds to approve" in page(person("ann", "Finance approver"))


def test_it_costs_the_same_for_any_number(row: GatewayTransaction) -> None:
    clara, ann = person("clara"), person("ann", "Finance approver")
    costs = []
    for _ in range(2):
        for _ in range(4):
            ask_now(row, "1.00", clara)
        with CaptureQueriesContext(database) as seen:
            page(ann)
        costs.append(len(seen))
    assert costs[0] == costs[1]
