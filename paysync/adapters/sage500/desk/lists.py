"""Exports of invoices, customers, accounts and periods -> lists in our own words.

The words are those of docs/erp-http-api.yaml, so that the desk reads them as the HTTP mode does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from paysync.adapters.sage500.desk.cells import shortest
from paysync.adapters.sage500.desk.columns import FileKind
from paysync.adapters.sage500.desk.csv import BadFileError
from paysync.adapters.sage500.desk.importing import Import, Values, checked
from paysync.domain.desk import DeskKind, Listed
from paysync.domain.desk.entries import Json
from paysync.domain.money import Money

OPEN = ACTIVE = 1  # Status of documents, customers, accounts and periods (certain)


def lists_of(one: Import) -> list[Listed]:
    """One list for each company that has rows, or for the company in the name. BadFileError."""
    kind, name, to_row = KINDS[one.kind]
    parts: dict[str, dict[str, Json]] = defaultdict(dict)
    lines: dict[tuple[str, str], int] = {}
    if one.named:
        parts[one.named] = {}
    for line, values in one.rows():
        key = key_of(values, name)
        company = values["company_id"]
        if (company, key) in lines:
            one.wrong(line, name[0], key, f"line {lines[company, key]} has it already")
            continue
        lines[company, key] = line
        row = to_row(one, line, values)
        if row is not None:
            parts[company][key] = row
    one.finish()
    if not parts:
        raise BadFileError.whole(f"no row is of {', '.join(one.companies) or 'a company of ours'}")
    return [Listed(company, kind, list(rows.items())) for company, rows in sorted(parts.items())]


def key_of(values: Values, names: tuple[str, ...]) -> str:
    return "/".join(str(values[name]).rstrip().upper() for name in names)


def to_invoice_row(one: Import, line: int, values: Values) -> Json | None:
    currency = values["currency"]
    for name in ("total", "balance"):
        read = partial(Money.parse, values[name], currency)
        if checked(one, line, name, values[name], read) is None:
            return None
    left = Decimal(values["discount"]) - Decimal(values["discount_taken"])
    is_open = values["status"] == OPEN and Decimal(values["balance"]) != 0
    return {
        "key": values["key"] or values["tran_id"], "company_id": values["company_id"],
        "tran_id": values["tran_id"],
        "tran_no": values["tran_no"] or values["tran_id"].rpartition("-")[2][:10],
        "tran_type": values["tran_type"], "customer_id": values["customer_id"],
        "tran_date": values["tran_date"], "due_date": values["due_date"], "currency": currency,
        "total": values["total"], "balance": values["balance"], "is_open": is_open,
        "in_dispute": values["in_dispute"], "customer_po": values["customer_po"],
        "discount_date": values["discount_date"], "discount_available": shortest(left),
        "update_counter": values["update_counter"],
    }  # fmt: skip


def to_customer_row(one: Import, line: int, values: Values) -> Json:
    parts = ("line1", "line2", "line3", "city", "state", "postal_code", "country")
    return {
        "key": values["key"] or values["customer_id"], "company_id": values["company_id"],
        "customer_id": values["customer_id"], "name": values["name"],
        "is_active": values["status"] == ACTIVE, "email": values["email"],
        "phone": values["phone"], "address": {part: values[part] for part in parts},
        "national_parent_id": values["national_parent_id"],
        "allow_write_off": values["allow_write_off"], "update_counter": values["update_counter"],
    }  # fmt: skip


def to_cash_account_row(one: Import, line: int, values: Values) -> Json:
    return {
        "key": values["key"] or values["cash_account_id"], "company_id": values["company_id"],
        "cash_account_id": values["cash_account_id"], "description": values["description"],
        "currency": values["currency"], "gl_account_key": values["gl_account_key"],
        "is_active": values["status"] == ACTIVE,
    }  # fmt: skip


def to_gl_account_row(one: Import, line: int, values: Values) -> Json:
    return {
        "key": values["key"] or values["number"], "company_id": values["company_id"],
        "number": values["number"], "formatted": values["formatted"] or values["number"],
        "description": values["description"], "is_active": values["status"] == ACTIVE,
    }  # fmt: skip


def to_period_row(one: Import, line: int, values: Values) -> Json | None:
    """Open = Status open and AR not locked (meaning of the lock: inferred)."""
    if values["start"] > values["end"]:
        one.wrong(line, "end", values["end"], "it is before the start")
        return None
    return {
        "company_id": values["company_id"], "year": values["year"], "period": values["period"],
        "start": values["start"], "end": values["end"],
        "is_open": values["status"] == OPEN and not values["lock_ar"],
    }  # fmt: skip


ToRow = Callable[[Import, int, Values], Json | None]
#: Kind of file -> kind of record, the fields of its key, how a row becomes a record.
KINDS: dict[FileKind, tuple[DeskKind, tuple[str, ...], ToRow]] = {
    FileKind.INVOICES: (DeskKind.INVOICE, ("tran_id",), to_invoice_row),
    FileKind.CUSTOMERS: (DeskKind.CUSTOMER, ("customer_id",), to_customer_row),
    FileKind.CASH_ACCOUNTS: (DeskKind.CASH_ACCOUNT, ("cash_account_id",), to_cash_account_row),
    FileKind.GL_ACCOUNTS: (DeskKind.GL_ACCOUNT, ("number",), to_gl_account_row),
    FileKind.PERIODS: (DeskKind.FISCAL_PERIOD, ("year", "period"), to_period_row),
}
