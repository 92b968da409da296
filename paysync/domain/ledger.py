"""What the ERP says and what we ask of it: invoices, receipts, accounts, and the cent ledger."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from paysync.domain.errors import RecordError, StateError
from paysync.domain.money import Money


class ReceiptState(StrEnum):
    """Where one of our cash receipts stands."""

    DUE = "due"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    EDITED_IN_ERP = "edited_in_erp"
    POSTED = "posted"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    DELETED_IN_ERP = "deleted_in_erp"
    REVERSED = "reversed"


#: Source: design §4. `sending → held` is the ERP's clear no; `unknown → submitted` is "found".
RECEIPT_EDGES: dict[ReceiptState, frozenset[ReceiptState]] = {
    ReceiptState.DUE: frozenset({ReceiptState.SENDING, ReceiptState.HELD, ReceiptState.WITHDRAWN}),
    ReceiptState.SENDING: frozenset(
        {ReceiptState.SUBMITTED, ReceiptState.UNKNOWN, ReceiptState.DUE, ReceiptState.HELD}
    ),
    ReceiptState.UNKNOWN: frozenset({ReceiptState.SUBMITTED, ReceiptState.DUE}),
    ReceiptState.SUBMITTED: frozenset(
        {
            ReceiptState.POSTED,
            ReceiptState.EDITED_IN_ERP,
            ReceiptState.WITHDRAWN,
            ReceiptState.DELETED_IN_ERP,
        }
    ),
    ReceiptState.EDITED_IN_ERP: frozenset({ReceiptState.POSTED, ReceiptState.DELETED_IN_ERP}),
    ReceiptState.HELD: frozenset({ReceiptState.DUE, ReceiptState.WITHDRAWN}),
    ReceiptState.POSTED: frozenset({ReceiptState.REVERSED}),
    ReceiptState.WITHDRAWN: frozenset(),
    ReceiptState.DELETED_IN_ERP: frozenset(),
    ReceiptState.REVERSED: frozenset(),
}

#: A receipt that exists in the ERP or may yet: at most one of these per payment.
LIVE_RECEIPT_STATES = frozenset(
    {
        ReceiptState.DUE,
        ReceiptState.SENDING,
        ReceiptState.UNKNOWN,
        ReceiptState.SUBMITTED,
        ReceiptState.EDITED_IN_ERP,
        ReceiptState.POSTED,
        ReceiptState.HELD,
    }
)


def require_edge(old: ReceiptState, new: ReceiptState) -> None:
    """Raise StateError unless a receipt may go from `old` to `new`."""
    if new not in RECEIPT_EDGES[old]:
        raise StateError(f"a receipt that is {old} cannot become {new}")


class Bucket(StrEnum):
    """Where captured money lies. `captured` is the source: its lines are negative."""

    CAPTURED = "captured"
    UNIDENTIFIED = "unidentified"
    UNAPPLIED = "unapplied"
    APPLIED = "applied"
    POSTED = "posted"
    POSTED_UNAPPLIED = "posted_unapplied"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a journal entry: a signed amount in a bucket."""

    bucket: Bucket
    amount: Money


def move(source: Bucket, target: Bucket, money: Money) -> tuple[Line, ...]:
    """The lines that carry `money` (positive) from one bucket to another; none for zero."""
    if money.amount < 0:
        raise RecordError(f"cannot move a negative amount ({money}) to {target}")
    if not money:
        return ()
    return (Line(source, -money), Line(target, money))


def capture(money: Money) -> tuple[Line, ...]:
    """Money arrives: nobody knows yet whose it is."""
    return move(Bucket.CAPTURED, Bucket.UNIDENTIFIED, money)


#: Money that leaves is taken first from where nothing has to be undone.
TAKE_ORDER = (
    Bucket.UNIDENTIFIED,
    Bucket.UNAPPLIED,
    Bucket.POSTED_UNAPPLIED,
    Bucket.APPLIED,
    Bucket.POSTED,
)


def take(balances: dict[Bucket, Money], target: Bucket, money: Money) -> tuple[Line, ...]:
    """The lines that carry `money` out of the held buckets, in TAKE_ORDER, into `target`.

    Raises RecordError when the held buckets do not hold that much: nothing is moved then.
    """
    left = money
    lines: list[Line] = []
    for bucket in TAKE_ORDER:
        part = min(left, balances.get(bucket, Money.zero(money.currency)))
        if part.amount > 0:
            lines += move(bucket, target, part)
            left -= part
    if left:
        raise RecordError(f"{money} should go to {target}, but {left} of it is not held")
    return tuple(lines)


def require_balanced(lines: tuple[Line, ...]) -> None:
    """Raise RecordError unless the lines sum to zero in each currency."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.amount.currency] = sums.get(line.amount.currency, Decimal(0)) + line.amount.amount
    if any(sums.values()):
        raise RecordError(f"journal lines do not sum to zero: {sums}")


# --- what the ERP shows -------------------------------------------------------------------------


class InvoiceType(IntEnum):
    """AR document types of Sage 500 (certain, 504 inferred: reference §3.1)."""

    INVOICE = 501
    CREDIT_MEMO = 502
    DEBIT_MEMO = 503
    FINANCE_CHARGE = 504


PAYABLE_TYPES = frozenset({InvoiceType.INVOICE, InvoiceType.DEBIT_MEMO, InvoiceType.FINANCE_CHARGE})


@dataclass(frozen=True, slots=True)
class Invoice:
    """An AR document. `payable` = balance less pending applications (reference §6, inferred)."""

    key: str
    company_id: str
    tran_id: str
    tran_no: str
    tran_type: int
    customer_id: str
    tran_date: date
    due_date: date | None
    total: Money
    balance: Money
    payable: Money
    is_open: bool
    in_dispute: bool = False
    customer_po: str = ""
    updated_at: datetime | None = None
    update_counter: int = 0


@dataclass(frozen=True, slots=True)
class ErpCustomer:
    """A customer as the ERP has it. `is_active`: Status 1 (certain)."""

    key: str
    company_id: str
    customer_id: str
    name: str
    is_active: bool
    email: str = ""
    phone: str = ""
    address: dict[str, str] = field(default_factory=dict)
    national_parent_id: str = ""
    updated_at: datetime | None = None
    update_counter: int = 0


@dataclass(frozen=True, slots=True)
class ErpGLAccount:
    key: str
    company_id: str
    number: str
    formatted: str
    description: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ErpCashAccount:
    key: str
    company_id: str
    cash_account_id: str
    description: str
    currency: str
    gl_account_key: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ErpFiscalPeriod:
    """`is_open`: Status open and AR not locked (meaning of the lock: inferred)."""

    company_id: str
    year: str
    period: int
    start: date
    end: date
    is_open: bool


# --- receipts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Application:
    """A receipt-to-invoice link: how much of the receipt pays which invoice."""

    invoice_tran_id: str
    amount: Money
    discount: Money
    write_off: Money


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
    """What the ERP shows of a receipt. Source: Sage reference §14.4."""

    PENDING = "pending"
    BEING_EDITED = "being_edited"
    POSTING = "posting"
    INTERRUPTED = "interrupted"
    POSTED = "posted"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class ErpReceipt:
    """A receipt as the ERP has it now, found by our idempotency key.

    `differs`: amount or applications are no longer those we sent (a clerk edited it).
    posted_on: the batch's posting date, once posted.
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
    message: str = ""


class FindingLevel(StrEnum):
    PASS = "pass"  # noqa: S105 - a level, not a password
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of a preflight: what was asked, what was found, what to do."""

    code: str
    level: FindingLevel
    message: str
    advice: str = ""
