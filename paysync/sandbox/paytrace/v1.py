"""The twin's V1: `POST /v1/…`, evidenced as far as PayTrace reference §4, §5 and §9 go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paysync.sandbox.messages import Halt, Request, Response, route
from paysync.sandbox.paytrace.account import cents_of
from paysync.sandbox.paytrace.engine import Answer, Engine, RefusalError
from paysync.sandbox.paytrace.exports import days, listed, us_day
from paysync.sandbox.paytrace.shapes import batch_entry, v1_entry
from paysync.sandbox.paytrace.store import Payment
from paysync.sandbox.paytrace.tokens import TokenRoutes

TEXTS = {
    101: "Your transaction was successfully approved.",
    102: "Your transaction was not approved.",
    103: "Your transaction was approved and then voided.",
    106: "Your transaction was successfully refunded.",
    107: "Your transaction was not refunded.",
    109: "Your transaction was successfully voided.",
    110: "Your transaction was not voided.",
    112: "Your transaction was successfully captured.",
    113: "Your transaction was not captured.",
    120: "Your check was successfully processed.",
    122: "Your check was successfully refunded.",
    124: "Your check was successfully managed.",
    175: "The batch was settled.",
}
#: 103 with `success: true` is documented, and a trap (§4.2).
SUCCESS = frozenset({101, 103, 106, 109, 112, 120, 122, 124, 175})
COMPLETED = {
    "success": True,
    "response_code": 1,
    "status_message": "Your request has been successfully completed.",
}


class V1Routes:
    def __init__(self, engine: Engine, tokens: TokenRoutes) -> None:
        self._engine = engine
        self._tokens = tokens

    @route("POST", "/v1/transactions/sale/by_customer")
    def sale_by_customer(self, request: Request) -> Response:
        return self._sale(request, self._by_customer)

    @route("POST", "/v1/transactions/sale/pt_protect")
    def sale_by_pair(self, request: Request) -> Response:
        return self._sale(request, self._by_pair)

    @route("POST", "/v1/transactions/authorization/by_customer")
    def authorize_by_customer(self, request: Request) -> Response:
        return self._sale(request, self._by_customer, authorize_only=True)

    @route("POST", "/v1/transactions/authorization/pt_protect")
    def authorize_by_pair(self, request: Request) -> Response:
        return self._sale(request, self._by_pair, authorize_only=True)

    @route("POST", "/v1/transactions/authorization/capture")
    def capture(self, request: Request) -> Response:
        body = self._body(request)
        cents = self._optional_cents(body)
        return self._done(self._run(self._engine.capture, body.get("transaction_id"), cents))

    @route("POST", "/v1/transactions/void")
    def void(self, request: Request) -> Response:
        body = self._body(request)
        return self._done(self._run(self._engine.void, body.get("transaction_id")))

    @route("POST", "/v1/transactions/refund/for_transaction")
    def refund(self, request: Request) -> Response:
        body = self._body(request)
        cents = self._optional_cents(body)
        return self._done(self._run(self._engine.refund, body.get("transaction_id"), cents))

    @route("POST", "/v1/transactions/refund/to_customer")
    def credit(self, request: Request) -> Response:
        """Linked to no payment: off by default, as on real accounts (§4.3)."""
        body = self._body(request)
        if not self._engine.settings.unreferenced_refunds:
            raise Halt(self._refused(RefusalError(k981="You do not have permission to do this.")))
        facts = {**self._by_customer(body), **facts_of(body)}
        return self._done(self._run(self._engine.credit, self._cents(body), **facts))

    @route("POST", "/v1/transactions/settle")
    def settle(self, request: Request) -> Response:
        self._body(request)
        self._engine.settle()
        return Response({"success": True, "response_code": 175, "status_message": TEXTS[175]})

    @route("POST", "/v1/checks/sale/by_customer")
    def check_sale(self, request: Request) -> Response:
        body = self._body(request)
        facts = {**self._by_customer(body), **facts_of(body)}
        return self._done(self._run(self._engine.charge_ach, self._cents(body), **facts))

    @route("POST", "/v1/checks/manage/void")
    def check_void(self, request: Request) -> Response:
        body = self._body(request)
        return self._done(self._run(self._engine.void_ach, body.get("check_transaction_id")))

    @route("POST", "/v1/checks/refund/by_transaction")
    def check_refund(self, request: Request) -> Response:
        body = self._body(request)
        cents = self._optional_cents(body)
        check_id = body.get("check_transaction_id")
        return self._done(self._run(self._engine.refund_ach, check_id, cents))

    @route("POST", "/v1/transactions/export/by_id")
    def export_by_id(self, request: Request) -> Response:
        payment = self._engine.store.get(self._body(request).get("transaction_id"), "card")
        if payment is None:
            return self._refused(RefusalError(k58="Please provide a valid Transaction ID."))
        return self._listed("transactions", [v1_entry(payment, self._engine.zone)])

    @route("POST", "/v1/transactions/export/by_date_range")
    def export_by_date_range(self, request: Request) -> Response:
        start, end = self._days(self._body(request))
        found = listed(self._engine, start, end, "card")
        return self._listed("transactions", [v1_entry(p, self._engine.zone) for p in found])

    @route("POST", "/v1/batches/export")
    def export_batches(self, request: Request) -> Response:
        start, end = self._days(self._body(request))
        batches = self._engine.store.batches(*days(start, end, self._engine.zone))
        return self._listed("batches", [self._batch(batch) for batch in batches])

    @route("POST", "/v1/batches/export_one")
    def export_batch(self, request: Request) -> Response:
        number = str(self._body(request).get("batch_number") or "")
        batch = self._engine.store.latest_batch(number)
        return self._listed("batches", [self._batch(batch)] if batch else [])

    @route("POST", "/v1/batches/transaction_list")
    def batch_transactions(self, request: Request) -> Response:
        number = str(self._body(request).get("batch_number") or "")
        batch = self._engine.store.latest_batch(number)
        found = self._engine.store.in_batch(batch["seq"]) if batch else []
        return self._listed("transactions", [v1_entry(p, self._engine.zone) for p in found])

    def _body(self, request: Request) -> dict[str, Any]:
        """Checks token and integrator id, as every V1 call does."""
        self._tokens.check(request)
        body = request.data()
        given = body.get("integrator_id")
        if not given:
            raise Halt(self._refused(RefusalError(k970="Integrator ID is missing.")))
        if given != self._engine.settings.integrator_id:
            raise Halt(self._refused(RefusalError(k971="Invalid Integrator ID.")))
        return body

    def _sale(
        self,
        request: Request,
        payer: Callable[[dict[str, Any]], Payment],
        authorize_only: bool = False,
    ) -> Response:
        body = self._body(request)
        cents = self._cents(body)
        facts = {**payer(body), **facts_of(body)}
        answer = self._run(self._engine.charge, cents, authorize_only, **facts)
        return self._done(answer, cents)

    def _by_customer(self, body: dict[str, Any]) -> Payment:
        customer_id = str(body.get("customer_id") or "")
        found = self._engine.store.customer(customer_id)
        if found is None:
            if self._engine.settings.strict_customers:
                raise Halt(self._refused(RefusalError(k30="Customer not found.")))
            found = {"brand": "Visa", "last4": "1111", "billing_name": customer_id}
        return {"customer_id": customer_id, **kept(found)}

    def _by_pair(self, body: dict[str, Any]) -> Payment:
        names = ("hpf_token", "enc_key")
        missing = next((name for name in names if not body.get(name)), None)
        if missing:
            raise Halt(self._refused(RefusalError(k970=f"{missing} is missing.")))
        found = self._engine.store.use_pair(str(body["hpf_token"]), str(body["enc_key"]))
        if found is None:
            raise Halt(self._refused(RefusalError(k961="No payment fields for this token.")))
        return kept(found)

    def _cents(self, body: dict[str, Any]) -> int:
        try:
            return cents_of(body.get("amount"))
        except ValueError as error:
            raise Halt(self._refused(RefusalError(k970="Amount is missing."))) from error

    def _optional_cents(self, body: dict[str, Any]) -> int | None:
        return None if body.get("amount") is None else self._cents(body)

    def _days(self, body: dict[str, Any]) -> Any:
        try:
            return us_day(body.get("start_date")), us_day(body.get("end_date"))
        except ValueError as error:
            raise Halt(self._refused(RefusalError(k970="A date is missing."))) from error

    def _run(self, operation: Callable[..., Answer], *args: Any, **facts: Any) -> Answer:
        try:
            return operation(*args, **facts)
        except RefusalError as error:
            raise Halt(self._refused(error)) from error

    def _batch(self, batch: Payment) -> dict[str, Any]:
        store = self._engine.store
        return batch_entry(batch, store.in_batch(batch["seq"]), self._engine.zone)

    def _listed(self, name: str, entries: list[dict[str, Any]]) -> Response:
        return Response({**COMPLETED, name: entries, "external_transaction_id": ""})

    def _done(self, answer: Answer, asked_cents: int | None = None) -> Response:
        payment, code = answer.payment, answer.code
        body: dict[str, Any] = {
            "success": code in SUCCESS,
            "response_code": code,
            "status_message": TEXTS[code],
        }
        invented = switch_code(self._engine, body)
        if payment["method"] == "ach":
            return Response({**body, "check_transaction_id": int(payment["check_id"])})
        body |= {
            "transaction_id": int(payment["id"]) if payment["id"] else None,
            "approval_code": payment["approval_code"],
            "approval_message": payment["approval_message"],
            "avs_response": "No Match" if payment["approval_code"] else "0",
            "csc_response": "Match",
            "external_transaction_id": "",
        }
        if asked_cents is not None and asked_cents != payment["cents"]:
            body["approved_amount"] = payment["cents"] / 100
            invented = True
        status = self._engine.settings.decline_status if body["response_code"] == 102 else 200
        return Response(body, status, {}, invented)

    def _refused(self, error: RefusalError) -> Response:
        body = {
            "success": False,
            "response_code": 1,
            "status_message": "One or more errors has occurred.",
            "errors": error.errors,
            "external_transaction_id": "",
        }
        return Response(body, self._engine.settings.validation_status)


def switch_code(engine: Engine, body: dict[str, Any]) -> bool:
    """The `answer_code` card: another response code (option `code`), success as it was."""
    card = engine.faults.take("answer_code")
    if card:
        body["response_code"] = int(card.options.get("code", 104))
    return card is not None


def facts_of(body: dict[str, Any]) -> Payment:
    """What a V1 charge says of itself."""
    return {
        "invoice": str(body.get("invoice_id") or ""),
        "customer_ref": str(body.get("customer_reference_id") or ""),
        "description": str(body.get("description") or ""),
    }


def kept(payer: Payment) -> Payment:
    return {name: payer[name] for name in ("brand", "last4", "billing_name")}
