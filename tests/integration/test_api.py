"""GET /api/v1/proof/: right user, wrong user, no user, no proof yet."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from reconciliation.services.proof import prove
from reconciliation.services.roles import ensure_roles
from tests.books import NOW

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/proof/"


def sign_in(client: Client, role: str) -> None:
    ensure_roles()
    user = get_user_model().objects.create_user("u", password="x", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client.force_login(user)


def test_an_auditor_reads_the_newest_proof(client: Client) -> None:
    sign_in(client, "Auditor")
    assert client.get(ADDRESS).status_code == 404
    prove(now=NOW)
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert (answer.json()["holds"], answer.json()["open_items"]) == (True, 0)


def test_others_are_refused(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 403
    sign_in(client, "")
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS).status_code == 403
