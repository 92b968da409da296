"""What an ErpLedger must do that can reverse, at a site that has rehearsed it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from paysync.domain.errors import RecordError
from paysync.domain.ledger import ErpReceiptState, ReversalIntent, SubmitCode
from paysync.ports import ErpLedger
from tests.contract.erp_site import ErpSite, found, intent, refused, reversal, usd


class ErpReversalContract:
    """A posted receipt is taken back once, as a whole."""

    @pytest.fixture
    def free(self, erp: ErpLedger, site: ErpSite, today: date) -> ReversalIntent:
        """What reverses a posted receipt that pays nothing any more."""
        erp.submit_receipt(intent(today))
        site.post("SOA")
        site.unapply("PT1-1-abcdef")
        return reversal(today)

    def test_what_is_free_is_reversed_once(self, erp: ErpLedger, free: ReversalIntent) -> None:
        first, again = erp.submit_reversal(free), erp.submit_reversal(free)
        assert (first.code, again.code) == (SubmitCode.CREATED, SubmitCode.ALREADY_THERE)
        assert first.receipt_key and first.batch_id and first.tran_id
        assert (again.receipt_key, again.batch_id) == (first.receipt_key, first.batch_id)
        made = erp.find_receipts([free.idempotency_key])[free.idempotency_key]
        assert (made.state, made.amount) == (ErpReceiptState.PENDING, usd("-100.00"))
        assert made.reverses == found(erp).receipt_key and not found(erp).reverses
        assert found(erp).reversed_by == ""

    def test_it_is_reversed_when_people_have_posted_it(
        self, erp: ErpLedger, site: ErpSite, free: ReversalIntent, today: date
    ) -> None:
        made = erp.submit_reversal(free)
        site.post("SOA")
        assert found(erp).reversed_by == made.tran_id
        listed = {r.idempotency_key: r.reverses for r in erp.receipts_on("SOA", today, today)}
        assert listed == {"PT1-1-abcdef": "", free.idempotency_key: found(erp).receipt_key}
        again = reversal(today, idempotency_key="R2-PT1-abcdef", tran_no="R2",
                         gateway_reference="merchant-1:1:R2")  # fmt: skip
        refused(erp.submit_reversal(again), "already_reversed")

    def test_the_same_key_with_other_content_is_refused(
        self, erp: ErpLedger, free: ReversalIntent, today: date
    ) -> None:
        erp.submit_reversal(free)
        other = erp.submit_reversal(reversal(today, comment="PTR other"))
        assert other.code is SubmitCode.KEY_REUSED

    def test_only_a_posted_receipt_that_pays_nothing_is_reversed(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        refused(erp.submit_reversal(reversal(today)), "not_found")
        erp.submit_receipt(intent(today))
        refused(erp.submit_reversal(reversal(today)), "not_posted")
        site.post("SOA")
        refused(erp.submit_reversal(reversal(today)), "still_applied")
        assert erp.find_receipts([reversal(today).idempotency_key]) == {}

    def test_it_has_a_reference_of_its_own(
        self, erp: ErpLedger, free: ReversalIntent, today: date
    ) -> None:
        same = reversal(today, gateway_reference="merchant-1:1")
        refused(erp.submit_reversal(same), "duplicate_reference")

    def test_a_closed_period_is_refused(
        self, erp: ErpLedger, free: ReversalIntent, today: date
    ) -> None:
        last_month = today.replace(day=1) - timedelta(days=1)
        closed = erp.submit_reversal(reversal(today, post_date=last_month))
        assert closed.code is SubmitCode.PERIOD_CLOSED

    def test_it_can_be_taken_back_and_made_again_under_another_key(
        self, erp: ErpLedger, free: ReversalIntent, today: date
    ) -> None:
        erp.submit_reversal(free)
        assert erp.withdraw_receipt(free.idempotency_key).code is SubmitCode.CREATED
        refused(erp.submit_reversal(free), "receipt_withdrawn")
        again = reversal(today, idempotency_key="R2-PT1-abcdef")
        assert erp.submit_reversal(again).code is SubmitCode.CREATED

    @pytest.mark.parametrize(
        "changes", [{"comment": "x" * 51}, {"comment": "日"}, {"tran_no": "1" * 11}]
    )
    def test_text_that_the_erp_cannot_hold_is_not_sent(
        self, erp: ErpLedger, today: date, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(RecordError):
            erp.submit_reversal(reversal(today, **changes))
