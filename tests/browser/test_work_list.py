"""The work list in a real browser: keyed in without a mouse, readable on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from paysync.adapters.sage500.flat_file import FileLedger
from paysync.models import DeskReceipt
from tests.browser.test_journeys import sign_in
from tests.contract.desk_site import TODAY, DeskSite, HandSite, make_desk
from tests.contract.erp_site import I1, I2, I3, intent, link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/paysync/deskreceipt/"


@pytest.fixture
def erp(db: None, tmp_path: Path) -> Iterator[FileLedger]:
    """A site by hand with three receipts to enter, one of them with everything on its line."""
    site: DeskSite = HandSite(make_desk("sage500_manual"), tmp_path)
    site.tell()
    erp = site.ledger()
    parts = (link(I1, "60.00", "0", "5.00"), link(I3, "20.00", "10.00"), link(I2, "10.00"))
    erp.submit_receipt(intent(TODAY, 1, *parts, tran_no="C700100205"))
    erp.submit_receipt(intent(TODAY, 2, link(I2, "100.00")))
    erp.submit_receipt(intent(TODAY, 3, applications=(), cash_account_id="OPERATING"))
    yield erp
    site.store.close()


def test_a_clerk_keys_in_line_after_line_without_a_mouse(page: Page, erp: FileLedger) -> None:
    sign_in(page, "Finance clerk")
    page.goto(LIST)
    for number in ("cr-0000000001", "CR-0000000002", "CR-0000000003"):
        expect(page.locator("input[name=number]:focus")).to_have_count(1)
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"is entered as {number.upper()}.")).to_be_visible()
    expect(page.get_by_text("Nothing to enter")).to_be_visible()
    rows = DeskReceipt.objects.order_by("pk").values_list("sage_tran_id", "entered_by")
    assert list(rows) == [(f"CR-000000000{n}", "clara") for n in (1, 2, 3)]


def test_a_wrong_number_keeps_the_cursor_where_it_is(page: Page, erp: FileLedger) -> None:
    sign_in(page, "Finance clerk")
    page.goto(LIST)
    page.keyboard.type("what?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("up to 13 letters and digits")).to_be_visible()
    expect(page.locator("input[name=number]:focus")).to_have_value("what?")


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_line_is_wider_than_the_window(
    page: Page, erp: FileLedger, width: int, scheme: str
) -> None:
    sign_in(page)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    for query in ("", "?view=entered", "?print=1"):
        page.goto(LIST + query)
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"{query} is {over} pixels too wide at {width}"


def test_paper_shows_the_lines_and_nothing_of_the_shell(page: Page, erp: FileLedger) -> None:
    sign_in(page)
    page.goto(LIST + "?print=1")
    page.emulate_media(media="print")
    expect(page.get_by_text("Receipts to enter in Sage 500")).to_be_visible()
    expect(page.get_by_text("C700100205")).to_be_visible()
    for hidden in ("Print now", "Filter"):
        expect(page.get_by_role("button", name=hidden)).to_be_hidden()
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.emulate_media(media="screen")
    page.evaluate("window.print = () => { window.wasPrinted = true }")
    page.get_by_role("button", name="Print now").click()
    assert page.evaluate("window.wasPrinted")
