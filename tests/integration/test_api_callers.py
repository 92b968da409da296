"""Every endpoint for programs against every wrong caller."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from customers.models import Customer
from paysync.api.views import KeyView
from paysync.domain.scopes import Scope
from paysync.models import ApiClient, ApiKey
from paysync.services.api_keys import find_key, revoke_key
from reconciliation.models import Invoice
from tests.books import make_customer, make_invoice
from tests.factories import make_company
from tests.portal import Program, program
from tests.workbench import person

pytestmark = pytest.mark.django_db
#: Which of our records an address with a key names.
SUBJECTS: dict[str, Callable[[Invoice], int]] = {
    "api-customer": lambda invoice: invoice.customer_id,
    "api-customer-statement": lambda invoice: invoice.customer_id,
    "api-invoice": lambda invoice: invoice.pk,
}


def endpoints() -> list[tuple[str, str]]:
    """(name, method) of everything that is for keys."""
    found = []
    for name, entry in get_resolver().reverse_dict.items():
        view = getattr(resolve(name), "view_class", None) if isinstance(name, str) else None
        if view is not None and issubclass(view, KeyView) and entry:
            found += [(name, method) for method in view.scopes]
    return sorted(found)


def resolve(name: str) -> Any:
    def walk(patterns: Any) -> Any:
        for one in patterns:
            if hasattr(one, "url_patterns"):
                yield from walk(one.url_patterns)
            elif one.name == name:
                yield one.callback

    return next(walk(get_resolver().url_patterns), None)


ENDPOINTS = endpoints()


@pytest.fixture(autouse=True)
def no_counts() -> None:
    cache.clear()


@pytest.fixture
def invoice() -> Invoice:
    company = make_company()
    return make_invoice(company, customer=make_customer(company, "ACME"))


def send(portal: Program, name: str, method: str, invoice: Invoice) -> Any:
    key = SUBJECTS.get(name)
    address = reverse(name, args=[key(invoice)] if key else [])
    if method == "GET":
        return portal.get(address)
    return portal.post(address, {})


def test_the_table_names_every_endpoint_with_a_key_in_its_address() -> None:
    assert len(ENDPOINTS) >= 5
    for name, _ in ENDPOINTS:
        try:
            reverse(name)
        except Exception:
            assert name in SUBJECTS


@pytest.mark.parametrize(("name", "method"), ENDPOINTS)
def test_only_the_right_caller_is_served(name: str, method: str, invoice: Invoice) -> None:
    right = program(invoice.company)
    assert send(right, name, method, invoice).status_code not in {401, 403, 404, 405}
    needed = resolve(name).view_class.scopes[method]
    lacking = program(invoice.company, scopes=set(Scope) - {needed})
    answer = send(lacking, name, method, invoice)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_needed")
    key = SUBJECTS.get(name)
    address = reverse(name, args=[key(invoice)] if key else [])
    if method == "GET":
        assert right.web.head(address, headers=right.headers()).status_code == 200
        assert lacking.web.head(address, headers=lacking.headers()).status_code == 403
    for other in {"put", "patch", "delete", "trace"} - {method.lower()}:
        assert getattr(right.web, other)(address, headers=right.headers()).status_code == 405


@pytest.mark.parametrize(("name", "method"), ENDPOINTS)
def test_keys_that_do_not_work_are_refused(name: str, method: str, invoice: Invoice) -> None:
    def program_after(change: Callable[[ApiKey], object]) -> Program:
        portal = program(invoice.company)
        key = find_key(portal.key)
        assert key is not None
        change(key)
        return portal

    now = timezone.now()
    over = {"expires_at": now - timedelta(seconds=1)}
    wrong = [
        Program(program(invoice.company).client, "psk_test_nobody"),
        program_after(lambda key: revoke_key(key.pk, actor="ada", now=now)),
        program_after(lambda key: ApiKey.objects.filter(pk=key.pk).update(**over)),
        program_after(lambda key: ApiClient.objects.filter(keys=key).update(is_active=False)),
    ]
    for portal in wrong:
        answer = send(portal, name, method, invoice)
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(("name", "method"), ENDPOINTS)
def test_staff_and_strangers_are_refused(name: str, method: str, invoice: Invoice) -> None:
    """A session of the console opens nothing here: no other site can ride on it."""
    for role in ("", "Finance admin", "Auditor"):
        web = Client()
        if role:
            web.force_login(person(role.replace(" ", ""), role))
        key = SUBJECTS.get(name)
        address = reverse(name, args=[key(invoice)] if key else [])
        answer = getattr(web, method.lower())(address, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(("name", "method"), ENDPOINTS)
def test_what_is_not_theirs_does_not_exist(name: str, method: str, invoice: Invoice) -> None:
    """Another company's program, and ours narrowed to another customer."""
    other = program(make_company())
    narrowed = program(invoice.company, customer=make_customer(invoice.company, "OTHER").pk)
    for portal in (other, narrowed):
        answer = send(portal, name, method, invoice)
        if name in SUBJECTS:
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        elif method == "GET":
            shown = answer.json()["data"]
            assert all(one.get("customer_id") != "ACME" for one in shown)
    assert Customer.objects.filter(customer_id="ACME").exists()
