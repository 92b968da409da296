"""The work list: receipts entered by hand, ticked with Sage's number, by who may."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from paysync.adapters.sage500.flat_file import FileLedger
from paysync.domain.desk import DeskState
from paysync.domain.errors import RuleError
from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.models import AuditEntry, Connection, DeskBatch, DeskImport, DeskReceipt
from paysync.services.desk import enter_receipt, post_entered, undo_entry
from paysync.services.desk.entering import NotAllowedError
from reconciliation.services.roles import ensure_roles
from tests.contract.desk_site import TODAY, DeskSite, HandSite, OnTheDesk
from tests.contract.erp_site import I1, I2, I3, found, intent, link, usd
from tests.integration.test_desk_inbox import INVOICES, drop, row, stamped
from tests.workers import in_threads

LIST = reverse("admin:paysync_deskreceipt_changelist")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def person(name: str, *permissions: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=user.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def body(client: Client, query: str = "") -> str:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


class ByHand(OnTheDesk):
    kind = Connection.Kind.SAGE500_MANUAL
    site_class: type[DeskSite] = HandSite

    @pytest.fixture
    def carla(self, site: DeskSite) -> User:
        """Who may enter receipts and nothing else."""
        return person("carla", "enter_deskreceipt")

    def send(self, erp: FileLedger, count: int = 1) -> list[DeskReceipt]:
        for number in range(1, count + 1):
            made = intent(TODAY, number, applications=())
            assert erp.submit_receipt(made).code is SubmitCode.CREATED
        return list(DeskReceipt.objects.order_by("pk"))


class TestEntering(ByHand):
    """The services behind the page."""

    def test_a_tick_says_that_sage_has_it(self, erp: FileLedger, carla: User) -> None:
        (receipt,) = self.send(erp)
        enter_receipt(receipt.pk, " cr-0000000001 ", person=carla, now=NOW)
        seen = found(erp)
        assert (seen.state, seen.tran_id) == (ErpReceiptState.PENDING, "CR-0000000001")
        receipt.refresh_from_db()
        assert (receipt.entered_by, receipt.entered_at) == ("carla", NOW)
        entry = AuditEntry.objects.get(action="enter receipt")
        assert (entry.actor, entry.detail) == ("carla", {"sage_number": "CR-0000000001"})

    def test_the_same_tick_again_changes_nothing(self, erp: FileLedger, carla: User) -> None:
        (receipt,) = self.send(erp)
        for _ in range(2):
            enter_receipt(receipt.pk, "CR-1", person=carla, now=NOW)
        assert AuditEntry.objects.filter(action="enter receipt").count() == 1
        with pytest.raises(RuleError, match="entered already by carla, as CR-1"):
            enter_receipt(receipt.pk, "CR-2", person=carla, now=NOW)

    @pytest.mark.parametrize("number", ["", " ", "CR 1", "CR-00000000001", "=1", "-1", "ÄR-1"])
    def test_what_is_no_number_is_refused(self, erp: FileLedger, carla: User, number: str) -> None:
        (receipt,) = self.send(erp)
        with pytest.raises(RuleError, match="up to 13"):
            enter_receipt(receipt.pk, number, person=carla, now=NOW)
        assert found(erp).tran_id == ""

    def test_a_number_belongs_to_one_receipt_of_a_company(
        self, erp: FileLedger, carla: User
    ) -> None:
        first, second = self.send(erp, 2)
        enter_receipt(first.pk, "CR-1", person=carla, now=NOW)
        with pytest.raises(RuleError, match="belongs to another receipt"):
            enter_receipt(second.pk, "cr-1", person=carla, now=NOW)

    def test_a_receipt_taken_back_meanwhile_says_what_to_do(
        self, erp: FileLedger, carla: User
    ) -> None:
        (receipt,) = self.send(erp)
        erp.withdraw_receipt("PT1-1-abcdef")
        with pytest.raises(RuleError, match="Delete it in Sage 500"):
            enter_receipt(receipt.pk, "CR-1", person=carla, now=NOW)

    def test_a_tick_can_be_undone_until_sage_bears_it_out(
        self, site: DeskSite, erp: FileLedger, carla: User
    ) -> None:
        (receipt,) = self.send(erp)
        enter_receipt(receipt.pk, "CR-7", person=carla, now=site.clock())
        undo_entry(receipt.pk, person=carla, now=site.clock())
        assert found(erp).tran_id == ""
        assert AuditEntry.objects.get(action="undo entered receipt").detail["sage_number"] == "CR-7"
        site.take_over()
        enter_receipt(receipt.pk, "CR-1", person=carla, now=site.clock())
        site.tell()
        with pytest.raises(RuleError, match="borne out"):
            undo_entry(receipt.pk, person=carla, now=site.clock())

    def test_a_mistyped_number_is_asked_about(
        self, site: DeskSite, erp: FileLedger, carla: User
    ) -> None:
        """The number is another receipt's in Sage 500: of somebody else, over something else."""
        other = intent(TODAY, 9, customer_id="OTHER0002", amount=usd("7.00"), applications=(),
                       comment="a cheque")  # fmt: skip
        site.key_in(other)
        (receipt,) = self.send(erp)
        enter_receipt(receipt.pk, "CR-9", person=carla, now=site.clock())
        site.tell()
        receipt.refresh_from_db()
        assert "receipt of 7.00 USD from OTHER0002" in receipt.question
        assert not receipt.number_told

    def test_posting_can_be_said_by_hand(self, erp: FileLedger, carla: User) -> None:
        erp.submit_receipt(intent(TODAY))
        receipt = DeskReceipt.objects.get()
        with pytest.raises(RuleError, match="entered"):
            post_entered(receipt.pk, TODAY, person=carla, now=NOW)
        enter_receipt(receipt.pk, "CR-1", person=carla, now=NOW)
        with pytest.raises(RuleError, match="still to come"):
            post_entered(receipt.pk, TODAY + timedelta(days=2), person=carla, now=NOW)
        post_entered(receipt.pk, TODAY, person=carla, now=NOW)
        assert (found(erp).state, found(erp).posted_on) == (ErpReceiptState.POSTED, TODAY)

    def test_who_may_not_is_refused_by_the_service(self, erp: FileLedger) -> None:
        (receipt,) = self.send(erp)
        wrong = person("wanda", "view_deskreceipt", "change_deskreceipt")
        with pytest.raises(NotAllowedError):
            enter_receipt(receipt.pk, "CR-1", person=wrong, now=NOW)
        with pytest.raises(NotAllowedError):
            undo_entry(receipt.pk, person=wrong, now=NOW)
        with pytest.raises(NotAllowedError):
            post_entered(receipt.pk, TODAY, person=wrong, now=NOW)

    def test_a_receipt_of_a_site_by_files_is_not_entered_here(
        self, erp: FileLedger, carla: User
    ) -> None:
        (receipt,) = self.send(erp)
        Connection.objects.filter(pk=receipt.connection_id).update(kind="sage500_flat_file")
        with pytest.raises(DeskReceipt.DoesNotExist):
            enter_receipt(receipt.pk, "CR-1", person=carla, now=NOW)


@pytest.mark.django_db(transaction=True)
class TestAtOnce(ByHand):
    def test_two_people_with_one_number_for_two_receipts(
        self, erp: FileLedger, carla: User
    ) -> None:
        rows = self.send(erp, 2)
        results = in_threads(
            2, lambda n: enter_receipt(rows[n].pk, "CR-1", person=carla, now=NOW).pk
        )
        assert len([one for one in results if isinstance(one, Exception)]) == 1, results
        assert DeskReceipt.objects.filter(sage_tran_id="CR-1").count() == 1

    def test_a_tick_and_a_withdrawal_are_one_or_the_other(
        self, erp: FileLedger, carla: User
    ) -> None:
        (receipt,) = self.send(erp)
        tick, back = in_threads(
            2,
            lambda n: (
                enter_receipt(receipt.pk, "CR-1", person=carla, now=NOW)
                if n == 0
                else erp.withdraw_receipt("PT1-1-abcdef").code
            ),
        )
        receipt.refresh_from_db()
        if receipt.state == DeskState.ENTERED:
            assert back is SubmitCode.BATCH_NOT_OPEN
        else:
            assert isinstance(tick, RuleError) and back is SubmitCode.CREATED


class TestPage(ByHand):
    """The page in the console."""

    def test_everything_that_is_keyed_in_is_on_one_line(self, erp: FileLedger, carla: User) -> None:
        links = (link(I1, "60.00", "0", "5.00"), link(I3, "20.00", "10.00"))
        erp.submit_receipt(intent(TODAY, 1, *links, comment='PT 1 "<b>"'))
        text = body(signed_in(carla))
        for part in ("SOA", "ACME0001", "Acme Pumps", "Nov 23, 2026", "$100.00", "MERCH-USD",
                     I1, "$60.00", "write-off $5.00", I3, "discount $10.00", "on account",
                     "PT 1 &quot;&lt;b&gt;&quot;"):  # fmt: skip
            assert part in text, part

    def test_a_tick_leads_to_the_next_line(self, erp: FileLedger, carla: User) -> None:
        first, second, _ = self.send(erp, 3)
        client = signed_in(carla)
        assert f'receipt {first.tran_no}" value="" autofocus' in body(client)
        enter = reverse("admin:paysync_deskreceipt_enter", args=[first.pk])
        values = {"number": "CR-1", "next": second.pk, "back": "view=waiting&company=SOA"}
        answer = client.post(enter, values, follow=True)
        assert "company=SOA" in answer.redirect_chain[-1][0]
        text = answer.content.decode()
        assert "Receipt 1 is entered as CR-1." in text
        assert f'receipt {second.tran_no}" value="" autofocus' in text

    def test_a_wrong_number_comes_back_as_it_was_typed(self, erp: FileLedger, carla: User) -> None:
        (receipt,) = self.send(erp)
        enter = reverse("admin:paysync_deskreceipt_enter", args=[receipt.pk])
        answer = signed_in(carla).post(enter, {"number": "CR?1"}, follow=True)
        text = answer.content.decode()
        assert "up to 13 letters and digits" in text and 'value="CR?1" autofocus' in text

    def test_undo_and_posted_work_from_the_page(self, erp: FileLedger, carla: User) -> None:
        (receipt,) = self.send(erp)
        client = signed_in(carla)

        def press(name: str, **values: str) -> str:
            address = reverse(f"admin:paysync_deskreceipt_{name}", args=[receipt.pk])
            values["back"] = "view=entered"
            return client.post(address, values, follow=True).content.decode()

        press("enter", number="CR-1")
        assert "entered by carla" in body(client, "view=entered")
        assert "is on the list again" in press("undo")
        press("enter", number="CR-2")
        assert "That is no date" in press("posted", posted_on="soon")
        assert "is posted" in press("posted", posted_on="2026-11-23")
        assert "posted Nov 23, 2026" in body(client, "view=ended")

    def test_lines_are_filtered(self, erp: FileLedger, carla: User) -> None:
        self.send(erp, 2)
        erp.submit_receipt(intent(TODAY, 3, applications=(), cash_account_id="OPERATING"))
        client = signed_in(carla)
        counts = {"": 3, "account=OPERATING": 1, "q=2": 1, "q=acme": 3, "company=NWM": 0,
                  "view=ended": 0, "view=nonsense": 0}  # fmt: skip
        for query, count in counts.items():
            assert len(re.findall(r'<tr id="r\d+"', body(client, query))) == count, query

    def test_three_hundred_entries_are_paged_and_printed_whole(
        self, erp: FileLedger, carla: User, django_assert_max_num_queries: object
    ) -> None:
        self.send(erp, 300)
        client = signed_in(carla)
        assert len(re.findall(r'<tr id="r\d+"', body(client))) == 100
        assert "Page 3 of 3, 300 lines" in body(client, "page=3")
        assert len(re.findall(r'<tr id="r\d+"', body(client, "print=1"))) == 300
        with django_assert_max_num_queries(25):  # type: ignore[operator]
            body(client, "page=2")

    def test_the_export_runs_no_formula(self, erp: FileLedger, carla: User) -> None:
        erp.submit_receipt(intent(TODAY, 1, link(I1, "60.00"), link(I2, "1.00"), comment="=1+1"))
        answer = signed_in(carla).get(reverse("admin:paysync_deskreceipt_export"))
        assert "attachment" in answer["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0]["Applications"] == f"{I1} 60.00; {I2} 1.00"
        assert (rows[0]["Comment"], rows[0]["On account"]) == ("'=1+1", "39.00")
        assert rows[0]["Amount"] == "100.00"

    def test_a_receipt_nobody_can_read_is_shown_without_a_tick(
        self, site: DeskSite, erp: FileLedger, carla: User
    ) -> None:
        self.send(erp)
        site.spoil("receipts")
        text = body(signed_in(carla))
        assert "do not enter it" in text and 'name="number"' not in text

    def test_who_may_not_enter_sees_no_way_to(self, erp: FileLedger) -> None:
        (receipt,) = self.send(erp)
        watcher = signed_in(person("watcher", "view_deskreceipt"))
        assert 'name="number"' not in body(watcher)
        enter = reverse("admin:paysync_deskreceipt_enter", args=[receipt.pk])
        assert watcher.post(enter, {"number": "CR-1"}).status_code == 403
        stranger = signed_in(person("stranger"))
        for address in (LIST, reverse("admin:paysync_deskreceipt_export")):
            assert stranger.get(address).status_code == 403
        assert signed_in(person("sam", "enter_deskreceipt")).get(enter).status_code == 405
        assert DeskReceipt.objects.get().state == DeskState.WAITING

    def test_a_clerk_may_and_an_auditor_may_not(self, erp: FileLedger) -> None:
        self.send(erp)
        ensure_roles()
        for role, may in (("Finance clerk", True), ("Finance admin", True), ("Auditor", False)):
            user = User.objects.create_user(role, is_staff=True)
            user.groups.add(Group.objects.get(name=role))
            text = body(signed_in(user))
            assert ('name="number"' in text) == may, role
            assert "Receipts to enter" in text

    def test_a_receipts_own_page_is_its_line(self, erp: FileLedger, carla: User) -> None:
        (receipt,) = self.send(erp)
        page = reverse("admin:paysync_deskreceipt_change", args=[receipt.pk])
        assert signed_in(carla).get(page).headers["Location"] == f"{LIST}?view=waiting&q=1"


class TestFilePages(OnTheDesk):
    """Imported files and batches in the console."""

    def test_a_rejected_file_is_shown_with_its_error_file(self, site: DeskSite) -> None:
        drop(site, stamped(site), INVOICES + row(balance="=cmd"))
        site.inbox.take_in()
        rejected = DeskImport.objects.latest("pk")
        page = reverse("admin:paysync_deskimport_change", args=[rejected.pk])
        errors = reverse("admin:paysync_deskimport_errors", args=[rejected.pk])
        seer = signed_in(person("olga", "view_deskimport"))
        assert "not an amount" in seer.get(page).content.decode()
        listed = seer.get(reverse("admin:paysync_deskimport_changelist")).content.decode()
        assert "Rejected" in listed and rejected.file_name in listed
        answer = seer.get(errors)
        assert "'=cmd" in answer.content.decode("utf-8-sig")
        assert signed_in(person("stranger")).get(errors).status_code == 403
        good = DeskImport.objects.filter(outcome="imported").first()
        assert good
        address = reverse("admin:paysync_deskimport_errors", args=[good.pk])
        assert seer.get(address).status_code == 404

    def test_a_batch_is_handed_over_at_once_by_who_may(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        batch = DeskBatch.objects.get()
        page = reverse("admin:paysync_deskbatch_change", args=[batch.pk])
        close = reverse("admin:paysync_deskbatch_close", args=[batch.pk])
        watcher = signed_in(person("watcher", "view_deskbatch"))
        assert "Hand over now" not in watcher.get(page).content.decode()
        assert watcher.post(close).status_code == 403
        boss = signed_in(User.objects.create_superuser("boss"))
        assert "Hand over now" in boss.get(page).content.decode()
        boss.post(close)
        batch.refresh_from_db()
        assert batch.state == "closing"
        assert AuditEntry.objects.get(action="hand over receipts").actor == "boss"
        assert "nothing in this batch" in boss.post(close, follow=True).content.decode()
        listed = boss.get(reverse("admin:paysync_deskbatch_changelist")).content.decode()
        assert batch.reference in listed

    def test_sites_without_such_a_connection_see_no_entries_for_it(self, site: DeskSite) -> None:
        boss = signed_in(User.objects.create_superuser("boss"))
        home = reverse("admin:paysync_deskimport_changelist")
        assert "Batches for Sage 500" in boss.get(home).content.decode()
        assert "Receipts to enter" not in boss.get(home).content.decode()
        Connection.objects.update(kind="sage500_http_api")
        assert "Batches for Sage 500" not in boss.get(reverse("admin:index")).content.decode()
