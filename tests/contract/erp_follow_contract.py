"""What every ErpLedger must do: following a receipt to its end, and taking it back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from paysync.domain.ledger import ErpReceiptState, SubmitCode
from paysync.ports import ErpLedger
from tests.contract.erp_site import I1, I2, I3, ErpSite, found, intent, link, refused, usd


class ErpFollowContract:
    """What becomes of a receipt once people at the site have it."""

    def test_a_pending_receipt_is_found_as_it_was_sent(self, erp: ErpLedger, today: date) -> None:
        sent = intent(today, 1, link(I2, "80.00"), link(I3, "10.00", "20.00"))
        result = erp.submit_receipt(sent)
        receipt = found(erp)
        assert (receipt.state, receipt.differs) == (ErpReceiptState.PENDING, False)
        assert (receipt.amount, receipt.unapplied) == (usd("100.00"), usd("10.00"))
        assert set(receipt.applications) == set(sent.applications)
        assert (receipt.receipt_key, receipt.tran_id) == (result.receipt_key, result.tran_id)
        assert receipt.gateway_reference == sent.gateway_reference

    def test_unknown_keys_are_absent(self, erp: ErpLedger, today: date) -> None:
        erp.submit_receipt(intent(today))
        assert set(erp.find_receipts(["PT1-1-abcdef", "PT9-1-abcdef"])) == {"PT1-1-abcdef"}
        assert erp.find_receipts([]) == {}

    def test_a_receipt_nobody_can_read_is_not_absent_and_hides_no_other(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        for number in (1, 2):
            erp.submit_receipt(intent(today, number, link(I1, "10.00")))
        site.spoil("receipts")
        found = erp.find_receipts(["PT1-1-abcdef", "PT2-1-abcdef", "PT9-1-abcdef"])
        assert {key: receipt.state for key, receipt in found.items()} == {
            "PT1-1-abcdef": ErpReceiptState.PENDING,
            "PT2-1-abcdef": ErpReceiptState.UNREADABLE,
        }
        assert found["PT2-1-abcdef"].message

    def test_posting_moves_balances_and_closes_what_is_paid(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I1, "60.00", "0", "5.00"), link(I2, "30.00")))
        erp.submit_receipt(intent(today, 2, link(I1, "35.00"), amount=usd("35.00")))
        site.post("SOA")
        first = found(erp)
        assert (first.state, first.posted_on) == (ErpReceiptState.POSTED, today)
        assert (first.unapplied, first.differs) == (usd("10.00"), False)
        assert set(first.applications) == {link(I1, "60.00", "0", "5.00"), link(I2, "30.00")}
        closed, lowered = erp.get_invoice("SOA", I1), erp.get_invoice("SOA", I2)
        assert (closed.balance, closed.is_open) == (usd("0"), False)
        assert (lowered.balance, lowered.payable) == (usd("220.50"), usd("220.50"))

    def test_a_posted_receipt_again_is_still_already_there(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        erp.submit_receipt(intent(today))
        site.post("SOA")
        assert erp.submit_receipt(intent(today)).code is SubmitCode.ALREADY_THERE

    def test_a_batch_that_is_open_on_a_screen_is_being_edited(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        first = erp.submit_receipt(intent(today, 1, link(I1, "10.00")))
        site.open_batches("SOA")
        assert found(erp).state is ErpReceiptState.BEING_EDITED
        other = erp.submit_receipt(intent(today, 2, link(I2, "10.00")))
        assert other.code is SubmitCode.CREATED and other.batch_id != first.batch_id

    def test_an_edited_receipt_differs(self, erp: ErpLedger, site: ErpSite, today: date) -> None:
        erp.submit_receipt(intent(today))
        site.edit("PT1-1-abcdef", amount="90.00", applications=[(I2, "70.00")])
        receipt = found(erp)
        assert (receipt.state, receipt.differs) == (ErpReceiptState.PENDING, True)
        assert (receipt.amount, receipt.unapplied) == (usd("90.00"), usd("20.00"))
        assert receipt.applications == (link(I2, "70.00"),)
        site.post("SOA")
        assert (found(erp).state, found(erp).differs) == (ErpReceiptState.POSTED, True)

    @pytest.mark.parametrize(("discount", "write_off"), [("20.00", "0"), ("0", "5.00")])
    def test_a_receipt_without_its_discount_or_write_off_differs(
        self, erp: ErpLedger, site: ErpSite, today: date, discount: str, write_off: str
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I3, "100.00", discount, write_off)))
        assert not found(erp).differs
        site.edit("PT1-1-abcdef", amount="100.00", applications=[(I3, "100.00")])
        receipt = found(erp)
        assert (receipt.differs, receipt.applications) == (True, (link(I3, "100.00"),))

    def test_a_posted_receipt_shows_discount_and_write_off_and_the_balance_all_three(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        sent = intent(today, 1, link(I3, "480.00", "15.00", "5.00"), amount=usd("480.00"))
        erp.submit_receipt(sent)
        site.post("SOA")
        receipt = found(erp)
        assert (receipt.state, receipt.differs) == (ErpReceiptState.POSTED, False)
        assert (receipt.amount, receipt.unapplied) == (usd("480.00"), usd("0"))
        assert receipt.applications == sent.applications
        assert erp.get_invoice("SOA", I3).balance == usd("500.00")

    def test_a_deleted_receipt_is_told_and_not_made_again_under_its_key(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        erp.submit_receipt(intent(today))
        site.delete_batches("SOA")
        assert found(erp).state is ErpReceiptState.DELETED
        refused(erp.submit_receipt(intent(today)), "receipt_deleted")
        assert erp.payable_now("SOA", [I1]) == {I1: usd("100.00")}
        again = intent(today, idempotency_key="PT1-2-abcdef")
        assert erp.submit_receipt(again).code is SubmitCode.CREATED

    def test_an_interrupted_posting_is_told_until_it_is_resumed(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        erp.submit_receipt(intent(today))
        site.interrupt("SOA")
        assert found(erp).state is ErpReceiptState.INTERRUPTED
        assert erp.withdraw_receipt("PT1-1-abcdef").code is SubmitCode.BATCH_NOT_OPEN
        site.resume("SOA")
        assert found(erp).state is ErpReceiptState.POSTED

    def test_a_pending_receipt_can_be_taken_back_once(self, erp: ErpLedger, today: date) -> None:
        erp.submit_receipt(intent(today))
        assert erp.withdraw_receipt("PT1-1-abcdef").code is SubmitCode.CREATED
        assert erp.withdraw_receipt("PT1-1-abcdef").code is SubmitCode.ALREADY_THERE
        assert found(erp).state is ErpReceiptState.WITHDRAWN
        assert erp.payable_now("SOA", [I1]) == {I1: usd("100.00")}
        refused(erp.submit_receipt(intent(today)), "receipt_withdrawn")
        again = intent(today, idempotency_key="PT1-2-abcdef")
        assert erp.submit_receipt(again).code is SubmitCode.CREATED

    def test_a_posted_receipt_cannot_be_taken_back(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        erp.submit_receipt(intent(today))
        site.post("SOA")
        assert erp.withdraw_receipt("PT1-1-abcdef").code is SubmitCode.BATCH_NOT_OPEN

    def test_taking_back_what_was_never_there_says_so(self, erp: ErpLedger) -> None:
        refused(erp.withdraw_receipt("PT9-1-abcdef"), "not_found")

    def test_the_proof_lists_every_receipt_of_ours_live_or_not(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        yesterday = today - timedelta(days=1)
        for number in (1, 2, 3, 4):
            day = yesterday if number == 4 else today
            erp.submit_receipt(intent(today, number, link(I1, "10.00"), tran_date=day))
        erp.withdraw_receipt("PT2-1-abcdef")
        states = {r.idempotency_key: r.state for r in erp.receipts_on("SOA", today, today)}
        assert states == {
            "PT1-1-abcdef": ErpReceiptState.PENDING,
            "PT2-1-abcdef": ErpReceiptState.WITHDRAWN,
            "PT3-1-abcdef": ErpReceiptState.PENDING,
        }
        assert list(erp.receipts_on("NWM", yesterday, today)) == []
