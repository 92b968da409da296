"""The site a benchmark needs: connections with their secrets, a company, its account."""

from __future__ import annotations

from datetime import datetime, timedelta

from paysync.models import Company, Connection, MerchantAccount
from reconciliation.demo.site import Credentials, keep_secrets, make_connection

MERCHANT_ID = "90001"


def make_gateway(url: str, credentials: Credentials, slug: str) -> Connection:
    connection = make_connection(slug, "PayTrace", Connection.Kind.PAYTRACE_V3, url)
    keep_secrets(
        connection,
        {
            "username": credentials.username,
            "password": credentials.password,
            "integrator_id": credentials.integrator_id,
            "hint_signing_key": credentials.hint_key,
        },
    )
    return connection


def make_company(url: str, credentials: Credentials, company_id: str) -> Company:
    erp = make_connection("sage500", "Sage 500", Connection.Kind.SAGE500_HTTP, url)
    keep_secrets(erp, {"api_key": credentials.api_key})
    return Company.objects.create(
        company_id=company_id, name="Benchmark", erp_connection=erp, mode=Company.Mode.AUTO
    )


def make_account(
    company: Company, gateway: Connection, name: str, now: datetime
) -> MerchantAccount:
    return MerchantAccount.objects.create(
        name=name,
        company=company,
        connection=gateway,
        merchant_id=MERCHANT_ID,
        polls_from=(now - timedelta(days=3)).date(),
    )
