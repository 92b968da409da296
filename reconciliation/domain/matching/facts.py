"""What the engine is given: payments, documents, and what people taught us about payers.

Amounts are whole minor units (cents) as int: sums are exact and quick. One company, and one
currency at a time; the engine parts by currency itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from paysync.domain.ledger import PAYABLE_TYPES, InvoiceType


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that still has to be explained.

    amount: what it holds, minor units of `currency`. reference: the gateway's invoice field;
    texts: its other free text (description). customer_id: the payer, where a link says so.
    payer_name: the billing name; payer_label: the gateway's customer reference, as typed.
    aliases: customers that people chose before for a payer who looks like this one.
    """

    id: int
    amount: int
    currency: str
    created_at: datetime
    paid_on: date
    reference: str = ""
    texts: tuple[str, ...] = ()
    customer_id: int | None = None
    payer_name: str = ""
    payer_label: str = ""
    method: str = "card"
    aliases: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """An AR document of Sage 500.

    open: payable in the ERP less what we have already given it; for a credit memo what of it may
    still be used (positive, whatever its sign in Sage). discount: what may still be taken of the
    early-payment discount up to and including `discount_until`.
    """

    id: int
    tran_id: str
    tran_no: str
    tran_type: int
    tran_date: date
    due_date: date | None
    currency: str
    total: int
    open: int
    customer_id: int
    customer_label: str
    customer_name: str = ""
    customer_is_active: bool = True
    parent_customer_id: int | None = None
    customer_po: str = ""
    in_dispute: bool = False
    discount: int = 0
    discount_until: date | None = None

    @property
    def is_payable(self) -> bool:
        return self.tran_type in PAYABLE_TYPES

    @property
    def is_credit(self) -> bool:
        return self.tran_type == InvoiceType.CREDIT_MEMO
