"""Invoices by the hundred thousand: rows of the usual types are read without asking cell by cell.

Anything unusual goes to `rows.to_invoice`, which says what is wrong, or that nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from paysync.adapters.sage500.cells import Cells
from paysync.adapters.sage500.odbc import Found
from paysync.adapters.sage500.rows import OPEN, to_invoice
from paysync.adapters.sage500.server_time import ServerTime
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Invoice, discount_of
from paysync.domain.money import Money

#: The columns of queries.INVOICE in their order, with the types a driver gives them.
COLUMNS: dict[str, tuple[type, ...]] = {
    "InvcKey": (int,), "CompanyID": (str,), "TranID": (str,), "TranNo": (str,),
    "TranType": (int,), "CustKey": (int,), "CustID": (str,), "TranDate": (datetime,),
    "DueDate": (datetime, type(None)), "TranAmt": (Decimal,), "Balance": (Decimal,),
    "CurrID": (str,), "Status": (int,), "InDispute": (int,), "CustPONo": (str, type(None)),
    "UpdateDate": (datetime, type(None)), "UpdateCounter": (int,), "CanBePaid": (int,),
    "Pending": (Decimal,), "DiscDate": (datetime, type(None)), "DiscLeft": (Decimal, type(None)),
}  # fmt: skip
ORDER = list(COLUMNS)


class InvoiceReader:
    """Reads the pages of one list. `set_aside`: see ErpLedger."""

    def __init__(self, clock: ServerTime, set_aside: list[str] | None) -> None:
        self._clock = clock
        self._set_aside = set_aside
        self._shapes: set[tuple[type, ...]] = set()
        self._ids: dict[str, str] = {}

    def read(self, found: Found) -> Iterator[Invoice]:
        usual = list(found.columns) == ORDER
        for values in found.rows:
            invoice = self._quick(values) if usual else None
            if invoice is None:
                invoice = self._careful(found, values)
            if invoice is not None:
                yield invoice

    def _careful(self, found: Found, values: Sequence[Any]) -> Invoice | None:
        try:
            return to_invoice(Cells(found.columns, values, "invoice", "TranID"), self._clock)
        except RecordError as error:
            if self._set_aside is None:
                raise
            self._set_aside.append(str(error))
            return None

    def _quick(self, values: Sequence[Any]) -> Invoice | None:
        """None for a row that asks for a closer look."""
        shape = tuple(map(type, values))
        if shape not in self._shapes and not self._is_usual(shape):
            return None
        (key, company, tran_id, tran_no, tran_type, _, customer, tran_date, due, total_amt,
         balance_amt, currency, status, dispute, customer_po, updated, counter, can_be_paid,
         pending, discount_date, discount_left) = values  # fmt: skip
        if customer_po is None:
            customer_po = ""
        if not f"{company}{tran_id}{tran_no}{customer}{customer_po}".isprintable():
            return None
        tran_id = tran_id.rstrip().upper()
        company, customer, currency = map(self._id, (company, customer, currency))
        if not (company and tran_id and customer):
            return None
        try:
            balance = Money(balance_amt, currency)
            total = balance if total_amt == balance_amt else Money(total_amt, currency)
            if not can_be_paid:
                payable = Money.zero(currency)
            else:
                payable = Money(balance_amt - pending, currency) if pending else balance
            discount = until = None
            if discount_left is not None and discount_date is not None:
                left = Money.cut(discount_left, currency)
                discount, until = discount_of(left, discount_date.date())
        except RecordError:
            return None
        return Invoice(
            str(key), company, tran_id, tran_no.rstrip(), tran_type, customer, tran_date.date(),
            due.date() if due else None, total, balance, payable,
            status == OPEN and balance_amt != 0, dispute != 0, customer_po.rstrip(),
            discount, until, self._clock.moment(updated), counter,
        )  # fmt: skip

    def _id(self, text: str) -> str:
        """An id as we write it. Companies, customers and currencies come again and again."""
        found = self._ids.get(text)
        if found is None:
            found = self._ids[text] = text.rstrip().upper()
        return found

    def _is_usual(self, shape: tuple[type, ...]) -> bool:
        usual = all(kind in kinds for kind, kinds in zip(shape, COLUMNS.values(), strict=True))
        if usual:
            self._shapes.add(shape)
        return usual
