"""The ERP port over HTTP: mode `http_api`, for a site that fronts its Sage 500 with a service.

The contract is ours: docs/erp-http-api.yaml. Public sources know no REST API of Sage 500 itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from paysync.adapters.sage500 import mapping
from paysync.adapters.sage500.http_client import (
    SYSTEM,
    HttpClient,
    HttpErpConfig,
    Reply,
    error_of_refusal,
)
from paysync.domain.errors import OutcomeUnknownError, RecordError
from paysync.domain.ledger import (
    ErpCashAccount,
    ErpCustomer,
    ErpFiscalPeriod,
    ErpGLAccount,
    ErpReceipt,
    Finding,
    Invoice,
    ReceiptIntent,
    ReversalIntent,
    ReversalNo,
    StaffReceipt,
    SubmitCode,
    SubmitResult,
)
from paysync.domain.money import Money

__all__ = ["HttpErpConfig", "HttpErpLedger"]

T = TypeVar("T")

#: How many keys or documents one bulk question names.
BULK = 500
DONE = frozenset({SubmitCode.CREATED, SubmitCode.ALREADY_THERE})
#: HTTP status -> the codes that may come with it: anything else is an answer we do not believe.
CODES_OF = {
    200: DONE,
    201: frozenset({SubmitCode.CREATED}),
    409: frozenset(
        {
            SubmitCode.KEY_REUSED,
            SubmitCode.PERIOD_CLOSED,
            SubmitCode.BALANCE_CHANGED,
            SubmitCode.BATCH_NOT_OPEN,
        }
    ),
    422: frozenset({SubmitCode.VALIDATION_ERROR}),
    503: frozenset({SubmitCode.RETRYABLE}),
    500: frozenset({SubmitCode.ERROR}),
}


class HttpErpLedger:
    """An ErpLedger over HTTP. Safe to share between threads: each has its own connections."""

    def __init__(self, config: HttpErpConfig) -> None:
        self._config = config
        self._client = HttpClient(config)

    def open_invoices(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[Invoice]:
        query = since_query(since)
        return self._each(company_id, "invoices", mapping.to_invoice, query, set_aside)

    def get_invoice(self, company_id: str, tran_id: str) -> Invoice:
        path = company_path(company_id, "invoices", tran_id)
        return mapping.to_invoice(self._client.read(path))

    def payable_now(self, company_id: str, tran_ids: Sequence[str]) -> dict[str, Money]:
        path = company_path(company_id, "invoices", "payable")
        rows = self._ask(path, "tran_ids", tran_ids)
        return dict(mapping.to_payable(row, place) for place, row in enumerate(rows, 1))

    def customers(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[ErpCustomer]:
        query = since_query(since)
        return self._each(company_id, "customers", mapping.to_customer, query, set_aside)

    def cash_accounts(self, company_id: str) -> Sequence[ErpCashAccount]:
        return list(self._each(company_id, "cash-accounts", mapping.to_cash_account))

    def gl_accounts(self, company_id: str) -> Sequence[ErpGLAccount]:
        return list(self._each(company_id, "gl-accounts", mapping.to_gl_account))

    def fiscal_periods(self, company_id: str) -> Sequence[ErpFiscalPeriod]:
        return list(self._each(company_id, "fiscal-periods", mapping.to_fiscal_period))

    def preflight(self, company_id: str) -> Sequence[Finding]:
        return list(self._each(company_id, "preflight", mapping.to_finding))

    def submit_receipt(self, intent: ReceiptIntent) -> SubmitResult:
        """Send one receipt, once. Text that varchar cannot hold is not sent: RecordError."""
        body = mapping.from_intent(intent, self._config.user_id)
        path = company_path(intent.company_id, "receipts")
        headers = {"Idempotency-Key": intent.idempotency_key}
        return result_of(self._client.write("POST", path, body=body, headers=headers), "a receipt")

    def submit_reversal(self, intent: ReversalIntent) -> SubmitResult:
        """Send one reversal, once. A service without that part of the contract reverses nothing."""
        body = mapping.from_reversal(intent, self._config.user_id)
        path = company_path(intent.company_id, "reversals")
        headers = {"Idempotency-Key": intent.idempotency_key}
        reply = self._client.write("POST", path, body=body, headers=headers)
        if reply.status in (404, 405) and not reply.problem:
            return by_hand("the service knows no reversals")
        return result_of(reply, "a reversal")

    def withdraw_receipt(self, idempotency_key: str) -> SubmitResult:
        path = f"/v1/receipts/{quote(idempotency_key, safe='')}"
        return result_of(self._client.write("DELETE", path), "a withdrawal")

    def find_receipts(self, idempotency_keys: Sequence[str]) -> dict[str, ErpReceipt]:
        rows = self._ask("/v1/receipts/query", "keys", idempotency_keys)
        return mapping.to_receipts(rows, idempotency_keys)

    def receipts_on(self, company_id: str, start: date, end: date) -> Iterator[ErpReceipt]:
        query = {"from": start.isoformat(), "to": end.isoformat()}
        return self._each(company_id, "receipts", mapping.to_receipt, query)

    def staff_receipts(
        self,
        company_id: str,
        start: date,
        end: date,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[StaffReceipt]:
        query = {"from": start.isoformat(), "to": end.isoformat()}
        return self._each(company_id, "staff-receipts", mapping.to_staff_receipt, query, set_aside)

    def _each(
        self,
        company_id: str,
        what: str,
        to_domain: Callable[[object, int], T],
        query: Mapping[str, str] | None = None,
        set_aside: list[str] | None = None,
    ) -> Iterator[T]:
        """Every row of a list, page by page; unreadable ones are set aside where that is asked."""
        path = company_path(company_id, what)
        asked = {**(query or {}), "limit": str(self._config.page_size)}
        while True:
            page = self._client.read(path, asked)
            yield from mapping.read_rows(items_of(page, what), to_domain, set_aside)
            token = page.get("next")
            if token is None:
                return
            if not isinstance(token, str) or token == asked.get("after"):
                raise RecordError(f"the list of {what} does not end: its next page is {token!r}")
            asked["after"] = token

    def _ask(self, path: str, field: str, names: Sequence[str]) -> Iterator[object]:
        """The answers to a bulk question, however many names it holds."""
        unique = list(dict.fromkeys(names))
        for start in range(0, len(unique), BULK):
            answer = self._client.read(path, body={field: unique[start : start + BULK]})
            yield from items_of(answer, path)


def company_path(company_id: str, *parts: str) -> str:
    return "/".join(["/v1/companies", *(quote(part, safe="") for part in (company_id, *parts))])


def since_query(since: datetime | None) -> dict[str, str]:
    """Raises ValueError for a moment without a zone."""
    if since is None:
        return {}
    if since.tzinfo is None:
        raise ValueError("since has no zone")
    return {"since": since.astimezone(UTC).isoformat()}


def items_of(answer: Mapping[str, Any], what: str) -> list[object]:
    items = answer.get("items")
    if not isinstance(items, list):
        raise RecordError(f"the answer on {what} has no list of items")
    return items


def by_hand(message: str) -> SubmitResult:
    """The answer where a person has to reverse."""
    reason = ReversalNo.NOT_REHEARSED
    return SubmitResult(SubmitCode.VALIDATION_ERROR, reason=reason, message=message)


def result_of(reply: Reply, what: str) -> SubmitResult:
    """The wrapper's answer. An answer that contradicts itself proves nothing: outcome unknown."""
    refused = error_of_refusal(reply, what)
    if refused is not None:
        raise refused
    try:
        result = mapping.to_submit_result(reply.body)
    except RecordError as error:
        unread = f"the answer to {what} ({reply.status}) cannot be read"
        raise OutcomeUnknownError(SYSTEM, unread) from error
    if result.code not in CODES_OF.get(reply.status, frozenset()):
        message = f"{what}: HTTP {reply.status} does not go with code {int(result.code)}"
        raise OutcomeUnknownError(SYSTEM, message)
    if result.code in DONE and not result.receipt_key:
        raise OutcomeUnknownError(SYSTEM, f"{what}: code {int(result.code)} without a receipt key")
    return result
