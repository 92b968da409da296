"""What an answer to a money call means: every response code, every way an answer can be spoilt."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from paysync.adapters.paytrace.outcomes import KNOWN_ERROR_KEYS, Operation, result_of
from paysync.adapters.paytrace.transport import Reply, decode
from paysync.domain.money import Money
from paysync.domain.payments import MoneyResult, Outcome
from paysync.domain.redaction import REMOVED

DONE = {
    Operation.CHARGE: {101, 165},
    Operation.CAPTURE: {112},
    Operation.VOID: {109},
    Operation.REFUND: {106},
    Operation.ACH_CHARGE: {120},
    Operation.ACH_VOID: {124},
    Operation.ACH_REFUND: {122},
}
DECLINED = {102}
#: A "no" to one operation says nothing of another.
NO_MONEY = {
    Operation.CHARGE: {103, 104, 105, 116, 117, 167},
    Operation.CAPTURE: {113, 114},
    Operation.VOID: {110, 111},
    Operation.REFUND: {107, 108},
    Operation.ACH_CHARGE: {121, 125},
    Operation.ACH_VOID: {125},
    Operation.ACH_REFUND: {123, 125},
}
EVERY_CODE = [
    1, *range(100, 119), *range(120, 126), 149, 150, 151, 152, 155,
    160, 161, 162, 165, 167, 170, 171, 172, 175, 180,
    0, -101, 119, 126, 999, 10101,
]  # fmt: skip


def answer(operation: Operation, status: int = 200, **body: Any) -> MoneyResult:
    return result_of(operation, Reply(status, body), "USD")


def expected(operation: Operation, code: int) -> Outcome:
    if code in DONE[operation]:
        ach = operation is Operation.ACH_CHARGE
        return Outcome.ACCEPTED if ach else Outcome.APPROVED
    if code in DECLINED and operation in {Operation.CHARGE, Operation.ACH_CHARGE}:
        return Outcome.DECLINED
    return Outcome.FAILED if code in NO_MONEY[operation] else Outcome.UNKNOWN


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("code", EVERY_CODE)
@pytest.mark.parametrize("success", [{"success": True}, {}])
def test_every_code_with_an_id_means_one_thing(
    operation: Operation, code: int, success: dict[str, bool]
) -> None:
    result = answer(operation, response_code=code, transaction_id=700100201, **success)
    assert result.outcome is expected(operation, code)
    assert result.gateway_id == ("" if result.outcome is Outcome.UNKNOWN else "700100201")


@pytest.mark.parametrize("operation", Operation)
def test_a_done_code_without_an_id_a_2xx_or_its_success_is_unknown(operation: Operation) -> None:
    for code in DONE[operation]:
        good: dict[str, Any] = {"success": True, "response_code": code, "transaction_id": 7}
        for spoilt in (
            {"transaction_id": None},
            {"transaction_id": ""},
            {"transaction_id": True},
            {"success": False},
            {"success": "true"},
            {"response_code": f"{code}.0"},
            {"response_code": True},
        ):
            assert answer(operation, **{**good, **spoilt}).outcome is Outcome.UNKNOWN
        for status in (302, 400, 401, 404, 422, 500, 502):
            assert answer(operation, status, **good).outcome is Outcome.UNKNOWN


def test_a_code_may_come_as_text() -> None:
    result = answer(Operation.CHARGE, response_code="101", transaction_id="700100201")
    assert result.outcome is Outcome.APPROVED


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"transaction_id": "7", "response_code": 101}},
        {"data": [{"transaction_id": "7", "response_code": 101, "status": "success"}]},
        {"transaction_id": "7", "response_code": 101, "data": []},
    ],
)
def test_each_envelope_is_read(body: dict[str, Any]) -> None:
    result = answer(Operation.CHARGE, **body)
    assert (result.outcome, result.gateway_id) == (Outcome.APPROVED, "7")


def test_two_results_for_one_request_are_no_result() -> None:
    item = {"transaction_id": "7", "response_code": 101}
    assert answer(Operation.CHARGE, data=[item, item]).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_decline_is_one_whatever_its_http_status(status: int) -> None:
    result = answer(Operation.CHARGE, status, success=False, response_code=102, transaction_id=7)
    assert (result.outcome, result.gateway_id) == (Outcome.DECLINED, "7")


@pytest.mark.parametrize("key", sorted(KNOWN_ERROR_KEYS))
@pytest.mark.parametrize("status", [200, 400, 422])
def test_a_known_error_is_a_refusal(key: str, status: int) -> None:
    errors = {key: ["whatever it says"]}
    result = answer(Operation.CHARGE, status, success=False, response_code=1, errors=errors)
    assert (result.outcome, result.error_keys) == (Outcome.FAILED, (key,))


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "errors": {"35": [], "1024": []}},
        {"success": False, "errors": {}},
        {"success": False, "errors": ["35"]},
        {"success": False},
        {"success": True, "errors": {"35": []}},
        {"errors": {"35": []}},
        {"success": True, "transaction_id": 7},
        {"success": False, "errors": {"35": []}, "transaction_id": 7},
    ],
)
def test_code_1_is_a_refusal_only_with_known_errors_and_no_success(body: dict[str, Any]) -> None:
    assert answer(Operation.CHARGE, 400, response_code=1, **body).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        (["body/amount"], Outcome.FAILED),
        (["body/amount", "body/billing_address/postal_code"], Outcome.FAILED),
        (["path/record_id"], Outcome.UNKNOWN),
        (["body/amount", "path/record_id"], Outcome.UNKNOWN),
        (["body/something_else"], Outcome.UNKNOWN),
        (["amount"], Outcome.UNKNOWN),
        ([""], Outcome.UNKNOWN),
        ([], Outcome.UNKNOWN),
    ],
)
@pytest.mark.parametrize("wrap", [lambda d: {"message": {"data": d}}, lambda d: {"data": d}])
def test_a_422_is_a_refusal_only_if_every_field_is_one_we_sent(
    fields: list[str], outcome: Outcome, wrap: Any
) -> None:
    body = wrap([{"field": name, "detail": "value is not valid"} for name in fields])
    assert answer(Operation.ACH_CHARGE, 422, **body).outcome is outcome


@pytest.mark.parametrize("body", [{"message": "no"}, {"response_code": 102, "transaction_id": 7}])
def test_any_other_422_is_unknown(body: dict[str, Any]) -> None:
    assert answer(Operation.CHARGE, 422, **body).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 422, 500, 503])
def test_an_answer_that_is_not_json_is_unknown(status: int) -> None:
    for content in (b"", b"<html>", b'{"success": true, "resp', b"null", b"12", b'{"a": NaN}'):
        reply = Reply(status, decode(content))
        assert reply.body is None
        assert result_of(Operation.CHARGE, reply, "USD") == MoneyResult(Outcome.UNKNOWN)


def test_texts_decide_nothing() -> None:
    body: dict[str, Any] = {
        "status_message": "Your transaction was successfully approved.",
        "transaction_id": 7,
    }
    assert answer(Operation.CHARGE, success=True, **body).outcome is Outcome.UNKNOWN


def test_the_approved_amount_is_what_the_answer_states() -> None:
    body: dict[str, Any] = {"response_code": 101, "transaction_id": 7}
    partial = answer(Operation.CHARGE, approved_amount=Decimal("12.5"), amount=25, **body)
    assert partial.approved_amount == Money(Decimal("12.50"))
    assert answer(Operation.CHARGE, **body).approved_amount is None
    assert answer(Operation.CHARGE, amount="odd", **body).approved_amount is None


def test_a_message_holds_no_card_number() -> None:
    body: dict[str, Any] = {
        "response_code": 102,
        "approval_message": "   Card 4111 1111 1111 1111  refused",
    }
    assert answer(Operation.CHARGE, **body).message == f"Card {REMOVED} refused"
