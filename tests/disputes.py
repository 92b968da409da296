"""What tests of disputes share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from paysync.domain.money import Money
from reconciliation.domain.disputes.codes import Brand
from reconciliation.domain.disputes.facts import Claim
from reconciliation.domain.disputes.states import DisputeState
from reconciliation.models import Dispute, GatewayTransaction
from reconciliation.services.disputing import change_state, open_dispute

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
numbers = count(1)


def claim(row: GatewayTransaction | None = None, amount: str = "", **fields: Any) -> Claim:
    text = amount or (str(row.amount) if row else "100.00")
    values: dict[str, Any] = {
        "case_number": f"CB-{next(numbers):05d}",
        "amount": Money.cut(text, row.currency if row else "USD"),
        "opened_on": NOW.date(),
        "gateway_reference": row.gateway_id if row else "",
        "brand": Brand.VISA,
        "reason_code": "10.4",
    }
    return Claim(**(values | fields))


def disputed(row: GatewayTransaction, user: User, amount: str = "", **fields: Any) -> Dispute:
    return open_dispute(
        claim(row, amount, **fields),
        company=row.company,
        source=Dispute.Source.MANUAL,
        user=user,
        now=NOW,
        payment_id=row.pk,
    )


def turned(dispute: Dispute, user: User, *states: DisputeState) -> Dispute:
    for state in states:
        dispute = change_state(dispute.pk, state, user=user, now=LATER)
    return dispute
