"""The neutral receipt file: one batch of receipts on its way to Sage 500 (reference 13.3).

    H,BatchRef,CompanyID,PostDate,CashAcctID,CurrID,Count,Total
    P,IdemKey,CustID,TranNo,TranDate,Amount,Comment
    A,IdemKey,InvoiceTranID,AmtApplied,DiscTaken,WriteOff
    T,Count,Total,SHA256

Windows-1252, CRLF, decimal point, no thousands separators, cells quoted only where they must be.
The SHA-256 is of every byte before the T line. Our own design on the reference's lines, no grade:
Sage 500 has no receipt file of its own.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from paysync.adapters.sage500.mapping import is_windows_1252
from paysync.domain.errors import RecordError
from paysync.domain.ledger import Application, ReceiptIntent
from paysync.domain.money import Money

ENCODING = "cp1252"
WIDTHS = {"H": 8, "P": 7, "A": 6, "T": 4}


@dataclass(frozen=True, slots=True)
class Head:
    """What all receipts of a file share."""

    reference: str
    company_id: str
    post_date: date
    cash_account_id: str
    currency: str


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A file as it is read back. A receipt's gateway reference is not in it: it stays with us."""

    head: Head
    receipts: tuple[ReceiptIntent, ...]


def write_receipt_file(head: Head, receipts: Sequence[ReceiptIntent]) -> bytes:
    """The bytes of the file, the same for the same receipts. Raises RecordError for bad text."""
    total = Money.total((one.amount for one in receipts), head.currency).amount
    rows: list[list[str]] = [
        ["H", head.reference, head.company_id, head.post_date.isoformat(), head.cash_account_id,
         head.currency, str(len(receipts)), str(total)]
    ]  # fmt: skip
    for receipt in receipts:
        require_fits(head, receipt)
        rows += rows_of(receipt)
    body = lines_of(rows)
    digest = hashlib.sha256(body).hexdigest()
    return body + lines_of([["T", str(len(receipts)), str(total), digest]])


def require_fits(head: Head, receipt: ReceiptIntent) -> None:
    theirs = (receipt.company_id, receipt.post_date, receipt.amount.currency)
    if theirs != (head.company_id, head.post_date, head.currency):
        raise RecordError(f"receipt {receipt.idempotency_key} does not belong into {head}")


def rows_of(receipt: ReceiptIntent) -> Iterator[list[str]]:
    yield ["P", receipt.idempotency_key, receipt.customer_id, receipt.tran_no,
           receipt.tran_date.isoformat(), str(receipt.amount.amount), receipt.comment]  # fmt: skip
    for link in receipt.applications:
        amounts = (link.amount, link.discount, link.write_off)
        yield [
            "A",
            receipt.idempotency_key,
            link.invoice_tran_id,
            *(str(a.amount) for a in amounts),
        ]


def lines_of(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        for cell in row:
            if not is_windows_1252(cell):
                raise RecordError(f"{cell[:40]!r} has characters the ERP cannot store")
        writer.writerow(row)
    return out.getvalue().encode(ENCODING)


def read_receipt_file(content: bytes) -> ReceiptFile:
    """Read a file back and prove its totals. Raises RecordError for anything that is not right."""
    rows = parsed(content)
    require_proof(content, rows)
    head = head_of(rows[0])
    receipts: list[ReceiptIntent] = []
    for row in rows[1:-1]:
        if row[0] == "P":
            receipts.append(receipt_of(head, row))
        elif row[0] == "A" and receipts and receipts[-1].idempotency_key == row[1]:
            receipts[-1] = with_link(receipts[-1], row)
        else:
            raise RecordError(f"a line {row[0]!r} in the wrong place")
    require_totals(rows, receipts, head)
    return ReceiptFile(head, tuple(receipts))


def parsed(content: bytes) -> list[list[str]]:
    try:
        text = content.decode(ENCODING)
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"the file cannot be read: {error}") from error
    if len(rows) < 2 or rows[0][:1] != ["H"] or rows[-1][:1] != ["T"]:
        raise RecordError("the file has no first or no last line")
    for place, row in enumerate(rows, 1):
        if not row or len(row) != WIDTHS.get(row[0]):
            raise RecordError(f"line {place} has {len(row)} cells")
    return rows


def require_proof(content: bytes, rows: list[list[str]]) -> None:
    """Nothing was changed on the way, and nothing follows the last line."""
    body, mark, _ = content.rpartition(b"\r\nT,")
    digest = hashlib.sha256(body + b"\r\n").hexdigest()
    if not mark or digest != rows[-1][3] or not content.endswith(b"\r\n"):
        raise RecordError("the file is not as it was written: its SHA-256 differs")


def require_totals(rows: list[list[str]], receipts: list[ReceiptIntent], head: Head) -> None:
    total = Money.total((one.amount for one in receipts), head.currency)
    said = {
        (row[-2], row[-1]) if row[0] == "H" else (row[1], row[2]) for row in (rows[0], rows[-1])
    }
    if said != {(str(len(receipts)), str(total.amount))}:
        raise RecordError("the file's control totals do not fit its receipts")


def head_of(row: list[str]) -> Head:
    return Head(row[1], row[2], day_of(row[3]), row[4], row[5])


def receipt_of(head: Head, row: list[str]) -> ReceiptIntent:
    return ReceiptIntent(
        idempotency_key=row[1],
        company_id=head.company_id,
        customer_id=row[2],
        cash_account_id=head.cash_account_id,
        post_date=head.post_date,
        tran_date=day_of(row[4]),
        tran_no=row[3],
        amount=Money.parse(row[5], head.currency),
        comment=row[6],
        gateway_reference="",
    )


def with_link(receipt: ReceiptIntent, row: list[str]) -> ReceiptIntent:
    currency = receipt.amount.currency
    amounts = [Money.parse(text, currency) for text in row[3:6]]
    links = (*receipt.applications, Application(row[2], *amounts))
    return ReceiptIntent(
        receipt.idempotency_key, receipt.company_id, receipt.customer_id, receipt.cash_account_id,
        receipt.post_date, receipt.tran_date, receipt.tran_no, receipt.amount, receipt.comment,
        "", links,
    )  # fmt: skip


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RecordError(f"{text[:20]!r} is not a date") from error
