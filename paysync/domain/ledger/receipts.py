"""A cash receipt: what we mean to have in the ERP, and what the ERP says of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from paysync.domain.errors import RecordError
from paysync.domain.money import Money


@dataclass(frozen=True, slots=True)
class Application:
    """A receipt-to-invoice link: how much of the receipt pays which invoice.

    Discount and write-off are no money of the receipt: they close the invoice beside it.
    """

    invoice_tran_id: str
    amount: Money
    discount: Money
    write_off: Money

    @property
    def reduction(self) -> Money:
        """By how much the invoice's balance falls (inferred: Sage reference §4.2)."""
        return self.amount + self.discount + self.write_off


@dataclass(frozen=True, slots=True)
class ReceiptIntent:
    """One cash receipt we mean to have in the ERP, the same over every try.

    idempotency_key: at most 64; tran_no: at most 10; comment: at most 50, Windows-1252.
    gateway_reference: merchant account and gateway transaction; at most one live receipt each.
    """

    idempotency_key: str
    company_id: str
    customer_id: str
    cash_account_id: str
    post_date: date
    tran_date: date
    tran_no: str
    amount: Money
    comment: str
    gateway_reference: str
    applications: tuple[Application, ...] = ()


def fingerprint(
    *,
    gateway_id: str,
    company_id: str,
    merchant_account: str,
    sequence: int,
    customer_id: str,
    amount: Money,
    applications: tuple[Application, ...],
) -> str:
    """The idempotency key of a receipt: `PT<gateway id>-<sequence>-<hash>`, at most 64 characters.

    The hash covers everything that makes two receipts differ, the set of applications included
    (in any order). Source: design §5.
    """
    rows = sorted(
        f"{a.invoice_tran_id}={a.amount}/{a.discount}/{a.write_off}" for a in applications
    )
    text = "\n".join([company_id, merchant_account, gateway_id, str(sequence), customer_id,
                      str(amount), *rows])  # fmt: skip
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    if len(gateway_id) > 40:
        raise RecordError("a gateway id is at most 40 characters")
    return f"PT{gateway_id}-{sequence}-{digest}"


class SubmitCode(IntEnum):
    """Return codes of the receipt wrapper. Source: Sage reference §14.2."""

    CREATED = 1
    ALREADY_THERE = 2
    VALIDATION_ERROR = 10
    KEY_REUSED = 11
    PERIOD_CLOSED = 12
    BALANCE_CHANGED = 13
    BATCH_NOT_OPEN = 14
    RETRYABLE = 20
    ERROR = 99


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The wrapper's answer. `reason` names a validation error (10) in a stable word."""

    code: SubmitCode
    receipt_key: str = ""
    batch_key: str = ""
    batch_id: str = ""
    tran_id: str = ""
    reason: str = ""
    message: str = ""


class ErpReceiptState(StrEnum):
    """What the ERP shows of a receipt. Source: Sage reference §14.4.

    UNREADABLE is ours: the ERP has something under the key, and nobody can read what.
    """

    PENDING = "pending"
    BEING_EDITED = "being_edited"
    POSTING = "posting"
    INTERRUPTED = "interrupted"
    POSTED = "posted"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ErpReceipt:
    """A receipt as the ERP has it now, found by our idempotency key.

    `differs`: amount or applications are no longer those we sent (a clerk edited it).
    posted_on: the batch's posting date, once posted. reversed_by: ID of the posted receipt that
    takes it back (that it names ours is inferred, reference §5); "" where none does, or nobody can
    tell. reverses: where this itself is a reversing receipt of ours, the receipt_key of the one it
    takes back.
    """

    idempotency_key: str
    state: ErpReceiptState
    receipt_key: str = ""
    batch_key: str = ""
    batch_id: str = ""
    tran_id: str = ""
    amount: Money | None = None
    unapplied: Money | None = None
    applications: tuple[Application, ...] = ()
    differs: bool = False
    posted_on: date | None = None
    gateway_reference: str = ""
    reversed_by: str = ""
    reverses: str = ""
    message: str = ""
