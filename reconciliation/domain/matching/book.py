"""The documents of one call: found by id, number, order, customer or amount; what is left of each.

Everything but the table of ids is built when it is first asked for: a run in which each payment
names its invoice never pays for the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from reconciliation.domain.matching.facts import Document
from reconciliation.domain.matching.names import label_key, name_key, order_key


@dataclass(frozen=True, slots=True)
class Customer:
    """Who owes a document, as far as its documents say."""

    id: int
    label: str
    name: str
    is_active: bool
    parent_id: int | None


def due_order(document: Document) -> tuple[int, int, int]:
    """Oldest first: by the day it is due, else the day it was made."""
    due = document.due_date or document.tran_date
    return due.toordinal(), document.tran_date.toordinal(), document.id


class Book:
    """The documents and what payments of this call have already taken of them."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = sorted(documents, key=attrgetter("id"))
        self.by_tran_id: dict[str, Document] = {}
        for document in self.documents:
            self.by_tran_id.setdefault(document.tran_id.upper(), document)
        self.taken: dict[int, int] = {}

    def left(self, document: Document) -> int:
        """What the document can still take (of a credit memo: what of it may still be used)."""
        return document.open - self.taken.get(document.id, 0)

    def take(self, document_id: int, amount: int) -> None:
        self.taken[document_id] = self.taken.get(document_id, 0) + amount

    @cached_property
    def by_id(self) -> dict[int, Document]:
        return {document.id: document for document in self.documents}

    @cached_property
    def by_number(self) -> dict[str, list[Document]]:
        return self._grouped((d.tran_no.lstrip("0"), d) for d in self.documents)

    @cached_property
    def by_order(self) -> dict[str, list[Document]]:
        return self._grouped((order_key(d.customer_po), d) for d in self.documents if d.customer_po)

    @cached_property
    def by_customer(self) -> dict[int, list[Document]]:
        """Open documents only, oldest first."""
        result: dict[int, list[Document]] = defaultdict(list)
        for document in self.documents:
            if document.open > 0:
                result[document.customer_id].append(document)
        for found in result.values():
            found.sort(key=due_order)
        return result

    @cached_property
    def by_amount(self) -> dict[tuple[str, int], list[Document]]:
        """Payable documents by what was open at the start."""
        result: dict[tuple[str, int], list[Document]] = defaultdict(list)
        for document in self.documents:
            if document.open > 0 and document.is_payable:
                result[document.currency, document.open].append(document)
        return result

    @cached_property
    def by_discounted(self) -> dict[tuple[str, int], list[Document]]:
        """Payable documents by what was open less the discount."""
        result: dict[tuple[str, int], list[Document]] = defaultdict(list)
        for document in self.documents:
            if document.open > document.discount > 0 and document.is_payable:
                result[document.currency, document.open - document.discount].append(document)
        return result

    @cached_property
    def customers(self) -> dict[int, Customer]:
        result: dict[int, Customer] = {}
        for d in self.documents:
            if d.customer_id not in result:
                result[d.customer_id] = Customer(
                    d.customer_id,
                    d.customer_label,
                    d.customer_name,
                    d.customer_is_active,
                    d.parent_customer_id,
                )
        return result

    @cached_property
    def children(self) -> dict[int, list[int]]:
        result: dict[int, list[int]] = defaultdict(list)
        for customer in self.customers.values():
            if customer.parent_id is not None:
                result[customer.parent_id].append(customer.id)
        return {parent: sorted(ids) for parent, ids in result.items()}

    @cached_property
    def by_label(self) -> dict[str, list[int]]:
        result: dict[str, list[int]] = defaultdict(list)
        for customer in self.customers.values():
            result[label_key(customer.label)].append(customer.id)
        return result

    @cached_property
    def by_name(self) -> dict[frozenset[str], list[int]]:
        result: dict[frozenset[str], list[int]] = defaultdict(list)
        for customer in self.customers.values():
            key = name_key(customer.name)
            if key:
                result[key].append(customer.id)
        return result

    @cached_property
    def by_word(self) -> dict[str, list[int]]:
        """Customers by each word of their names."""
        result: dict[str, list[int]] = defaultdict(list)
        for key, ids in self.by_name.items():
            for word in key:
                result[word].extend(ids)
        return result

    @cached_property
    def highest_number(self) -> int:
        """The newest invoice number there is: what lies beyond it is not a slip but a late one."""
        numbers = [d.tran_no for d in self.documents if d.is_payable and d.tran_no.isdigit()]
        return max((int(number) for number in numbers if number.isascii()), default=0)

    def open_of(self, customer_ids: Iterable[int], currency: str) -> list[Document]:
        """What these customers owe in this currency, and their credit memos; oldest first."""
        found = [
            document
            for customer_id in dict.fromkeys(customer_ids)
            for document in self.by_customer.get(customer_id, ())
            if document.currency == currency and self.left(document) > 0
        ]
        found.sort(key=due_order)
        return found

    @staticmethod
    def _grouped(pairs: Iterable[tuple[str, Document]]) -> dict[str, list[Document]]:
        result: dict[str, list[Document]] = {}
        for key, document in pairs:
            if key:
                result.setdefault(key, []).append(document)
        return result
