"""The twin's V3 cards and batches. Paths are evidenced (§7, §9), its answers hardly (§6)."""

from __future__ import annotations

from datetime import date
from typing import Any

from paysync.sandbox.messages import Halt, Request, Response, route
from paysync.sandbox.paytrace.engine import Answer
from paysync.sandbox.paytrace.exports import days, listed, us_day
from paysync.sandbox.paytrace.shapes import batch_entry, v3_entry
from paysync.sandbox.paytrace.store import Payment
from paysync.sandbox.paytrace.v1 import kept, switch_code
from paysync.sandbox.paytrace.v3_base import (
    V3Base,
    cents_in,
    facts_of,
    invalid,
    item_of,
    not_found,
    optional_cents,
)

CARD_PAGE_MAX = 50


class V3Cards(V3Base):
    @route("POST", "/v3/card/sale/customer/{customer_id}")
    def sale_by_customer(self, request: Request) -> Response:
        return self._sale(request, self._by_customer(request))

    @route("POST", "/v3/card/sale/pt-protect")
    def sale_by_pair(self, request: Request) -> Response:
        return self._sale(request, self._by_pair(request))

    @route("POST", "/v3/card/authorize/customer/{customer_id}")
    def authorize_by_customer(self, request: Request) -> Response:
        return self._sale(request, self._by_customer(request), authorize_only=True)

    @route("POST", "/v3/card/authorize/pt-protect")
    def authorize_by_pair(self, request: Request) -> Response:
        return self._sale(request, self._by_pair(request), authorize_only=True)

    @route("POST", "/v3/card/batch/capture")
    def capture(self, request: Request) -> Response:
        item = self._item(request)
        cents = optional_cents(item)
        return self._done_item(self._run(self._engine.capture, item.get("transaction_id"), cents))

    @route("POST", "/v3/card/batch/void")
    def void(self, request: Request) -> Response:
        item = self._item(request)
        return self._done_item(self._run(self._engine.void, item.get("transaction_id")))

    @route("POST", "/v3/card/batch/refund")
    def refund(self, request: Request) -> Response:
        item = self._item(request)
        cents = optional_cents(item)
        return self._done_item(self._run(self._engine.refund, item.get("transaction_id"), cents))

    @route("GET", "/v3/card/transaction/{id}")
    def card(self, request: Request) -> Response:
        self._merchant(request, request.query)
        payment = self._engine.store.get(request.params["id"], "card")
        if payment is None:
            return not_found()
        return Response({"data": v3_entry(payment, self._engine.zone)})

    @route("GET", "/v3/card/transactions/voidable/{merchant_id}")
    def voidable(self, request: Request) -> Response:
        """Real-time: late records show here (§9.1)."""
        return self._open_cards(request, ("captured", "authorized"))

    @route("GET", "/v3/card/transactions/capturable/{merchant_id}")
    def capturable(self, request: Request) -> Response:
        return self._open_cards(request, ("authorized",))

    def _open_cards(self, request: Request, statuses: tuple[str, ...]) -> Response:
        self._merchant(request, request.params)
        query = request.query
        start, end = days(us_day(query["date_from"]), us_day(query["date_to"]), self._engine.zone)
        found = self._engine.store.created_between(start, end, "card")
        found = [p for p in found if p["status"] in statuses]
        limit = min(int(query.get("limit", CARD_PAGE_MAX)), CARD_PAGE_MAX)
        offset = int(query.get("offset", 0))
        page = found[offset : offset + limit]
        return Response({"data": [v3_entry(p, self._engine.zone) for p in page]})

    @route("POST", "/v3/transactions/export/by-date")
    def export_by_date(self, request: Request) -> Response:
        start, end = self._days(request)
        found = listed(self._engine, start, end, "card")
        return Response({"data": [v3_entry(p, self._engine.zone) for p in found]})

    @route("POST", "/v3/batch/export/by-date")
    def export_batches(self, request: Request) -> Response:
        start, end = self._days(request)
        batches = self._engine.store.batches(*days(start, end, self._engine.zone))
        return Response({"data": [self._batch(batch) for batch in batches]})

    @route("POST", "/v3/batch/export")
    def export_batch(self, request: Request) -> Response:
        number = str(self._body(request).get("batch_number") or "")
        batch = self._engine.store.latest_batch(number)
        return Response({"data": [self._batch(batch)] if batch else []})

    @route("POST", "/v3/batch/export/transactions")
    def batch_transactions(self, request: Request) -> Response:
        number = str(self._body(request).get("batch_number") or "")
        batch = self._engine.store.latest_batch(number)
        found = self._engine.store.in_batch(batch["seq"]) if batch else []
        return Response({"data": [v3_entry(p, self._engine.zone) for p in found]})

    @route("GET", "/v3/user/self")
    def user(self, request: Request) -> Response:
        self._tokens.check(request)
        return Response({"data": {"username": self._engine.settings.username}})

    def _sale(self, request: Request, payer: Payment, authorize_only: bool = False) -> Response:
        body = self._body(request)
        cents = cents_in(body)
        facts = {**payer, **facts_of(body)}
        answer = self._run(self._engine.charge, cents, authorize_only, **facts)
        data = item_of(answer)
        invented = switch_code(self._engine, data)
        if answer.payment["cents"] != cents:
            data["approved_amount"] = answer.payment["cents"] / 100
            invented = True
        return Response({"data": data}, 200, {}, invented)

    def _by_customer(self, request: Request) -> Payment:
        self._body(request)
        return self._customer(request.params["customer_id"], "path/customer_id")

    def _by_pair(self, request: Request) -> Payment:
        body = self._body(request)
        for name in ("hpf_token", "enc_key"):
            if not body.get(name):
                raise Halt(invalid(f"body/{name}"))
        found = self._engine.store.use_pair(str(body["hpf_token"]), str(body["enc_key"]))
        if found is None:
            raise Halt(invalid("body/hpf_token"))
        return kept(found)

    def _item(self, request: Request) -> dict[str, Any]:
        items = self._body(request).get("batch_items")
        if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
            raise Halt(invalid("body/batch_items"))
        return items[0]

    def _days(self, request: Request) -> tuple[date, date]:
        body = self._body(request)
        try:
            return us_day(body.get("start_date")), us_day(body.get("end_date"))
        except ValueError as error:
            raise Halt(invalid("body/start_date")) from error

    def _batch(self, batch: Payment) -> dict[str, Any]:
        store = self._engine.store
        return batch_entry(batch, store.in_batch(batch["seq"]), self._engine.zone)

    def _done_item(self, answer: Answer) -> Response:
        """One element an item. `bare_success` leaves out what no source shows."""
        item = {"status": "success", **item_of(answer)}
        if self._engine.faults.take("bare_success"):
            item = {"status": "success"}
        return Response({"data": [item]})
