"""Processors' reports of disputes, and which papers a case takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.domain.errors import RuleError
from reconciliation.domain.disputes.codes import Brand
from reconciliation.domain.disputes.documents import MOST_BYTES, clean_name, type_of
from reconciliation.domain.disputes.report import (
    MOST_ROWS,
    Layout,
    amount_in,
    read_claims,
    read_sheet,
    suggest,
)
from reconciliation.domain.disputes.states import DisputeState

TODAY = date(2026, 11, 23)
REPORT = b"""\
Case Number,Transaction ID,Dispute Amount,Dispute Date,Card Type,Reason Code,Due Date,Status,Fee
CB-1,700000001,"$1,234.50",11/20/2026,VISA,10.4,12/04/2026,Needs response,25.00
CB-2,700000002,(10.00),11/21/2026,MC,37,,,
"""
LAYOUT = Layout(
    {
        "case_number": "Case Number",
        "gateway_reference": "Transaction ID",
        "amount": "Dispute Amount",
        "opened_on": "Dispute Date",
        "brand": "Card Type",
        "reason_code": "Reason Code",
        "evidence_due_on": "Due Date",
        "state": "Status",
        "fee": "Fee",
    },
    "%m/%d/%Y",
)


class TestReports:
    def test_the_columns_are_suggested(self) -> None:
        assert suggest(read_sheet(REPORT).header) == dict(LAYOUT.columns)

    def test_rows_become_claims(self) -> None:
        found = read_claims(read_sheet(REPORT), LAYOUT, "USD", TODAY)
        assert found.problems == []
        (line, first), (_, second) = found.claims
        assert (line, first.case_number, str(first.amount)) == (2, "CB-1", "1234.50 USD")
        assert (first.brand, first.reason_code) == (Brand.VISA, "10.4")
        assert (first.opened_on, first.evidence_due_on) == (date(2026, 11, 20), date(2026, 12, 4))
        assert (first.state, str(first.fee)) == (DisputeState.EVIDENCE_DUE, "25.00 USD")
        assert (str(second.amount), second.reason_code) == ("10.00 USD", "4837")
        assert (second.state, second.fee, second.evidence_due_on) == (None, None, None)

    @pytest.mark.parametrize(
        ("row", "column", "reason"),
        [
            ("CB-3,,twelve,11/20/2026,,,,,", "Amount", "no amount"),
            ("CB-3,,12.00,2026-11-20,,,,,", "Opened on", "no day like 11/23/2026"),
            ("CB-3,,12.00,13/20/2026,,,,,", "Opened on", "no day"),
            (",,12.00,11/20/2026,,,,,", "Case number", "empty"),
            ("CB-3,,12.00,11/20/2026,,,,paid,", "State", "no state that we know"),
            ("CB-3,,12.005,11/20/2026,,,,,", "", "whole minor units"),
            ("CB-3,,12.00,11/20/2036,,,,,", "", "no day on which"),
            ("CB-3,4111111111111111,12.00,11/20/2026,,,,,", "", "card number"),
            ("CB-1,,12.00,11/20/2026,,,,,", "Case number", "twice"),
        ],
    )
    def test_a_bad_row_is_told_with_its_line_and_column(
        self, row: str, column: str, reason: str
    ) -> None:
        sheet = read_sheet(REPORT + row.encode() + b"\n")
        found = read_claims(sheet, LAYOUT, "USD", TODAY)
        [(line, told, why)] = found.problems
        assert (line, told) == (4, column) and reason in why

    def test_a_column_may_tell_the_currency(self) -> None:
        sheet = read_sheet(
            b"Case,Amount,Date,Currency\nA,5.00,2026-11-20,cad\nB,5.00,2026-11-20,??\n"
        )
        columns = {"case_number": "Case", "amount": "Amount", "opened_on": "Date",
                   "currency": "Currency"}  # fmt: skip
        found = read_claims(sheet, Layout(columns), "USD", TODAY)
        assert [str(one.amount) for _, one in found.claims] == ["5.00 CAD"]
        assert [(line, name) for line, name, _ in found.problems] == [(3, "Currency")]

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "no row"),
            (b"Case,Amount\n", "no row"),
            (b"Case,Case\n1,2\n", "same name"),
            (b"MZ\x00\x01", "zero bytes"),
            (b'Case\n"open', "Line 2 is no CSV"),
            (b"Case\n\x81\n", "neither UTF-8"),
            (b"Case\n" + b"1\n" * (MOST_ROWS + 1), "more than 5000 rows"),
            (b"x" * (1024 * 1024 + 1), "larger than 1 MB"),
        ],
    )
    def test_what_is_no_report_is_refused(self, content: bytes, why: str) -> None:
        with pytest.raises(RuleError, match=why):
            read_sheet(content)

    def test_a_layout_has_to_name_what_is_needed(self) -> None:
        with pytest.raises(RuleError, match="Choose a column for: Amount, Opened on"):
            read_claims(read_sheet(REPORT), Layout({"case_number": "Case Number"}), "USD", TODAY)
        with pytest.raises(RuleError, match="no column Betrag"):
            columns = dict(LAYOUT.columns) | {"amount": "Betrag"}
            read_claims(read_sheet(REPORT), Layout(columns), "USD", TODAY)

    @given(st.text(max_size=30))
    def test_an_amount_is_exact_or_none(self, text: str) -> None:
        found = amount_in(text)
        assert found is None or (isinstance(found, Decimal) and found.is_finite())


class TestDocuments:
    @pytest.mark.parametrize(
        ("name", "start", "kind"),
        [
            ("a.pdf", b"%PDF-1.7", "application/pdf"),
            ("a.PNG", b"\x89PNG\r\n\x1a\n", "image/png"),
            ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("a.tif", b"II*\x00", "image/tiff"),
        ],
    )
    def test_types_are_told_by_content(self, name: str, start: bytes, kind: str) -> None:
        assert type_of(name, start + b"...").content_type == kind

    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("invoice.pdf", b"MZ\x90\x00", "is no PDF"),
            ("page.pdf", b"<html><script>", "is no PDF"),
            ("page.html", b"%PDF-1.7", "says something else"),
            ("a.png", b"%PDF-1.7", "says something else"),
            ("a.pdf", b"", "empty"),
            ("a.pdf", b"%PDF-" + b"x" * MOST_BYTES, "larger than 10 MB"),
        ],
    )
    def test_what_is_not_taken(self, name: str, content: bytes, why: str) -> None:
        with pytest.raises(RuleError, match=why):
            type_of(name, content)

    @pytest.mark.parametrize(
        ("name", "clean"),
        [
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("C:\\papers\\proof.pdf", "proof.pdf"),
            ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
            ("\x00", "document"),
        ],
    )
    def test_names_are_cleaned(self, name: str, clean: str) -> None:
        assert clean_name(name) == clean

    def test_a_long_name_keeps_its_ending(self) -> None:
        assert (
            clean_name("x" * 300 + ".pdf").endswith("x.pdf") and len(clean_name("x" * 300)) <= 100
        )
