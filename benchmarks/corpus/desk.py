"""A firm while it is being made up: customers, documents on one dense line of numbers, payments."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from benchmarks.corpus.people import Customer, Payer, company_name, payer_of
from benchmarks.corpus.style import Style
from benchmarks.corpus.truth import Answer, Case, Firm
from paysync.domain.ledger import InvoiceType
from reconciliation.domain.matching.facts import Document, OpenPayment

PREFIX = {501: "IN", 502: "CM", 503: "DM", 504: "FC"}
DAYS = 420
HABITS = ("wholesale",) * 4 + ("freight",) * 3 + ("services",) * 2 + ("subscription",) * 2
BUSY_CUSTOMERS = 24
ORDER_WORDS = ("VERBAL", "STOCK", "Maria", "per phone", "TEST", "1")
#: Cents between a rare amount and any other: more than the widest tolerance of a firm.
CLEARANCE = 250


class Desk:
    """Where a situation finds what it needs. Everything comes from one seeded draw.

    Busy customers are shared by situations whose payments name their documents. A quiet one
    belongs to one situation alone, so that what its payment means does not hang on others.
    """

    def __init__(self, firm: Firm, style: Style, draw: Random, payments: int) -> None:
        self.firm, self.style, self.draw = firm, style, draw
        self.first_number = draw.choice(style.first_numbers) + draw.randrange(100)
        self.per_day = max(6, payments * 5 // 60)
        self.label = draw.choice(style.labels)
        self.currency = draw.choice(style.currencies)
        self.prices = [draw.randrange(1500, 90000, 500) + draw.choice((0, 0, 99)) for _ in range(5)]
        self.numbers: set[int] = set()
        self._other: dict[int, int] = {}
        self._reserved: dict[int, set[int]] = {}
        self._payments = 0
        self._ids = draw.randrange(10_000, 90_000)
        self._last_customer = 0
        self.names: set[str] = set()
        self.open: dict[int, list[Document]] = {}
        self._customers: dict[int, Customer] = {}
        self._busy = [self.customer(self.size()) for _ in range(BUSY_CUSTOMERS)]

    # -- customers ---------------------------------------------------------------------------

    def busy(self) -> Customer:
        return self.draw.choice(self._busy)

    def quiet(self, low: int = 0, high: int = 12, **given: object) -> Customer:
        return self.customer(self.draw.randint(low, high), **given)

    def owner(self, document: Document) -> Customer:
        return self._customers[document.customer_id]

    def size(self) -> int:
        return min(300, int(math.exp(self.draw.gauss(*self.style.sizes))))

    def customer(self, size: int, **given: object) -> Customer:
        """A new customer with so many documents of its own that no situation asked for."""
        name = company_name(self.draw)
        while name in self.names:
            name = f"{name.split(' ')[0]} {company_name(self.draw)}"
        self._last_customer += self.draw.randint(1, 40)
        number = self._last_customer
        made = Customer(
            id=number,
            label=self.label.format(number),
            name=name,
            habit=self.draw.choice(HABITS),
            price=self.draw.choice(self.prices),
            currency=self.currency,
        )
        made = replace(made, **given)  # type: ignore[arg-type]
        self.names.add(made.name)
        self._customers[number] = made
        for _ in range(size):
            self.invoice(made, **self._background())
        return made

    def _background(self) -> dict[str, Any]:
        """Documents that no situation asked for have orders and terms as any others."""
        draw, more = self.draw, dict[str, Any]()
        if draw.random() < 0.35:
            number = str(draw.randrange(10**4, 10**6))
            inside = str(self.first_number + draw.randrange(self.per_day * DAYS))
            more["customer_po"] = draw.choice(
                (number, number, f"PO-{number}", inside, *ORDER_WORDS)
            )
        if draw.random() < 0.2:
            until = self.style.today + timedelta(days=draw.randint(-25, 9))
            terms = {"discount": draw.randrange(10, 400), "discount_until": until}
            return more | terms | {"day": min(self.day(), until)}
        return more

    # -- amounts -----------------------------------------------------------------------------

    def amount(self, customer: Customer) -> int:
        """What an invoice to this customer comes to; never what a situation keeps for itself."""
        kept = self._reserved.get(customer.id, set())
        while True:
            amount = max(500, self._amount(customer))
            if amount not in kept:
                return amount

    def _amount(self, customer: Customer) -> int:
        base = int(100 * math.exp(self.draw.gauss(*self.style.amounts)))
        if customer.habit == "subscription" and self.draw.random() < 0.8:
            return customer.price
        if customer.habit == "services":
            return (base // 5000 + 1) * 5000
        if customer.habit == "freight":
            return (base // 1000 + 1) * 1000 + self.draw.randrange(395, 6999)
        return base

    def rare(self, customer: Customer) -> int:
        """An amount that no other document of this customer has, now or later; none is near."""
        own = self.open.get(customer.id, ())
        used = {d.open for d in own} | {d.total for d in own}
        near, amount = CLEARANCE, 0
        while near and (not amount or any(abs(amount - other) < near for other in used)):
            near -= 1  # many documents leave less room
            amount = self.amount(customer) + self.draw.randrange(300, 9999)
        self._reserved.setdefault(customer.id, set()).add(amount)
        return amount

    # -- documents ---------------------------------------------------------------------------

    def date_of(self, number: int) -> date:
        days = min((number - self.first_number) // self.per_day, DAYS)
        return self.style.today - timedelta(days=DAYS - days)

    def is_free(self, number: int) -> bool:
        """Within what the firm has issued so far, and not open."""
        last = self.first_number + self.per_day * DAYS
        return self.first_number <= number < last and number not in self.numbers

    def keep_free(self, number: int) -> None:
        """No document will get this number."""
        self.numbers.add(number)

    def number_on(self, day: date) -> int:
        back = (self.style.today - day).days
        number = (
            self.first_number + self.per_day * (DAYS - back) + self.draw.randrange(self.per_day)
        )
        while number in self.numbers:
            number += 1
        return number

    def day(self, oldest: int = 180) -> date:
        """When a document that is still open was written: mostly in the last weeks."""
        back = min(int(self.draw.expovariate(1 / 35)), oldest)
        return self.style.today - timedelta(days=max(back, 4))

    def days_ago(self, days: int) -> date:
        return self.style.today - timedelta(days=days)

    def invoice(
        self,
        customer: Customer,
        total: int | None = None,
        *,
        day: date | None = None,
        number: int | None = None,
        left: int | None = None,
        **more: object,
    ) -> Document:
        """An open invoice. left: what is open of it, where that is not the total."""
        written = self.date_of(number) if number else day or self.day()
        number = number or self.number_on(written)
        self.numbers.add(number)
        total = self.amount(customer) if total is None else total
        kind = int(more.pop("tran_type", InvoiceType.INVOICE))  # type: ignore[call-overload]
        return self._issue(customer, kind, number, written, total, left, more)

    def memo(self, customer: Customer, total: int) -> Document:
        return self.other(customer, InvoiceType.CREDIT_MEMO, total)

    def other(
        self, customer: Customer, kind: int, total: int, number: int | None = None, **more: object
    ) -> Document:
        """A document that is no invoice; each kind has its own numbers."""
        self._other[kind] = self._other.get(kind, self.first_number // 10) + 1
        return self._issue(
            customer, kind, number or self._other[kind], self.day(), total, None, more
        )

    def _issue(
        self,
        customer: Customer,
        kind: int,
        number: int,
        written: date,
        total: int,
        left: int | None,
        more: dict[str, object],
    ) -> Document:
        facts: dict[str, object] = {
            "due_date": written + timedelta(days=30),
            "currency": customer.currency,
            "customer_id": customer.id,
            "customer_label": customer.label,
            "customer_name": customer.name,
            "customer_is_active": customer.is_active,
            "parent_customer_id": customer.parent_id,
        }
        document = Document(
            id=(len(self.firm.documents) + 1) * 7919 % 1_000_003,  # says nothing about age
            tran_id=f"{PREFIX[kind]}-{number:010d}",
            tran_no=f"{number:010d}",
            tran_type=kind,
            tran_date=written,
            total=total,
            open=total if left is None else left,
            **facts | more,  # type: ignore[arg-type]
        )
        self.firm.documents.append(document)
        self.open.setdefault(customer.id, []).append(document)
        return document

    # -- payments ----------------------------------------------------------------------------

    def payer(self, customer: Customer, knowledge: str = "") -> Payer:
        shares = self.style.link_shares
        drawn = self.draw.choices(list(shares), weights=list(shares.values()))[0]
        return payer_of(customer, knowledge or drawn, self.draw)

    def linked(self, customer: Customer) -> Payer:
        return self.payer(customer, "linked")

    def remembered(self, customer: Customer) -> Payer:
        """Nobody linked this payer, but people chose this customer for it before."""
        payer = self.payer(customer, "person")
        return replace(payer, aliases=(customer.id,), is_stranger=False)

    def clear(self, payer: Payer, answer: Answer, reference: str) -> Case:
        """A payment whose reference a careful clerk reads and is done with."""
        return self.pay(payer, answer.amount, answer, reference=reference, readable=True)

    def pay(
        self,
        payer: Payer,
        amount: int,
        answers: Answer | Iterable[Answer],
        *,
        reference: str = "",
        texts: tuple[str, ...] = (),
        readable: bool = False,
        currency: str = "",
    ) -> Case:
        """A payment and its truth; each comes a little later than the one made before.

        A bare number from a stranger, for another amount, may as well be an order's: unreadable.
        """
        self._payments += self.draw.randint(1, 3)
        found = (answers,) if isinstance(answers, Answer) else tuple(answers)
        if payer.is_stranger and reference.strip().isdigit():
            readable = readable and self._is_exact(found[0])
        if reference and not texts and self.draw.random() < self.style.in_text:
            reference, texts = "", (reference,)
        first = datetime.combine(self.style.today - timedelta(days=2), time(), UTC)
        came_at = first + timedelta(seconds=self._payments * 35)
        payment = OpenPayment(
            id=self._ids + self._payments,
            amount=amount,
            currency=currency or self.currency,
            created_at=came_at,
            paid_on=came_at.date(),
            reference=reference,
            texts=texts,
            customer_id=payer.customer_id,
            payer_name=payer.name,
            payer_label=payer.label,
            method=self.draw.choice(("card", "card", "ach")),
            aliases=payer.aliases,
        )
        return Case(payment, found, readable)

    def _is_exact(self, answer: Answer) -> bool:
        """Every document is closed and nothing is left: the amount speaks for the reference."""
        open_of = {document.id: document.open for document in self.firm.documents}
        closed = all(sum(shares) == open_of[number] for number, *shares in answer.parts)
        return closed and not answer.unapplied
