"""Rows of Sage's tables in our words, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500 import receipt_rows, rows
from paysync.adapters.sage500.cells import Cells
from paysync.adapters.sage500.server_time import ServerTime
from paysync.adapters.sage500.set_aside import read_each
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Application, ErpReceiptState, ReceiptIntent
from paysync.domain.money import Money

CLOCK = ServerTime.named("America/Los_Angeles")

INVOICE: dict[str, Any] = {
    "InvcKey": 7, "CompanyID": "SOA", "TranID": "in-0000000007 ", "TranNo": "0000000007",
    "TranType": 501, "CustKey": 3, "CustID": "acme0001  ", "TranDate": datetime(2026, 1, 5),
    "DueDate": None, "TranAmt": Decimal("100.000"), "Balance": Decimal("80.000"),
    "CurrID": "USD", "Status": 1, "InDispute": 0, "CustPONo": None,
    "UpdateDate": datetime(2026, 1, 6, 9, 30), "UpdateCounter": 4, "CanBePaid": 1,
    "Pending": Decimal("30.000"), "DiscDate": None, "DiscLeft": None,
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "IdemKey": "PT1-1-a", "CompanyID": "SOA", "GatewayRef": "merchant-1:1", "State": "pending",
    "CustPmtKey": 11, "BatchKey": 5, "BatchID": "ARCR-0000005", "TranID": "CR-1",
    "TranDate": datetime(2026, 1, 7), "CustID": "ACME0001", "CurrID": "USD",
    "SentAmt": Decimal("100.000"), "TranAmt": Decimal("100.000"),
    "UnappliedAmt": Decimal("40.000"), "PostedOn": None, "Source": None, "ApplTranID": None,
    "PmtAmt": None, "DiscTakenAmt": None, "WriteOffAmt": None, "ReversedBy": None,
    "RevrsCustPmtKey": None,
}  # fmt: skip


def cells(values: Mapping[str, Any], what: str = "invoice", name: str = "TranID") -> Cells:
    places = {column: place for place, column in enumerate(values)}
    return Cells(places, list(values.values()), what, name)


def invoice(**changes: Any) -> Cells:
    return cells({**INVOICE, **changes})


def receipt(*links: tuple[str, str, str, str | None], **changes: Any) -> list[Cells]:
    """links: source, document, amount, write-off."""
    found = []
    for source, tran_id, amount, write_off in links or ((None, None, None, None),):
        row = {
            **RECEIPT, **changes, "Source": source, "ApplTranID": tran_id,
            "PmtAmt": amount and Decimal(amount), "DiscTakenAmt": amount and Decimal("0.000"),
            "WriteOffAmt": write_off and Decimal(write_off),
        }  # fmt: skip
        found.append(cells(row, "receipt", "IdemKey"))
    return found


def usd(text: str) -> Money:
    return Money(Decimal(text))


def link(tran_id: str, amount: str, write_off: str = "0") -> Application:
    return Application(tran_id, usd(amount), usd("0"), usd(write_off))


# --- documents ------------------------------------------------------------------------------------


def test_ids_are_trimmed_and_in_capitals() -> None:
    found = rows.to_invoice(invoice(), CLOCK)
    assert (found.tran_id, found.customer_id, found.key) == ("IN-0000000007", "ACME0001", "7")


def test_payable_is_the_balance_less_what_is_pending() -> None:
    found = rows.to_invoice(invoice(), CLOCK)
    assert (found.total, found.balance, found.payable) == (usd("100"), usd("80"), usd("50"))
    assert found.is_open and found.due_date is None and found.customer_po == ""


def test_nothing_is_payable_on_a_document_that_takes_no_money() -> None:
    found = rows.to_invoice(invoice(TranType=502, CanBePaid=0, Balance=Decimal("-40.000")), CLOCK)
    assert (found.balance, found.payable) == (usd("-40"), usd("0"))


@pytest.mark.parametrize(
    ("left", "until", "discount"),
    [
        ("20.000", datetime(2026, 1, 15), "20.00"),
        ("20.009", datetime(2026, 1, 15), "20.00"),
        ("0.004", datetime(2026, 1, 15), None),
        ("0.000", datetime(2026, 1, 15), None),
        ("-1.000", datetime(2026, 1, 15), None),
        (None, datetime(2026, 1, 15), None),
        ("20.000", None, None),
    ],
)
def test_a_discount_is_what_may_still_be_taken_and_until_when(
    left: str | None, until: datetime | None, discount: str | None
) -> None:
    found = rows.to_invoice(invoice(DiscLeft=left and Decimal(left), DiscDate=until), CLOCK)
    assert found.discount == (usd(discount) if discount else None)
    assert found.discount_until == (date(2026, 1, 15) if discount else None)


@pytest.mark.parametrize(("status", "balance"), [(2, "80.000"), (1, "0.000")])
def test_a_document_is_open_by_its_status_and_its_balance(status: int, balance: str) -> None:
    assert not rows.to_invoice(invoice(Status=status, Balance=Decimal(balance)), CLOCK).is_open


def test_a_date_of_sage_is_by_the_servers_clock() -> None:
    found = rows.to_invoice(invoice(), CLOCK)
    assert found.updated_at == datetime(2026, 1, 6, 17, 30, tzinfo=UTC)
    assert rows.to_invoice(invoice(UpdateDate=None), CLOCK).updated_at is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Balance", None),
        ("Balance", Decimal("80.005")),
        ("Balance", 80.0),
        ("Balance", Decimal("NaN")),
        ("CurrID", ""),
        ("CurrID", "US"),
        ("TranDate", None),
        ("TranDate", "2026-01-05"),
        ("UpdateDate", "yesterday"),
        ("TranType", None),
        ("CustID", None),
        ("CustID", "   "),
        ("Status", Decimal("1.5")),
        ("DiscLeft", 20.0),
        ("DiscDate", "2026-01-05"),
    ],
)
def test_what_cannot_be_read_names_its_row_and_column(column: str, value: object) -> None:
    with pytest.raises(RecordError) as caught:
        rows.to_invoice(invoice(**{column: value}), CLOCK)
    assert str(caught.value).startswith("invoice in-0000000007")
    assert column in str(caught.value) or "currency code" in str(caught.value)


def test_a_row_nobody_can_read_is_set_aside_only_where_that_is_asked() -> None:
    listed = [invoice(), invoice(TranID="X", Balance=None), invoice()]
    set_aside: list[str] = []
    to_invoice = rows.to_payable
    assert len(list(read_each(listed, to_invoice, set_aside))) == 2
    assert set_aside == ["invoice X: Balance: an amount must be text or a whole number, not None"]
    with pytest.raises(RecordError):
        list(read_each(listed, to_invoice, None))


def test_letters_that_no_database_of_ours_stores_are_replaced() -> None:
    assert rows.to_invoice(invoice(CustPONo="PO\x001"), CLOCK).customer_po == "PO�1"


# --- accounts and periods -------------------------------------------------------------------------


def test_segments_are_joined_and_a_number_without_any_stands_as_it_is() -> None:
    formatted = rows.to_formatted([(1, "1100"), (1, "100 "), (1, "00"), (2, "  "), (2, None)])
    assert formatted == {1: "1100-100-00"}
    row = {"GLAcctKey": 2, "CompanyID": "SOA", "GLAcctNo": "110010000", "Description": None,
           "Status": 1}  # fmt: skip
    assert rows.to_gl_account(cells(row), formatted).formatted == "110010000"


def period(number: int, is_open: int = 1, year: str = "2026") -> Cells:
    row = {
        "CompanyID": "SOA", "FiscYear": year, "FiscPer": number,
        "StartDate": datetime(int(year), number, 1), "EndDate": datetime(int(year), number, 28),
        "IsOpen": is_open,
    }  # fmt: skip
    return cells(row, "fiscal period", "FiscPer")


def window(prior: bool = True, ahead: int = 0, per: int = 11) -> rows.ArWindow:
    return rows.ArWindow(("2026", per), prior, ahead)


@pytest.mark.parametrize(
    ("found", "open_periods"),
    [
        (window(), [(10, "2026"), (11, "2026")]),
        (window(prior=False), [(11, "2026")]),
        (window(prior=False, ahead=1), [(11, "2026"), (12, "2026")]),
        (window(ahead=2), [(10, "2026"), (11, "2026"), (12, "2026"), (1, "2027")]),
        (None, []),
    ],
)
def test_a_period_outside_the_window_of_ar_is_not_open(
    found: rows.ArWindow | None, open_periods: list[tuple[int, str]]
) -> None:
    listed = [period(9, is_open=0), period(10), period(11), period(12), period(1, year="2027"),
              period(2, year="2027")]  # fmt: skip
    periods = rows.to_periods(listed, found)
    assert [(p.period, p.year) for p in periods if p.is_open] == open_periods


def test_a_rate_is_read_as_it_was_typed_and_not_as_binary() -> None:
    row = {"CurrExchSchdID": "DAILY", "SourceCurrID": "cad", "TargetCurrID": "USD",
           "CurrExchRate": 0.1, "EffectiveDate": datetime(2026, 1, 1),
           "ExpirationDate": None}  # fmt: skip
    found = rows.to_rate(cells(row, "exchange rate", "SourceCurrID"))
    assert (found.rate, found.source) == (Decimal("0.1"), "CAD")
    assert found.effective == date(2026, 1, 1)


# --- receipts -------------------------------------------------------------------------------------


def one(*links: tuple[str, str, str, str | None], **changes: Any) -> Any:
    return receipt_rows.to_receipt(receipt(*links, **changes))


def test_a_receipt_as_it_was_sent_does_not_differ() -> None:
    found = one(
        ("pending", "IN-2", "20.000", "0.000"), ("pending", "IN-1", "40.000", "5.000"),
        ("sent", "IN-1", "40.000", "5.000"), ("sent", "IN-2", "20.000", "0.000"),
    )  # fmt: skip
    assert (found.state, found.differs, found.unapplied) == (
        ErpReceiptState.PENDING, False, usd("40"))  # fmt: skip
    assert found.applications == (link("IN-2", "20"), link("IN-1", "40", "5"))


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        (("pending", "IN-1", "39.000", "0.000"), {}),
        (("pending", "IN-2", "40.000", "0.000"), {}),
        (("pending", "IN-1", "40.000", "1.000"), {}),
        (("pending", "IN-1", "40.000", "0.000"), {"TranAmt": Decimal("99.000")}),
        (("pending", "IN-1", "40.000", "0.000"), {"TranAmt": Decimal("0.000")}),
    ],
)
def test_what_a_clerk_changed_differs(now: Any, changes: dict[str, Any]) -> None:
    assert one(now, ("sent", "IN-1", "40.000", "0.000"), **changes).differs


def test_applications_that_a_clerk_took_away_differ() -> None:
    found = one(("sent", "IN-1", "40.000", "0.000"))
    assert found.differs and found.applications == ()


def test_posted_applications_take_their_write_off_from_what_was_sent() -> None:
    found = one(
        ("pending", "IN-9", "1.000", "0.000"), ("posted", "IN-1", "40.000", None),
        ("sent", "IN-1", "40.000", "5.000"), State="posted", PostedOn=datetime(2026, 1, 9),
    )  # fmt: skip
    assert found.applications == (link("IN-1", "40", "5"),)
    assert (found.differs, found.posted_on) == (False, date(2026, 1, 9))


@pytest.mark.parametrize("state", ["withdrawn", "deleted"])
def test_a_receipt_that_is_gone_shows_what_was_sent(state: str) -> None:
    found = one(
        ("sent", "IN-1", "40.000", "0.000"), State=state, TranAmt=None, UnappliedAmt=None,
        PostedOn=datetime(2026, 1, 9),
    )  # fmt: skip
    assert found.amount == usd("100") and found.unapplied is None
    assert found.applications == (link("IN-1", "40"),)
    assert (found.differs, found.posted_on) == (False, None)


def test_a_receipt_that_cannot_be_read_is_neither_absent_nor_in_the_way() -> None:
    listed = [*receipt(IdemKey="A", CurrID=""), *receipt(IdemKey="B")]
    found = receipt_rows.to_found(listed, ["A", "B", "C"])
    assert {key: r.state for key, r in found.items()} == {
        "A": ErpReceiptState.UNREADABLE,
        "B": ErpReceiptState.PENDING,
    }
    assert "receipt A: CurrID" in found["A"].message


@pytest.mark.parametrize("state", ["unreadable", "not", None])
def test_a_state_that_is_none_is_not_guessed(state: str | None) -> None:
    found = receipt_rows.to_found(receipt(State=state), ["PT1-1-a"])
    assert found["PT1-1-a"].state is ErpReceiptState.UNREADABLE


def test_a_key_that_was_not_asked_for_stops_the_look() -> None:
    with pytest.raises(RecordError, match="did not ask"):
        receipt_rows.to_found(receipt(IdemKey="PT9-1-x"), ["PT1-1-a"])


def test_a_receipt_goes_out_as_text_in_the_wrappers_order() -> None:
    sent = ReceiptIntent(
        idempotency_key="K", company_id="SOA", customer_id="ACME0001", cash_account_id="MERCH",
        post_date=date(2026, 1, 8), tran_date=date(2026, 1, 7), tran_no="1", amount=usd("100.5"),
        comment="PT 1", gateway_reference="m:1",
        applications=(link('IN-"1"&', "60", "0.5"), link("IN-2", "40")),
    )  # fmt: skip
    assert receipt_rows.from_intent(sent, "user") == [
        "K", "SOA", "ACME0001", "MERCH", "20260108 00:00:00.000", "20260107 00:00:00.000", "1",
        "USD", "100.500", "PT 1", "m:1",
        "<appls><a id='IN-\"1\"&amp;' amt=\"60.000\" disc=\"0.000\" wo=\"0.500\"/>"
        '<a id="IN-2" amt="40.000" disc="0.000" wo="0.000"/></appls>',
        "user",
    ]  # fmt: skip
