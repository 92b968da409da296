"""Playing the world behind the PayTrace twin, through its control API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from paysync.sandbox.paytrace.twin import PayTraceTwin

NOON = datetime(2026, 4, 10, 19, 0, tzinfo=UTC)


def tell(twin: PayTraceTwin, path: str, body: Any = None, **fields: Any) -> dict[str, Any]:
    """POST to /_twin/`path` and return the answer."""
    reply = requests.post(
        f"{twin.url}/_twin/{path}", json=fields if body is None else body, timeout=5
    )
    reply.raise_for_status()
    answer: dict[str, Any] = reply.json()
    return answer


def make_payments(twin: PayTraceTwin, *payments: dict[str, Any]) -> list[str]:
    """Create payments at noon, or `minutes` later; returns their ids."""
    wanted = []
    for payment in payments:
        moment = NOON + timedelta(minutes=payment.get("minutes", 0))
        wanted.append({"amount": "10.00", "created_at": moment.isoformat(), **payment})
    made: list[str] = tell(twin, "payments", wanted)["ids"]
    return made


def charges_at(twin: PayTraceTwin) -> list[str]:
    """The ids of everything the gateway really has."""
    reply = requests.get(f"{twin.url}/_twin/transactions", timeout=5)
    return [payment["id"] for payment in reply.json()["transactions"]]
