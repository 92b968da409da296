"""What the ERP lists: invoices, customers, accounts, periods."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum

from paysync.domain.money import Money


class InvoiceType(IntEnum):
    """AR document types of Sage 500 (certain, 504 inferred: reference §3.1)."""

    INVOICE = 501
    CREDIT_MEMO = 502
    DEBIT_MEMO = 503
    FINANCE_CHARGE = 504


PAYABLE_TYPES = frozenset({InvoiceType.INVOICE, InvoiceType.DEBIT_MEMO, InvoiceType.FINANCE_CHARGE})


@dataclass(frozen=True, slots=True)
class Invoice:
    """An AR document. `payable` = balance less pending applications (reference §6, inferred).

    discount: what may still be taken for early payment, pending applications counted too, by a
    receipt dated `discount_until` at the latest (columns certain, rule inferred: reference §5).
    None is: no discount.
    """

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
    discount: Money | None = None
    discount_until: date | None = None
    updated_at: datetime | None = None
    update_counter: int = 0


def discount_of(left: Money | None, until: date | None) -> tuple[Money | None, date | None]:
    """`discount` and `discount_until` of an invoice: both, or neither where none can be taken.

    left: not taken yet; below zero where more was taken than granted.
    """
    if left is None or until is None or left.amount <= 0:
        return None, None
    return left, until


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
