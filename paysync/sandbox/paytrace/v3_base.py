"""What the twin's V3 calls share: checks, customers, refusals. Mostly our guesses (§6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paysync.sandbox.messages import Halt, Request, Response
from paysync.sandbox.paytrace.account import cents_of
from paysync.sandbox.paytrace.engine import Answer, Engine, RefusalError
from paysync.sandbox.paytrace.store import Payment
from paysync.sandbox.paytrace.tokens import TokenRoutes
from paysync.sandbox.paytrace.v1 import kept

#: The field that V3 names for each of V1's error keys: our guess.
FIELDS = {"816": "transaction_id", "817": "transaction_id", "58": "transaction_id"}


class V3Base:
    def __init__(self, engine: Engine, tokens: TokenRoutes) -> None:
        self._engine = engine
        self._tokens = tokens

    def _customer(self, customer_id: str, field: str) -> Payment:
        found = self._engine.store.customer(customer_id)
        if found is None:
            if self._engine.settings.strict_customers:
                raise Halt(invalid(field))
            found = {"brand": "Visa", "last4": "1111", "billing_name": customer_id}
        return {"customer_id": customer_id, **kept(found)}

    def _body(self, request: Request) -> dict[str, Any]:
        body = request.data()
        self._merchant(request, body)
        return body

    def _merchant(self, request: Request, given: dict[str, Any]) -> None:
        """Checks token, integrator id and merchant id."""
        self._tokens.check(request)
        settings = self._engine.settings
        if request.headers.get("x-integrator-id") != settings.integrator_id:
            raise Halt(invalid("header/X-Integrator-Id"))
        if str(given.get("merchant_id")) != settings.merchant_id:
            raise Halt(invalid("body/merchant_id"))

    def _run(self, operation: Callable[..., Answer], *args: Any, **facts: Any) -> Answer:
        try:
            return operation(*args, **facts)
        except RefusalError as error:
            names = [FIELDS.get(key, "amount") for key in error.errors]
            raise Halt(invalid(*[f"body/{name}" for name in names])) from error


def item_of(answer: Answer) -> dict[str, Any]:
    payment = answer.payment
    return {
        "transaction_id": payment["id"],
        "response_code": answer.code,
        "approval_code": payment["approval_code"],
        "approval_message": payment["approval_message"],
    }


def facts_of(body: dict[str, Any]) -> Payment:
    """What a V3 charge says of itself."""
    return {
        "invoice": str(body.get("invoice_number") or ""),
        "customer_ref": str(body.get("customer_reference_id") or ""),
        "description": str(body.get("description") or ""),
    }


def cents_in(body: dict[str, Any]) -> int:
    try:
        return cents_of(body.get("amount"))
    except ValueError as error:
        raise Halt(invalid("body/amount")) from error


def optional_cents(body: dict[str, Any]) -> int | None:
    return None if body.get("amount") is None else cents_in(body)


def invalid(*fields: str) -> Response:
    entries = [{"field": field, "detail": "value is not valid"} for field in fields]
    return Response({"message": {"data": entries}}, 422)


def not_found() -> Response:
    """Undocumented, like every V3 answer but 200 and 422."""
    return Response({"message": "not found"}, 404, {}, True)
