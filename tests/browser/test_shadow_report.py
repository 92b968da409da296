"""The report of shadow mode in a real browser: on the screen, narrow, and on paper."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from paysync.models import MerchantAccount
from tests.browser.test_journeys import sign_in
from tests.factories import make_company, make_merchant_account
from tests.integration.test_shadow_page import SAID, row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account(db: None) -> MerchantAccount:
    account = make_merchant_account(company=make_company(company_id="SOA"))
    for _ in range(3):
        row(account, "same")
    row(account)
    row(account, "only_us", theirs=[], erp_tran_id="")
    return account


def test_the_report_says_and_shows_every_disagreement(
    page: Page, account: MerchantAccount, tmp_path: Path
) -> None:
    shots = Path(os.environ.get("SHOTS", tmp_path))
    sign_in(page, "Auditor")
    page.goto("/reports/shadow/")
    expect(page.get_by_text("60.0 %").first).to_be_visible()
    expect(page.get_by_text(SAID).first).to_be_visible()
    page.screenshot(path=shots / "shadow.png", full_page=True)
    page.get_by_role("link", name="paysync matched it, no receipt found").click()
    expect(page.locator("#payments tbody tr")).to_have_count(1)
    page.get_by_role("link", name="For printing").click()
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Export CSV")).to_be_hidden()
    expect(page.locator("#payments tbody tr")).to_have_count(1)
    page.screenshot(path=shots / "shadow-print.png", full_page=True)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


def test_the_list_leads_to_the_report(page: Page, account: MerchantAccount) -> None:
    sign_in(page, "Auditor")
    page.goto("/reconciliation/shadowcomparison/")
    page.get_by_role("link", name="The report: agreement").click()
    expect(page.get_by_role("heading", name="By verdict")).to_be_visible()
