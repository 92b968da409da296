"""Keys of the API: issued once, exchanged with an overlap, revoked, and what a wrong one meets."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from paysync.domain.errors import RuleError
from paysync.domain.scopes import Scope
from paysync.models import ApiClient, ApiKey, AuditEntry
from paysync.services.api_keys import LONGEST_LIFE, find_key, issue_key, revoke_key, rotate_key
from tests.factories import make_company
from tests.portal import Program, program
from tests.workbench import person

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers/"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_counts() -> None:
    cache.clear()


@pytest.fixture
def portal() -> Program:
    return program(make_company())


def key_of(portal: Program) -> ApiKey:
    found = find_key(portal.key)
    assert found is not None
    return found


def refused(answer: Any, status: int, code: str) -> str:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:paysync:problem:{code}"
    assert body["request_id"] == answer["X-Request-Id"]
    return str(body["detail"])


def test_a_key_opens_the_door_and_is_kept_as_a_hash(portal: Program) -> None:
    assert portal.get(CUSTOMERS).status_code == 200
    key = key_of(portal)
    assert key.last_used_at is not None
    assert portal.key.startswith("psk_test_") and portal.key.startswith(key.beginning)
    everything = [str(value) for row in ApiKey.objects.values() for value in row.values()]
    everything += [str(row) for row in AuditEntry.objects.values_list("detail", flat=True)]
    assert not any(portal.key in text for text in everything)


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer nonsense", "Basic cHNrOg==", "Bearer psk_test_wrong",
             "Bearer psk_" + "x" * 5000, "Bearer psk_ \x01", "Bearer psk_a b"],
)  # fmt: skip
def test_without_a_key_that_works_nothing_is_told(sent: str) -> None:
    answer = Client().get(CUSTOMERS, headers={"Authorization": sent} if sent else {})
    assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] in {"not_authenticated", "authentication_failed"}


def test_an_expired_a_revoked_and_a_switched_off_one_are_told_apart(portal: Program) -> None:
    key = key_of(portal)
    ApiClient.objects.update(is_active=False)
    assert "switched off" in refused(portal.get(CUSTOMERS), 401, "authentication_failed")
    ApiClient.objects.update(is_active=True)
    ApiKey.objects.update(expires_at=timezone.now())
    assert "has expired" in refused(portal.get(CUSTOMERS), 401, "authentication_failed")
    revoke_key(key.pk, actor="ada", now=timezone.now())
    assert "was revoked" in refused(portal.get(CUSTOMERS), 401, "authentication_failed")


def test_a_key_is_exchanged_with_an_overlap(portal: Program) -> None:
    now, old = timezone.now(), key_of(portal)
    new, text = rotate_key(old.pk, actor="ada", now=now, overlap=DAY)
    assert portal.get(CUSTOMERS).status_code == 200
    assert Program(portal.client, text).get(CUSTOMERS).status_code == 200
    old.refresh_from_db()
    assert old.expires_at == now + DAY
    assert new.expires_at - new.created_at == timedelta(days=30)
    revoke_key(old.pk, actor="ada", now=now)
    with pytest.raises(RuleError, match="does not work any more"):
        rotate_key(old.pk, actor="ada", now=now)


def test_a_key_has_a_life_and_a_client_few_keys(portal: Program) -> None:
    now = timezone.now()
    for lives in (timedelta(0), LONGEST_LIFE + DAY):
        with pytest.raises(RuleError, match="A key lives"):
            issue_key(portal.client, lives=lives, actor="ada", now=now)
    for _ in range(9):
        issue_key(portal.client, lives=DAY, actor="ada", now=now)
    with pytest.raises(RuleError, match="10 keys that work"):
        issue_key(portal.client, lives=DAY, actor="ada", now=now)


def test_a_scope_that_is_missing_is_named() -> None:
    portal = program(make_company(), scopes=[Scope.INVOICES_READ])
    assert "customers:read" in refused(portal.get(CUSTOMERS), 403, "scope_needed")
    assert portal.get("/api/v1/invoices/").status_code == 200


def test_a_client_may_have_to_name_one_customer() -> None:
    portal = program(make_company(), requires_customer=True)
    assert "Paysync-Customer" in refused(portal.get(CUSTOMERS), 403, "customer_needed")
    portal.customer = 7
    assert portal.get(CUSTOMERS).json()["data"] == []
    for text in ("", "7 or 1=1", "-7", "7" * 19):
        wrong = portal.get(CUSTOMERS, None, **{"Paysync-Customer": text})
        assert refused(wrong, 400, "invalid").startswith("Paysync-Customer")


def test_too_many_requests_are_told_when_to_come_back(portal: Program) -> None:
    ApiClient.objects.update(requests_a_minute=3)
    with time_machine.travel(timezone.now().replace(second=10), tick=False) as clock:
        answers = [portal.get(CUSTOMERS) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
        late = answers[-1]
        assert (late["RateLimit-Limit"], late["Retry-After"]) == ("3", "50")
        assert late.json()["code"] == "too_many_requests"
        clock.shift(50)
        assert portal.get(CUSTOMERS).status_code == 200


def test_while_redis_is_down_nothing_is_counted_and_everybody_served(
    portal: Program, settings: Any
) -> None:
    with socket.socket() as held:  # bound, and nobody listens
        held.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{held.getsockname()[1]}"
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": url}}
        answer = portal.get(CUSTOMERS)
    assert answer.status_code == 200 and "RateLimit-Limit" not in answer


def test_nobody_signs_in_as_a_program(portal: Program) -> None:
    user = User.objects.get(username=f"api:{portal.client.slug}")
    assert not user.has_usable_password() and not user.is_staff
    assert not user.get_all_permissions()


@pytest.fixture
def admin_client() -> Client:
    web = Client()
    web.force_login(person("ada", "Finance admin"))
    return web


def test_an_administrator_makes_a_client_and_sees_its_key_once(admin_client: Client) -> None:
    company = make_company()
    form = {
        "name": "Portal", "slug": "portal", "environment": "sandbox", "companies": [company.pk],
        "scopes": ["invoices:read", "customers:read"], "requests_a_minute": "60", "is_active": "on",
    }  # fmt: skip
    made = admin_client.post("/paysync/apiclient/add/", form)
    assert made.status_code == 302, made.content.decode()[:3000]
    client = ApiClient.objects.get()
    assert sorted(client.scopes) == ["customers:read", "invoices:read"]
    again = admin_client.post("/paysync/apiclient/add/", form | {"name": "Another"})
    assert again.status_code == 200 and ApiClient.objects.count() == 1
    page = admin_client.post(f"/paysync/apiclient/{client.pk}/issue/", {"days": "30"})
    key = client.keys.get()
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"] and key.beginning in text
    full = text.split('class="secret">psk_')[1].split("<")[0]
    assert Program(client, f"psk_{full}").get("/api/v1/invoices/").status_code == 200
    shown = admin_client.get(f"/paysync/apiclient/{client.pk}/change/").content.decode()
    assert key.beginning in shown and full not in shown
    admin_client.post(f"/paysync/apiclient/keys/{key.pk}/rotate/")
    assert client.keys.count() == 2
    admin_client.post(f"/paysync/apiclient/keys/{key.pk}/revoke/")
    assert Program(client, f"psk_{full}").get("/api/v1/invoices/").status_code == 401


def test_others_issue_no_key(portal: Program) -> None:
    for number, role in enumerate(("Finance clerk", "Finance approver", "Auditor", "Operator")):
        web = Client()
        web.force_login(person(f"p{number}", role))
        key = key_of(portal)
        assert web.post(f"/paysync/apiclient/{portal.client.pk}/issue/").status_code == 403
        for deed in ("rotate", "revoke"):
            assert web.post(f"/paysync/apiclient/keys/{key.pk}/{deed}/").status_code == 403
    assert portal.client.keys.count() == 1 and portal.get(CUSTOMERS).status_code == 200
