"""A receipt on the desk: what we mean, and what was told of it since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from paysync.domain.desk.states import DeskState
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Application, ReceiptIntent
from paysync.domain.money import Money

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What Sage 500 shows of a receipt. applications: None where its export does not tell them."""

    amount: Money
    unapplied: Money | None = None
    applications: tuple[Application, ...] | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What receipts take of an invoice. discount: what of the amount is discount."""

    amount: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)

    def __add__(self, other: Claimed) -> Claimed:
        return Claimed(self.amount + other.amount, self.discount + other.discount)


@dataclass(frozen=True, slots=True)
class DeskEntry:
    """A receipt as the desk holds it. intent and shown are read when somebody needs them.

    number_told: Sage's own list named the number; otherwise a person typed it.
    """

    pk: int
    idempotency_key: str
    company_id: str
    state: DeskState
    payload_hash: str
    intent: Json
    shown: Json | None
    batch_pk: int
    batch_reference: str
    gateway_reference: str
    sage_tran_id: str
    sage_batch_id: str
    number_told: bool
    posted_on: date | None
    message: str
    news_at: datetime | None


def payload_hash(intent: ReceiptIntent) -> str:
    """Same content, same hash, whatever the order of the applications; ids in any case."""
    content = intent_to_json(intent)
    content["applications"] = sorted(content["applications"], key=str)
    for name in ("customer_id", "cash_account_id"):
        content[name] = content[name].rstrip().upper()
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def mark_of(comment: str) -> str:
    """`PT <gateway id>` of a comment that carries one, "" of any other."""
    words = comment.split()
    return f"PT {words[1]}".upper() if len(words) > 1 and words[0].upper() == "PT" else ""


def intent_to_json(intent: ReceiptIntent) -> Json:
    return {
        "idempotency_key": intent.idempotency_key,
        "company_id": intent.company_id,
        "customer_id": intent.customer_id,
        "cash_account_id": intent.cash_account_id,
        "post_date": intent.post_date.isoformat(),
        "tran_date": intent.tran_date.isoformat(),
        "tran_no": intent.tran_no,
        "currency": intent.amount.currency,
        "amount": str(intent.amount.amount),
        "comment": intent.comment,
        "gateway_reference": intent.gateway_reference,
        "applications": [link_to_json(link) for link in intent.applications],
    }


def intent_of(data: Json) -> ReceiptIntent:
    """Raises RecordError for an intent that nobody can read."""
    try:
        currency = data["currency"]
        return ReceiptIntent(
            idempotency_key=data["idempotency_key"],
            company_id=data["company_id"],
            customer_id=data["customer_id"],
            cash_account_id=data["cash_account_id"],
            post_date=date.fromisoformat(data["post_date"]),
            tran_date=date.fromisoformat(data["tran_date"]),
            tran_no=data["tran_no"],
            amount=Money.parse(data["amount"], currency),
            comment=data["comment"],
            gateway_reference=data["gateway_reference"],
            applications=links_of(data["applications"], currency),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"the stored receipt cannot be read: {error!r}"[:200]) from error


def shown_to_json(shown: Shown) -> Json:
    links = shown.applications
    return {
        "currency": shown.amount.currency,
        "amount": str(shown.amount.amount),
        "unapplied": None if shown.unapplied is None else str(shown.unapplied.amount),
        "applications": None if links is None else [link_to_json(link) for link in links],
    }


def shown_of(data: Json) -> Shown:
    """Raises RecordError for what nobody can read."""
    try:
        currency, unapplied = data["currency"], data["unapplied"]
        links = data["applications"]
        return Shown(
            Money.parse(data["amount"], currency),
            None if unapplied is None else Money.parse(unapplied, currency),
            None if links is None else links_of(links, currency),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"what Sage 500 shows cannot be read: {error!r}"[:200]) from error


def link_to_json(link: Application) -> Json:
    return {
        "invoice_tran_id": link.invoice_tran_id.rstrip().upper(),
        "amount": str(link.amount.amount),
        "discount": str(link.discount.amount),
        "write_off": str(link.write_off.amount),
    }


def links_of(rows: list[Json], currency: str) -> tuple[Application, ...]:
    return tuple(
        Application(
            row["invoice_tran_id"],
            Money.parse(row["amount"], currency),
            Money.parse(row["discount"], currency),
            Money.parse(row["write_off"], currency),
        )
        for row in rows
    )
