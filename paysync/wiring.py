"""Connection → adapter: the one file that chooses. Adapters are imported only where used."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from paysync.domain.errors import RecordError
from paysync.models import Company, Connection, MerchantAccount
from paysync.ports import ErpLedger, PaymentGateway
from paysync.services.vault import reveal_secret

#: PayTrace states its settlement time in Pacific time; the zone of its stamps is inferred from it.
PAYTRACE_ZONE = "America/Los_Angeles"


def gateway_for(account: MerchantAccount) -> PaymentGateway:
    """The adapter of a merchant account. Raises RecordError when a credential is missing."""
    from paysync.adapters.paytrace.config import PayTraceConfig
    from paysync.adapters.paytrace.v1 import PayTraceV1
    from paysync.adapters.paytrace.v3 import PayTraceV3

    connection = account.connection
    config = PayTraceConfig(
        base_url=connection.base_url,
        username=secret(connection, "username"),
        password=secret(connection, "password"),
        integrator_id=secret(connection, "integrator_id"),
        merchant_id=account.merchant_id,
        environment=connection.environment,
        zone=str(option(connection, "zone", PAYTRACE_ZONE)),
        currency=account.currency,
        read_timeout_s=settings.PAYTRACE_READ_TIMEOUT_S,
        money_timeout_s=settings.PAYTRACE_MONEY_TIMEOUT_S,
    )
    if connection.kind == Connection.Kind.PAYTRACE_V3:
        return PayTraceV3(config)
    if connection.kind == Connection.Kind.PAYTRACE_V1:
        return PayTraceV1(config)
    raise RecordError(f"{connection} is no PayTrace connection")


def ledger_for(company: Company) -> ErpLedger:
    """The adapter of a company's ERP. Raises RecordError when a credential is missing."""
    from paysync.adapters.sage500.http_api import HttpErpConfig, HttpErpLedger

    connection = company.erp_connection
    if connection.kind == Connection.Kind.SAGE500_HTTP:
        return HttpErpLedger(
            HttpErpConfig(
                base_url=connection.base_url,
                api_key=secret(connection, "api_key"),
                read_timeout_s=settings.ERP_READ_TIMEOUT_S,
                submit_timeout_s=settings.ERP_SUBMIT_TIMEOUT_S,
            )
        )
    raise RecordError(f"{connection} is no Sage 500 connection")


def secret(connection: Connection, name: str) -> str:
    return reveal_secret(connection, name, keys=settings.VAULT_KEYS)


def option(connection: Connection, name: str, default: Any) -> Any:
    """A setting of the connection, from its options."""
    options = connection.options if isinstance(connection.options, dict) else {}
    return options.get(name, default)
