"""A dispute in a real browser: opened, worked on, won, and read from a report, on any screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from reconciliation.models import Dispute, GatewayTransaction
from tests.browser.test_refunds import enter, row
from tests.choosing import buckets

__all__ = ["row"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def papers(settings: object, tmp_path: Path) -> None:
    settings.DOCUMENTS_DIR = tmp_path / "documents"  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [1440, 390])
def test_from_the_claim_to_the_win(
    browser: Browser, live_server: LiveServer, row: GatewayTransaction, width: int, tmp_path: Path
) -> None:
    clerk = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 900}
    ).new_page()
    enter(clerk, "clara", "Finance clerk")
    clerk.goto(f"/reconciliation/gatewaytransaction/{row.pk}/change/")
    clerk.get_by_role("link", name="Dispute …").click()
    clerk.get_by_label("Case number").fill("CB-77")
    clerk.get_by_label("Reason code").fill("13.1")
    clerk.get_by_label("Opened on").fill(f"{timezone.localdate():%Y-%m-%d}")
    clerk.get_by_role("button", name="Open the case").click()
    expect(clerk.get_by_text("Merchandise or services not received").first).to_be_visible()
    expect(clerk.get_by_text("These documents are open again.")).to_be_visible()
    assert buckets(row)["charged_back"] == "100.00"

    paper = tmp_path / "proof of delivery.pdf"
    paper.write_bytes(b"%PDF-1.7 signed")
    clerk.get_by_label("PDF, PNG, JPEG or TIFF").set_input_files(paper)
    form = clerk.locator("form", has=clerk.locator("input[type=file]"))
    form.get_by_role("button", name="Add").click()
    link = clerk.get_by_role("link", name="proof of delivery.pdf")
    with clerk.expect_download() as download:
        link.click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 signed"

    clerk.get_by_label("What we answer to the claim").fill("Delivered on the 12th, signed for.")
    clerk.get_by_role("button", name="Keep the answer").click()
    clerk.locator("summary", has_text="Submitted …").click()
    clerk.get_by_role("button", name="Submitted", exact=True).click()
    expect(clerk.locator(".hero").get_by_text("Submitted")).to_be_visible()
    expect(clerk.locator("summary", has_text="Won …")).to_have_count(0)
    case = Dispute.objects.get()

    approver = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 900}
    ).new_page()
    enter(approver, "arthur", "Finance approver")
    approver.goto("/reconciliation/dispute/")
    approver.get_by_role("link", name="CB-77").first.click()
    approver.locator("summary", has_text="Won …").click()
    approver.get_by_role("button", name="Won", exact=True).click()
    expect(approver.locator(".hero").get_by_text("Won")).to_be_visible()
    assert buckets(row)["applied"] == "100.00"
    wide = approver.evaluate("document.documentElement.scrollWidth")
    assert wide <= width and Dispute.objects.get(pk=case.pk).state == "won"


def test_a_report_is_read_in_two_steps(
    browser: Browser, live_server: LiveServer, row: GatewayTransaction, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    day = f"{timezone.localdate():%m/%d/%Y}"
    report.write_text(f"Case,Transaction,Amount,Date\nCB-1,{row.gateway_id},100.00,{day}\n")
    clerk = browser.new_context(base_url=live_server.url).new_page()
    enter(clerk, "clara", "Finance clerk")
    clerk.goto("/reconciliation/dispute/")
    clerk.get_by_role("link", name="Read the processor's report …").click()
    clerk.get_by_label("CSV file").set_input_files(report)
    clerk.get_by_role("button", name="Look at it").click()
    expect(clerk.get_by_role("alert")).to_contain_text("1 row cannot be read")
    clerk.get_by_label("Days look like").select_option("11/23/2026")
    clerk.get_by_role("button", name="Look again").click()
    clerk.get_by_role("button", name="Take 1 row in").click()
    expect(clerk.get_by_text("1 opened, 0 moved on, 0 known already").first).to_be_visible()
    clerk.get_by_role("link", name="To the disputes").click()
    clerk.get_by_role("link", name="CB-1").first.click()
    expect(clerk.get_by_text("Processor's report")).to_be_visible()
    assert buckets(row)["charged_back"] == "100.00"
