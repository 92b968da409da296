"""Customers who pay: most of them as one would wish, some of them as they really do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from paysync.domain.ledger import PAYABLE_TYPES
from paysync.models import Company
from reconciliation.models import Invoice

BRANDS = ("visa", "visa", "visa", "mastercard", "mastercard", "amex", "discover")
CENT = Decimal("0.01")
Payment = dict[str, Any]


@dataclass(slots=True)
class Wallet:
    """The open invoices of a company that nobody has paid yet in this demo, by kind."""

    plain: list[Invoice] = field(default_factory=list)
    disputed: list[Invoice] = field(default_factory=list)
    inactive: list[Invoice] = field(default_factory=list)
    memos: list[Invoice] = field(default_factory=list)
    foreign: list[Invoice] = field(default_factory=list)

    @classmethod
    def of(cls, company: Company, draw: random.Random) -> Wallet:
        """All open invoices, shuffled; the same seed gives the same order."""
        wallet = cls()
        rows = list(
            Invoice.objects.filter(company=company, is_open=True, payable__gt=1)
            .select_related("customer")
            .order_by("tran_id")
        )
        draw.shuffle(rows)
        for row in rows:
            wallet.kind_of(row, company.currency).append(row)
        return wallet

    def kind_of(self, row: Invoice, currency: str) -> list[Invoice]:
        if row.tran_type not in PAYABLE_TYPES:
            return self.memos
        if row.currency != currency:
            return self.foreign
        if not row.customer.is_active:
            return self.inactive
        return self.disputed if row.in_dispute else self.plain


class Payers:
    """Draws payments for one company. Every kind of trouble comes up, in fixed proportions.

    by_check: ACH too. No list of ACH payments is documented for PayTrace V1, so an account on V1
    would collect payments that no polling can see.
    """

    def __init__(self, company: Company, seed: int, *, by_check: bool) -> None:
        self.draw = random.Random(f"{seed}:{company.company_id}")  # noqa: S311 - a demo
        self.wallet = Wallet.of(company, self.draw)
        self.last: Payment | None = None
        self.kinds: list[tuple[int, Callable[[], Payment | None]]] = [
            (56, self.in_full),
            (8, self.by_number),
            (8, self.in_part),
            (6 if by_check else 0, self.by_check),
            (5, self.without_reference),
            (3, self.too_much),
            (3, self.unknown_invoice),
            (2, self.nobody),
            (2, self.declined),
            (1, self.voided),
            (1, self.wrong_payer),
            (1, self.of_kind("inactive")),
            (1, self.of_kind("disputed")),
            (1, self.of_kind("memos")),
            (1, self.of_kind("foreign")),
            (1, self.twice),
            (1, self.odd_text),
        ]

    def payments(self, count: int) -> Iterator[Payment]:
        """`count` payments; fewer when the company has no open invoice left to pay."""
        weights = [weight for weight, _ in self.kinds]
        makers = [maker for _, maker in self.kinds]
        made = 0
        while made < count and self.wallet.plain:
            payment = self.draw.choices(makers, weights)[0]()
            if payment is None:
                continue
            self.last = payment
            made += 1
            yield payment

    def base(self, invoice: Invoice, amount: Decimal | None = None) -> Payment:
        """A card payment of `invoice` that names it."""
        return {
            "amount": f"{amount or invoice.payable:.2f}",
            "invoice_id": invoice.tran_id,
            "customer_id": invoice.customer.customer_id if self.draw.random() < 0.5 else "",
            "billing_name": invoice.customer.name,
            "method": "card",
            "brand": self.draw.choice(BRANDS),
            "last4": f"{self.draw.randrange(10_000):04d}",
            "outcome": "approved",
        }

    def take(self) -> Invoice:
        return self.wallet.plain.pop()

    def in_full(self) -> Payment:
        return self.base(self.take())

    def by_number(self) -> Payment:
        invoice = self.take()
        return self.base(invoice) | {"invoice_id": invoice.tran_no.lstrip("0")}

    def in_part(self) -> Payment:
        invoice = self.take()
        share = Decimal(self.draw.randrange(20, 80)) / 100
        return self.base(invoice, max((invoice.payable * share).quantize(CENT), CENT))

    def by_check(self) -> Payment:
        return self.base(self.take()) | {"method": "ach", "brand": ""}

    def without_reference(self) -> Payment:
        invoice = self.take()
        return self.base(invoice) | {
            "invoice_id": "",
            "customer_id": invoice.customer.customer_id,
        }

    def too_much(self) -> Payment:
        invoice = self.take()
        return self.base(invoice, invoice.payable + self.draw.randrange(1, 50))

    def unknown_invoice(self) -> Payment:
        invoice = self.take()
        return self.base(invoice) | {"invoice_id": f"IN-09{self.draw.randrange(10**8):08d}"}

    def nobody(self) -> Payment:
        return self.base(self.take()) | {"invoice_id": "", "customer_id": ""}

    def declined(self) -> Payment:
        return self.base(self.take()) | {"outcome": "declined"}

    def voided(self) -> Payment:
        return self.base(self.take()) | {"outcome": "voided"}

    def wrong_payer(self) -> Payment | None:
        invoice, other = self.take(), self.wallet.plain[-1] if self.wallet.plain else None
        if other is None or other.customer_id == invoice.customer_id:
            return None
        return self.base(invoice) | {"customer_id": other.customer.customer_id}

    def twice(self) -> Payment | None:
        return dict(self.last) if self.last else None

    def odd_text(self) -> Payment:
        return self.base(self.take()) | {"invoice_id": "請求書 77"}

    def of_kind(self, name: str) -> Callable[[], Payment | None]:
        def maker() -> Payment | None:
            invoices: list[Invoice] = getattr(self.wallet, name)
            return self.base(invoices.pop()) if invoices else None

        return maker
