"""Suggestions of who paid, from the customers that a company has."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.domain.parties import Party
from customers.models import Customer, CustomerLink
from customers.queries.candidates import MOST, find_candidates
from paysync.models import Company, MerchantAccount
from tests.books import make_customer
from tests.choosing import waiting_payment
from tests.factories import make_company
from tests.workbench import account, person

__all__ = ["account"]

pytestmark = pytest.mark.django_db


def named(company: Company, name: str, **fields: Any) -> Customer:
    return make_customer(company, name=name, **fields)


def test_the_likeliest_come_first_in_one_query(
    company: Company, django_assert_num_queries: Any
) -> None:
    right = named(company, "Harborview Machine Works")
    named(company, "Harbor Lights Catering")
    named(company, "Works of Art")
    named(make_company(company_id="OTH"), "Harborview Machine Works")
    with django_assert_num_queries(1):
        found = find_candidates(company, Party("", "HARBORVEIW MACHINE WORKS INC"))
    assert found[0].customer == right and found[0].candidate.score > 90
    assert all(one.customer.company_id == company.pk for one in found)
    assert find_candidates(company, Party("")) == []
    assert find_candidates(company, Party("", "%_' OR 1=1 --")) == []


def test_an_address_and_an_e_mail_make_it_strong(company: Company) -> None:
    address = {"line1": "12 Harbor Street", "city": "Portland", "postal_code": "97201"}
    right = named(company, "Harborview Machine Works", email="ap@hmw.example", address=address)
    asked = Party("", "Harborview Machine", "12 Harbor St", "Portland", "97201", "ap@hmw.example")
    [found] = find_candidates(company, asked)
    assert (found.customer, found.candidate.strength) == (right, "strong")


def test_a_crowd_is_cut(company: Company) -> None:
    from customers.queries.candidates import near_rows

    rows = near_rows(company, Party("", "Supply"))
    assert rows.query.high_mark == MOST


def test_the_workbench_says_who_may_have_paid_and_links_nobody(
    account: MerchantAccount, client: Client
) -> None:
    right = named(account.company, "Harborview Machine Works")
    row = waiting_payment(
        account, gateway_customer_id="gw-77", billing_name="Harborveiw Machine Works"
    )
    client.force_login(person("clara"))
    page = client.get(reverse("admin:workbench_link", args=[row.pk])).content.decode()
    assert right.name in page and "Alike: name" in page
    assert not CustomerLink.objects.exists()
    row.refresh_from_db()
    assert row.customer_id is None
    chosen = {"customer": right.pk, "revision": row.revision}
    client.post(reverse("admin:workbench_link", args=[row.pk]), chosen)
    row.refresh_from_db()
    assert row.customer_id == right.pk


def test_a_customers_page_shows_its_address_as_mail_is_addressed(
    account: MerchantAccount, client: Client
) -> None:
    client.force_login(person("clara"))
    address = {"line1": "80 N. Mill Road <b>Suite</b> 2", "city": "Salem", "state": "Oregon",
               "postal_code": "97301"}  # fmt: skip
    shown = {}
    for name, parts in {"us": address, "de": address | {"country": "DE"}, "none": {}}.items():
        row = named(account.company, "Harborview", address=parts)
        page = reverse("admin:customers_customer_change", args=[row.pk])
        shown[name] = client.get(page).content.decode()
    assert "SALEM, OR, 97301" in shown["us"] and "two-letter code" in shown["us"]
    assert "<b>Suite" not in shown["us"] and "<B>SUITE" not in shown["us"]
    assert "keeps its own form" in shown["de"] and "keeps its own form" not in shown["none"]


def test_a_customers_page_names_who_may_be_the_same(
    account: MerchantAccount, client: Client
) -> None:
    client.force_login(person("clara"))
    address = {"line1": "12 Harbor Street", "city": "Portland", "postal_code": "97201"}
    row = named(account.company, "Harborview <i>Machine</i> Works", address=address)
    twin = named(account.company, "Harborview Machine Works Inc", address=address)
    named(account.company, "Harbor Lights Catering")
    named(make_company(company_id="OTH"), "Harborview Machine Works", address=address)
    page = client.get(reverse("admin:customers_customer_change", args=[row.pk]))
    shown = page.content.decode()
    assert reverse("admin:customers_customer_change", args=[twin.pk]) in shown
    assert shown.count("Alike: name") == 1 and "<i>Machine" not in shown
    page = client.get(reverse("admin:customers_customer_change", args=[twin.pk]))
    assert "&lt;i&gt;Machine" in page.content.decode()
