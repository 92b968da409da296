"""A refund in a real browser: looked at, asked for, approved by another person, on any screen."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from reconciliation.models import GatewayTransaction, RefundReason, RefundRequest
from tests.books import make_customer, make_invoice, ready
from tests.browser.test_journeys import PASSWORD
from tests.choosing import choose, waiting_payment
from tests.factories import make_company, make_connection, make_merchant_account
from tests.workbench import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def row() -> GatewayTransaction:
    """A payment of 100.00 that paid an invoice."""
    company = make_company(company_id="SOA", name="Cascade Industrial Supply")
    account = make_merchant_account(
        company=company, connection=make_connection(slug="paytrace", name="PayTrace")
    )
    ready(account)
    customer = make_customer(company)
    made = waiting_payment(account, gateway_customer_id=customer.customer_id)
    choose(made, make_invoice(company, "100.00", customer=customer))
    RefundReason.objects.get_or_create(title="Goods returned")
    return made


def enter(page: Page, name: str, role: str) -> None:
    user = person(name, role)
    user.set_password(PASSWORD)
    user.save()
    page.goto("/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    expect(page.get_by_role("link", name="Today").first).to_be_attached()


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_payment_to_the_approval(
    browser: Browser, live_server: LiveServer, row: GatewayTransaction, width: int
) -> None:
    size: ViewportSize = {"width": width, "height": 900}
    clerk = browser.new_context(base_url=live_server.url, viewport=size).new_page()
    enter(clerk, "clara", "Finance clerk")
    clerk.goto(f"/reconciliation/gatewaytransaction/{row.pk}/change/")
    clerk.get_by_role("link", name="Refund …").click()
    expect(clerk.get_by_text("voided as a whole")).to_be_visible()

    clerk.get_by_label("Amount", exact=True).fill("250")
    clerk.get_by_role("button", name="Show what it does").click()
    expect(clerk.get_by_role("alert")).to_contain_text("Only 100.00 USD can still be given back")
    clerk.get_by_label("Amount", exact=True).fill("40.00")
    clerk.get_by_role("button", name="Show what it does").click()
    expect(clerk.get_by_text("once the payment is settled")).to_be_visible()
    clerk.get_by_label("Reason", exact=True).select_option(label="Goods returned")
    clerk.get_by_role("button", name="Ask for it").click()
    expect(clerk.get_by_text("Waits for approval")).to_be_visible()
    request = RefundRequest.objects.get()
    is_wide = clerk.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not is_wide
    assert clerk.get_by_role("button", name="Approve").count() == 0

    approver = browser.new_context(base_url=live_server.url, viewport=size).new_page()
    enter(approver, "ann", "Finance approver")
    approver.goto(f"/reconciliation/refundrequest/{request.pk}/change/")
    approver.get_by_text("Approve", exact=True).first.click()
    approver.get_by_role("button", name="Approve").click()
    expect(approver.get_by_text("Approved, goes out")).to_be_visible()
    request.refresh_from_db()
    assert request.state == "approved"
    assert get_user_model().objects.get(username="ann") == request.decisions.get().approver
    for page in (clerk, approver):
        page.context.close()
