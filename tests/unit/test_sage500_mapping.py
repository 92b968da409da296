"""What an ERP service answers in JSON becomes our domain, or a complaint that names the field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.sage500 import mapping
from paysync.adapters.sage500.http_api import result_of
from paysync.adapters.sage500.http_client import Reply
from paysync.domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    RecordError,
    RejectedError,
    UnavailableError,
)
from paysync.domain.ledger import (
    Application,
    ErpReceiptState,
    FindingLevel,
    ReceiptIntent,
    SubmitCode,
)
from paysync.domain.money import Money

INVOICE: dict[str, Any] = {
    "key": "7", "company_id": "SOA", "tran_id": "IN-0000000001 ", "tran_no": "0000000001",
    "tran_type": 501, "customer_id": "ACME0001    ", "tran_date": "2026-11-01", "due_date": None,
    "currency": "USD", "total": "100.50", "balance": "100.500", "payable": "90", "is_open": True,
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "idempotency_key": "PT1-1-a", "state": "posted", "currency": "USD", "amount": "10.00",
    "unapplied": None, "applications": [], "differs": False, "posted_on": "2026-11-23",
}  # fmt: skip
INTENT = ReceiptIntent(
    idempotency_key="PT1-1-a",
    company_id="SOA",
    customer_id="ACME0001",
    cash_account_id="MERCH-USD",
    post_date=date(2026, 11, 23),
    tran_date=date(2026, 11, 22),
    tran_no="1",
    amount=Money(Decimal("100.50")),
    comment="PT 1 4242",
    gateway_reference="m:1",
    applications=(
        Application(
            "IN-1", Money(Decimal("90.50")), Money(Decimal("1.00")), Money(Decimal("0.10"))
        ),
    ),
)


@pytest.mark.parametrize(
    ("left", "until", "discount"),
    [("2.01", "2026-11-10", "2.01"), ("2.019", "2026-11-10", "2.01"), ("0", "2026-11-10", None),
     ("-1.00", "2026-11-10", None), (None, "2026-11-10", None), ("2.01", None, None)],
)  # fmt: skip
def test_a_discount_is_what_may_still_be_taken_and_until_when(
    left: str | None, until: str | None, discount: str | None
) -> None:
    row = {**INVOICE, "discount_available": left, "discount_date": until}
    found = mapping.to_invoice(row)
    assert found.discount == (Money(Decimal(discount)) if discount else None)
    assert found.discount_until == (date(2026, 11, 10) if discount else None)
    bare = mapping.to_invoice(INVOICE)
    assert (bare.discount, bare.discount_until) == (None, None)


def test_ids_lose_trailing_blanks_and_amounts_stay_exact() -> None:
    invoice = mapping.to_invoice(INVOICE)
    assert (invoice.tran_id, invoice.customer_id) == ("IN-0000000001", "ACME0001")
    assert (invoice.balance, invoice.payable) == (Money(Decimal("100.50")), Money(Decimal(90)))
    assert (invoice.due_date, invoice.in_dispute, invoice.updated_at) == (None, False, None)


def test_characters_that_no_database_stores_are_replaced() -> None:
    row = {**INVOICE, "customer_po": "A\x00B\ud800 "}
    assert mapping.to_invoice(row).customer_po == "A\ufffdB\ufffd"
    customer = {"key": "1", "company_id": "SOA", "customer_id": "A", "name": "A", "is_active": True}
    address = {"city": "Ta\x00coma", "x\x00": "y"}
    assert mapping.to_customer({**customer, "address": address}).address == {
        "city": "Ta\ufffdcoma", "x\ufffd": "y",
    }  # fmt: skip
    with pytest.raises(RecordError, match="invoice IN\ufffd1: total"):
        mapping.to_invoice({**INVOICE, "tran_id": "IN\x001", "total": "x"})


def test_moments_keep_their_zone() -> None:
    invoice = mapping.to_invoice({**INVOICE, "updated_at": "2026-11-23T07:00:00.5-05:00"})
    assert invoice.updated_at == datetime(2026, 11, 23, 12, 0, 0, 500_000, UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("balance", "12,50"), ("balance", "1.001"), ("balance", True), ("balance", None),
        ("payable", 1.5), ("tran_date", "23/11/2026"), ("due_date", "soon"), ("is_open", "yes"),
        ("tran_type", "501"), ("updated_at", "2026-11-23T07:00:00"), ("customer_id", None),
        ("currency", "dollars"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_named_with_its_row(field: str, value: object) -> None:
    with pytest.raises(RecordError) as caught:
        mapping.to_invoice({**INVOICE, field: value})
    assert "invoice IN-0000000001" in str(caught.value)
    assert (field if field != "currency" else "total") in str(caught.value)


def test_a_row_without_its_id_is_named_by_its_place() -> None:
    with pytest.raises(RecordError, match="invoice in row 4"):
        mapping.to_invoice({**INVOICE, "tran_id": None}, 4)
    with pytest.raises(RecordError, match="customer in row 2 is not an object"):
        mapping.to_customer(["no"], 2)


def test_a_receipt_state_outside_the_contract_is_refused() -> None:
    assert mapping.to_receipt(RECEIPT).state is ErpReceiptState.POSTED
    with pytest.raises(RecordError, match="state"):
        mapping.to_receipt({**RECEIPT, "state": "vanished"})


def test_a_malformed_application_is_named_within_its_receipt() -> None:
    broken = {**RECEIPT, "applications": [{"invoice_tran_id": "IN-1", "amount": "x"}]}
    with pytest.raises(RecordError, match="receipt PT1-1-a: application 1: amount"):
        mapping.to_receipt(broken)


def test_a_look_tells_unreadable_from_absent() -> None:
    rows = [RECEIPT, {**RECEIPT, "idempotency_key": "PT2", "state": "unreadable"}]
    found = mapping.to_receipts(rows, [RECEIPT["idempotency_key"], "PT2", "PT3"])
    states = {key: receipt.state for key, receipt in found.items()}
    assert states == {
        RECEIPT["idempotency_key"]: ErpReceiptState.POSTED,
        "PT2": ErpReceiptState.UNREADABLE,
    }
    assert "state cannot be read" in found["PT2"].message


@pytest.mark.parametrize("key", [None, {}, "", "PT9"])
def test_a_look_with_a_row_of_nobody_is_no_answer(key: object) -> None:
    with pytest.raises(RecordError, match="row 2"):
        mapping.to_receipts([RECEIPT, {"idempotency_key": key}], [RECEIPT["idempotency_key"]])


def test_an_unknown_finding_blocks() -> None:
    finding = mapping.to_finding({"code": "x", "level": "catastrophic", "message": "m"})
    assert finding.level is FindingLevel.BLOCK


def test_an_intent_travels_as_text() -> None:
    assert mapping.from_intent(INTENT, "paysync") == {
        "customer_id": "ACME0001", "cash_account_id": "MERCH-USD", "post_date": "2026-11-23",
        "tran_date": "2026-11-22", "tran_no": "1", "currency": "USD", "amount": "100.50",
        "comment": "PT 1 4242", "gateway_reference": "m:1", "user_id": "paysync",
        "applications": [{"invoice_tran_id": "IN-1", "amount": "90.50", "discount": "1.00",
                          "write_off": "0.10"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"comment": "Łódź"}, {"comment": "a\tb"}, {"comment": "x" * 51}, {"tran_no": "12345678901"},
        {"customer_id": "x" * 13}, {"idempotency_key": "x" * 65}, {"gateway_reference": "日本"},
        {"idempotency_key": "€"},
    ],
)  # fmt: skip
def test_text_that_varchar_cannot_hold_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        mapping.from_intent(replace(INTENT, **changes))


def reply(status: int, **body: Any) -> Reply:
    return Reply(status, body)


def test_an_answer_is_believed_when_status_and_code_agree() -> None:
    result = result_of(reply(201, code=1, receipt_key="7", batch_id="ARCR-1"), "a receipt")
    assert (result.code, result.receipt_key, result.batch_id) == (1, "7", "ARCR-1")
    assert result_of(reply(409, code=12), "a receipt").code is SubmitCode.PERIOD_CLOSED
    assert result_of(reply(503, code=20), "a receipt").code is SubmitCode.RETRYABLE


@pytest.mark.parametrize(
    "answer",
    [
        reply(201, code=10), reply(200, code=99), reply(422, code=1, receipt_key="7"),
        reply(201, code=1), reply(200, code=7), reply(200), reply(500), reply(302, code=1),
        reply(404), Reply(201, None), Reply(503, None), Reply(400, None),
    ],
)  # fmt: skip
def test_an_answer_that_proves_nothing_is_outcome_unknown(answer: Reply) -> None:
    with pytest.raises(OutcomeUnknownError):
        result_of(answer, "a receipt")


def test_refusals_that_prove_nothing_was_done_are_told_apart() -> None:
    with pytest.raises(CredentialError):
        result_of(Reply(401, None), "a receipt")
    with pytest.raises(UnavailableError) as waiting:
        result_of(Reply(429, None, retry_after_s=2.0), "a receipt")
    assert waiting.value.retry_after_s == 2.0
    with pytest.raises(RejectedError) as caught:
        result_of(reply(404, code="unknown_company", detail="no company X"), "a receipt")
    assert caught.value.reason == "unknown_company"
