"""What we ask of the outside world, as Protocols. Any method may raise an ExternalError."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from paysync.domain.ledger import (
    ErpCashAccount,
    ErpCustomer,
    ErpFiscalPeriod,
    ErpGLAccount,
    ErpReceipt,
    Finding,
    Invoice,
    ReceiptIntent,
    ReversalIntent,
    StaffReceipt,
    SubmitResult,
)
from paysync.domain.money import Money
from paysync.domain.payments import (
    ChargeIntent,
    GatewayBatch,
    GatewayRecord,
    Method,
    MoneyResult,
    Page,
    Window,
)


class PaymentGateway(Protocol):
    """What we ask of a card gateway, for one merchant account.

    Reads raise UnavailableError when they may simply be repeated. Money calls (`charge`,
    `capture`, `void`, `refund`) raise UnavailableError only when the request provably never
    reached the gateway or was refused unprocessed; whatever else goes wrong after sending is
    returned as Outcome.UNKNOWN. CredentialError means: stop, alert, do not try again.
    """

    def list_transactions(self, window: Window, cursor: str | None = None) -> Page:
        """Transactions created in the window, oldest first. Card and ACH, declines included."""
        ...

    def get_transaction(self, gateway_id: str, method: Method = Method.CARD) -> GatewayRecord:
        """The transaction as it is now. Raises RejectedError(reason="not_found")."""
        ...

    def list_batches(self, start: date, end: date) -> Sequence[GatewayBatch]: ...

    def batch_transactions(self, number: str) -> Sequence[GatewayRecord]: ...

    def charge(self, intent: ChargeIntent) -> MoneyResult: ...

    def find_by_intent(self, intent: ChargeIntent, around: datetime) -> GatewayRecord | None:
        """The transaction an intent made, if it made one. `around`: when it was sent."""
        ...

    def capture(self, gateway_id: str, amount: Money | None = None) -> MoneyResult: ...

    def void(self, gateway_id: str, method: Method = Method.CARD) -> MoneyResult: ...

    def refund(
        self, gateway_id: str, amount: Money | None = None, method: Method = Method.CARD
    ) -> MoneyResult: ...

    def credit(self, gateway_customer_id: str, amount: Money) -> MoneyResult:
        """Money to a stored customer's card, linked to no payment. Raises RejectedError where no
        source documents the call.
        """
        ...

    def ping(self) -> None:
        """Prove that host and credentials work, by a harmless read."""
        ...


class ErpLedger(Protocol):
    """What we ask of the ERP. Reads page by key inside; amounts are in document currency.

    `since` (aware) asks only for rows changed at or after it; None asks for all. A row that cannot
    be read ends a reading with RecordError; where the caller gives a list to `set_aside`, the
    complaint goes there and the reading goes on without the row.
    """

    def open_invoices(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[Invoice]:
        """Open AR documents; with `since` also those closed since, so that a mirror can follow."""
        ...

    def get_invoice(self, company_id: str, tran_id: str) -> Invoice:
        """Raises RejectedError(reason="not_found")."""
        ...

    def payable_now(self, company_id: str, tran_ids: Sequence[str]) -> dict[str, Money]:
        """Payable of each named invoice that exists, read afresh from the ERP.

        Absent means that the ERP has no such invoice. Raises RecordError for one nobody can read.
        """
        ...

    def customers(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[ErpCustomer]: ...

    def cash_accounts(self, company_id: str) -> Sequence[ErpCashAccount]: ...

    def gl_accounts(self, company_id: str) -> Sequence[ErpGLAccount]: ...

    def fiscal_periods(self, company_id: str) -> Sequence[ErpFiscalPeriod]: ...

    def submit_receipt(self, intent: ReceiptIntent) -> SubmitResult:
        """Hand over one receipt; the same intent twice answers ALREADY_THERE.

        Raises UnavailableError when it provably did not arrive, OutcomeUnknownError when it
        may have.
        """
        ...

    def submit_reversal(self, intent: ReversalIntent) -> SubmitResult:
        """Hand over what takes a posted receipt of ours back; the same intent twice answers
        ALREADY_THERE.

        It is pending until people post it, is found by `find_receipts` under its own key, and may
        be withdrawn as a receipt. A no is VALIDATION_ERROR with a reason of ReversalNo:
        NOT_REHEARSED wherever a person has to reverse. Raises as `submit_receipt`.
        """
        ...

    def find_receipts(self, idempotency_keys: Sequence[str]) -> dict[str, ErpReceipt]:
        """The receipts the ERP has under these keys (missing ones are absent), as they are now.

        Absent means that the ERP has none: it may be sent. A receipt that cannot be read is there
        as UNREADABLE with a message and nothing else: never send it, never call it gone, ask again.
        Raises RecordError when it cannot be told whose row is unreadable.
        """
        ...

    def withdraw_receipt(self, idempotency_key: str) -> SubmitResult:
        """Take a pending receipt back. BATCH_NOT_OPEN when it is too late."""
        ...

    def receipts_on(self, company_id: str, start: date, end: date) -> Iterator[ErpReceipt]:
        """Every receipt of ours the ERP holds, live or not, by receipt date: for the proof."""
        ...

    def staff_receipts(
        self,
        company_id: str,
        start: date,
        end: date,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[StaffReceipt]:
        """The receipts that people entered themselves, pending and posted, by receipt date.

        Ours are left out, and so are reversals, refunds and what was deleted or is void. Raises
        RejectedError(reason="not_told") where this way of reaching the ERP cannot tell them.
        """
        ...

    def preflight(self, company_id: str) -> Sequence[Finding]: ...
