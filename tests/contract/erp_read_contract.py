"""What every ErpLedger must do: reading documents and master data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from paysync.domain.errors import RecordError, RejectedError
from paysync.domain.ledger import FindingLevel
from paysync.ports import ErpLedger
from tests.contract.erp_site import (
    ALL_OPEN,
    C1,
    D1,
    I1,
    I2,
    I3,
    ErpSite,
    intent,
    link,
    names,
    refused,
    usd,
)


class ErpReadContract:
    """Reading documents and master data."""

    def test_open_documents_are_all_listed_once(self, erp: ErpLedger) -> None:
        listed = names(erp.open_invoices("SOA"))
        assert sorted(listed) == sorted(ALL_OPEN)

    @pytest.mark.parametrize("what", ["invoices", "customers"])
    def test_a_row_nobody_can_read_is_set_aside_where_the_caller_asks_for_it(
        self, erp: ErpLedger, site: ErpSite, what: str
    ) -> None:
        def read(set_aside: list[str] | None = None) -> int:
            call = erp.open_invoices if what == "invoices" else erp.customers
            return len(list(call("SOA", set_aside=set_aside)))

        everything = read()
        set_aside: list[str] = []
        site.spoil(what)
        assert read(set_aside) == everything - 1
        assert len(set_aside) == 1 and set_aside[0]
        site.spoil(what)
        with pytest.raises(RecordError):
            read()

    def test_a_payable_nobody_can_read_is_not_absent(self, erp: ErpLedger, site: ErpSite) -> None:
        site.spoil("payable")
        with pytest.raises(RecordError):
            erp.payable_now("SOA", [I1, I2])

    def test_a_document_has_exact_amounts_and_its_customer(self, erp: ErpLedger) -> None:
        invoice = erp.get_invoice("SOA", I2)
        assert (invoice.total, invoice.balance, invoice.payable) == (usd("250.50"),) * 3
        assert (invoice.customer_id, invoice.tran_no) == ("ACME0001", "0000000002")
        assert invoice.is_open and not invoice.in_dispute

    def test_a_discount_is_told_with_its_last_day(self, erp: ErpLedger, today: date) -> None:
        last_day = today + timedelta(days=5)
        listed = {row.tran_id: row for row in erp.open_invoices("SOA")}
        for invoice in (listed[I3], erp.get_invoice("SOA", I3)):
            assert (invoice.discount, invoice.discount_until) == (usd("20.00"), last_day)
        others = [row for name, row in listed.items() if name != I3]
        assert {(row.discount, row.discount_until) for row in others} == {(None, None)}

    def test_a_discount_that_is_over_is_still_told_with_its_last_day(
        self, erp: ErpLedger, today: date
    ) -> None:
        sent = intent(today, 1, link(I3, "1.00", "1.00"), tran_date=today + timedelta(days=6))
        refused(erp.submit_receipt(sent), "discount_not_allowed")
        assert erp.get_invoice("SOA", I3).discount == usd("20.00")

    def test_a_discount_that_a_receipt_takes_is_gone_before_it_is_posted_and_after(
        self, erp: ErpLedger, site: ErpSite, today: date
    ) -> None:
        before = max(i.updated_at for i in erp.open_invoices("SOA") if i.updated_at)
        erp.submit_receipt(intent(today, 1, link(I3, "85.00", "15.00")))
        invoice = erp.get_invoice("SOA", I3)
        assert (invoice.payable, invoice.discount) == (usd("900.00"), usd("5.00"))
        changed = {row.tran_id: row.discount for row in erp.open_invoices("SOA", before)}
        assert changed[I3] == usd("5.00")
        erp.submit_receipt(intent(today, 2, link(I3, "95.00", "5.00")))
        invoice = erp.get_invoice("SOA", I3)
        assert (invoice.discount, invoice.discount_until) == (None, None)
        site.post("SOA")
        invoice = erp.get_invoice("SOA", I3)
        assert (invoice.balance, invoice.payable) == (usd("800.00"), usd("800.00"))
        assert (invoice.discount, invoice.discount_until) == (None, None)

    def test_types_and_disputes_are_told(self, erp: ErpLedger) -> None:
        memo, disputed = erp.get_invoice("SOA", C1), erp.get_invoice("SOA", D1)
        assert (memo.tran_type, memo.payable) == (502, usd("0"))
        assert (disputed.tran_type, disputed.in_dispute) == (503, True)

    def test_the_same_id_in_another_company_is_another_document(self, erp: ErpLedger) -> None:
        assert erp.get_invoice("NWM", I1).total == usd("33.00")

    def test_an_unknown_document_is_rejected_as_not_found(self, erp: ErpLedger) -> None:
        with pytest.raises(RejectedError) as caught:
            erp.get_invoice("SOA", "IN-9999999999")
        assert caught.value.reason == "not_found"

    def test_since_lists_only_what_changed_even_if_closed(
        self, erp: ErpLedger, site: ErpSite
    ) -> None:
        before = max(i.updated_at for i in erp.open_invoices("SOA") if i.updated_at)
        site.pay_invoice("SOA", I1, "100.00")
        later = before + timedelta(microseconds=1)
        changed = list(erp.open_invoices("SOA", later))
        assert [(i.tran_id, i.is_open, i.balance) for i in changed] == [(I1, False, usd("0"))]
        assert I1 not in names(erp.open_invoices("SOA"))

    def test_payable_leaves_unknown_documents_out(self, erp: ErpLedger) -> None:
        assert erp.payable_now("SOA", [I1, "IN-9999999999"]) == {I1: usd("100.00")}
        assert erp.payable_now("SOA", []) == {}

    def test_payable_subtracts_pending_receipts_before_balances_move(
        self, erp: ErpLedger, today: date
    ) -> None:
        erp.submit_receipt(intent(today, 1, link(I2, "100.00")))
        invoice = erp.get_invoice("SOA", I2)
        assert (invoice.balance, invoice.payable) == (usd("250.50"), usd("150.50"))
        assert erp.payable_now("SOA", [I2]) == {I2: usd("150.50")}

    def test_customers_carry_state_address_and_parent(self, erp: ErpLedger) -> None:
        rows = {row.customer_id: row for row in erp.customers("SOA")}
        assert not rows["GONE0004"].is_active
        assert rows["KID0005"].national_parent_id == "ACME0001"
        acme = rows["ACME0001"]
        assert (acme.name, acme.is_active, acme.address["city"]) == ("Acme Pumps", True, "Tacoma")
        assert acme.email == "ap@acme.example"

    def test_customers_since_a_later_moment_are_none(self, erp: ErpLedger) -> None:
        assert list(erp.customers("SOA", datetime(2100, 1, 1, tzinfo=UTC))) == []

    def test_cash_accounts_name_their_currency_and_gl_account(self, erp: ErpLedger) -> None:
        cash = {row.cash_account_id: row for row in erp.cash_accounts("SOA")}
        gl = {row.key: row for row in erp.gl_accounts("SOA")}
        assert (cash["MERCH-CAD"].currency, cash["OLD"].is_active) == ("CAD", False)
        assert gl[cash["MERCH-USD"].gl_account_key].number == "101510000"

    def test_gl_accounts_are_shown_formatted(self, erp: ErpLedger) -> None:
        formatted = {row.number: row.formatted for row in erp.gl_accounts("SOA")}
        assert formatted["110010000"] == "1100-100-00"

    def test_periods_tell_open_from_closed(self, erp: ErpLedger, today: date) -> None:
        periods = list(erp.fiscal_periods("SOA"))
        now = next(p for p in periods if p.start <= today <= p.end)
        before = next(p for p in periods if p.end == now.start - timedelta(days=1))
        assert (now.is_open, before.is_open) == (True, False)

    def test_preflight_of_a_sound_company_blocks_nothing(self, erp: ErpLedger) -> None:
        findings = list(erp.preflight("SOA"))
        assert findings and all(f.level is not FindingLevel.BLOCK for f in findings)
