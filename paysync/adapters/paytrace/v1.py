"""PayTrace's V1 JSON API (§4, §5, §9.1): everything is a POST, the integrator id in each body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from paysync.adapters.paytrace.auth import LogInV1
from paysync.adapters.paytrace.client import Call
from paysync.adapters.paytrace.config import PayTraceConfig
from paysync.adapters.paytrace.gateway import PayTraceGateway, unsupported
from paysync.adapters.paytrace.intents import check_amount, check_intent
from paysync.adapters.paytrace.listing import (
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
from paysync.domain.money import Money
from paysync.domain.payments import (
    ChargeIntent,
    GatewayBatch,
    GatewayRecord,
    Method,
    MoneyResult,
    Page,
    Window,
)


class PayTraceV1(PayTraceGateway):
    """`PaymentGateway` over V1.

    V1's ACH lists have no known path: ACH payments can be sent, voided and refunded but neither
    listed, read nor found again, so an ACH charge of unknown outcome needs a person.
    """

    def __init__(self, config: PayTraceConfig) -> None:
        super().__init__(config, LogInV1(), {})

    def list_transactions(self, window: Window, cursor: str | None = None) -> Page:
        """Cards only, one gateway day a page."""
        zone = self.config.zone_info
        day = Cursor.parse(cursor).day if cursor else first_day(window, zone)
        if day is None:
            raise unsupported("listing ACH payments")
        read = read_all(self._entries(self._export(day)), Method.CARD, self._assumed)
        following = Cursor(CARD, day + ONE_DAY) if day < last_day(window, zone) else None
        return page_of(read, window, following)

    def get_transaction(self, gateway_id: str, method: Method = Method.CARD) -> GatewayRecord:
        if method is Method.ACH:
            raise unsupported("reading an ACH payment")
        call = self._call("/v1/transactions/export/by_id", {"transaction_id": gateway_id})
        return self._record(call, gateway_id, method)

    def list_batches(self, start: date, end: date) -> Sequence[GatewayBatch]:
        """Batches settled on start..end, both included. JSON names are assumed: batches.py."""
        days = {"start_date": us_date(start - ONE_DAY), "end_date": us_date(end + ONE_DAY)}
        return self._batches(self._call("/v1/batches/export", days), start, end)

    def batch_transactions(self, number: str) -> Sequence[GatewayRecord]:
        """Of the latest batch of that number, assumed to read like an export."""
        return self._batch_records(
            self._call("/v1/batches/transaction_list", {"batch_number": number})
        )

    def charge(self, intent: ChargeIntent) -> MoneyResult:
        check_intent(intent, self.config.currency)
        body: dict[str, object] = {
            "amount": str(intent.amount.amount),
            "invoice_id": intent.invoice_reference,
            "customer_reference_id": intent.intent_id,
            "description": intent.description,
        }
        if intent.hpf_token:
            pair = {"hpf_token": intent.hpf_token, "enc_key": intent.enc_key}
            call = self._call("/v1/transactions/sale/pt_protect", body | pair)
        else:
            family = "checks" if intent.method is Method.ACH else "transactions"
            customer = {"customer_id": intent.gateway_customer_id}
            call = self._call(f"/v1/{family}/sale/by_customer", body | customer)
        ach = intent.method is Method.ACH
        return self._move(Operation.ACH_CHARGE if ach else Operation.CHARGE, call)[0]

    def find_by_intent(self, intent: ChargeIntent, around: datetime) -> GatewayRecord | None:
        """Exports may lag, so None soon after sending is not proof. ACH: RejectedError."""
        if intent.method is Method.ACH:
            raise unsupported("finding an ACH payment")
        return self._find_listed(intent, around)

    def capture(self, gateway_id: str, amount: Money | None = None) -> MoneyResult:
        body = {"transaction_id": gateway_id, **self._amount(amount)}
        call = self._call("/v1/transactions/authorization/capture", body)
        return self._move(Operation.CAPTURE, call)[0]

    def void(self, gateway_id: str, method: Method = Method.CARD) -> MoneyResult:
        if method is Method.ACH:
            call = self._call("/v1/checks/manage/void", {"check_transaction_id": gateway_id})
            return self._move(Operation.ACH_VOID, call)[0]
        call = self._call("/v1/transactions/void", {"transaction_id": gateway_id})
        return self._move(Operation.VOID, call)[0]

    def refund(
        self, gateway_id: str, amount: Money | None = None, method: Method = Method.CARD
    ) -> MoneyResult:
        given = self._amount(amount)
        if method is Method.ACH:
            body = {"check_transaction_id": gateway_id, **given}
            call = self._call("/v1/checks/refund/by_transaction", body)
            return self._move(Operation.ACH_REFUND, call)[0]
        body = {"transaction_id": gateway_id, **given}
        call = self._call("/v1/transactions/refund/for_transaction", body)
        return self._move(Operation.REFUND, call)[0]

    def credit(self, gateway_customer_id: str, amount: Money) -> MoneyResult:
        """PayTrace switches it off by default (certain): then it refuses it."""
        body = {"customer_id": gateway_customer_id, **self._amount(amount)}
        call = self._call("/v1/transactions/refund/to_customer", body)
        return self._move(Operation.REFUND, call)[0]

    def ping(self) -> None:
        """Asks for the batches of a day long gone: `/v1/ping` would prove no log-in."""
        day = us_date(date(2020, 1, 1))
        self._client.read(self._call("/v1/batches/export", {"start_date": day, "end_date": day}))

    def _export(self, day: date) -> Call:
        text = us_date(day)
        return self._call(
            "/v1/transactions/export/by_date_range", {"start_date": text, "end_date": text}
        )

    def _amount(self, amount: Money | None) -> dict[str, str]:
        """None takes the full amount."""
        if amount is None:
            return {}
        check_amount(amount, self.config.currency)
        return {"amount": str(Decimal(amount.amount))}

    def _call(self, path: str, body: dict[str, object] | dict[str, str]) -> Call:
        return Call(path, {**body, "integrator_id": self.config.integrator_id})
