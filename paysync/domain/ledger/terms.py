"""What the ERP knows of money and time: currencies, exchange rates, payment terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ErpCurrency:
    """A currency as the ERP keeps it. `is_home`: the company's own."""

    currency: str
    digits: int
    is_used: bool
    is_home: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class ErpExchangeRate:
    """home amount = amount in `source` x `rate` (certain). schedule: one of the ERP's tables."""

    schedule: str
    source: str
    target: str
    rate: Decimal
    effective: date
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class ErpPaymentTerms:
    """Payment terms as the ERP keeps them. The meaning of both options is unknown (reference 5).

    discount: a fraction, 0.02 for 2 %.
    """

    key: str
    company_id: str
    terms_id: str
    description: str
    due_option: int
    due_day_or_month: int | None = None
    discount_option: int = 1
    discount_day_or_month: int | None = None
    discount: Decimal | None = None
