"""What every ErpLedger must do: handing over receipts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from paysync.domain.errors import RecordError
from paysync.domain.ledger import SubmitCode
from paysync.ports import ErpLedger
from tests.contract.erp_site import C1, I1, I2, I3, K1, O1, ErpSite, intent, link, refused, usd


class ErpSubmitContract:
    """Handing over receipts: once each, and only what the ledger can take."""

    #: How the id of a receipt's batch begins: Sage's own for wrappers and services (inferred).
    batch_prefix = "ARCR-"
    #: Whether the answer to a submission names Sage's number; by file or by hand it cannot.
    knows_number_at_once = True

    def test_a_receipt_is_made_with_its_keys(self, erp: ErpLedger, today: date) -> None:
        result = erp.submit_receipt(intent(today))
        assert result.code is SubmitCode.CREATED
        assert result.receipt_key and result.batch_key
        assert result.batch_id.startswith(self.batch_prefix)
        assert result.tran_id.endswith("-1") if self.knows_number_at_once else not result.tran_id

    def test_the_same_receipt_again_is_already_there(self, erp: ErpLedger, today: date) -> None:
        first = erp.submit_receipt(intent(today))
        again = erp.submit_receipt(intent(today))
        assert again.code is SubmitCode.ALREADY_THERE
        assert (again.receipt_key, again.batch_id) == (first.receipt_key, first.batch_id)
        assert len(list(erp.receipts_on("SOA", today, today))) == 1

    def test_the_order_of_applications_is_no_other_content(
        self, erp: ErpLedger, today: date
    ) -> None:
        links = (link(I1, "40.00"), link(I2, "60.00"))
        erp.submit_receipt(intent(today, 1, *links))
        again = erp.submit_receipt(intent(today, 1, *reversed(links)))
        assert again.code is SubmitCode.ALREADY_THERE

    def test_the_same_key_with_other_content_is_refused(self, erp: ErpLedger, today: date) -> None:
        erp.submit_receipt(intent(today))
        other = erp.submit_receipt(intent(today, amount=usd("101.00")))
        assert other.code is SubmitCode.KEY_REUSED

    def test_one_gateway_payment_has_one_live_receipt(self, erp: ErpLedger, today: date) -> None:
        erp.submit_receipt(intent(today, 1, link(I1, "50.00")))
        twin = intent(today, 2, link(I2, "50.00"), gateway_reference="merchant-1:1")
        refused(erp.submit_receipt(twin), "duplicate_reference")

    def test_a_comment_that_names_a_known_payment_is_refused(
        self, erp: ErpLedger, today: date
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I1, "50.00")))
        twin = intent(today, 2, link(I2, "50.00"), comment="PT 1 4242 A1B2")
        refused(erp.submit_receipt(twin), "duplicate_reference")

    def test_a_receipt_number_is_used_once(self, erp: ErpLedger, today: date) -> None:
        erp.submit_receipt(intent(today, 1, link(I1, "50.00")))
        refused(erp.submit_receipt(intent(today, 2, link(I2, "5.00"), tran_no="1")),
                "duplicate_tran_no")  # fmt: skip

    def test_a_closed_period_is_refused(self, erp: ErpLedger, today: date) -> None:
        last_month = today.replace(day=1) - timedelta(days=1)
        result = erp.submit_receipt(intent(today, post_date=last_month))
        assert result.code is SubmitCode.PERIOD_CLOSED

    def test_a_period_locked_for_ar_is_refused(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        site.set_period("SOA", today, "lock")
        assert erp.submit_receipt(intent(today)).code is SubmitCode.PERIOD_CLOSED

    def test_more_than_payable_is_refused(self, erp: ErpLedger, today: date) -> None:
        erp.submit_receipt(intent(today, 1, link(I1, "60.00")))
        result = erp.submit_receipt(intent(today, 2, link(I1, "40.01")))
        assert result.code is SubmitCode.BALANCE_CHANGED
        assert erp.submit_receipt(intent(today, 3, link(I1, "40.00"))).code is SubmitCode.CREATED

    def test_discount_and_write_off_count_as_much_as_money(
        self, erp: ErpLedger, today: date
    ) -> None:
        links = (link(I3, "978.00", "20.00", "2.01"), link(I3, "978.00", "20.00", "2.00"))
        over, right = (intent(today, 1, one, amount=usd("978.00")) for one in links)
        assert erp.submit_receipt(over).code is SubmitCode.BALANCE_CHANGED
        assert erp.submit_receipt(right).code is SubmitCode.CREATED
        assert erp.payable_now("SOA", [I3]) == {I3: usd("0")}

    def test_a_discount_is_taken_once_also_before_it_is_posted(
        self, erp: ErpLedger, today: date
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I3, "80.00", "15.00")))
        refused(erp.submit_receipt(intent(today, 2, link(I3, "80.00", "5.01"))),
                "discount_not_allowed")  # fmt: skip
        rest = erp.submit_receipt(intent(today, 3, link(I3, "80.00", "5.00")))
        assert rest.code is SubmitCode.CREATED

    def test_another_discount_or_write_off_is_other_content(
        self, erp: ErpLedger, today: date
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I3, "80.00", "15.00", "2.00")))
        for other in (link(I3, "80.00", "14.00", "3.00"), link(I3, "80.00", "15.00", "2.01")):
            assert erp.submit_receipt(intent(today, 1, other)).code is SubmitCode.KEY_REUSED

    @pytest.mark.parametrize(
        ("reason", "changes"),
        [
            ("unknown_customer", {"customer_id": "NOBODY"}),
            ("inactive_customer", {"customer_id": "GONE0004", "applications": ()}),
            ("unknown_cash_account", {"cash_account_id": "NOWHERE"}),
            ("inactive_cash_account", {"cash_account_id": "OLD"}),
            ("currency_mismatch", {"cash_account_id": "MERCH-CAD"}),
            ("unknown_invoice", {"applications": (link("IN-9999999999", "1.00"),)}),
            ("not_payable", {"applications": (link(C1, "1.00"),)}),
            ("wrong_customer", {"applications": (link(O1, "1.00"),)}),
            ("over_applied", {"applications": (link(I2, "100.01"),)}),
            ("bad_amount", {"amount": usd("0"), "applications": ()}),
            ("bad_amount", {"applications": (link(I1, "0"),)}),
            ("duplicate_application", {"applications": (link(I1, "1.00"), link(I1, "2.00"))}),
            ("discount_not_allowed", {"applications": (link(I1, "1.00", "0.50"),)}),
            ("discount_not_allowed", {"applications": (link(I3, "1.00", "20.01"),)}),
            ("write_off_not_allowed", {"applications": (link(I1, "1.00", "0", "5.01"),)}),
        ],
    )
    def test_what_the_ledger_cannot_take_is_refused_with_its_reason(
        self, erp: ErpLedger, today: date, reason: str, changes: dict[str, Any]
    ) -> None:
        refused(erp.submit_receipt(intent(today, **changes)), reason)
        assert list(erp.receipts_on("SOA", today, today)) == []

    def test_text_the_erp_cannot_store_is_never_sent(self, erp: ErpLedger, today: date) -> None:
        for name, text in (("comment", "PT 1 ✓"), ("tran_no", "1\n2"), ("comment", "x" * 51)):
            changes: dict[str, Any] = {name: text}
            with pytest.raises(RecordError):
                erp.submit_receipt(intent(today, **changes))

    def test_accents_of_windows_1252_are_fine(self, erp: ErpLedger, today: date) -> None:
        assert erp.submit_receipt(intent(today, comment="Café €")).code is SubmitCode.CREATED

    def test_a_parent_pays_for_its_child(self, erp: ErpLedger, today: date) -> None:
        assert erp.submit_receipt(intent(today, 1, link(K1, "75.00"))).code is SubmitCode.CREATED

    def test_ids_compare_without_regard_to_case(self, erp: ErpLedger, today: date) -> None:
        result = erp.submit_receipt(intent(today, customer_id="acme0001"))
        assert result.code is SubmitCode.CREATED

    def test_one_batch_a_cash_account_and_posting_date(self, erp: ErpLedger, today: date) -> None:
        tomorrow = today + timedelta(days=1)
        batches = [
            erp.submit_receipt(made).batch_id
            for made in (
                intent(today, 1, link(I1, "10.00")),
                intent(today, 2, link(I1, "10.00")),
                intent(today, 3, link(I1, "10.00"), post_date=tomorrow),
                intent(today, 4, link(I1, "10.00"), cash_account_id="OPERATING"),
            )
        ]
        assert batches[0] == batches[1]
        assert len(set(batches)) == 3
