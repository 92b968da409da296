"""What an ERP service answers in JSON -> our domain. Shapes: docs/erp-http-api.yaml.

A field that cannot be read raises RecordError naming the row and the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from paysync.adapters.sage500.fields import Fields
from paysync.adapters.sage500.set_aside import read_each
from paysync.domain.errors import RecordError
from paysync.domain.ledger import (
    Application,
    ErpCashAccount,
    ErpCustomer,
    ErpFiscalPeriod,
    ErpGLAccount,
    ErpReceipt,
    ErpReceiptState,
    Finding,
    FindingLevel,
    Invoice,
    ReceiptIntent,
    ReversalIntent,
    StaffReceipt,
    SubmitCode,
    SubmitResult,
    discount_of,
    netted,
)
from paysync.domain.money import Money
from paysync.domain.texts import storable

T = TypeVar("T")

#: Longest text of each field of a receipt, as the ERP's columns allow.
LIMITS = {
    "idempotency_key": 64, "company_id": 3, "customer_id": 12, "cash_account_id": 15,
    "tran_no": 10, "comment": 50, "gateway_reference": 64,
}  # fmt: skip

REVERSAL_LIMITS = {
    "idempotency_key": 64, "company_id": 3, "of_key": 64, "tran_no": 10, "comment": 50,
    "gateway_reference": 64,
}  # fmt: skip

#: The states an ERP can tell us.
SAID_STATES = frozenset(ErpReceiptState) - {ErpReceiptState.UNREADABLE}


def row_name(row: object, what: str, key: str, place: int) -> str:
    """What a complaint calls a row: its own ID when it has one, else its place on the page."""
    name = row.get(key) if isinstance(row, Mapping) else None
    return f"{what} {storable(name)}" if isinstance(name, str) else f"{what} in row {place}"


def read_rows(
    rows: Iterable[object], to_domain: Callable[[object, int], T], set_aside: list[str] | None
) -> Iterator[T]:
    """The rows in our words; what nobody can read goes to `set_aside`, or raises RecordError."""
    numbered = enumerate(rows, 1)
    return read_each(numbered, lambda found: to_domain(found[1], found[0]), set_aside)


def to_invoice(row: object, place: int = 1) -> Invoice:
    fields = Fields(row, row_name(row, "invoice", "tran_id", place))
    currency = fields.text("currency")
    left = fields.cut_money_or_none("discount_available", currency)
    discount, discount_until = discount_of(left, fields.day_or_none("discount_date"))
    return Invoice(
        key=fields.text("key"),
        company_id=fields.text("company_id"),
        tran_id=fields.text("tran_id"),
        tran_no=fields.text("tran_no"),
        tran_type=fields.number("tran_type"),
        customer_id=fields.text("customer_id"),
        tran_date=fields.day("tran_date"),
        due_date=fields.day_or_none("due_date"),
        total=fields.money("total", currency),
        balance=fields.money("balance", currency),
        payable=fields.money("payable", currency),
        is_open=fields.flag("is_open"),
        in_dispute=fields.flag("in_dispute", False),
        customer_po=fields.text("customer_po", ""),
        discount=discount,
        discount_until=discount_until,
        updated_at=fields.moment_or_none("updated_at"),
        update_counter=fields.number("update_counter", 0),
    )


def to_payable(row: object, place: int = 1) -> tuple[str, Money]:
    fields = Fields(row, row_name(row, "payable", "tran_id", place))
    return fields.text("tran_id"), fields.money("payable", fields.text("currency"))


def to_customer(row: object, place: int = 1) -> ErpCustomer:
    fields = Fields(row, row_name(row, "customer", "customer_id", place))
    return ErpCustomer(
        key=fields.text("key"),
        company_id=fields.text("company_id"),
        customer_id=fields.text("customer_id"),
        name=fields.text("name"),
        is_active=fields.flag("is_active"),
        email=fields.text("email", ""),
        phone=fields.text("phone", ""),
        address=fields.texts("address"),
        national_parent_id=fields.text("national_parent_id", ""),
        updated_at=fields.moment_or_none("updated_at"),
        update_counter=fields.number("update_counter", 0),
    )


def to_cash_account(row: object, place: int = 1) -> ErpCashAccount:
    fields = Fields(row, row_name(row, "cash account", "cash_account_id", place))
    return ErpCashAccount(
        key=fields.text("key"),
        company_id=fields.text("company_id"),
        cash_account_id=fields.text("cash_account_id"),
        description=fields.text("description", ""),
        currency=fields.text("currency"),
        gl_account_key=fields.text("gl_account_key"),
        is_active=fields.flag("is_active"),
    )


def to_gl_account(row: object, place: int = 1) -> ErpGLAccount:
    fields = Fields(row, row_name(row, "GL account", "number", place))
    number = fields.text("number")
    return ErpGLAccount(
        key=fields.text("key"),
        company_id=fields.text("company_id"),
        number=number,
        formatted=fields.text("formatted", number),
        description=fields.text("description", ""),
        is_active=fields.flag("is_active"),
    )


def to_fiscal_period(row: object, place: int = 1) -> ErpFiscalPeriod:
    fields = Fields(row, f"fiscal period in row {place}")
    return ErpFiscalPeriod(
        company_id=fields.text("company_id"),
        year=fields.text("year"),
        period=fields.number("period"),
        start=fields.day("start"),
        end=fields.day("end"),
        is_open=fields.flag("is_open"),
    )


def to_finding(row: object, place: int = 1) -> Finding:
    """A level we do not know blocks: better to stop than to write on a guess."""
    fields = Fields(row, row_name(row, "finding", "code", place))
    level = fields.text("level")
    known = level in FindingLevel.__members__.values()
    return Finding(
        code=fields.text("code"),
        level=FindingLevel(level) if known else FindingLevel.BLOCK,
        message=fields.text("message"),
        advice=fields.text("advice", ""),
    )


def to_receipts(rows: Iterable[object], asked: Iterable[str]) -> dict[str, ErpReceipt]:
    """The answer to a look, by key. A row that cannot be read is UNREADABLE, never absent.

    Raises RecordError for a row whose key is not one we asked for: it may stand for any of them,
    so none can be called absent.
    """
    keys = frozenset(asked)
    found = {}
    for place, row in enumerate(rows, 1):
        receipt = to_receipt_or_unreadable(row, place)
        if receipt.idempotency_key not in keys:
            raise RecordError(f"receipt in row {place} has a key we did not ask for")
        found[receipt.idempotency_key] = receipt
    return found


def to_receipt_or_unreadable(row: object, place: int) -> ErpReceipt:
    """Raises RecordError only when the key itself cannot be read."""
    try:
        return to_receipt(row, place)
    except RecordError as error:
        key = Fields(row, f"receipt in row {place}").text("idempotency_key")
        return ErpReceipt(key, ErpReceiptState.UNREADABLE, message=str(error))


def to_receipt(row: object, place: int = 1) -> ErpReceipt:
    fields = Fields(row, row_name(row, "receipt", "idempotency_key", place))
    currency = fields.text("currency")
    state = fields.text("state")
    if state not in SAID_STATES:
        raise fields.unreadable("state", state)
    return ErpReceipt(
        idempotency_key=fields.text("idempotency_key"),
        state=ErpReceiptState(state),
        receipt_key=fields.text("receipt_key", ""),
        batch_key=fields.text("batch_key", ""),
        batch_id=fields.text("batch_id", ""),
        tran_id=fields.text("tran_id", ""),
        amount=fields.money_or_none("amount", currency),
        unapplied=fields.money_or_none("unapplied", currency),
        applications=tuple(
            to_application(link, currency) for link in fields.rows("applications", "application")
        ),
        differs=fields.flag("differs"),
        posted_on=fields.day_or_none("posted_on"),
        gateway_reference=fields.text("gateway_reference", ""),
        reversed_by=fields.text("reversed_by", ""),
        reverses=fields.text("reverses", ""),
        message=fields.text("message", ""),
    )


def to_application(fields: Fields, currency: str) -> Application:
    return Application(
        fields.text("invoice_tran_id"),
        fields.money("amount", currency),
        fields.money("discount", currency),
        fields.money("write_off", currency),
    )


def to_staff_receipt(row: object, place: int = 1) -> StaffReceipt:
    """Ids in capitals: Sage compares them without case (inferred), we by the letter."""
    fields = Fields(row, row_name(row, "receipt of the staff", "tran_id", place))
    currency = fields.text("currency")
    return StaffReceipt(
        key=fields.text("key"),
        tran_id=fields.text("tran_id"),
        tran_no=fields.text("tran_no", ""),
        customer_id=fields.text("customer_id", "").upper(),
        tran_date=fields.day("tran_date"),
        amount=fields.money("amount", currency),
        comment=fields.text("comment", ""),
        is_posted=fields.flag("is_posted"),
        applications=netted(
            (link.text("invoice_tran_id").upper(), link.money("amount", currency))
            for link in fields.rows("applications", "application")
        ),
    )


def to_submit_result(row: object) -> SubmitResult:
    """The wrapper's answer. Raises RecordError for a code outside the contract."""
    fields = Fields(row, "the answer to a receipt")
    code = fields.number("code")
    if code not in SubmitCode.__members__.values():
        raise fields.unreadable("code", code)
    return SubmitResult(
        code=SubmitCode(code),
        receipt_key=fields.text("receipt_key", ""),
        batch_key=fields.text("batch_key", ""),
        batch_id=fields.text("batch_id", ""),
        tran_id=fields.text("tran_id", ""),
        reason=fields.text("reason", ""),
        message=fields.text("message", ""),
    )


def require_sendable(intent: ReceiptIntent) -> None:
    """Raise RecordError for text that varchar columns cannot hold (Windows-1252, lengths)."""
    texts = {name: getattr(intent, name) for name in LIMITS}
    links = {f"invoice {a.invoice_tran_id!r}": a.invoice_tran_id for a in intent.applications}
    require_texts("receipt", texts, links)


def require_reversible(intent: ReversalIntent) -> None:
    """As `require_sendable`."""
    texts = {name: getattr(intent, name) for name in REVERSAL_LIMITS}
    require_texts("reversal", texts, {})


def require_texts(what: str, texts: Mapping[str, str], free: Mapping[str, str]) -> None:
    """texts: each as short as LIMITS says. free: of any length."""
    for name, text in texts.items():
        if len(text) > (limit := (LIMITS | REVERSAL_LIMITS)[name]):
            raise RecordError(f"{what}: {name} is longer than {limit}")
    if not texts["idempotency_key"].isascii():
        raise RecordError(f"{what}: idempotency_key is not ASCII, so no header can carry it")
    for name, text in {**texts, **free}.items():
        if not is_windows_1252(text):
            raise RecordError(f"{what}: {name} has characters outside Windows-1252")


def is_windows_1252(text: str) -> bool:
    """Printable, and storable in the ERP's varchar columns."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return text.isprintable() or text.replace("\xa0", " ").isprintable()


def from_intent(intent: ReceiptIntent, user_id: str = "") -> dict[str, Any]:
    """The body of a submission. Raises RecordError for text that must not be sent."""
    require_sendable(intent)
    body: dict[str, Any] = {
        "customer_id": intent.customer_id,
        "cash_account_id": intent.cash_account_id,
        "post_date": intent.post_date.isoformat(),
        "tran_date": intent.tran_date.isoformat(),
        "tran_no": intent.tran_no,
        "currency": intent.amount.currency,
        "amount": str(intent.amount.amount),
        "comment": intent.comment,
        "gateway_reference": intent.gateway_reference,
        "applications": [from_application(link) for link in intent.applications],
    }
    return {**body, "user_id": user_id} if user_id else body


def from_reversal(intent: ReversalIntent, user_id: str = "") -> dict[str, Any]:
    """The body of a reversal. Raises RecordError for text that must not be sent."""
    require_reversible(intent)
    body: dict[str, Any] = {
        "of_key": intent.of_key,
        "post_date": intent.post_date.isoformat(),
        "tran_date": intent.tran_date.isoformat(),
        "tran_no": intent.tran_no,
        "comment": intent.comment,
        "gateway_reference": intent.gateway_reference,
    }
    return {**body, "user_id": user_id} if user_id else body


def from_application(link: Application) -> dict[str, str]:
    return {
        "invoice_tran_id": link.invoice_tran_id,
        "amount": str(link.amount.amount),
        "discount": str(link.discount.amount),
        "write_off": str(link.write_off.amount),
    }
