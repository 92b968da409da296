"""What tests of refunds share: a gateway over a socket, payments at it, requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from django.contrib.auth.models import User
from django.utils import timezone

from paysync.adapters.paytrace.config import PayTraceConfig
from paysync.domain.money import Money
from paysync.models import MerchantAccount
from paysync.ports import PaymentGateway
from paysync.sandbox.paytrace.twin import PayTraceTwin
from reconciliation.models import GatewayTransaction, RefundReason, RefundRequest
from reconciliation.services.polling import poll_merchant_account
from reconciliation.services.refunding import RefundRun, approve, request_refund, send_refunds

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


def config(twin: PayTraceTwin, money_timeout_s: float = 30) -> PayTraceConfig:
    return PayTraceConfig(
        base_url=twin.url,
        username="api",
        password="secret",
        integrator_id="paysync",
        merchant_id="1234567",
        read_timeout_s=10,
        money_timeout_s=money_timeout_s,
        read_attempts=1,
    )


def tell(twin: PayTraceTwin, path: str, body: Any = None) -> Any:
    answer = requests.post(f"{twin.url}/_twin/{path}", json=body or {}, timeout=30)
    answer.raise_for_status()
    return answer.json()


def at_gateway(twin: PayTraceTwin, kind: str = "REFUND") -> list[dict[str, Any]]:
    """What the gateway really has of a kind, past every adapter."""
    rows = requests.get(f"{twin.url}/_twin/transactions", timeout=30).json()["transactions"]
    return [row for row in rows if row["kind"] == kind]


def charged(
    twin: PayTraceTwin,
    account: MerchantAccount,
    gateway: PaymentGateway,
    amount: str = "100.00",
    *,
    settled: bool = False,
    **fields: Any,
) -> GatewayTransaction:
    """A payment at the gateway, read by polling."""
    [gateway_id] = tell(twin, "payments", [{"amount": amount, **fields}])["ids"]
    if settled:
        tell(twin, "settle")
    poll(account, gateway)
    return GatewayTransaction.objects.get(gateway_id=str(gateway_id))


def poll(account: MerchantAccount, gateway: PaymentGateway, now: datetime = NOW) -> Any:
    return poll_merchant_account(account.pk, gateway=gateway, now=now, lookback=timedelta(days=3))


def ask(row: GatewayTransaction, amount: str, user: User, **more: Any) -> RefundRequest:
    reason, _ = RefundReason.objects.get_or_create(title="Goods returned")
    money = Money.parse(amount, row.currency)
    values: dict[str, Any] = {"reason_id": reason.pk, "now": NOW, "user": user}
    return request_refund(row.pk, amount=money, **(values | more))


def ask_now(row: GatewayTransaction, amount: str, user: User, **more: Any) -> RefundRequest:
    """For pages and the API, which know no other time than the clock's."""
    return ask(row, amount, user, **({"now": timezone.now()} | more))


def agreed(row: GatewayTransaction, amount: str, user: User, *by: User) -> RefundRequest:
    """Asked for and approved by as many as it needs."""
    request = ask(row, amount, user)
    for approver in by[: request.approvals_needed]:
        request = approve(request.pk, user=approver, now=NOW)
    assert request.state == "approved"
    return request


def send(account: MerchantAccount, gateway: PaymentGateway, now: datetime = NOW) -> RefundRun:
    return send_refunds(account.pk, gateway=gateway, worker="w1", clock=lambda: now)
