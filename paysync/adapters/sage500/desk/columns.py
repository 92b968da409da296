"""Which column of which export is which value of ours. The defaults are Sage's own column names.

A site maps another name in the options of its connection: {"files": {"columns": {"invoices":
{"balance": "Open amount"}}}}. Grades as in the reference: the names are certain, which of them a
site's export has is the site's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paysync.adapters.sage500.desk import cells
from paysync.adapters.sage500.desk.cells import Cells
from paysync.domain.errors import RecordError


class FileKind(StrEnum):
    """The kinds of files, as their names begin.

    Taken in this order: receipts before invoices, so that a list of invoices that shows a posting
    finds it known.
    """

    GL_ACCOUNTS = "gl-accounts"
    CASH_ACCOUNTS = "cash-accounts"
    PERIODS = "periods"
    CUSTOMERS = "customers"
    APPLICATIONS = "applications"
    RECEIPTS = "receipts"
    ACKNOWLEDGEMENTS = "acknowledgements"
    INVOICES = "invoices"


@dataclass(frozen=True, slots=True)
class Column:
    """One value: Sage's name, how it is read, and what stands for an absent one (... = needed)."""

    name: str
    read: Callable[[str, Cells], Any]
    default: Any = ...


def text(width: int) -> Callable[[str, Cells], str]:
    return lambda value, options: cells.text_of(value, width)


def needed(width: int) -> Callable[[str, Cells], str]:
    return lambda value, options: cells.needed_text_of(value, width)


IDS: dict[FileKind, dict[str, Column]] = {
    FileKind.INVOICES: {
        "tran_id": Column("TranID", needed(13)),
        "key": Column("InvcKey", text(20), ""),
        "tran_no": Column("TranNo", text(10), ""),
        "tran_type": Column("TranType", cells.number_of),
        "customer_id": Column("CustID", needed(12)),
        "tran_date": Column("TranDate", cells.day_of),
        "due_date": Column("DueDate", cells.day_or_none_of, None),
        "currency": Column("CurrID", cells.currency_of),
        "total": Column("TranAmt", cells.amount_of),
        "balance": Column("Balance", cells.amount_of),
        "status": Column("Status", cells.number_of, 1),
        "in_dispute": Column("InDispute", cells.flag_of, False),
        "customer_po": Column("CustPONo", text(15), ""),
        "discount_date": Column("DiscDate", cells.day_or_none_of, None),
        "discount": Column("DiscAmt", cells.amount_or_zero_of, "0"),
        "discount_taken": Column("DiscTakenAmt", cells.amount_or_zero_of, "0"),
        "update_counter": Column("UpdateCounter", cells.number_of, 0),
    },
    FileKind.CUSTOMERS: {
        "customer_id": Column("CustID", needed(12)),
        "key": Column("CustKey", text(20), ""),
        "name": Column("CustName", text(40)),
        "status": Column("Status", cells.number_of),
        "email": Column("EMailAddr", text(256), ""),
        "phone": Column("Phone", text(40), ""),
        "line1": Column("AddrLine1", text(40), ""),
        "line2": Column("AddrLine2", text(40), ""),
        "line3": Column("AddrLine3", text(40), ""),
        "city": Column("City", text(20), ""),
        "state": Column("StateID", text(3), ""),
        "postal_code": Column("PostalCode", text(10), ""),
        "country": Column("CountryID", text(3), ""),
        "national_parent_id": Column("ParentCustID", text(12), ""),
        "allow_write_off": Column("AllowWriteOff", cells.flag_of, True),
        "update_counter": Column("UpdateCounter", cells.number_of, 0),
    },
    FileKind.CASH_ACCOUNTS: {
        "cash_account_id": Column("CashAcctID", needed(15)),
        "key": Column("CashAcctKey", text(20), ""),
        "description": Column("Description", text(40), ""),
        "currency": Column("CurrID", cells.currency_of),
        "gl_account_key": Column("GLAcctKey", text(100), ""),
        "status": Column("Status", cells.number_of),
    },
    FileKind.GL_ACCOUNTS: {
        "number": Column("GLAcctNo", needed(40)),
        "key": Column("GLAcctKey", text(20), ""),
        "formatted": Column("FormattedGLAcctNo", text(60), ""),
        "description": Column("Description", text(40), ""),
        "status": Column("Status", cells.number_of),
    },
    FileKind.PERIODS: {
        "year": Column("FiscYear", needed(5)),
        "period": Column("FiscPer", cells.number_of),
        "start": Column("StartDate", cells.day_of),
        "end": Column("EndDate", cells.day_of),
        "status": Column("Status", cells.number_of),
        "lock_ar": Column("LockAR", cells.flag_of, False),
    },
    FileKind.RECEIPTS: {
        "tran_no": Column("TranNo", needed(10)),
        "tran_id": Column("TranID", needed(13)),
        "tran_date": Column("TranDate", cells.day_of),
        "customer_id": Column("CustID", text(12)),
        "currency": Column("CurrID", cells.currency_of),
        "amount": Column("TranAmt", cells.amount_of),
        "unapplied": Column("UnappliedAmt", cells.amount_or_none_of, None),
        "comment": Column("TranCmnt", text(50), ""),
        "batch_id": Column("BatchID", text(12), ""),
        "batch_status": Column("Status", cells.number_or_none_of),
        "post_status": Column("PostStatus", cells.number_or_none_of),
        "post_date": Column("PostDate", cells.day_or_none_of, None),
        "log_status": Column("TranStatus", cells.number_or_none_of, None),
    },
    FileKind.APPLICATIONS: {
        "receipt_tran_id": Column("ApplyFromTranID", needed(13)),
        "invoice_tran_id": Column("ApplyToTranID", needed(13)),
        "amount": Column("PmtAmt", cells.amount_of),
        "discount": Column("DiscTakenAmt", cells.amount_or_zero_of, "0"),
        "write_off": Column("WriteOffAmt", cells.amount_or_none_of, None),
    },
    FileKind.ACKNOWLEDGEMENTS: {
        "idempotency_key": Column("IdemKey", needed(64)),
        "status": Column("Status", needed(10)),
        "tran_id": Column("SageTranID", text(13), ""),
        "batch_id": Column("BatchID", text(12), ""),
        "post_date": Column("PostDate", cells.day_or_none_of, None),
        "message": Column("Message", text(400), ""),
    },
}  # fmt: skip
COMPANY = Column("CompanyID", needed(3))


def columns_of(kind: FileKind, mapped: Mapping[str, Mapping[str, str]]) -> dict[str, Column]:
    """The columns of a kind under the names the site uses. Raises RecordError for no field of ours.

    A field mapped to "" is not in the site's files.
    """
    fields = dict(COLUMNS[kind])
    for name, column in mapped.get(kind.value, {}).items():
        if name not in fields:
            raise RecordError(f'the option "files.columns.{kind}" knows no field {name}')
        fields[name] = Column(column, fields[name].read, fields[name].default)
    return fields


COLUMNS: dict[FileKind, dict[str, Column]] = {
    kind: ({} if kind is FileKind.ACKNOWLEDGEMENTS else {"company_id": COMPANY}) | fields
    for kind, fields in IDS.items()
}


def require_columns(mapped: Mapping[str, Mapping[str, str]]) -> None:
    """Raises RecordError for a mapping of something that we do not read."""
    for name in mapped:
        if name not in FileKind.__members__.values():
            raise RecordError(f'the option "files.columns" knows no files "{name}"')
        columns_of(FileKind(name), mapped)


def require_kinds(names: Iterable[str]) -> None:
    """Raises RecordError for a kind of files that there is not."""
    for name in names:
        if name not in FileKind.__members__.values():
            raise RecordError(f'the option "files.partial" knows no files "{name}"')
