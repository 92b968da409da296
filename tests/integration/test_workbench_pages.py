"""The workbench's pages: who may, what is shown, what each costs, what comes back when refused."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import CustomerLink, PayerAlias
from paysync.models import MerchantAccount
from reconciliation.domain.reasons import Reason
from reconciliation.models import (
    GatewayTransaction,
    ItemNote,
    Match,
    Presence,
    ReconcilingItem,
    WorkStep,
)
from reconciliation.queries import workbench as queries
from reconciliation.queries.workbench import Asked
from reconciliation.services.workbench import accept, assign, leave_on_account, park, set_aside
from tests.books import NOW, make_customer, make_invoice
from tests.choosing import waiting_payment
from tests.factories import make_company
from tests.workbench import account, ana, ben, deed, person, solution, suggest, two_ways, waits

__all__ = ["account", "ana", "ben"]

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:reconciliation_proposal_changelist")
STEPS = reverse("admin:reconciliation_workstep_changelist")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(ana: User) -> Client:
    return signed_in(ana)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def of(row: GatewayTransaction, name: str = "payment") -> str:
    return reverse(f"admin:workbench_{name}", args=[row.pk])


def body(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content[:800]
    return " ".join(answer.content.decode().split())


def listed(client: Client, query: str = "") -> list[int]:
    text = body(client.get(f"{QUEUE}?{query}"))
    return [
        int(pk)
        for pk in re.findall(r'bench-open" href="/reconciliation/proposal/payment/(\d+)/', text)
    ]


class TestDoors:
    ACTS = ("accept", "oldest", "account", "park", "assign", "aside", "note", "look", "split",
            "link")  # fmt: skip

    def test_nobody_is_sent_to_the_sign_in_page(self, account: MerchantAccount) -> None:
        row = waiting_payment(account)
        for url in (QUEUE, STEPS, of(row), of(row, "split"), of(row, "link")):
            answer = Client().get(url)
            assert (answer.status_code, "/login/" in answer["Location"]) == (302, True)

    def test_an_operator_sees_nothing_of_it(self, account: MerchantAccount) -> None:
        row = waiting_payment(account)
        client = signed_in(person("olga", "Operator"))
        for url in (QUEUE, STEPS, of(row), of(row, "split"), of(row, "link")):
            assert client.get(url).status_code == 403
        assert client.post(of(row, "presence")).status_code == 403

    def test_an_auditor_sees_everything_and_changes_nothing(self, account: MerchantAccount) -> None:
        row, *_ = two_ways(account)
        client = signed_in(person("otto", "Auditor"))
        for url in (QUEUE, STEPS, of(row), of(row, "split"), of(row, "link")):
            text = body(client.get(url))
            assert 'data-key="Enter' not in text and "Accept <kbd" not in text
        for name in self.ACTS:
            do = {"do": "match"} if name == "split" else {}
            assert client.post(of(row, name), do).status_code == 403, name
        for name in ("bulk", "undo"):
            assert client.post(reverse(f"admin:workbench_{name}")).status_code == 403
        assert not WorkStep.objects.exists()

    def test_a_clerk_undoes_no_match_of_others(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        accept(row.pk, deed(ben))
        assert client.post(of(row, "unmatch")).status_code == 403
        approver = signed_in(person("pia", "Finance approver"))
        body(approver.post(of(row, "unmatch"), follow=True))
        assert Match.objects.get().ended_by == "pia"

    def test_acts_are_posts(self, account: MerchantAccount, client: Client) -> None:
        row = waiting_payment(account)
        for name in set(self.ACTS) - {"split", "link"}:
            assert client.get(of(row, name)).status_code == 405

    def test_what_is_not_there_is_not_found(self, account: MerchantAccount, client: Client) -> None:
        row = waiting_payment(account)
        gone = GatewayTransaction(pk=row.pk + 999)
        assert client.get(of(gone)).status_code == 404
        for name in self.ACTS:
            assert client.post(of(gone, name), {"do": "match"}).status_code == 404, name

    def test_a_post_from_another_site_is_refused(self, account: MerchantAccount, ana: User) -> None:
        row, *_ = two_ways(account)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ana)
        assert strict.post(of(row, "accept"), {"rank": 1}).status_code == 403

    def test_htmx_gets_the_workbench_alone(self, account: MerchantAccount, client: Client) -> None:
        row, *_ = two_ways(account)
        for url in (QUEUE, of(row), STEPS):
            part, whole = client.get(url, headers=HTMX), client.get(url)
            assert "<html" in whole.content.decode() and "<html" not in part.content.decode()
            assert 'id="bench"' in part.content.decode()
            assert "HX-Request" in part["Vary"]

    def test_the_menu_starts_with_the_workbench(self, client: Client) -> None:
        text = body(client.get("/"))
        assert text.index(f'href="{QUEUE}"') < text.index('href="/reconciliation/reconcilingitem/"')


class TestQueue:
    def test_views_part_what_waits(
        self, account: MerchantAccount, client: Client, ana: User
    ) -> None:
        customer = make_customer(account.company)
        plain, later, aside, matched, new = (waiting_payment(account) for _ in range(5))
        for row in (plain, later, aside, matched):
            waits(row)
        park(later.pk, deed(ana), due_on=timezone.localdate() + timedelta(days=9), reason="them")
        set_aside(aside.pk, deed(ana), note="A refund follows")
        leave_on_account(matched.pk, deed(ana), customer_id=customer.pk)
        assert listed(client) == [plain.pk, new.pk]
        assert listed(client, "view=parked") == [later.pk]
        assert listed(client, "view=aside") == [aside.pk]
        assert listed(client, "view=account") == [matched.pk]

    def test_due_again_today_is_to_do(
        self, account: MerchantAccount, client: Client, ana: User
    ) -> None:
        row = waiting_payment(account)
        park(row.pk, deed(ana), due_on=timezone.localdate(), reason="them")
        assert listed(client) == [row.pk]

    def test_filters(self, account: MerchantAccount, client: Client, ana: User) -> None:
        customer = make_customer(account.company, "ACME", name="Acme Tools")
        old = waiting_payment(account, "50.00", created_at=NOW - timedelta(days=40))
        big = waiting_payment(account, "900.00", billing_name="Zenith", invoice_reference="PO 77")
        waits(old, Reason.AMBIGUOUS), waits(big, Reason.UNIDENTIFIED)
        GatewayTransaction.objects.filter(pk=old.pk).update(customer=customer)
        GatewayTransaction.objects.filter(pk=big.pk).update(created_at=timezone.now())
        assign(old.pk, deed(ana), owner=ana)
        asked = {
            "reason=ambiguous": old, "owner=me": old, "owner=nobody": big, f"owner={ana.pk}": old,
            "payer=known": old, "payer=unknown": big, "age=0-1": big, "least=100": big,
            "most=100": old, "q=ACME": old, "q=zenith": big, "q=po+77": big, "q=50.00": old,
            f"q={big.gateway_id}": big, "q=Acme": old,
        }  # fmt: skip
        for query, row in asked.items():
            assert listed(client, query) == [row.pk], query
        assert listed(client, "order=largest") == [big.pk, old.pk]
        assert listed(client, "order=newest") == [big.pk, old.pk]
        assert listed(client, f"company={account.company_id}") == [old.pk, big.pk]
        assert listed(client, f"company={make_company().pk}") == []

    @pytest.mark.parametrize("query", [
        "view=x&order=x&reason=x&owner=x&age=x&payer=x&company=x&least=x&most=NaN",
        "after=x", "after=2026-01-01~1", "after=~", "before=9~" + "9" * 30, "q=%00",
        "company=99999999999999999999", "order=largest&after=1e999~1", "order=largest&after=NaN~1",
        "q=" + "%F0%9F%98%80" * 40, "q=%27%3B--", "least=1e99", "after=2026-99-01T00:00:00Z~1",
    ])  # fmt: skip
    def test_nonsense_in_the_address_is_left_out(
        self, account: MerchantAccount, client: Client, query: str
    ) -> None:
        waiting_payment(account)
        assert client.get(f"{QUEUE}?{query}").status_code == 200

    @pytest.mark.parametrize("order", list(queries.ORDERS))
    def test_pages_meet_and_miss_nothing(
        self, account: MerchantAccount, ana: User, order: str
    ) -> None:
        for n in range(11):
            waiting_payment(account, str(10 + n // 3), created_at=NOW - timedelta(hours=n // 2))
        args: dict[str, Any] = {"user_id": ana.pk, "today": timezone.localdate(), "size": 4}
        asked = Asked(order=order)
        pages = [queries.queue(asked, **args)]
        while pages[-1].after:
            pages.append(queries.queue(asked, **args, after=pages[-1].after))
        seen = [row.pk for page in pages for row in page.rows]
        assert [len(page.rows) for page in pages] == [4, 4, 3]
        assert len(set(seen)) == 11
        back = queries.queue(asked, **args, before=pages[2].before)
        assert [row.pk for row in back.rows] == [row.pk for row in pages[1].rows]
        first = queries.queue(asked, **args, before=pages[1].before)
        assert (first.before, [row.pk for row in first.rows]) == ("", seen[:4])
        row = GatewayTransaction.objects.get(pk=seen[5])
        beside = queries.neighbours(asked, row, user_id=ana.pk, today=timezone.localdate())
        assert (beside.before, beside.after) == (seen[4], seen[6])

    def test_counts_stop_at_a_hundred(
        self, account: MerchantAccount, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(4):
            waiting_payment(account)
        monkeypatch.setattr("reconciliation.queries.workbench.paging.COUNTED", 3)
        assert "<span>3+</span>" in body(client.get(reverse("admin:workbench_counts")))

    def test_the_list_costs_the_same_for_one_and_for_many(
        self, account: MerchantAccount, client: Client
    ) -> None:
        def cost(url: str) -> int:
            with CaptureQueriesContext(
                database,
            ) as seen:
                body(client.get(url, headers=HTMX))
            return len(seen)

        row, *_ = two_ways(account)
        cost(QUEUE), cost(of(row))
        one = cost(QUEUE), cost(of(row))
        for _ in range(6):
            two_ways(account, billing_name="Other")
        assert (cost(QUEUE), cost(of(row))) == one
        assert one[0] <= 13 and one[1] <= 34


class TestPayment:
    def test_everything_of_the_payment_and_its_suggestions(
        self, account: MerchantAccount, client: Client, ana: User
    ) -> None:
        row, first, second = two_ways(account, description="<b>order</b>", last4="4242")
        GatewayTransaction.objects.update(invoice_reference=f"pays {first.tran_no}")
        ItemNote.objects.create(item=waits(row), author="ben", text="Call <them>", written_at=NOW)
        text = body(client.get(of(row)))
        for part in (
            "$100.00",
            "Acme Tools",
            "••4242",
            "&lt;b&gt;order&lt;/b&gt;",
            first.tran_id,
            second.tran_id,
            "Call &lt;them&gt;",
            "Two solutions explain the payment",
            "+50",
            "−10",
            "The first is older",
            "payer unknown",
        ):
            assert part in text, part
        assert f'<mark class="mark-sure" title="{first.tran_id}">{first.tran_no}</mark>' in text

    def test_the_receipt_is_shown_before_anybody_confirms(
        self, account: MerchantAccount, client: Client
    ) -> None:
        row, *_ = two_ways(account)
        text = body(client.get(of(row)))
        assert "Receipt of $100.00, counts on Nov 20, 2026" in text
        assert "Accounts receivable" in text

    def test_accepting_leads_to_the_next_payment(
        self, account: MerchantAccount, client: Client
    ) -> None:
        row, *_ = two_ways(account)
        following, *_ = two_ways(account)
        answer = client.post(of(row, "accept"), form_of(client, row), follow=True)
        assert answer.redirect_chain[-1][0] == of(following)
        assert "Matched 100.00 USD of Acme Tools" in body(answer)
        answer = client.post(of(following, "accept"), form_of(client, following), follow=True)
        assert answer.redirect_chain[-1][0] == QUEUE

    def test_filters_go_along(self, account: MerchantAccount, client: Client) -> None:
        row, *_ = two_ways(account)
        following, *_ = two_ways(account)
        url = of(row, "accept") + "?reason=ambiguous&order=largest"
        answer = client.post(url, form_of(client, row))
        assert answer["Location"] == of(following) + "?reason=ambiguous&order=largest"

    def test_the_second_person_is_told_and_sees_what_is_there_now(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        seen = form_of(client, row)
        accept(row.pk, deed(ben))
        text = body(client.post(of(row, "accept"), seen), status=409)
        assert "Ben, " in text and "Matched 100.00 USD" in text
        assert Match.objects.count() == 1

    def test_the_same_form_twice_matches_once(
        self, account: MerchantAccount, client: Client
    ) -> None:
        row, *_ = two_ways(account)
        seen = form_of(client, row)
        client.post(of(row, "accept"), seen)
        assert client.post(of(row, "accept"), seen).status_code == 409
        assert Match.objects.count() == 1

    def test_what_was_typed_survives_a_conflict(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, first, _ = two_ways(account)
        assign(row.pk, deed(ben), owner=ben)
        typed = {"revision": "0", "due_on": "2099-01-02", "reason": "waits for <them>"}
        text = body(client.post(of(row, "park"), typed), status=409)
        assert "Assigned" in text and "Ben" in text
        assert 'value="2099-01-02"' in text and 'value="waits for &lt;them&gt;"' in text
        split = {"revision": "0", f"amount_{first.pk}": "12.34", "do": "match"}
        text = body(client.post(of(row, "split"), split), status=409)
        assert 'value="12.34"' in text

    def test_a_matched_payment_shows_what_it_pays(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, first, _ = two_ways(account)
        accept(row.pk, deed(ben))
        text = body(client.get(of(row)))
        assert first.tran_id in text and "By ben" in text and "What was offered" in text
        assert "Undo this match" not in text

    def test_a_payment_nobody_looked_at_is_looked_at(
        self, account: MerchantAccount, client: Client
    ) -> None:
        invoice = make_invoice(account.company, "100.00")
        row = waiting_payment(account, invoice_reference=invoice.tran_id)
        assert "has not looked at this payment" in body(client.get(of(row)))
        assert invoice.tran_id in body(client.post(of(row, "look"), follow=True))
        assert not Match.objects.exists()

    def test_earlier_payments_of_the_payer(
        self, account: MerchantAccount, client: Client, ana: User
    ) -> None:
        row, first, _ = two_ways(account)
        accept(row.pk, deed(ana))
        again = waiting_payment(account, "7.00")
        GatewayTransaction.objects.filter(pk=again.pk).update(customer=first.customer)
        text = body(client.get(of(again)))
        assert "Earlier payments of this customer" in text and first.tran_id in text


def form_of(client: Client, row: GatewayTransaction, rank: int = 1) -> dict[str, str]:
    """The hidden fields of the form that accepts a suggestion, as the page shows them."""
    text = body(client.get(of(row)))
    [form] = re.findall(rf'action="{of(row, "accept")}\?[^"]*">(.*?)</form>', text)[rank - 1 : rank]
    found = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return {name: found[name] for name in ("revision", "rank", "digest")}


class TestSplit:
    def test_a_split_without_any_script(self, account: MerchantAccount, client: Client) -> None:
        customer = make_customer(account.company, "ACME")
        one = make_invoice(account.company, "60.00", customer=customer)
        two = make_invoice(account.company, "70.00", customer=customer)
        row = waiting_payment(account)
        waits(row)
        text = body(client.post(of(row, "split"), {"do": "find", "find": "acme"}))
        assert f'name="amount_{one.pk}"' in text and f'name="amount_{two.pk}"' in text
        typed = {f"amount_{one.pk}": "60", f"amount_{two.pk}": "1,0.00", "do": "count"}
        text = body(client.post(of(row, "split"), typed))
        assert "data-left>$30.00<" in text
        typed |= {"do": "match", "revision": "0"}
        text = body(client.post(of(row, "split"), typed), status=422)
        assert "30.00 USD is left" in text and 'value="1,0.00"' in text
        typed |= {f"amount_{two.pk}": "40.00", "short_pay": "damaged"}
        body(client.post(of(row, "split"), typed, follow=True))
        parts = Match.objects.get().applications.order_by("pk")
        assert [(p.amount, p.short_pay_reason) for p in parts] == [
            (Decimal(60), "damaged"), (Decimal(40), "damaged")]  # fmt: skip

    def test_documents_are_found_by_number_customer_name_and_amount(
        self, account: MerchantAccount, client: Client
    ) -> None:
        customer = make_customer(account.company, "ZEN01", name="Zenith Pumps")
        invoice = make_invoice(account.company, "1234.50", customer=customer)
        make_invoice(account.company, "98.76")  # an amount that is no invoice number
        make_invoice(make_company(), "1234.50")
        row = waiting_payment(account)
        for text in (invoice.tran_id, invoice.tran_no.lstrip("0"), "zen01", "pumps", "$1,234.50"):
            found = body(client.post(of(row, "split"), {"do": "find", "find": text}))
            assert re.findall(r'name="amount_(\d+)"', found) == [str(invoice.pk)], text

    @pytest.mark.parametrize("text", ["abc", "-5", "1e3", "1.234", "9" * 24, "１２", "NaN", "."])
    def test_what_is_no_amount_is_said(
        self, account: MerchantAccount, client: Client, text: str
    ) -> None:
        invoice = make_invoice(account.company, "60.00")
        row = waiting_payment(account)
        typed = {f"amount_{invoice.pk}": text, "do": "match", "rest": "on"}
        answer = client.post(of(row, "split"), typed)
        assert answer.status_code == 422, text
        assert not Match.objects.exists()

    def test_a_suggestion_can_be_changed_before_it_is_accepted(
        self, account: MerchantAccount, client: Client
    ) -> None:
        row, first, second = two_ways(account)
        text = body(client.get(of(row, "split") + "?from=2"))
        assert f'name="amount_{second.pk}" value="100.00"' in text
        assert f'name="amount_{first.pk}" value=""' in text

    def test_documents_of_other_companies_are_refused(
        self, account: MerchantAccount, client: Client
    ) -> None:
        stranger = make_invoice(make_company(), "100.00")
        row = waiting_payment(account)
        typed = {f"amount_{stranger.pk}": "100.00", "do": "match"}
        text = body(client.post(of(row, "split"), typed), status=422)
        assert "not there" in text


class TestActs:
    def test_link_and_remember(self, account: MerchantAccount, client: Client) -> None:
        customer = make_customer(account.company, "ACME", name="Acme Tools")
        row = waiting_payment(account, gateway_customer_id="web-7", billing_name="Acme Inc")
        waits(row)
        assert f'value="{customer.pk}"' in body(client.get(of(row, "link")))
        found = body(client.get(of(row, "link") + "?find=acme"))
        assert "gateway customer <strong>web-7</strong>" in found
        typed = {"customer": customer.pk, "remember": "on", "revision": "0"}
        text = body(client.post(of(row, "link"), typed, follow=True))
        assert "Unapplied: payer known" in text
        assert CustomerLink.objects.get().actor == "ana"
        assert client.post(of(row, "link"), {"revision": "1"}).status_code == 422

    def test_on_account_of_an_unknown_payer_asks_who_it_is(
        self, account: MerchantAccount, client: Client
    ) -> None:
        row, first, _ = two_ways(account)
        text = body(client.post(of(row, "account"), {"revision": "0"}), status=422)
        assert "Who paid?" in text and "link a customer first" in text
        body(client.post(of(row, "account"), {"customer": first.customer_id}, follow=True))
        assert Match.objects.get().unapplied == 100

    def test_assign_note_and_park(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        text = body(client.post(of(row, "assign"), {"owner": ben.pk}, follow=True))
        assert "<dd>Ben</dd>" in text
        body(client.post(of(row, "note"), {"text": "They call back"}, follow=True))
        assert client.post(of(row, "note"), {"text": " "}).status_code == 422
        stranger = User.objects.create_user("sam", is_staff=True)
        assert client.post(of(row, "assign"), {"owner": stranger.pk}).status_code == 422
        assert client.post(of(row, "park"), {"due_on": "x", "reason": "y"}).status_code == 422
        body(client.post(of(row, "park"), {"due_on": "2099-01-02", "reason": "y"}, follow=True))
        item = ReconcilingItem.objects.get()
        assert (item.owner, str(item.due_on), item.notes.count()) == (ben, "2099-01-02", 1)

    def test_presence_tells_colleagues(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        client.post(of(row, "presence"))
        other = signed_in(ben)
        assert "Ana is looking at this" in body(other.post(of(row, "presence")))
        Presence.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
        assert "looking" not in body(other.post(of(row, "presence")))

    def test_undo_leads_back_to_the_payment(self, account: MerchantAccount, client: Client) -> None:
        row, *_ = two_ways(account)
        client.post(of(row, "accept"), form_of(client, row))
        answer = client.post(reverse("admin:workbench_undo"), follow=True)
        assert answer.redirect_chain[-1][0] == of(row)
        assert "Undone: Matched 100.00 USD" in body(answer)
        row.refresh_from_db()
        assert row.needs_match
        assert "nothing of yours to undo" in body(
            client.post(reverse("admin:workbench_undo"), follow=True)
        )

    def test_the_page_of_last_steps(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        row, *_ = two_ways(account)
        other, *_ = two_ways(account)
        accept(other.pk, deed(ben))
        client.post(of(row, "accept"), form_of(client, row))
        text = body(client.get(STEPS))
        assert row.gateway_id in text and other.gateway_id not in text
        group = str(WorkStep.objects.get(transaction=row).group)
        body(client.post(reverse("admin:workbench_undo"), {"group": group}, follow=True))
        assert "undone" in body(client.get(STEPS))
        others = str(WorkStep.objects.get(transaction=other).group)
        text = body(client.post(reverse("admin:workbench_undo"), {"group": others}, follow=True))
        assert "nothing of yours" in text


class TestBulk:
    BULK = reverse("admin:workbench_bulk")

    def picked(self, *rows: GatewayTransaction) -> list[str]:
        return [f"{row.pk}:{row.revision}" for row in rows]

    def test_one_line_of_result_each_and_what_failed_stays_ticked(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        rows = [two_ways(account)[0] for _ in range(3)]
        assign(rows[1].pk, deed(ben), owner=ben)
        text = body(client.post(self.BULK, {"act": "accept", "picked": self.picked(*rows)}))
        assert "2 of 3 done" in text and "Ben, " in text
        assert re.findall(r'value="(\d+):\d+" aria-label="[^"]*" checked', text) == [
            str(rows[1].pk)
        ]
        assert WorkStep.objects.filter(kind="match").values("group").distinct().count() == 1
        text = body(client.post(reverse("admin:workbench_undo"), follow=True))
        assert "2 steps undone" in text
        assert GatewayTransaction.objects.filter(needs_match=True).count() == 3

    def test_park_and_assign_many(
        self, account: MerchantAccount, client: Client, ben: User
    ) -> None:
        rows = [two_ways(account)[0] for _ in range(2)]
        typed: dict[str, Any] = {"act": "assign", "owner": ben.pk, "picked": self.picked(*rows)}
        assert "2 of 2 done" in body(client.post(self.BULK, typed))
        for row in rows:
            row.refresh_from_db()
        typed = {"act": "park", "due_on": "2099-01-02", "reason": "them",
                 "picked": self.picked(*rows)}  # fmt: skip
        assert "2 of 2 done" in body(client.post(self.BULK, typed))
        assert listed(client, "view=parked") == [row.pk for row in rows]

    @pytest.mark.parametrize(("typed", "said"), [
        ({"act": "accept"}, "Tick the payments first"),
        ({"act": "x", "picked": "1:0"}, "Choose what is to be done"),
        ({"act": "park", "picked": "1:0"}, "Choose the day"),
        ({"act": "assign", "picked": "1:0", "owner": "999"}, "one of the colleagues"),
        ({"act": "accept", "picked": "x:y"}, "Tick the payments first"),
    ])  # fmt: skip
    def test_what_cannot_be_done_is_said(
        self, account: MerchantAccount, client: Client, typed: dict[str, str], said: str
    ) -> None:
        waiting_payment(account)
        assert said in body(client.post(self.BULK, typed), status=422)


class TestLearned:
    LIST = "/customers/payeralias/"

    def test_what_was_taught_is_seen_and_forgotten(
        self, account: MerchantAccount, client: Client, ana: User
    ) -> None:
        row, first, _ = two_ways(account)
        accept(row.pk, deed(ana))
        assert "ACMETOOLS" in body(client.get(self.LIST)) and "ana" in body(client.get(self.LIST))
        alias = PayerAlias.objects.get(kind="name")
        client.post(f"{self.LIST}{alias.pk}/delete/", {"post": "yes"})
        assert not PayerAlias.objects.filter(pk=alias.pk).exists()
        assert not PayerAlias.objects.filter(kind="name").exists()
        again, *_ = two_ways(account)
        accept(again.pk, deed(ana))
        picked = list(PayerAlias.objects.values_list("pk", flat=True))
        client.post(self.LIST, {"action": "forget_selected", "_selected_action": picked})
        assert not PayerAlias.objects.exists()

    def test_an_auditor_forgets_nothing(self, account: MerchantAccount, ana: User) -> None:
        row, *_ = two_ways(account)
        accept(row.pk, deed(ana))
        client = signed_in(person("otto", "Auditor"))
        alias = PayerAlias.objects.get(kind="name")
        assert client.get(self.LIST).status_code == 200
        assert client.post(f"{self.LIST}{alias.pk}/delete/", {"post": "yes"}).status_code == 403


def test_cards_are_shown_alike_on_the_payments_own_page(
    account: MerchantAccount, client: Client
) -> None:
    row, first, _ = two_ways(account)
    suggest(row, solution(first), near_misses=["Would have matched IN-1 if it were 0.02 higher."])
    item = ReconcilingItem.objects.get()
    for url in (
        reverse("admin:reconciliation_gatewaytransaction_change", args=[row.pk]),
        reverse("admin:reconciliation_reconcilingitem_change", args=[item.pk]),
        of(row),
    ):
        text = body(client.get(url))
        assert "0.02 higher" in text and first.tran_id in text and "card-signals" in text, url


def test_what_else_waits_of_an_unknown_payer(account: MerchantAccount, client: Client) -> None:
    row, *_ = two_ways(account)
    alike = waiting_payment(account, "8.00", billing_name="Acme Tools")
    waiting_payment(account, "9.00", billing_name="Somebody else")
    text = body(client.get(of(row, "alike"), headers=HTMX))
    assert "Also waiting from this payer" in text and of(alike) in text and "$9.00" not in text
