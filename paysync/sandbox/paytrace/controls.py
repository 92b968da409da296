"""The PayTrace twin's control API: what customers, banks and clerks do behind the gateway."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from paysync.sandbox.control import control, moment_of, refuse
from paysync.sandbox.messages import Halt, Request, Response, route
from paysync.sandbox.paytrace.account import cents_of
from paysync.sandbox.paytrace.engine import APPROVED, Engine, RefusalError
from paysync.sandbox.paytrace.hints import Target
from paysync.sandbox.paytrace.shapes import truth
from paysync.sandbox.paytrace.store import Payment
from paysync.sandbox.paytrace.tokens import TokenRoutes

#: What became of a payment made through the control API.
OUTCOMES = {
    "approved": "captured",
    "captured": "captured",
    "authorized": "authorized",
    "declined": "declined",
    "voided": "voided",
    "code103": "voided",
}
TEXT_FIELDS = {
    "invoice_id": "invoice",
    "customer_id": "customer_id",
    "customer_reference_id": "customer_ref",
    "billing_name": "billing_name",
    "description": "description",
    "idempotency_key": "idempotency_key",
    "transaction_id": "id",
}


class PayTraceControls:
    def __init__(self, engine: Engine, tokens: TokenRoutes) -> None:
        self._engine = engine
        self._tokens = tokens

    @route("POST", "/_twin/payments")
    def payments(self, request: Request) -> Response:
        """[{"amount", "invoice_id", "customer_id", "method": "card"|"ach", "brand", "last4",
        "billing_name", "description", "customer_reference_id", "created_at": ISO, "hidden": n,
        "outcome": see OUTCOMES; an ACH status or "approved" for ACH}, …] -> {"ids": […]}."""
        wanted = request.json()
        wanted = wanted if isinstance(wanted, list) else [wanted]
        engine = self._engine
        try:
            with engine.store.lock:
                made = engine.store.add([self._payment(item) for item in wanted])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise refuse(f"{type(error).__name__}: {error}") from error
        engine.tell(made)
        return control({"ids": [payment["id"] for payment in made]}, 201)

    def _payment(self, item: Mapping[str, Any]) -> Payment:
        ach = item.get("method") == "ach" or item.get("outcome") == "ach"
        created_at = item.get("created_at")
        cents = cents_of(item["amount"])
        made: Payment = {
            "method": "ach" if ach else "card",
            "cents": cents,
            "authorized_cents": cents,
            "created": int(moment_of(created_at).timestamp()) if created_at else self._engine.now(),
            "brand": item.get("brand", "" if ach else "Visa"),
            "last4": str(item.get("last4", "6789" if ach else "1111")),
            "hidden": int(item.get("hidden", 0)),
            "created_by": item.get("created_by", "vt"),
        }
        made |= {ours: str(item[name]) for name, ours in TEXT_FIELDS.items() if name in item}
        return self._with_outcome(made, str(item.get("outcome", "approved")))

    def _with_outcome(self, made: Payment, outcome: str) -> Payment:
        if made["method"] == "ach":
            made["status"] = "ACCEPTED" if outcome in ("approved", "ach") else outcome.upper()
            return made
        made["status"] = OUTCOMES[outcome]
        if outcome == "declined":
            return made | {"approval_message": "    DECLINE - Do not honor"}
        return made | {
            "approval_code": self._engine.approval_code(),
            "approval_message": APPROVED,
        }

    @route("POST", "/_twin/refund")
    def refund(self, request: Request) -> Response:
        """{"id", "amount": optional}: a clerk refunds in the virtual terminal."""
        data = request.data()
        cents = None if data.get("amount") is None else cents_of(data["amount"])
        payment = self._get(data)
        engine = self._engine
        try:
            if payment["method"] == "ach":
                answer = engine.refund_ach(payment["id"], cents, created_by="vt")
            else:
                answer = engine.refund(payment["id"], cents, created_by="vt")
        except RefusalError as error:
            raise refuse(str(error)) from error
        return control({"code": answer.code, "id": answer.payment["id"]}, 201)

    @route("POST", "/_twin/void")
    def void(self, request: Request) -> Response:
        """{"id"}: a clerk voids in the virtual terminal."""
        payment = self._get(request.data())
        undo = self._engine.void_ach if payment["method"] == "ach" else self._engine.void
        try:
            answer = undo(payment["id"])
        except RefusalError as error:
            raise refuse(str(error)) from error
        return control({"code": answer.code, "id": answer.payment["id"]})

    @route("POST", "/_twin/settle")
    def settle(self, request: Request) -> Response:
        """{"at": ISO, optional}: close the open batch now."""
        at = request.data().get("at")
        batch = self._engine.settle(int(moment_of(at).timestamp()) if at else None)
        return control({"batch_number": batch["number"] if batch else None})

    @route("POST", "/_twin/returns")
    def returns(self, request: Request) -> Response:
        """{"id", "code": "R01"}: the bank returns an ACH payment, after success too."""
        data = request.data()
        payment = self._get(data, "ach")
        payment = self._engine.return_ach(payment["id"], str(data.get("code", "R01")))
        return control(truth(payment))

    @route("POST", "/_twin/advance")
    def advance(self, request: Request) -> Response:
        """{"ids": […] or left out for all, "steps": 1}: move ACH statuses on."""
        data = request.data()
        moved: list[Payment] = []
        for _ in range(int(data.get("steps", 1))):
            moved = self._engine.advance_ach(data.get("ids"))
        return control({"moved": [{"id": p["id"], "status": p["status"]} for p in moved]})

    @route("GET", "/_twin/transactions")
    def transactions(self, _: Request) -> Response:
        """The truth: every payment, late ones included."""
        rows = self._engine.store.rows("SELECT * FROM payments ORDER BY created, seq")
        return control({"transactions": [truth(row) for row in rows]})

    @route("GET", "/_twin/batches")
    def batches(self, _: Request) -> Response:
        return control({"batches": self._engine.store.rows("SELECT * FROM batches ORDER BY seq")})

    @route("POST", "/_twin/customers")
    def customers(self, request: Request) -> Response:
        """[{"customer_id", "method": "card"|"ach", "brand", "last4", "billing_name"}, …]."""
        wanted = request.json()
        for item in wanted if isinstance(wanted, list) else [wanted]:
            values = (
                str(item["customer_id"]),
                item.get("method", "card"),
                item.get("brand", "Visa"),
                str(item.get("last4", "1111")),
                item.get("billing_name", ""),
            )
            self._engine.store.execute(
                "INSERT OR REPLACE INTO customers VALUES (?, ?, ?, ?, ?)", values
            )
        return control({}, 201)

    @route("POST", "/_twin/protect")
    def protect(self, request: Request) -> Response:
        """{"brand", "last4", "billing_name"} -> a one-time pair, as Protect.js would give."""
        data = request.data()
        pair = {"hpf_token": secrets.token_hex(16), "enc_key": secrets.token_hex(16)}
        card = (data.get("brand", "Visa"), str(data.get("last4", "1111")))
        values = (*pair.values(), *card, data.get("billing_name", ""))
        self._engine.store.execute("INSERT INTO pairs VALUES (?, ?, ?, ?, ?)", values)
        return control(pair, 201)

    @route("POST", "/_twin/hints")
    def hints(self, request: Request) -> Response:
        """{"url", "secret": "whsec_<base64>"}: send a signed hint there on every change."""
        data = request.data()
        self._engine.hints.add(Target(str(data["url"]), str(data["secret"])))
        return control({"targets": [t.url for t in self._engine.hints.targets]}, 201)

    @route("DELETE", "/_twin/hints")
    def no_hints(self, _: Request) -> Response:
        self._engine.hints.targets.clear()
        return control({"targets": []})

    @route("POST", "/_twin/tokens/expire")
    def expire_tokens(self, _: Request) -> Response:
        """Every token given out so far is worthless."""
        self._tokens.forget()
        return control({})

    @route("GET", "/_twin/settings")
    def settings(self, _: Request) -> Response:
        return control(shown(self._engine))

    @route("POST", "/_twin/settings")
    def change_settings(self, request: Request) -> Response:
        """Any of the account's settings by name: see account.Settings."""
        try:
            self._engine.settings.change(request.data())
        except ValueError as error:
            raise refuse(str(error)) from error
        return control(shown(self._engine))

    def _get(self, data: Mapping[str, Any], method: str | None = None) -> Payment:
        payment = self._engine.store.get(data.get("id", ""), method)
        if payment is None:
            raise Halt(control({"message": f"no payment {data.get('id')!r}"}, 404))
        return payment


def shown(engine: Engine) -> dict[str, Any]:
    return {name: value for name, value in asdict(engine.settings).items() if name != "password"}
