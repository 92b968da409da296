"""The HTTP contract of docs/erp-http-api.yaml, as the twin answers it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from paysync.sandbox.messages import Request, Response, route
from paysync.sandbox.sage500 import follow, reads
from paysync.sandbox.sage500.guard import (
    body_of,
    names_of,
    page,
    paging_of,
    param_of,
    problem,
    require_key,
)
from paysync.sandbox.sage500.orders import RETRYABLE, Order, Refused, order_of
from paysync.sandbox.sage500.preflight import preflight
from paysync.sandbox.sage500.reversal import reversal_of, reverse
from paysync.sandbox.sage500.site import pay_invoice
from paysync.sandbox.sage500.staff import list_staff_receipts
from paysync.sandbox.sage500.submit import Answer, submit
from paysync.sandbox.sage500.withdraw import withdraw

if TYPE_CHECKING:
    from paysync.sandbox.sage500.twin import SageTwin

COMPANY = "/v1/companies/{company_id}"
HTTP_STATUS = {1: 201, 2: 200, 10: 422, 11: 409, 12: 409, 13: 409, 14: 409, 20: 503, 99: 500}
#: For the `padded_ids` card: how wide a fixed char column would hold the ID.
WIDTHS = {"customer_id": 12, "tran_id": 13, "cash_account_id": 15, "invoice_tran_id": 13}

Body = dict[str, Any]


class ApiRoutes:
    """Every route of the contract. Each checks the key first, then the company."""

    def __init__(self, twin: SageTwin) -> None:
        self._twin = twin
        self._store = twin.store

    @route("GET", COMPANY + "/invoices")
    def invoices(self, request: Request) -> Response:
        values = self._listing(request)
        return self._spoilt(request, page(values, lambda v: reads.list_invoices(self._store, v)))

    @route("GET", COMPANY + "/invoices/{tran_id}")
    def invoice(self, request: Request) -> Response:
        company, tran_id = self._company(request), param_of(request, "tran_id")
        found = reads.find_invoice(self._store, company, tran_id.rstrip())
        if found is None:
            raise problem(404, "not_found", f"no document {tran_id}")
        return Response(found)

    @route("POST", COMPANY + "/invoices/payable")
    def payable(self, request: Request) -> Response:
        company = self._company(request)
        names = names_of(request, "tran_ids")
        return self._spoilt(request, {"items": reads.payable_now(self._store, company, names)})

    @route("GET", COMPANY + "/customers")
    def customers(self, request: Request) -> Response:
        values = self._listing(request)
        return self._spoilt(request, page(values, lambda v: reads.list_customers(self._store, v)))

    @route("GET", COMPANY + "/cash-accounts")
    def cash_accounts(self, request: Request) -> Response:
        values = self._listing(request)
        found = page(values, lambda v: reads.list_cash_accounts(self._store, v))
        return self._spoilt(request, found)

    @route("GET", COMPANY + "/gl-accounts")
    def gl_accounts(self, request: Request) -> Response:
        values = self._listing(request)
        return Response(page(values, lambda v: reads.list_gl_accounts(self._store, v)))

    @route("GET", COMPANY + "/fiscal-periods")
    def fiscal_periods(self, request: Request) -> Response:
        return Response({"items": reads.list_periods(self._store, self._company(request))})

    @route("GET", COMPANY + "/preflight")
    def preflight(self, request: Request) -> Response:
        return Response({"items": preflight(self._store, self._company(request))})

    @route("GET", COMPANY + "/receipts")
    def receipts(self, request: Request) -> Response:
        values = self._listing(request)
        start, end = self._day(request, "from"), self._day(request, "to")
        company = values["company"]

        def listed(v: Body) -> list[Body]:
            return follow.list_by_date(self._store, company, start, end, v["after"], v["limit"])

        return Response(page(values, listed, key="receipt_key"))

    @route("GET", COMPANY + "/staff-receipts")
    def staff_receipts(self, request: Request) -> Response:
        values = self._listing(request)
        start, end = self._day(request, "from"), self._day(request, "to")
        company = values["company"]

        def listed(v: Body) -> list[Body]:
            return list_staff_receipts(self._store, company, start, end, v["after"], v["limit"])

        return self._spoilt(request, page(values, listed))

    @route("POST", COMPANY + "/receipts")
    def submit_receipt(self, request: Request) -> Response:
        company = self._company(request)
        key = request.headers.get("idempotency-key", "").strip()
        try:
            order = order_of(key, company, body_of(request))
        except ValueError as error:
            raise problem(400, "bad_field", str(error)) from error
        except Refused as no:
            return answered(Answer(no.code, reason=no.reason, message=no.message))
        return answered(self._dealt(request, order) or submit(self._store, order, self._now()))

    @route("POST", COMPANY + "/reversals")
    def submit_reversal(self, request: Request) -> Response:
        company = self._company(request)
        key = request.headers.get("idempotency-key", "").strip()
        try:
            order = reversal_of(key, company, body_of(request))
        except ValueError as error:
            raise problem(400, "bad_field", str(error)) from error
        except Refused as no:
            return answered(Answer(no.code, reason=no.reason, message=no.message))
        if self._twin.faults.take("deadlock_1205", request.path):
            return answered(DEADLOCK)
        rehearsed = self._twin.reversals_rehearsed
        return answered(reverse(self._store, order, self._now(), rehearsed=rehearsed))

    @route("POST", "/v1/receipts/query")
    def query_receipts(self, request: Request) -> Response:
        require_key(request, self._twin.api_key)
        found = follow.find(self._store, names_of(request, "keys"))
        return self._spoilt(request, {"items": found})

    @route("GET", "/v1/receipts/{key}")
    def receipt(self, request: Request) -> Response:
        require_key(request, self._twin.api_key)
        found = follow.find(self._store, [param_of(request, "key")])
        if not found:
            raise problem(404, "not_found", "no receipt under this key")
        return Response(found[0])

    @route("DELETE", "/v1/receipts/{key}")
    def withdraw_receipt(self, request: Request) -> Response:
        require_key(request, self._twin.api_key)
        if self._twin.faults.take("deadlock_1205", request.path):
            return answered(DEADLOCK)
        answer = withdraw(self._store, param_of(request, "key"), self._now())
        return answered(answer, created=200)

    def _now(self) -> Any:
        return self._twin.clock.now()

    def _company(self, request: Request) -> str:
        require_key(request, self._twin.api_key)
        company = param_of(request, "company_id")
        if not reads.company_exists(self._store, company):
            raise problem(404, "unknown_company", f"no company {company}")
        return company

    def _listing(self, request: Request) -> Body:
        self._company(request)
        return paging_of(request)

    def _day(self, request: Request, name: str) -> str:
        try:
            return date.fromisoformat(request.query.get(name, "")).isoformat()
        except ValueError as error:
            raise problem(400, "bad_date", f"{name} is not an ISO date") from error

    def _dealt(self, request: Request, order: Order) -> Answer | None:
        """The cards that act on a submission."""
        faults = self._twin.faults
        if faults.take("deadlock_1205", request.path):
            return DEADLOCK
        if faults.take("closed_period", request.path):
            return Answer(12, reason="period_closed", message="the period was closed meanwhile")
        if order.links and faults.take("invoice_paid_meanwhile", request.path):
            first = order.links[0].invoice_tran_id
            with suppress(LookupError):  # the submission will say so itself
                pay_invoice(self._store, order.company_id, first, self._now())
        return None

    def _spoilt(self, request: Request, body: Body) -> Response:
        """The cards that act on lists."""
        faults, items = self._twin.faults, body["items"]
        if faults.take("padded_ids", request.path):
            for item in items:
                item.update({n: item[n].ljust(w) for n, w in WIDTHS.items() if n in item})
        if items and faults.take("malformed_row", request.path):
            last = next(n for n in ("payable", "name", "currency") if n in items[-1])
            items[-1][last] = {"unreadable": True}
        return Response(body)


DEADLOCK = Answer(RETRYABLE, reason="deadlock", message="1205: chosen as the deadlock victim")


def answered(answer: Answer, created: int = 201) -> Response:
    """The return code in the body, and the HTTP status that goes with it."""
    status = created if answer.code == 1 else HTTP_STATUS[answer.code]
    return Response(asdict(answer), status)
