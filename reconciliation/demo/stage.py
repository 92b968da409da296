"""The stage of the demo: the twins, the companies on them, and what people do there."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from paysync.models import Company, Connection, MerchantAccount
from paysync.sandbox.company import demo_data
from paysync.sandbox.processes import TwinProcess, paytrace_twin, sage500_twin
from reconciliation.demo.payers import Payers
from reconciliation.demo.site import Credentials, make_companies, make_connections, new_credentials

MERCHANT_ID = "90001"


@dataclass(slots=True)
class Stage:
    """The twins and what was set up on them."""

    paytrace: dict[str, TwinProcess]
    sage500: TwinProcess
    credentials: Credentials
    companies: list[Company] = field(default_factory=list)

    @property
    def twins(self) -> list[TwinProcess]:
        return [*self.paytrace.values(), self.sage500]

    def stop(self) -> None:
        for twin in self.twins:
            twin.stop()


def set_the_stage(folder: Path, seed: int, *, size: int = 3000, clerk_every_s: float = 0) -> Stage:
    """Start the twins, load a company with `size` invoices into Sage's, connect paysync to both."""
    credentials = new_credentials()
    clerk = ["--clerk-every", str(clerk_every_s)] if clerk_every_s else []
    clerk.append("--reversals-rehearsed")
    stage = Stage(
        {name: paytrace_twin(folder, name=name) for name in ("paytrace", "paytrace-v1")},
        sage500_twin(folder, api_key=credentials.api_key, arguments=clerk),
        credentials,
    )
    try:
        dress(stage, seed, size)
    except BaseException:
        stage.stop()
        raise
    return stage


def dress(stage: Stage, seed: int, size: int) -> None:
    credentials = stage.credentials
    for twin in stage.paytrace.values():
        twin.tell(
            "settings",
            {
                "merchant_id": MERCHANT_ID,
                "username": credentials.username,
                "password": credentials.password,
                "integrator_id": credentials.integrator_id,
            },
        )
    dataset = demo_data(timezone.localdate(), customers=260, invoices=size, seed=seed)
    stage.sage500.tell("load", dataset)
    v3, v1, erp = make_connections(
        stage.paytrace["paytrace"].url, stage.sage500.url, stage.credentials
    )
    v1.base_url = stage.paytrace["paytrace-v1"].url
    v1.save(update_fields=["base_url"])
    stage.companies = make_companies([(v3, MERCHANT_ID), (v1, "")], erp, dataset["companies"])


def twin_of(stage: Stage, company: Company) -> TwinProcess:
    account = MerchantAccount.objects.select_related("connection").get(company=company)
    return stage.paytrace[account.connection.slug]


def pay(stage: Stage, count: int, seed: int, *, over_days: int = 0) -> None:
    """Let customers pay: two thirds at the first company, the rest at the second.

    over_days: spread the payments over so many past days, to give the charts something to show.
    """
    shares = [count - count // 3, count // 3]
    for company, share in zip(stage.companies, shares, strict=True):
        payments = list(payers_of(company, seed).payments(share))
        if over_days:
            spread(payments, over_days, random.Random(seed))  # noqa: S311 - a demo
        twin_of(stage, company).tell("payments", payments)


def spread(payments: list[dict[str, Any]], days: int, draw: random.Random) -> None:
    for payment in payments:
        back = timedelta(days=draw.randrange(days), minutes=draw.randrange(600))
        payment["created_at"] = (timezone.now() - back).isoformat()


def payers_of(company: Company, seed: int) -> Payers:
    account = MerchantAccount.objects.select_related("connection").get(company=company)
    is_v3 = account.connection.kind == Connection.Kind.PAYTRACE_V3
    return Payers(company, seed, by_check=is_v3)


def clerk_works(stage: Stage) -> None:
    """The clerk of the Sage twin registers and posts what is there."""
    stage.sage500.tell("clerk", {"action": "post", "all": True})


def day_ends(stage: Stage) -> None:
    """The gateway settles, and ACH payments move on."""
    for twin in stage.paytrace.values():
        twin.tell("advance")
        twin.tell("settle")
