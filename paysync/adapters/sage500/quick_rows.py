"""Invoices by the hundred thousand: rows of the usual kind are read a column at a time.

What is unusual goes to `rows.to_invoice`, which says what is wrong, or that nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from paysync.adapters.sage500.cells import cells_of
from paysync.adapters.sage500.columns import made_of
from paysync.adapters.sage500.odbc import Found
from paysync.adapters.sage500.rows import OPEN, to_invoice
from paysync.adapters.sage500.server_time import ServerTime
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Invoice, discount_of
from paysync.domain.money import Money

INT, TEXT, MOMENT = frozenset({int}), frozenset({str}), frozenset({datetime})
AMOUNT, NOTHING = frozenset({Decimal}), frozenset({type(None)})
#: The columns of queries.INVOICE in their order, with the types a driver gives them.
COLUMNS: dict[str, frozenset[type]] = {
    "InvcKey": INT, "CompanyID": TEXT, "TranID": TEXT, "TranNo": TEXT, "TranType": INT,
    "CustKey": INT, "CustID": TEXT, "TranDate": MOMENT, "DueDate": MOMENT | NOTHING,
    "TranAmt": AMOUNT, "Balance": AMOUNT, "CurrID": TEXT, "Status": INT, "InDispute": INT,
    "CustPONo": TEXT | NOTHING, "UpdateDate": MOMENT | NOTHING, "UpdateCounter": INT,
    "CanBePaid": INT, "Pending": AMOUNT | NOTHING, "DiscDate": MOMENT | NOTHING,
    "DiscLeft": AMOUNT | NOTHING,
}  # fmt: skip
ORDER = list(COLUMNS)
SHOWN = ("CompanyID", "TranID", "TranNo", "CustID", "CustPONo")
#: Rows read together: few enough to stay in the processor's cache.
SOME = 250

#: Rows turned on their side: name -> the values of all rows.
Columns = dict[str, Sequence[Any]]
Rows = Sequence[Sequence[Any]]


class InvoiceReader:
    """Reads the pages of one list. `set_aside`: see ErpLedger."""

    def __init__(self, clock: ServerTime, set_aside: list[str] | None) -> None:
        self._clock = clock
        self._set_aside = set_aside
        self._ids: dict[str, str] = {}

    def read(self, found: Found) -> Iterator[Invoice]:
        read = self._together if list(found.columns) == ORDER else self._one_by_one
        for start in range(0, len(found.rows), SOME):
            yield from read(found, found.rows[start : start + SOME])

    def _together(self, found: Found, rows: Rows) -> Iterator[Invoice]:
        """As one, or else each half by itself, down to the row that is in the way."""
        invoices = self._quick(rows)
        if invoices is not None:
            yield from invoices
        elif len(rows) == 1:
            yield from self._one_by_one(found, rows)
        else:
            half = len(rows) // 2
            yield from self._together(found, rows[:half])
            yield from self._together(found, rows[half:])

    def _one_by_one(self, found: Found, rows: Rows) -> Iterator[Invoice]:
        for cells in cells_of(found.columns, rows, "invoice", "TranID"):
            try:
                yield to_invoice(cells, self._clock)
            except RecordError as error:
                if self._set_aside is None:
                    raise
                self._set_aside.append(str(error))

    def _quick(self, rows: Rows) -> list[Invoice] | None:
        """None where one of the rows asks for a closer look."""
        cells: Columns = dict(zip(ORDER, zip(*rows, strict=True), strict=True))
        if not (has_usual_types(cells) and has_plain_texts(cells)):
            return None
        try:
            amounts = amounts_in(cells, self._known(cells["CurrID"]))
        except RecordError:
            return None
        ids = self._ids_in(cells)
        if not all(map(all, ids.values())):
            return None
        columns = ids | amounts | self._moments_in(cells) | the_rest_of(cells)
        return made_of(Invoice, len(rows), columns)

    def _ids_in(self, cells: Columns) -> Columns:
        return {
            "company_id": self._known(cells["CompanyID"]),
            "tran_id": [text.rstrip().upper() for text in cells["TranID"]],
            "customer_id": self._known(cells["CustID"]),
        }

    def _known(self, texts: Sequence[str]) -> list[str]:
        """Ids as we write them. Companies, customers and currencies come again and again."""
        ids = self._ids
        return [ids.get(text) or ids.setdefault(text, text.rstrip().upper()) for text in texts]

    def _moments_in(self, cells: Columns) -> Columns:
        return {
            "tran_date": [moment.date() for moment in cells["TranDate"]],
            "due_date": [moment and moment.date() for moment in cells["DueDate"]],
            "updated_at": list(map(self._clock.moment, cells["UpdateDate"])),
        }


def has_usual_types(cells: Columns) -> bool:
    return all(kinds.issuperset(map(type, cells[name])) for name, kinds in COLUMNS.items())


def has_plain_texts(cells: Columns) -> bool:
    """Whether they can be stored as they are: see texts.storable."""
    return all("".join(filter(None, cells[name])).isprintable() for name in SHOWN)


def amounts_in(cells: Columns, currencies: Sequence[str]) -> Columns:
    """Raises RecordError. Equal amounts are one Money: making one is what costs."""
    balances = list(map(Money, cells["Balance"], currencies))
    discounts = list(map(discount_in, cells["DiscLeft"], cells["DiscDate"], currencies))
    return {
        "balance": balances,
        "total": [
            balance if amount == balance.amount else Money(amount, balance.currency)
            for amount, balance in zip(cells["TranAmt"], balances, strict=True)
        ],
        "payable": list(map(payable_of, balances, cells["Pending"], cells["CanBePaid"])),
        "is_open": [
            status == OPEN and balance.amount != 0
            for status, balance in zip(cells["Status"], balances, strict=True)
        ],
        "discount": [discount for discount, _ in discounts],
        "discount_until": [until for _, until in discounts],
    }


def payable_of(balance: Money, pending: Decimal | None, can_be_paid: int) -> Money:
    """As rows.payable_of."""
    if not can_be_paid:
        return Money.zero(balance.currency)
    return balance - Money(pending, balance.currency) if pending else balance


def discount_in(
    left: Decimal | None, until: datetime | None, currency: str
) -> tuple[Money | None, date | None]:
    if left is None or until is None:
        return None, None
    return discount_of(Money.cut(left, currency), until.date())


def the_rest_of(cells: Columns) -> Columns:
    return {
        "key": list(map(str, cells["InvcKey"])),
        "tran_no": [text.rstrip() for text in cells["TranNo"]],
        "tran_type": cells["TranType"],
        "in_dispute": [flag != 0 for flag in cells["InDispute"]],
        "customer_po": [text.rstrip() if text else "" for text in cells["CustPONo"]],
        "update_counter": cells["UpdateCounter"],
    }
