"""PayTrace's V3 JSON API (§6, §7): the target version, its answers poorly evidenced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote

from paysync.adapters.paytrace.auth import LogInV3
from paysync.adapters.paytrace.client import Call
from paysync.adapters.paytrace.config import PayTraceConfig
from paysync.adapters.paytrace.envelope import code_of, fields_of, transaction_id_of
from paysync.adapters.paytrace.gateway import PayTraceGateway, unsupported
from paysync.adapters.paytrace.intents import check_amount, check_intent
from paysync.adapters.paytrace.listing import (
    ACH,
    CARD,
    ONE_DAY,
    Cursor,
    first_day,
    last_day,
    page_of,
)
from paysync.adapters.paytrace.mapping import read_all
from paysync.adapters.paytrace.outcomes import Operation
from paysync.adapters.paytrace.stamps import us_date
from paysync.adapters.paytrace.v3_search import AchSearch, find_voidable
from paysync.domain.errors import PaySyncError, RecordError
from paysync.domain.money import Money
from paysync.domain.payments import (
    ChargeIntent,
    GatewayBatch,
    GatewayRecord,
    Method,
    MoneyResult,
    Outcome,
    Page,
    State,
    Window,
)

#: What a record must show before a success without a response code is believed.
PROOF = {
    Operation.CAPTURE: {State.CAPTURED: Outcome.APPROVED, State.SETTLED: Outcome.APPROVED},
    Operation.VOID: {State.VOIDED: Outcome.APPROVED},
    Operation.ACH_CHARGE: {
        State.ACCEPTED: Outcome.ACCEPTED,
        State.ORIGINATED: Outcome.ACCEPTED,
        State.SETTLED: Outcome.ACCEPTED,
        State.DECLINED: Outcome.DECLINED,
        State.FAILED: Outcome.FAILED,
    },
}


class PayTraceV3(PayTraceGateway):
    """`PaymentGateway` over V3. Raises RecordError when the merchant id is not a number."""

    def __init__(self, config: PayTraceConfig) -> None:
        super().__init__(config, LogInV3(), {"X-Integrator-Id": config.integrator_id})
        self._merchant_id = number_of(config.merchant_id, "merchant id")
        self._ach = AchSearch(self._client, config, self._assumed)

    def list_transactions(self, window: Window, cursor: str | None = None) -> Page:
        """Cards, one gateway day a page; then ACH, thirty a page."""
        zone = self.config.zone_info
        at = Cursor.parse(cursor) if cursor else Cursor(CARD, first_day(window, zone))
        if at.day is None:
            entries, more = self._ach.page(window, at.offset)
            read = read_all(entries, Method.ACH, self._assumed)
            return page_of(read, window, Cursor(ACH, offset=more) if more else None)
        read = read_all(self._entries(self._export(at.day)), Method.CARD, self._assumed)
        following = Cursor(CARD, at.day + ONE_DAY)
        if at.day < last_day(window, zone):
            return page_of(read, window, following)
        return page_of(read, window, Cursor(ACH) if self.config.ach else None)

    def get_transaction(self, gateway_id: str, method: Method = Method.CARD) -> GatewayRecord:
        """By the real-time record, not the export."""
        path = "/v3/checks/transactions/" if method is Method.ACH else "/v3/card/transaction/"
        query = {"merchant_id": str(self._merchant_id)}
        call = Call(path + quote(gateway_id, safe=""), query=query, method="GET")
        return self._record(call, gateway_id, method)

    def list_batches(self, start: date, end: date) -> Sequence[GatewayBatch]:
        """Batches settled on start..end, both included. JSON names are assumed: batches.py."""
        days = {"start_date": us_date(start - ONE_DAY), "end_date": us_date(end + ONE_DAY)}
        return self._batches(self._call("/v3/batch/export/by-date", days), start, end)

    def batch_transactions(self, number: str) -> Sequence[GatewayRecord]:
        """Of the latest batch of that number, assumed to read like an export."""
        return self._batch_records(
            self._call("/v3/batch/export/transactions", {"batch_number": number})
        )

    def charge(self, intent: ChargeIntent) -> MoneyResult:
        check_intent(intent, self.config.currency)
        body: dict[str, object] = {
            "amount": intent.amount.amount,
            "invoice_number": intent.invoice_reference,
            "description": intent.description,
        }
        if intent.method is Method.ACH:
            return self._charge_ach(intent, body)
        body["customer_reference_id"] = intent.intent_id
        body["surcharge_info"] = {"omit_surcharge": self.config.omit_surcharge}
        if intent.hpf_token:
            path = "/v3/card/sale/pt-protect"
            body |= {"hpf_token": intent.hpf_token, "enc_key": intent.enc_key}
        else:
            customer_id = number_of(intent.gateway_customer_id, "customer id")
            path = f"/v3/card/sale/customer/{customer_id}"
        return self._move(Operation.CHARGE, self._call(path, body))[0]

    def _charge_ach(self, intent: ChargeIntent, body: dict[str, object]) -> MoneyResult:
        """A success names the payment but no code (§6): its record decides. See also §7.5's 422."""
        body |= {
            "std_entry_class": intent.sec_code,
            "idempotency_key": intent.intent_id,
            "customer_id": number_of(intent.gateway_customer_id, "customer id"),
        }
        call = self._call("/v3/checks/payment", body)
        return self._move_and_confirm(Operation.ACH_CHARGE, call, "")

    def find_by_intent(self, intent: ChargeIntent, around: datetime) -> GatewayRecord | None:
        """ACH: by key, then by list. Cards: the real-time list of unsettled sales, then the export.

        An export may lag, so None soon after sending is not proof.
        """
        if intent.method is Method.ACH:
            return self._ach.find(intent, around)
        found = find_voidable(self._client, self.config, self._assumed, intent, around)
        return found or self._find_listed(intent, around)

    def capture(self, gateway_id: str, amount: Money | None = None) -> MoneyResult:
        call = self._one_item("/v3/card/batch/capture", gateway_id, amount)
        return self._move_and_confirm(Operation.CAPTURE, call, gateway_id)

    def void(self, gateway_id: str, method: Method = Method.CARD) -> MoneyResult:
        if method is Method.ACH:
            call = self._ach_call(self.config.ach_void_path, "voiding an ACH payment", gateway_id)
            return self._move(Operation.ACH_VOID, call)[0]
        call = self._one_item("/v3/card/batch/void", gateway_id, None)
        return self._move_and_confirm(Operation.VOID, call, gateway_id)

    def refund(
        self, gateway_id: str, amount: Money | None = None, method: Method = Method.CARD
    ) -> MoneyResult:
        """A refund is a new transaction, so a success without a code stays UNKNOWN."""
        if method is Method.ACH:
            path = self.config.ach_refund_path
            call = self._ach_call(path, "refunding an ACH payment", gateway_id, amount)
            return self._move(Operation.ACH_REFUND, call)[0]
        call = self._one_item("/v3/card/batch/refund", gateway_id, amount)
        return self._move(Operation.REFUND, call)[0]

    def credit(self, gateway_customer_id: str, amount: Money) -> MoneyResult:
        """V3 documents a keyed credit only, and that needs a card number: never here."""
        raise unsupported("a credit that is linked to no payment")

    def ping(self) -> None:
        self._client.read(Call("/v3/user/self", method="GET"))

    def _move_and_confirm(self, operation: Operation, call: Call, gateway_id: str) -> MoneyResult:
        """As `_move`; a success that names no code is believed only if the record agrees."""
        result, reply = self._move(operation, call)
        if result.outcome is not Outcome.UNKNOWN or reply is None or not reply.ok:
            return result
        fields = fields_of(reply.body or {})
        stated = transaction_id_of(fields)
        said_done = fields.get("status") == "success" if gateway_id else bool(stated)
        if code_of(fields) is not None or "response_code" in fields or not said_done:
            return result
        method = Method.ACH if operation is Operation.ACH_CHARGE else Method.CARD
        try:
            record = self.get_transaction(gateway_id or stated, method)
        except PaySyncError:
            return result  # the charge went out: whatever keeps us from seeing it, it is unknown
        outcome = PROOF[operation].get(record.state)
        if outcome is None:
            return result
        return MoneyResult(outcome, record.gateway_id, approved_amount=record.amount)

    def _one_item(self, path: str, gateway_id: str, amount: Money | None) -> Call:
        """One item a call, so that a refusal or a lost answer is about that one (§7.3)."""
        item: dict[str, object] = {"transaction_id": gateway_id}
        return self._call(path, {"batch_items": [item | self._amount(amount)]})

    def _ach_call(self, path: str, what: str, gateway_id: str, amount: Money | None = None) -> Call:
        if not path:
            raise unsupported(what)
        path = path.replace("{id}", quote(gateway_id, safe=""))
        return self._call(path, {"transaction_id": gateway_id, **self._amount(amount)})

    def _export(self, day: date) -> Call:
        text = us_date(day)
        return self._call("/v3/transactions/export/by-date", {"start_date": text, "end_date": text})

    def _amount(self, amount: Money | None) -> dict[str, object]:
        """None takes the full amount."""
        if amount is None:
            return {}
        check_amount(amount, self.config.currency)
        return {"amount": amount.amount}

    def _call(self, path: str, body: Mapping[str, object]) -> Call:
        return Call(path, {**body, "merchant_id": self._merchant_id})


def number_of(text: str, what: str) -> int:
    """V3 wants its ids as numbers. Raises RecordError."""
    if not (text.isascii() and text.isdecimal()):
        raise RecordError(f"the {what} {text!r} is not a number, as V3 needs it")
    return int(text)
