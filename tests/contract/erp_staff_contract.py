"""What every ErpLedger must do: telling the receipts that people entered themselves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from paysync.domain.errors import RecordError
from paysync.domain.ledger import StaffReceipt
from paysync.ports import ErpLedger
from tests.contract.erp_site import I1, I2, O1, ErpSite, intent, link, usd


def told(erp: ErpLedger, start: date, end: date | None = None) -> list[StaffReceipt]:
    found = erp.staff_receipts("SOA", start, end or start)
    return sorted(found, key=lambda one: one.tran_no)


class ErpStaffContract:
    """Receipts entered by hand, with what they pay; ours are never among them."""

    def test_a_receipt_entered_by_hand_is_told_with_what_it_pays(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        site.enter(today, "5501", "150.00", (I2, "40.00"), (I1, "100.00"), comment="visa 4242")
        (receipt,) = told(erp, today)
        assert receipt.tran_id.endswith("5501") and receipt.tran_no == "5501"
        assert (receipt.customer_id, receipt.tran_date) == ("ACME0001", today)
        assert (receipt.amount, receipt.comment) == (usd("150.00"), "visa 4242")
        assert receipt.applications == ((I1, usd("100.00")), (I2, usd("40.00")))
        assert not receipt.is_posted
        site.post("SOA")
        (posted,) = told(erp, today)
        assert posted.is_posted and posted.key == receipt.key
        assert posted.applications == receipt.applications

    def test_our_own_receipts_are_never_told(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I2, "100.00")))
        site.enter(today, "77", "80.00", (O1, "80.00"), customer_id="OTHER0002")
        assert [one.tran_no for one in told(erp, today)] == ["77"]
        site.post("SOA")
        assert [one.tran_no for one in told(erp, today)] == ["77"]

    def test_one_without_applications_is_told_too(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        site.enter(today, "12", "9.50")
        (receipt,) = told(erp, today)
        assert (receipt.amount, receipt.applications) == (usd("9.50"), ())

    def test_only_those_of_the_days_asked_for_are_told(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        yesterday = today - timedelta(days=1)
        for number in range(5):
            site.enter(today, f"6{number}", "10.00")
        site.enter(yesterday, "70", "11.00")
        assert [one.tran_no for one in told(erp, today)] == [f"6{n}" for n in range(5)]
        assert [one.tran_no for one in told(erp, yesterday)] == ["70"]
        assert len(told(erp, yesterday, today)) == 6
        assert told(erp, today + timedelta(days=1)) == []

    def test_what_was_deleted_is_not_told(self, erp: ErpLedger, site: ErpSite, today: date) -> None:
        site.enter(today, "31", "10.00")
        assert told(erp, today)
        site.delete_batches("SOA")
        assert told(erp, today) == []

    def test_one_nobody_can_read_is_set_aside_where_the_caller_asks_for_it(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        site.enter(today, "31", "10.00")
        site.enter(today, "32", "10.00")
        set_aside: list[str] = []
        site.spoil("staff-receipts")
        assert len(list(erp.staff_receipts("SOA", today, today, set_aside=set_aside))) == 1
        assert len(set_aside) == 1
        site.spoil("staff-receipts")
        with pytest.raises(RecordError):
            list(erp.staff_receipts("SOA", today, today))
