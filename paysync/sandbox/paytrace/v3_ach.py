"""The twin's V3 ACH payments (§7.5)."""

from __future__ import annotations

from datetime import datetime

from paysync.sandbox.messages import Halt, Request, Response, route
from paysync.sandbox.paytrace.exports import visible
from paysync.sandbox.paytrace.shapes import ach_entry
from paysync.sandbox.paytrace.store import Payment
from paysync.sandbox.paytrace.v3_base import (
    V3Base,
    cents_in,
    facts_of,
    invalid,
    item_of,
    not_found,
    optional_cents,
)

ACH_PAGE = 10
ACH_PAGE_MAX = 30
SEC_CODES = ("CCD", "PPD", "WEB", "TEL")


class V3Ach(V3Base):
    @route("POST", "/v3/checks/payment")
    def ach_payment(self, request: Request) -> Response:
        """Answers 422 although the payment was made when `ach_422_created` is in play (§7.5)."""
        body = self._body(request)
        if body.get("std_entry_class") not in SEC_CODES:
            raise Halt(invalid("body/std_entry_class"))
        customer = self._customer(str(body.get("customer_id") or ""), "body/customer_id")
        facts = {**customer, **facts_of(body)}
        facts["idempotency_key"] = str(body.get("idempotency_key") or "")
        answer = self._run(self._engine.charge_ach, cents_in(body), **facts)
        if self._engine.faults.take("ach_422_created"):
            return invalid("path/record_id")
        return Response({"transaction_id": answer.payment["id"], "data": []})

    @route("GET", "/v3/checks/transactions")
    def ach_list(self, request: Request) -> Response:
        """Newest first; `start_date` included, `end_date` not."""
        self._merchant(request, request.query)
        query = request.query
        start, end = self._moment(query.get("start_date")), self._moment(query.get("end_date"))
        with self._engine.store.lock:
            found = self._engine.store.created_between(start or 0, end or 2**40, "ach")
            found = [p for p in reversed(found) if wanted(p, query)]
            limit = min(int(query.get("limit", ACH_PAGE)), ACH_PAGE_MAX)
            offset = int(query.get("offset", 0))
            shown = visible(self._engine, found)[offset : offset + limit]
        return Response({"items": [ach_entry(p, self._engine.zone) for p in shown]})

    @route("GET", "/v3/checks/transactions/idempotency-keys/{key}")
    def ach_by_key(self, request: Request) -> Response:
        self._tokens.check(request)
        sql = "SELECT * FROM payments WHERE idempotency_key = ?"
        payment = self._engine.store.one(sql, (request.params["key"],))
        if payment is None:
            return not_found()
        return Response({"data": ach_entry(payment, self._engine.zone)})

    @route("GET", "/v3/checks/transactions/{id}")
    def ach(self, request: Request) -> Response:
        self._merchant(request, request.query)
        payment = self._engine.store.get(request.params["id"], "ach")
        if payment is None:
            return not_found()
        return Response({"data": ach_entry(payment, self._engine.zone)})

    @route("POST", "/v3/sim/checks/{id}/void")
    def ach_void(self, request: Request) -> Response:
        """No path is documented: invented, as are its members."""
        self._body(request)
        answer = self._run(self._engine.void_ach, request.params["id"])
        return Response({"data": item_of(answer)}, invented=True)

    @route("POST", "/v3/sim/checks/{id}/refund")
    def ach_refund(self, request: Request) -> Response:
        """No path is documented: invented, as are its members."""
        cents = optional_cents(self._body(request))
        answer = self._run(self._engine.refund_ach, request.params["id"], cents)
        return Response({"data": item_of(answer)}, invented=True)

    def _moment(self, text: str | None) -> int | None:
        if not text:
            return None
        try:
            return int(datetime.fromisoformat(text).replace(tzinfo=self._engine.zone).timestamp())
        except ValueError as error:
            raise Halt(invalid("query/start_date")) from error


def wanted(payment: Payment, query: dict[str, str]) -> bool:
    """The list's filters that we evidence: status, transaction_id, idempotency_key."""
    names = {"status": "status", "transaction_id": "id", "idempotency_key": "idempotency_key"}
    return all(payment[column] == query[name] for name, column in names.items() if name in query)
