"""Rows of receipts, ours and the staff's -> our domain, and our receipts -> the wrapper's call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from xml.sax.saxutils import quoteattr

from paysync.adapters.sage500.cells import Cells
from paysync.adapters.sage500.mapping import SAID_STATES
from paysync.adapters.sage500.server_time import day_stamp
from paysync.adapters.sage500.set_aside import read_each
from paysync.domain.errors import RecordError
from paysync.domain.ledger import (
    Application,
    ErpReceipt,
    ErpReceiptState,
    ReceiptIntent,
    ReversalIntent,
    StaffReceipt,
    netted,
)
from paysync.domain.money import Money

GONE = frozenset({ErpReceiptState.WITHDRAWN, ErpReceiptState.DELETED})
MILLS = Decimal("0.001")


def to_receipts(rows: Iterable[Cells]) -> Iterator[ErpReceipt]:
    """One receipt for all rows of a key. Raises RecordError for one that cannot be read."""
    for _, part in groupby(rows, key=lambda cells: cells.text("IdemKey")):
        yield to_receipt(list(part))


def to_found(rows: Iterable[Cells], asked: Iterable[str]) -> dict[str, ErpReceipt]:
    """The answer to a look, by key. What cannot be read is UNREADABLE, never absent.

    Raises RecordError for a key we did not ask for: it may stand for any of them.
    """
    keys, found = frozenset(asked), {}
    for key, part in groupby(rows, key=lambda cells: cells.text("IdemKey")):
        if key not in keys:
            raise RecordError(f"receipt {key[:64]}: a key we did not ask for")
        found[key] = to_receipt_or_unreadable(key, list(part))
    return found


def to_receipt_or_unreadable(key: str, rows: Sequence[Cells]) -> ErpReceipt:
    try:
        return to_receipt(rows)
    except RecordError as error:
        return ErpReceipt(key, ErpReceiptState.UNREADABLE, message=str(error))


def to_receipt(rows: Sequence[Cells]) -> ErpReceipt:
    """One receipt from its rows, one for each application. One that is gone shows what we sent."""
    head = rows[0]
    state, currency = state_of(head), head.id("CurrID")
    sent = links_of(rows, "sent", currency)
    links = sent if state in GONE else links_now(rows, sent, currency)
    sent_amount = head.money("SentAmt", currency)
    now = head.money_or_none("TranAmt", currency)
    amount = sent_amount if now is None else now
    changed = amount != sent_amount or sorted(links, key=order_of) != sorted(sent, key=order_of)
    return ErpReceipt(
        idempotency_key=head.text("IdemKey"),
        state=state,
        receipt_key=head.key_or_empty("CustPmtKey"),
        batch_key=head.key_or_empty("BatchKey"),
        batch_id=head.text_or_empty("BatchID"),
        tran_id=head.text_or_empty("TranID"),
        amount=amount,
        unapplied=head.money_or_none("UnappliedAmt", currency),
        applications=tuple(links),
        differs=state not in GONE and changed,
        posted_on=head.day_or_none("PostedOn") if state is ErpReceiptState.POSTED else None,
        gateway_reference=head.text_or_empty("GatewayRef"),
        reversed_by=head.text_or_empty("ReversedBy"),
        reverses=head.key_or_empty("RevrsCustPmtKey"),
    )


def state_of(head: Cells) -> ErpReceiptState:
    word = head.text("State")
    if word not in SAID_STATES:
        raise head.unreadable("State", word)
    return ErpReceiptState(word)


def links_now(rows: Sequence[Cells], sent: list[Application], currency: str) -> list[Application]:
    """The applications as Sage has them: posted where they are posted, else pending.

    Posted ones have no write-off column (certain): it is taken from what we sent (our own design).
    """
    posted = links_of(rows, "posted", currency)
    if not posted:
        return links_of(rows, "pending", currency)
    write_offs = {link.invoice_tran_id: link.write_off for link in sent}
    zero = Money.zero(currency)
    return [
        Application(
            link.invoice_tran_id,
            link.amount,
            link.discount,
            write_offs.get(link.invoice_tran_id, zero),
        )
        for link in posted
    ]


def links_of(rows: Sequence[Cells], source: str, currency: str) -> list[Application]:
    return [
        Application(
            cells.id("ApplTranID"),
            cells.money("PmtAmt", currency),
            cells.money("DiscTakenAmt", currency),
            cells.money_or_none("WriteOffAmt", currency) or Money.zero(currency),
        )
        for cells in rows
        if cells.text_or_empty("Source") == source
    ]


def order_of(link: Application) -> tuple[str, Decimal, Decimal, Decimal]:
    amounts = (link.amount.amount, link.discount.amount, link.write_off.amount)
    return (link.invoice_tran_id, *amounts)


def to_staff_receipts(rows: Iterable[Cells], set_aside: list[str] | None) -> Iterator[StaffReceipt]:
    """One receipt for all rows of a key."""
    parts = (list(part) for _, part in groupby(rows, key=lambda cells: cells.key("CustPmtKey")))
    return read_each(parts, to_staff_receipt, set_aside)


def to_staff_receipt(rows: Sequence[Cells]) -> StaffReceipt:
    """One receipt from its rows, one for each application."""
    head = rows[0]
    currency = head.id("CurrID")
    return StaffReceipt(
        key=head.key("CustPmtKey"),
        tran_id=head.text("TranID"),
        tran_no=head.text("TranNo"),
        customer_id=head.text_or_empty("CustID").upper(),
        tran_date=head.day("TranDate"),
        amount=head.money("TranAmt", currency),
        comment=head.text_or_empty("TranCmnt"),
        is_posted=head.flag("IsPosted"),
        applications=netted(
            (cells.id("ApplTranID"), cells.money("PmtAmt", currency))
            for cells in rows
            if cells.given("ApplTranID") is not None
        ),
    )


def from_intent(intent: ReceiptIntent, user_id: str) -> list[str]:
    """The wrapper's arguments in their order. All are text, which every driver sends alike."""
    return [
        intent.idempotency_key, intent.company_id, intent.customer_id, intent.cash_account_id,
        day_stamp(intent.post_date), day_stamp(intent.tran_date), intent.tran_no,
        intent.amount.currency, mills_of(intent.amount), intent.comment,
        intent.gateway_reference, applications_of(intent), user_id,
    ]  # fmt: skip


def from_reversal(intent: ReversalIntent, user_id: str) -> list[str]:
    """The arguments of the reversal wrapper in their order, all text."""
    return [
        intent.idempotency_key, intent.of_key, day_stamp(intent.post_date),
        day_stamp(intent.tran_date), intent.tran_no, intent.comment, intent.gateway_reference,
        user_id,
    ]  # fmt: skip


def applications_of(intent: ReceiptIntent) -> str:
    rows = "".join(
        f"<a id={quoteattr(link.invoice_tran_id)} amt={quoteattr(mills_of(link.amount))} "
        f"disc={quoteattr(mills_of(link.discount))} wo={quoteattr(mills_of(link.write_off))}/>"
        for link in intent.applications
    )
    return f"<appls>{rows}</appls>"


def mills_of(money: Money) -> str:
    """An amount as the columns hold it: three decimals."""
    return str(money.amount.quantize(MILLS))
