"""Set up the demo's site: connections to the twins, companies, accounts, mappings, users."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from paysync.models import Company, Connection, MerchantAccount
from paysync.services.vault import store_secret
from paysync.wiring import ledger_for
from reconciliation.models import CashAccount, GLMapping
from reconciliation.services.mappings import activate_mapping, draft_mapping
from reconciliation.services.mirrors import refresh_company
from reconciliation.services.roles import ensure_roles

ACTOR = "demo"
APPROVER = "demo approver"
#: User name -> the role it shows.
USERS = {
    "admin": "",
    "fiona.finance": "Finance admin",
    "clara.clerk": "Finance clerk",
    "arthur.approver": "Finance approver",
    "audrey.auditor": "Auditor",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the twins expect; made up for each demo."""

    username: str
    password: str
    integrator_id: str
    api_key: str
    hint_key: str


def new_credentials() -> Credentials:
    return Credentials(
        username="demo-api-user",
        password=secrets.token_urlsafe(18),
        integrator_id="demo00000001",
        api_key=secrets.token_urlsafe(24),
        hint_key="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
    )


def make_connection(slug: str, name: str, kind: str, url: str) -> Connection:
    connection, _ = Connection.objects.update_or_create(
        slug=slug,
        defaults={"name": name, "kind": kind, "base_url": url, "environment": "sandbox"},
    )
    return connection


def keep_secrets(connection: Connection, values: dict[str, str]) -> None:
    for name, value in values.items():
        store_secret(connection, name, value, keys=settings.VAULT_KEYS, actor=ACTOR)


def make_connections(
    paytrace_url: str, sage500_url: str, credentials: Credentials
) -> tuple[Connection, Connection, Connection]:
    """PayTrace V3 and V1 (one merchant account each) and the Sage 500 site."""
    gateway_secrets = {
        "username": credentials.username,
        "password": credentials.password,
        "integrator_id": credentials.integrator_id,
        "hint_signing_key": credentials.hint_key,
    }
    v3 = make_connection("paytrace", "PayTrace", Connection.Kind.PAYTRACE_V3, paytrace_url)
    v1 = make_connection("paytrace-v1", "PayTrace V1", Connection.Kind.PAYTRACE_V1, paytrace_url)
    erp = make_connection("sage500", "Sage 500", Connection.Kind.SAGE500_HTTP, sage500_url)
    keep_secrets(v3, gateway_secrets)
    keep_secrets(v1, gateway_secrets)
    keep_secrets(erp, {"api_key": credentials.api_key})
    return v3, v1, erp


def make_companies(
    gateways: Sequence[tuple[Connection, str]], erp: Connection, companies: Sequence[dict[str, str]]
) -> list[Company]:
    """One company and one merchant account for each gateway connection, read from Sage 500."""
    made = []
    now = timezone.now()
    for (connection, merchant_id), data in zip(gateways, companies, strict=True):
        company, _ = Company.objects.update_or_create(
            company_id=data["company_id"],
            defaults={
                "name": data["name"],
                "erp_connection": erp,
                "mode": Company.Mode.AUTO,
                "reverses_receipts": True,
                "currency": data.get("currency", "USD"),
            },
        )
        account, _ = MerchantAccount.objects.update_or_create(
            name=f"{data['name']} cards",
            defaults={
                "company": company,
                "connection": connection,
                "merchant_id": merchant_id,
                "polls_from": (now - timedelta(days=13)).date(),
            },
        )
        refresh_company(company, erp=ledger_for(company), now=now)
        make_mapping(company, account, now)
        made.append(company)
    return made


def make_mapping(company: Company, account: MerchantAccount, now: datetime) -> GLMapping:
    """Payments go to the company's merchant clearing account; two people put it in force."""
    cash = (
        CashAccount.objects.filter(company=company, currency=account.currency, is_active=True)
        .filter(cash_account_id__startswith="MERCH")
        .first()
    )
    if cash is None or cash.gl_account is None:
        raise RuntimeError(f"{company} has no merchant clearing account in Sage 500")
    held = GLMapping.objects.filter(company=company, ended_on=None).exclude(activated_by="")
    if mapping := held.first():
        return mapping
    mapping = draft_mapping(
        company=company,
        merchant_account=account,
        kind=GLMapping.Kind.SALE,
        card_brand="",
        cash_account=cash,
        gl_account=cash.gl_account,
        valid_from=(now - timedelta(days=30)).date(),
        actor=ACTOR,
    )
    return activate_mapping(mapping.pk, actor=APPROVER)


def make_users() -> str:
    """The demo's users, one per role, all with one new random password, which is returned."""
    ensure_roles()
    password = secrets.token_urlsafe(9)
    users = get_user_model()
    for name, role in USERS.items():
        user, _ = users.objects.get_or_create(username=name)
        user.is_staff, user.is_superuser = True, name == "admin"
        user.set_password(password)
        user.save()
        if role:
            user.groups.set([Group.objects.get(name=role)])
    return password
