"""The main journey in a real browser: from the dashboard to the payment and its open item."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from paysync.models import Company, MerchantAccount
from reconciliation.models import CashReceipt, ReconcilingItem
from reconciliation.services.matching import match_company
from reconciliation.services.proof import prove
from reconciliation.services.recording import record_transactions
from reconciliation.services.roles import ensure_roles
from tests.books import NOW, make_customer, make_invoice, ready, sale
from tests.factories import make_company, make_connection, make_merchant_account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
PAGES = (
    "/",
    "/reconciliation/gatewaytransaction/",
    "/reconciliation/reconcilingitem/",
    "/reconciliation/cashreceipt/",
    "/reconciliation/invoice/",
    "/paysync/inboundevent/",
    "/paysync/connection/",
)


@pytest.fixture
def account() -> MerchantAccount:
    """A company with one matched payment and one that nobody knows the payer of."""
    company = make_company(company_id="SOA", name="Cascade Industrial Supply")
    account = make_merchant_account(
        company=company, connection=make_connection(slug="paytrace", name="PayTrace")
    )
    ready(account)
    customer = make_customer(company, "ACME", name="Acme Tools <Tacoma>")
    invoice = make_invoice(company, "125.00", customer=customer)
    records = [
        sale("700100205", "125.00", invoice_reference=invoice.tran_id, billing_name="Acme"),
        sale("700100206", "77.10", billing_name="<script>alert(1)</script>"),
    ]
    record_transactions(account, records, now=NOW)
    Company.objects.update(mode=Company.Mode.PROPOSE)
    match_company(company.pk, now=NOW)
    prove(now=timezone.now())
    return account


def sign_in(page: Page, role: str = "") -> None:
    """As a superuser, or as somebody who has the role and no more."""
    ensure_roles()
    users = get_user_model()
    if role:
        user = users.objects.create_user("clara", password=PASSWORD, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    else:
        user = users.objects.create_superuser("clara", password=PASSWORD)
    page.goto("/")
    page.fill("input[name=username]", "clara")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")


def test_a_clerk_walks_from_the_dashboard_to_an_open_item_and_resolves_it(
    page: Page, account: MerchantAccount
) -> None:
    sign_in(page, "Finance clerk")
    expect(page.get_by_text("Every cent accounted for")).to_be_visible()
    page.get_by_role("link", name="Payer unknown").first.click()
    expect(page.locator("#result_list")).to_contain_text("the payer is not known")
    page.locator("#result_list a[href*='/reconcilingitem/']").first.click()
    expect(page.get_by_text("Find out who paid")).to_be_visible()
    page.locator("textarea[name=note], input[name=note]").first.fill("Belongs to Acme, called them")
    page.get_by_role("button", name="Resolve").click()
    page.wait_for_load_state("networkidle")
    item = ReconcilingItem.objects.get(reason="unidentified")
    assert (item.state, item.resolved_by) == ("resolved", "clara")


def test_an_approver_releases_a_proposed_receipt(page: Page, account: MerchantAccount) -> None:
    sign_in(page, "Finance approver")
    receipt = CashReceipt.objects.get()
    page.goto(f"/reconciliation/cashreceipt/{receipt.pk}/change/")
    expect(page.locator("main, #main, body").first).to_contain_text("125.00")
    page.get_by_role("button", name="Release").first.click()
    page.wait_for_load_state("networkidle")
    receipt.refresh_from_db()
    assert receipt.state == "due"


def test_a_payment_tells_its_story_and_escapes_what_came_from_outside(
    page: Page, account: MerchantAccount
) -> None:
    sign_in(page)
    page.goto("/reconciliation/gatewaytransaction/?q=700100206")
    page.locator("#result_list a[href*='/gatewaytransaction/']").first.click()
    expect(page.locator("body")).to_contain_text("<script>alert(1)</script>")
    page.goto("/reconciliation/gatewaytransaction/?q=700100205")
    page.locator("#result_list a[href*='/gatewaytransaction/']").first.click()
    for text in ("named by the reference", "applied", "C700100205"):
        expect(page.locator("body")).to_contain_text(text, ignore_case=True)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_its_window(
    page: Page, account: MerchantAccount, width: int, scheme: str
) -> None:
    sign_in(page)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        page.goto(path)
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"{path} is {over} pixels too wide at {width}"


def test_a_stranger_sees_the_sign_in_page_only(page: Page, account: MerchantAccount) -> None:
    for path in PAGES:
        page.goto(path)
        expect(page.locator("input[name=password]")).to_be_visible()


def test_static_files_are_served_from_this_site_alone(page: Page, account: MerchantAccount) -> None:
    call_command("collectstatic", interactive=False, verbosity=0, dry_run=True)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    sign_in(page)
    assert {host.split(":")[0] for host in hosts} == {"localhost"}
    assert settings.STATIC_URL.startswith("/")
