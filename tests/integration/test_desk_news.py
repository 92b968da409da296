"""What a site tells of our receipts: by acknowledgement, and by its own list of receipts."""

from __future__ import annotations

import pytest

from paysync.adapters.sage500.desk.columns import FileKind
from paysync.adapters.sage500.flat_file import FileLedger
from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.models import Alert, Connection, DeskClaim, DeskImport, DeskReceipt
from paysync.sandbox.sage500.submit import submit
from tests.contract.desk_exports import EXPORTS, HEADINGS, export, write_csv
from tests.contract.desk_site import TODAY, DeskSite, HandSite, OnTheDesk, order_of
from tests.contract.erp_site import I1, I2, found, intent, link, refused, usd
from tests.integration.test_desk_inbox import drop, inbox_with, outcomes

ACK = "IdemKey,Status,SageTranID,BatchID,PostDate,Message\n"
K1, K2 = "PT1-1-abcdef", "PT2-1-abcdef"
STATE = ErpReceiptState


def acknowledge(site: DeskSite, *lines: str) -> None:
    drop(site, "acknowledgements.csv", ACK + "".join(f"{line}\n" for line in lines))
    site.clock.go_on()
    site.inbox.take_in()


def handed_over(site: DeskSite, erp: FileLedger) -> None:
    """One receipt of 100.00 on I1, in a file."""
    erp.submit_receipt(intent(TODAY))
    site.outbox.hand_over()


class TestAcknowledgements(OnTheDesk):
    def test_a_posted_receipt_is_as_it_was_sent(self, site: DeskSite, erp: FileLedger) -> None:
        handed_over(site, erp)
        acknowledge(site, f"{K1},posted,CR-0000000001,ARCR-0000001,2026-11-23,")
        receipt = found(erp)
        assert (receipt.state, receipt.differs, receipt.posted_on) == (STATE.POSTED, False, TODAY)
        assert (receipt.tran_id, receipt.batch_id) == ("CR-0000000001", "ARCR-0000001")

    def test_an_accepted_receipt_is_pending_and_has_its_number(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        acknowledge(site, f"{K1},ACCEPTED,CR-1,,,")
        assert (found(erp).state, found(erp).tran_id) == (STATE.PENDING, "CR-1")
        assert erp.payable_now("SOA", [I1]) == {I1: usd("0")}

    def test_a_refused_receipt_frees_its_invoice_and_can_be_taken_back(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        acknowledge(site, f"{K1},rejected,,,,customer on hold")
        assert (found(erp).state, found(erp).message) == (STATE.DELETED, "customer on hold")
        assert erp.payable_now("SOA", [I1]) == {I1: usd("100.00")}
        refused(erp.submit_receipt(intent(TODAY)), "receipt_rejected")
        again = intent(TODAY, idempotency_key="PT1-2-abcdef")
        assert erp.submit_receipt(again).code is SubmitCode.CREATED
        assert erp.withdraw_receipt(K1).code is SubmitCode.CREATED
        assert erp.withdraw_receipt(K1).code is SubmitCode.ALREADY_THERE

    def test_the_same_word_again_changes_nothing(self, site: DeskSite, erp: FileLedger) -> None:
        handed_over(site, erp)
        for _ in range(2):
            acknowledge(site, f"{K1},posted,CR-1,,2026-11-23,")
        acknowledge(site, f"{K1},accepted,CR-1,,,again")
        assert found(erp).state is STATE.POSTED
        assert outcomes() == ["imported", "repeated", "imported"]

    @pytest.mark.parametrize(
        ("line", "column", "reason"),
        [
            ("PT9-1-abcdef,accepted,,,,", "IdemKey", "no receipt of ours"),
            (f"{K2},maybe,,,,", "Status", "none of accepted"),
            (f"{K2},posted,CR-2,,,", "PostDate", "has a posting date"),
            (f"{K2},posted,CR-1,,2026-11-23,", "SageTranID", "another receipt has this number"),
            (f"{K1},rejected,,,,", "Status", "the receipt is posted already"),
            (f"{K2},accepted,,,,\n{K2},posted,,,2026-11-23,", "IdemKey", "line 2 has it already"),
        ],
    )
    def test_one_wrong_line_and_none_counts(
        self, site: DeskSite, erp: FileLedger, line: str, column: str, reason: str
    ) -> None:
        erp.submit_receipt(intent(TODAY, 1, link(I1, "50.00")))
        erp.submit_receipt(intent(TODAY, 2, link(I2, "50.00")))
        erp.submit_receipt(intent(TODAY, 3, applications=()))
        site.outbox.hand_over()
        acknowledge(site, f"{K1},posted,CR-1,,2026-11-23,")
        acknowledge(site, line, "PT3-1-abcdef,accepted,CR-3,,,")
        errors = DeskImport.objects.latest("pk").errors
        assert (errors[0]["column"], reason in errors[0]["reason"]) == (column, True)
        assert found(erp, 3).tran_id == "" and found(erp, 2).state is STATE.PENDING

    def test_one_number_for_two_receipts_is_refused(self, site: DeskSite, erp: FileLedger) -> None:
        for number in (1, 2):
            erp.submit_receipt(intent(TODAY, number, applications=()))
        site.outbox.hand_over()
        acknowledge(site, f"{K1},accepted,CR-1,,,", f"{K2},accepted,cr-1,,,")
        assert "another receipt too" in DeskImport.objects.latest("pk").message


class TestLists(OnTheDesk):
    """Sage's own list of receipts, with its applications."""

    def test_payable_stays_low_until_a_newer_list_of_invoices_is_there(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        erp.submit_receipt(intent(TODAY, 1, link(I2, "100.00")))
        site.take_over()
        site.clerk.act({"action": "post", "company_id": "SOA"}, site.clock())
        site.tell("applications", "receipts")
        assert found(erp).state is STATE.POSTED
        assert erp.payable_now("SOA", [I2]) == {I2: usd("150.50")}
        site.tell("invoices")
        assert erp.get_invoice("SOA", I2).balance == usd("150.50")
        assert erp.payable_now("SOA", [I2]) == {I2: usd("150.50")}
        assert not DeskClaim.objects.exists()

    def test_a_list_of_invoices_made_before_the_posting_changes_nothing_of_that(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        """Made before the posting, taken in after its news: the balance in it is the old one."""
        erp.submit_receipt(intent(TODAY, 1, link(I2, "100.00")))
        site.take_over()
        early = export(site.store, "invoices", site.path, site.clock.go_on())
        site.clerk.act({"action": "post", "company_id": "SOA"}, site.clock())
        site.tell("applications", "receipts")
        early.rename(site.path / "inbox" / early.name)
        site.inbox.take_in()
        assert erp.get_invoice("SOA", I2).balance == usd("250.50")
        assert erp.payable_now("SOA", [I2]) == {I2: usd("150.50")}

    def test_a_list_of_invoices_taken_in_first_is_seen_too(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        erp.submit_receipt(intent(TODAY, 1, link(I2, "100.00")))
        site.take_over()
        site.clerk.act({"action": "post", "company_id": "SOA"}, site.clock())
        at = site.clock.go_on()
        made = [export(site.store, kind, site.path, at) for kind in ("applications", "receipts")]
        site.clock.go_on()
        site.tell("invoices")
        for path in made:
            path.rename(site.path / "inbox" / path.name)
        site.inbox.take_in()
        assert erp.payable_now("SOA", [I2]) == {I2: usd("150.50")}

    def test_a_mirror_hears_of_what_our_receipts_take(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        since = site.clock.go_on()
        erp.submit_receipt(intent(TODAY, 1, link(I2, "100.00")))
        changed = [(i.tran_id, i.payable) for i in erp.open_invoices("SOA", since)]
        assert changed == [(I2, usd("150.50"))]

    def test_older_news_changes_nothing(self, site: DeskSite, erp: FileLedger) -> None:
        handed_over(site, erp)
        for path in (site.path / "outbox").glob("*.txt"):
            path.unlink()
        submit(site.store, order_of(intent(TODAY)), site.clock())
        at = site.clock.go_on()
        early = [export(site.store, kind, site.path, at) for kind in ("applications", "receipts")]
        site.clerk.act({"action": "open", "company_id": "SOA"}, site.clock())
        site.tell()
        for path in early:
            path.rename(site.path / "inbox" / path.name)
        site.inbox.take_in()
        assert found(erp).state is STATE.BEING_EDITED

    def test_receipts_wait_for_their_applications(self, site: DeskSite, erp: FileLedger) -> None:
        handed_over(site, erp)
        submit(site.store, order_of(intent(TODAY)), site.clock())
        at = site.clock.go_on()
        export(site.store, "receipts", site.path / "inbox", at)
        site.inbox.take_in()
        assert found(erp).tran_id == "" and outcomes() == ["waiting"]
        export(site.store, "applications", site.path / "inbox", at)
        site.inbox.take_in()
        assert found(erp).tran_id == "CR-1" and outcomes() == ["imported", "imported"]

    def test_receipts_do_not_wait_for_ever(self, site: DeskSite) -> None:
        export(site.store, "receipts", site.path / "inbox", site.clock.go_on())
        site.inbox.take_in()
        site.clock.go_on(24 * 3600)
        site.inbox.take_in()
        assert "never came" in DeskImport.objects.latest("pk").message

    def test_wrong_applications_hold_their_receipts_back(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        submit(site.store, order_of(intent(TODAY)), site.clock())
        at = site.clock.go_on()
        export(site.store, "receipts", site.path / "inbox", at)
        path = export(site.store, "applications", site.path / "inbox", at)
        write_csv(path, HEADINGS["applications"], [["SOA", "CR-1", I1, "ten", "0", ""]], at)
        site.inbox.take_in()
        assert outcomes() == ["rejected", "rejected"] and found(erp).tran_id == ""

    def test_without_applications_the_amounts_alone_are_compared(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        submit(site.store, order_of(intent(TODAY)), site.clock())
        export(site.store, "receipts", site.path / "inbox", site.clock.go_on())
        inbox_with(site, applications=False).take_in()
        assert (found(erp).state, found(erp).differs) == (STATE.PENDING, False)
        site.clerk.act(
            {"action": "edit", "idempotency_key": K1, "amount": "100.00", "applications": []},
            site.clock(),
        )
        export(site.store, "receipts", site.path / "inbox", site.clock.go_on())
        inbox_with(site, applications=False).take_in()
        assert (found(erp).unapplied, found(erp).differs) == (usd("100.00"), True)

    def test_a_receipt_under_another_number_is_known_by_its_comment(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        submit(site.store, order_of(intent(TODAY, tran_no="4711")), site.clock())
        site.tell()
        assert (found(erp).state, found(erp).tran_id) == (STATE.PENDING, "CR-4711")

    def test_what_is_not_certain_is_asked_and_answered_by_a_later_list(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        strange = intent(TODAY, comment="", amount=usd("90.00"), applications=())
        submit(site.store, order_of(strange), site.clock())
        site.tell()
        alert = Alert.objects.get(code="desk_question")
        assert "CR-1 in Sage 500 has the number 1" in alert.message
        assert found(erp).message and found(erp).tran_id == ""
        site.tell()
        alert.refresh_from_db()
        assert alert.times == 1 and alert.closed_at is None
        row = DeskReceipt.objects.get()
        acknowledge(site, f"{row.idempotency_key},posted,CR-9,,2026-11-23,")
        alert.refresh_from_db()
        assert alert.closed_at and not found(erp).message

    def test_a_receipt_that_was_refused_and_is_there_all_the_same_is_told(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        acknowledge(site, f"{K1},rejected,,,,")
        submit(site.store, order_of(intent(TODAY)), site.clock())
        site.tell()
        assert (
            "It was rejected, but Sage 500 has it as CR-1"
            in Alert.objects.get(code="desk_question").message
        )
        assert found(erp).state is STATE.DELETED

    def test_a_new_try_of_the_same_payment_is_not_taken_for_the_refused_one(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        handed_over(site, erp)
        acknowledge(site, f"{K1},rejected,,,,")
        again = intent(TODAY, idempotency_key="PT1-2-abcdef", tran_no="12")
        erp.submit_receipt(again)
        for path in (site.path / "outbox").glob("*.txt"):
            path.unlink()
        site.take_over()
        site.tell()
        assert erp.find_receipts(["PT1-2-abcdef"])["PT1-2-abcdef"].tran_id == "CR-12"
        site.post("SOA")
        site.tell()
        assert not Alert.objects.filter(code="desk_question").exists()

    def test_receipts_of_others_are_passed_over(self, site: DeskSite, erp: FileLedger) -> None:
        for number in range(20, 30):
            other = intent(TODAY, number, applications=(), comment="a cheque")
            submit(site.store, order_of(other), site.clock())
        site.tell()
        assert not DeskReceipt.objects.exists()


class TestByHand(OnTheDesk):
    kind = Connection.Kind.SAGE500_MANUAL
    site_class: type[DeskSite] = HandSite

    def test_entries_close_by_themselves_when_sage_lists_them(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.take_over()
        site.tell()
        row = DeskReceipt.objects.get()
        assert (row.state, row.sage_tran_id, row.number_told) == ("entered", "CR-1", True)

    def test_what_was_taken_back_and_entered_all_the_same_is_told(
        self, site: DeskSite, erp: FileLedger
    ) -> None:
        erp.submit_receipt(intent(TODAY))
        site.take_over()
        erp.withdraw_receipt(K1)
        site.tell()
        assert "It was withdrawn, but Sage 500 has it as CR-1" in Alert.objects.get().message


def test_every_export_of_the_site_has_a_kind() -> None:
    assert set(EXPORTS) | {"acknowledgements"} == set(FileKind)
