"""The workbench in a real browser: match, split, undo, bulk, two people, and by keys alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from paysync.models import MerchantAccount
from reconciliation.models import GatewayTransaction, Match, ReconcilingItem
from reconciliation.services.workbench import accept
from tests.books import make_customer, make_invoice, ready
from tests.browser.test_journeys import PASSWORD, sign_in
from tests.choosing import waiting_payment
from tests.factories import make_company, make_connection, make_merchant_account
from tests.workbench import deed, person, two_ways, waits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

QUEUE = "/reconciliation/proposal/"


@pytest.fixture
def account() -> MerchantAccount:
    company = make_company(company_id="SOA", name="Cascade Industrial Supply")
    account = make_merchant_account(
        company=company, connection=make_connection(slug="paytrace", name="PayTrace")
    )
    ready(account)
    return account


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page whose script errors fail the test. What is refused (409, 422) is no error: it is
    shown, though the browser notes it.
    """
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    yield page
    context.close()
    refused = ("status of 409", "status of 422")
    assert [text for text in problems if not any(word in text for word in refused)] == []


def url_of(row: GatewayTransaction) -> str:
    return f"{QUEUE}payment/{row.pk}/"


def press(page: Page, *keys: str) -> None:
    """Keys as a person presses them: the page before has settled."""
    for key in keys:
        page.wait_for_load_state("load")  # its script listens by then
        page.wait_for_timeout(450)
        page.keyboard.press(key)


def test_a_payment_is_matched_and_the_next_one_appears(
    page: Page, account: MerchantAccount
) -> None:
    row, *_ = two_ways(account)
    following, *_ = two_ways(account, "55.00", billing_name="Birch & Sons")
    sign_in(page, "Finance clerk")
    page.get_by_role("link", name="Workbench").first.click()
    page.get_by_role("link", name="Acme Tools").click()
    expect(page.get_by_text("Two solutions explain the payment as well.")).to_be_visible()
    page.get_by_text("Receipt of $100.00").click()
    expect(page.get_by_text("Accounts receivable")).to_be_visible()
    page.get_by_role("button", name="Accept").nth(1).click()
    expect(page.locator("#bench-says")).to_contain_text("Matched 100.00 USD of Acme Tools")
    expect(page.get_by_role("heading", name="$55.00")).to_be_visible()
    assert page.url.endswith(url_of(following))
    assert "suggestion 2 accepted" in Match.objects.get().sentence
    page.go_back()
    expect(page.get_by_text("What it pays")).to_be_visible()
    assert Match.objects.get().transaction == row


def test_a_split_shows_what_is_left_while_typing(page: Page, account: MerchantAccount) -> None:
    customer = make_customer(account.company, "ACME", name="Acme Tools")
    one = make_invoice(account.company, "60.10", customer=customer)
    two = make_invoice(account.company, "70.20", customer=customer)
    row = waiting_payment(account, "1000.00")
    waits(row)
    sign_in(page, "Finance clerk")
    page.goto(url_of(row) + "split/")
    page.get_by_label("Find open documents").fill("acme")
    page.keyboard.press("Enter")
    first, second = (
        page.get_by_label(f"Pay of {one.tran_id}"),
        page.get_by_label(f"Pay of {two.tran_id}"),
    )
    left = page.locator("[data-left]")
    first.fill("60.1")
    expect(left).to_have_text("$939.90")
    second.press("=")
    expect(second).to_have_value("70.20")
    expect(left).to_have_text("$869.70")
    second.fill("99999.00")
    expect(page.locator("tr.is-over")).to_have_count(1)
    second.fill("7x")
    expect(left).to_have_text("?")
    second.fill("70.20")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#bench-says")).to_contain_text("869.70 USD is left")
    expect(second).to_have_value("70.20")
    page.get_by_label("Leave the rest on account").check()
    page.get_by_role("button", name="Match").click()
    expect(page.locator("#bench-says")).to_contain_text("869.70 USD on account")
    assert str(Match.objects.get().unapplied) == "869.700"


def test_undo_brings_the_payment_back_as_it_was(page: Page, account: MerchantAccount) -> None:
    row, *_ = two_ways(account)
    sign_in(page, "Finance clerk")
    page.goto(url_of(row))
    page.get_by_role("button", name="Accept").first.click()
    expect(page.get_by_text("Nothing left to decide")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#bench-says")).to_contain_text("Undone: Matched 100.00 USD")
    expect(page.get_by_role("button", name="Accept").first).to_be_visible()
    row.refresh_from_db()
    assert row.needs_match
    page.get_by_role("link", name="My last steps").click()
    expect(page.locator(".is-undone")).to_have_count(1)


def test_several_at_once_with_a_line_of_result_each(page: Page, account: MerchantAccount) -> None:
    rows = [two_ways(account, f"{n}0.00")[0] for n in (1, 2, 3)]
    sign_in(page, "Finance clerk")
    page.goto(QUEUE)
    page.get_by_label("All on this page").check()
    expect(page.locator("[data-ticked]")).to_have_text("3 ticked")
    accept(rows[1].pk, deed(person("ben", first_name="Ben")))
    page.get_by_role("button", name="Accept the first").click()
    expect(page.get_by_role("heading", name="2 of 3 done")).to_be_visible()
    expect(page.locator(".bench-results")).to_contain_text("Ben, ")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#bench-says")).to_contain_text("2 steps undone")
    waiting = GatewayTransaction.objects.filter(needs_match=True).values_list("pk", flat=True)
    assert set(waiting) == {rows[0].pk, rows[2].pk}


def test_the_second_of_two_people_is_told_and_loses_nothing(
    page: Page, account: MerchantAccount, browser: Browser, live_server: LiveServer
) -> None:
    row, first, _ = two_ways(account)
    sign_in(page, "Finance clerk")
    person("ben", "Finance clerk", first_name="Ben")
    ben = get_user_model().objects.get(username="ben")
    ben.set_password(PASSWORD)
    ben.save()
    page.goto(url_of(row) + "split/")
    page.get_by_label(f"Pay of {first.tran_id}").fill("40.00")
    context = browser.new_context(base_url=live_server.url)
    other = context.new_page()
    other.goto("/")
    other.fill("input[name=username]", "ben")
    other.fill("input[name=password]", PASSWORD)
    other.click("button[type=submit]")
    other.wait_for_load_state("networkidle")
    other.goto(url_of(row))
    expect(other.get_by_text("clara is looking at this")).to_be_visible()
    other.locator("summary", has_text="Park").click()
    other.get_by_label("Due again on").fill("2099-01-02")
    other.get_by_label("It waits for").fill("a call")
    other.get_by_role("button", name="Park", exact=True).click()
    expect(other.locator("#bench-says")).to_contain_text("Parked 100.00 USD")
    context.close()
    page.get_by_label("Leave the rest on account").check()
    page.get_by_role("button", name="Match").click()
    expect(page.locator("#bench-says")).to_contain_text("Ben, ")
    expect(page.locator("#bench-says")).to_contain_text("a call")
    expect(page.get_by_label(f"Pay of {first.tran_id}")).to_have_value("40.00")
    expect(page.get_by_label("Leave the rest on account")).to_be_checked()
    assert not Match.objects.exists()
    page.get_by_role("button", name="Match").click()
    expect(page.locator("#bench-says")).to_contain_text("Matched 100.00 USD")


def test_a_day_at_the_workbench_without_a_mouse(page: Page, account: MerchantAccount) -> None:
    customer = make_customer(account.company, "ACME", name="Acme Tools")
    make_invoice(account.company, "45.00", customer=customer)
    rows = [two_ways(account, f"{n}0.00", billing_name=f"Payer {n}")[0] for n in range(1, 8)]
    sign_in(page, "Finance clerk")
    page.goto(QUEUE)
    press(page, "j", "j", "k")
    expect(page.locator("tr:focus-within")).to_contain_text("Payer 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="$10.00")).to_be_visible()
    press(page, "Enter")  # accept the first
    expect(page.get_by_role("heading", name="$20.00")).to_be_visible()
    press(page, "2")  # accept the second
    expect(page.get_by_role("heading", name="$30.00")).to_be_visible()
    press(page, "n")
    page.keyboard.type("a 1 s k u?")  # no key acts while typing
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("a 1 s k u?")).to_be_visible()
    press(page, "p")
    page.keyboard.type("01022099")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.type") == "date":  # its button for the calendar
        page.keyboard.press("Tab")
    page.keyboard.type("the payer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="$40.00")).to_be_visible()
    press(page, "l")
    expect(page.get_by_label("Find a customer")).to_be_focused()
    page.keyboard.type("acme")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Acme Tools")).to_be_visible()
    page.get_by_label("Acme Tools").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Unapplied: payer known")).to_be_visible()
    press(page, "a")  # on account
    expect(page.get_by_role("heading", name="$50.00")).to_be_visible()
    press(page, "g", "Tab", "Enter")  # to oneself
    expect(page.locator("#bench-says")).to_contain_text("to clara")
    press(page, "s")
    expect(page.get_by_role("heading", name="Split $50.00 by hand")).to_be_visible()
    press(page, "=", "Control+Enter")
    expect(page.get_by_role("heading", name="$60.00")).to_be_visible()
    press(page, "u")
    expect(page.locator("#bench-says")).to_contain_text("Undone: Matched 50.00 USD")
    press(page, "j")
    expect(page.get_by_role("heading", name="$60.00")).to_be_visible()
    press(page, "/")
    # the list has arrived once its own heading has the focus; the page's header says it always
    expect(page.locator("#bench").get_by_role("heading", name="Workbench")).to_be_focused()
    press(page, "/")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.keyboard.type("Payer 7")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    press(page, "j", "x", "1")
    expect(page.get_by_role("heading", name="1 of 1 done")).to_be_visible()
    states = [GatewayTransaction.objects.get(pk=row.pk).needs_match for row in rows]
    assert states == [False, False, True, False, True, True, False]
    parked = ReconcilingItem.objects.get(transaction=rows[2], state="open")
    assert (str(parked.due_on), parked.park_reason) == ("2099-01-02", "the payer")


def test_the_keys_can_be_switched_off_and_ignore_a_key_held_down(
    page: Page, account: MerchantAccount
) -> None:
    row, *_ = two_ways(account)
    sign_in(page, "Finance clerk")
    page.goto(url_of(row))
    page.keyboard.press("Enter")  # too soon: it may be the one that opened the page
    page.get_by_role("button", name="Switch the keys off").click()
    page.locator("h1").first.click()
    press(page, "Enter", "a", "1")
    expect(page.get_by_role("heading", name="$100.00")).to_be_visible()
    assert not Match.objects.exists()
    page.get_by_role("button", name="Switch the keys on").click()
    page.locator("h1").first.click()
    press(page, "Enter")
    expect(page.locator("#bench-says")).to_contain_text("Matched")


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_window(
    page: Page, account: MerchantAccount, width: int, scheme: str
) -> None:
    row, *_ = two_ways(
        account, "1234567.89", description="W" * 120, billing_name="A very long name " * 6
    )
    done, *_ = two_ways(account)
    accept(done.pk, deed(person("ben")))
    sign_in(page)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    for path in (QUEUE, url_of(row), url_of(row) + "split/", url_of(row) + "link/", url_of(done),
                 "/reconciliation/workstep/", f"{QUEUE}?view=account"):  # fmt: skip
        page.goto(path)
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"{path} is {over} pixels too wide at {width}"
        for box in page.locator("[data-row] td.money strong").all():
            place = box.bounding_box()
            assert place and place["x"] + place["width"] < width, f"an amount is cut off in {path}"
