"""PayTrace JSON to domain records: quirks, zones, states, and no card data."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from paysync.adapters.paytrace.batches import to_batch
from paysync.adapters.paytrace.listing import Cursor
from paysync.adapters.paytrace.mapping import ACH_STATES, Assumed, read_all, to_record
from paysync.adapters.paytrace.stamps import business_day, instant
from paysync.adapters.paytrace.transport import decode
from paysync.domain.errors import RecordError
from paysync.domain.money import Money
from paysync.domain.payments import GatewayRecord, Kind, Method, State
from paysync.domain.redaction import REMOVED

PACIFIC = ZoneInfo("America/Los_Angeles")
ASSUMED = Assumed(PACIFIC)
#: The documented export record (reference §9.1), as it arrives.
EXPORT = json.dumps({
    "transaction_id": 700100205,
    "credit_card": {
        "masked_number": "************5454", "expiration_month": 12, "expiration_year": 27,
    },
    "transaction_type": "SALE", "description": "", "amount": 110, "invoice_id": "INV-1001",
    "billing_address": {"name": "A Buyer", "street_address": "1 Main St", "zip": "99201"},
    "tax_amount": "8.10", "customer_reference_id": "PO-77", "approval_code": "TAS403",
    "approval_message": "EXACT MATCH - Approved and completed",
    "status_code": "GB571", "status_message": "GB571",
    "created": {"through": "API", "at": "4/10/2026 4:06:30 PM", "by": "apiuser"},
    "settled": "4/10/2026 8:13:45 PM", "customer_id": "",
}).encode()  # fmt: skip


def export(**changes: Any) -> dict[str, Any]:
    entry = decode(EXPORT)
    assert entry is not None
    return {**entry, **changes}


def card(**changes: Any) -> GatewayRecord:
    return to_record(export(**changes), Method.CARD, ASSUMED)


def payment(**changes: Any) -> GatewayRecord:
    entry = {
        "transaction_id": "0b5f1f3e-1111-4222-8333-944455556666",
        "amount": "40.00",
        "transaction_status": "ACCEPTED",
        "created_at": "2026-04-10T16:06:30",
        "invoice_number": "INV-2",
        "idempotency_key": "intent-2",
    }
    return to_record({**entry, **changes}, Method.ACH, ASSUMED)


def test_the_documented_export_record() -> None:
    record = card()
    assert record == GatewayRecord(
        gateway_id="700100205",
        kind=Kind.SALE,
        method=Method.CARD,
        state=State.SETTLED,
        amount=Money(Decimal("110.00")),
        created_at=datetime(2026, 4, 10, 23, 6, 30, tzinfo=UTC),
        business_date=date(2026, 4, 10),
        settled_at=datetime(2026, 4, 11, 3, 13, 45, tzinfo=UTC),
        batch_number="571",
        invoice_reference="INV-1001",
        customer_reference="PO-77",
        billing_name="A Buyer",
        last4="5454",
        approval_code="TAS403",
        status_text="GB571",
        answer_text="EXACT MATCH - Approved and completed",
        raw=record.raw,
    )
    assert record.raw["created"] == {
        "through": "API",
        "at": "4/10/2026 4:06:30 PM",
        "by": "apiuser",
    }


@pytest.mark.parametrize(
    ("code", "message", "approval", "state", "batch"),
    [
        ("Y", "Pending Settlement", "TAS1", State.CAPTURED, ""),
        ("GB571", "GB571", "TAS1", State.SETTLED, "571"),
        ("GB1", "", "TAS1", State.SETTLED, "1"),
        ("Settled 42", "", "TAS1", State.SETTLED, "42"),
        ("Settled", "", "TAS1", State.SETTLED, ""),
        ("N", "Authorization Only", "TAS1", State.AUTHORIZED, ""),
        ("N", "Authorization Only", "", State.UNKNOWN, ""),
        ("N", "Voided", "TAS1", State.VOIDED, ""),
        ("N", "VOID - CSC", "TAS1", State.VOIDED, ""),
        ("N", "Declined", "", State.DECLINED, ""),
        ("N", "Declined", "TAS1", State.UNKNOWN, ""),
        ("N", "", "", State.UNKNOWN, ""),
        ("N", "Something new", "TAS1", State.UNKNOWN, ""),
        ("CAPTURED", "", "TAS1", State.CAPTURED, ""),
        ("APPROVED", "", "TAS1", State.UNKNOWN, ""),
        ("", "", "TAS1", State.UNKNOWN, ""),
    ],
)
def test_a_card_status_is_read_conservatively(
    code: str, message: str, approval: str, state: State, batch: str
) -> None:
    record = card(status_code=code, status_message=message, approval_code=approval)
    assert (record.state, record.batch_number) == (state, batch)


def test_every_documented_ach_status_has_a_state() -> None:
    documented = (
        "INITIATED ACCEPTED VOIDED ORIGINATED SETTLED PARTIALLY_SETTLED ERROR DECLINED"
        " NSF_DECLINED REJECTED FAILED VERIFYING RETURNED TECHNICAL_ERROR"
    )
    assert set(ACH_STATES) == set(documented.split())
    assert payment(transaction_status="SOMETHING_NEW").state is State.UNKNOWN
    assert payment(transaction_status="settled").state is State.SETTLED


def test_an_ach_record_keeps_its_key_as_reference() -> None:
    record = payment()
    assert (record.customer_reference, record.amount) == ("intent-2", Money(Decimal("40.00")))
    assert record.created_at == datetime(2026, 4, 10, 23, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("110", 11000),
        ("110.5", 11050),
        ("0.07", 7),
        ('"8.10"', 810),
        ("1234567890.12", 123456789012),
    ]
    + [("1.1e2", 11000)],
)
def test_an_amount_is_exact_whether_number_or_text(amount: str, cents: int) -> None:
    entry = decode(EXPORT.replace(b'"amount": 110', b'"amount": ' + amount.encode()))
    assert to_record(entry, Method.CARD, ASSUMED).amount == Money(Decimal(cents) / 100)


@pytest.mark.parametrize("amount", [None, "", "1,234.50", Decimal("1.005"), True, -5, "NaN", []])
def test_an_amount_that_is_none_makes_the_entry_unreadable(amount: object) -> None:
    with pytest.raises(RecordError):
        card(amount=amount)


def test_a_refund_is_positive() -> None:
    for amount in ("12.00", "-12.00"):
        record = card(transaction_type="REFUND", amount=amount, original_id=700100201)
        assert (record.kind, record.amount) == (Kind.REFUND, Money(Decimal("12.00")))
        assert record.original_id == "700100201"


@pytest.mark.parametrize(
    ("stamp", "utc"),
    [
        ("4/10/2026 4:06:30 PM", "2026-04-10T23:06:30"),
        ("04/10/26 12:00:00 AM", "2026-04-10T07:00:00"),
        ("4/10/2026 12:00 PM", "2026-04-10T19:00:00"),
        ("2026-04-10T16:06:30", "2026-04-10T23:06:30"),
        ("2026-04-10T16:06:30Z", "2026-04-10T16:06:30"),
        ("11/1/2026 1:30:00 AM", "2026-11-01T08:30:00"),  # the first of the two
        ("3/8/2026 2:30:00 AM", "2026-03-08T10:30:00"),  # there is none: as if not moved
    ],
)
def test_a_stamp_is_read_in_the_gateways_zone(stamp: str, utc: str) -> None:
    assert instant(stamp, PACIFIC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_the_business_day_is_the_gateways_own() -> None:
    assert business_day("4/10/2026 11:59:59 PM", PACIFIC) == date(2026, 4, 10)
    assert business_day("2026-04-11T05:00:00Z", PACIFIC) == date(2026, 4, 10)


@pytest.mark.parametrize("stamp", ["", "yesterday", "13/13/2026 1:00:00 PM", "4/10/2026 25:00 PM"])
def test_a_stamp_that_is_none_makes_the_entry_unreadable(stamp: str) -> None:
    with pytest.raises(RecordError):
        card(created={"at": stamp})


def test_a_bad_entry_spoils_nothing_but_itself() -> None:
    bad: list[Any] = [
        None,
        "text",
        {"amount": 1},
        export(created=None),
        export(transaction_type="CASHADVANCE"),
    ]
    records, unreadable = read_all([export(), *bad], Method.CARD, ASSUMED)
    assert [record.gateway_id for record in records] == ["700100205"]
    assert [entry.gateway_id for entry in unreadable] == ["", "", "", "700100205", "700100205"]
    assert all(entry.reason for entry in unreadable)
    json.dumps([entry.raw for entry in unreadable])


def test_ids_are_text_whatever_they_were() -> None:
    assert card(transaction_id="700100205").gateway_id == "700100205"
    assert card(customer_id=234567890).gateway_customer_id == "234567890"
    with pytest.raises(RecordError):
        card(transaction_id=True)


def test_v3_names_are_read_too() -> None:
    entry = export(transaction_id="700100301", invoice_number="INV-9", billing_name="B Buyer")
    entry |= {"card_masked": "4xxxxxxxxxxx1111", "status_code": "Y"}
    del entry["invoice_id"], entry["credit_card"]
    record = to_record(entry, Method.CARD, ASSUMED)
    assert (record.invoice_reference, record.billing_name) == ("INV-9", "B Buyer")
    assert (record.card_brand, record.last4) == ("Visa", "1111")


def test_no_card_data_stays() -> None:
    pan = "4012000098765439"
    entry = export(
        credit_card={"number": pan, "masked_number": "xxxxxxxxxxxx5439", "csc": "999"},
        csc="999",
        swipe=f"%B{pan}^BUYER/A^2712",
        check={"account_number": "123456789", "routing_number": "325070760"},
        description=f"paid with {pan[:4]} {pan[4:8]} {pan[8:12]} {pan[12:]}",
        invoice_id=pan,
        discretionary_data=[{"note": f"card-{pan}", "as_number": int(pan)}],
    )
    record = to_record(entry, Method.CARD, ASSUMED)
    text = repr(record)
    assert pan not in text.replace(" ", "") and "999" not in text.replace("99201", "")
    assert "123456789" not in text and "325070760" not in text
    assert record.last4 == "5439"
    assert record.invoice_reference == REMOVED
    assert record.redactions >= 5


def test_raw_can_be_stored_as_json() -> None:
    raw = to_record(export(amount=Decimal("110.50")), Method.CARD, ASSUMED).raw
    assert json.loads(json.dumps(raw))["amount"] == "110.50"


@pytest.mark.parametrize("style", [str.upper, str.lower, lambda n: n.replace("_", "")])
def test_a_batch_is_read_under_likely_names(style: Any) -> None:
    fields = {
        "batch_number": 571,
        "when": "4/10/2026 8:00:00 PM",
        "sales_count": 2,
        "sales_amount": Decimal("110.50"),
        "refund_count": "1",
        "refund_amount": "-40.25",
        "net_amount": "70.25",
    }
    batch = to_batch({style(name): value for name, value in fields.items()}, ASSUMED)
    assert (batch.number, batch.settled_on) == ("571", date(2026, 4, 10))
    assert (batch.sales_count, batch.refunds_count) == (2, 1)
    assert (str(batch.sales), str(batch.refunds), str(batch.net)) == (
        "110.50 USD",
        "40.25 USD",
        "70.25 USD",
    )


@pytest.mark.parametrize("missing", ["batch_number", "when", "sales_count", "refund_amount"])
def test_a_batch_without_its_facts_is_refused(missing: str) -> None:
    fields = {
        "batch_number": 1,
        "when": "4/10/2026",
        "sales_count": 0,
        "sales_amount": "0.00",
        "refund_count": 0,
        "refund_amount": "0.00",
    }
    assert to_batch(fields, ASSUMED).net == Money.zero()
    with pytest.raises(RecordError):
        to_batch({name: value for name, value in fields.items() if name != missing}, ASSUMED)


def test_a_cursor_survives_being_text() -> None:
    for cursor in (Cursor("card", date(2026, 4, 10)), Cursor("ach", offset=30)):
        assert Cursor.parse(str(cursor)) == cursor
    for text in ("", "card:", "card:x", "ach:-1", "ach:x", "both:1"):
        with pytest.raises(RecordError):
            Cursor.parse(text)


def test_an_id_that_fits_no_column_is_unreadable() -> None:
    with pytest.raises(RecordError, match="more than 40"):
        to_record(export(transaction_id="9" * 41), Method.CARD, ASSUMED)
