"""The ERP port over a desk: a Sage 500 that we can only hand things to.

Reads answer from the lists that the site exported. A receipt is taken by the wrapper's rules and
then waits until it is handed over; what became of it is what the site told us since. How receipts
leave, and how news comes, is the business of `flat_file.py` and `manual.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice

from paysync.adapters.sage500 import mapping
from paysync.adapters.sage500.desk.findings import findings_of
from paysync.adapters.sage500.desk.options import DeskRules
from paysync.adapters.sage500.desk.receipts import to_receipt, to_result
from paysync.adapters.sage500.desk.rules import Facts, Refused, check, key_of
from paysync.adapters.sage500.desk.store import DeskStore, Row
from paysync.domain.desk import (
    LIVE_STATES,
    Claimed,
    DeskEntry,
    DeskKind,
    DeskState,
    RacedError,
    payload_hash,
)
from paysync.domain.desk.entries import Json
from paysync.domain.errors import RejectedError, UnavailableError
from paysync.domain.ledger import (
    PAYABLE_TYPES,
    ErpCashAccount,
    ErpCustomer,
    ErpFiscalPeriod,
    ErpGLAccount,
    ErpReceipt,
    Finding,
    Invoice,
    ReceiptIntent,
    ReversalIntent,
    ReversalNo,
    StaffReceipt,
    SubmitCode,
    SubmitResult,
)
from paysync.domain.money import Money

SYSTEM = "sage500"
#: Two workers on one thing: the second looks again, and finds what the first wrote.
TRIES = 3
#: Invoices whose claims are looked up together.
PART = 500
NOTHING = Claimed()


class DeskLedger:
    """An ErpLedger over a desk. clock: the present instant, aware."""

    def __init__(self, store: DeskStore, rules: DeskRules, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    # --- reading --------------------------------------------------------------------------------

    def open_invoices(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[Invoice]:
        self._require_list(company_id, DeskKind.INVOICE)
        for part in parts_of(self._store.records(company_id, DeskKind.INVOICE, since)):
            rows = self._invoice_rows(company_id, part)
            yield from mapping.read_rows(rows, mapping.to_invoice, set_aside)

    def get_invoice(self, company_id: str, tran_id: str) -> Invoice:
        self._require_list(company_id, DeskKind.INVOICE)
        found = self._store.find(company_id, DeskKind.INVOICE, [tran_id])
        if not found:
            raise RejectedError(SYSTEM, f"no document {tran_id}", reason="not_found")
        return mapping.to_invoice(self._invoice_rows(company_id, list(found.values()))[0])

    def payable_now(self, company_id: str, tran_ids: Sequence[str]) -> dict[str, Money]:
        self._require_list(company_id, DeskKind.INVOICE)
        found = self._store.find(company_id, DeskKind.INVOICE, tran_ids)
        rows = self._invoice_rows(company_id, list(found.values()))
        return dict(mapping.to_payable(row, place) for place, row in enumerate(rows, 1))

    def customers(
        self,
        company_id: str,
        since: datetime | None = None,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[ErpCustomer]:
        rows = self._rows(company_id, DeskKind.CUSTOMER, since)
        return mapping.read_rows(rows, mapping.to_customer, set_aside)

    def cash_accounts(self, company_id: str) -> Sequence[ErpCashAccount]:
        rows = self._rows(company_id, DeskKind.CASH_ACCOUNT)
        return list(mapping.read_rows(rows, mapping.to_cash_account, None))

    def gl_accounts(self, company_id: str) -> Sequence[ErpGLAccount]:
        rows = self._rows(company_id, DeskKind.GL_ACCOUNT)
        return list(mapping.read_rows(rows, mapping.to_gl_account, None))

    def fiscal_periods(self, company_id: str) -> Sequence[ErpFiscalPeriod]:
        rows = self._rows(company_id, DeskKind.FISCAL_PERIOD)
        return list(mapping.read_rows(rows, mapping.to_fiscal_period, None))

    def preflight(self, company_id: str) -> Sequence[Finding]:
        return findings_of(self._store, company_id, self._rules, self._clock())

    def _require_list(self, company_id: str, kind: DeskKind) -> None:
        """A list that never came is not an empty one: nothing may be closed because of it."""
        if kind not in self._store.ages(company_id):
            what = kind.value.replace("_", " ")
            raise UnavailableError(SYSTEM, f"no list of {what}s of {company_id} was imported yet")

    def _rows(
        self, company_id: str, kind: DeskKind, since: datetime | None = None
    ) -> Iterable[Json]:
        self._require_list(company_id, kind)
        return (
            {**data, "updated_at": changed_at.isoformat()}
            for data, changed_at in self._store.records(company_id, kind, since)
        )

    def _invoice_rows(self, company_id: str, rows: Sequence[Row]) -> list[Json]:
        """Invoices with what is payable, and left of the discount: less what our receipts take."""
        names = [str(data.get("tran_id")).upper() for data, _ in rows]
        taken = self._store.claimed(company_id, names)
        return [
            {
                **data,
                "payable": payable_of(data, taken.get(name, NOTHING).amount),
                "discount_available": less(
                    data.get("discount_available", "0"), taken.get(name, NOTHING).discount
                ),
                "updated_at": changed_at.isoformat(),
            }
            for name, (data, changed_at) in zip(names, rows, strict=True)
        ]

    # --- receipts -------------------------------------------------------------------------------

    def submit_receipt(self, intent: ReceiptIntent) -> SubmitResult:
        """Take one receipt, once. Text that Sage cannot hold is not taken: RecordError."""
        mapping.require_sendable(intent)
        try:
            return self._once(lambda: self._submit(intent))
        except Refused as no:  # nothing of what led to it is written
            return SubmitResult(no.code, reason=no.reason, message=no.message)

    def submit_reversal(self, intent: ReversalIntent) -> SubmitResult:
        """No file and no list tells people to reverse: an open item does."""
        mapping.require_reversible(intent)
        return SubmitResult(
            SubmitCode.VALIDATION_ERROR,
            reason=ReversalNo.NOT_REHEARSED,
            message="a person reverses in Sage 500",
        )

    def _once(self, call: Callable[[], SubmitResult]) -> SubmitResult:
        """Do it in one transaction; again where another worker was first."""
        for _ in range(TRIES):
            try:
                with self._store.change():
                    return call()
            except RacedError:
                continue
        return SubmitResult(SubmitCode.RETRYABLE, reason="deadlock", message="another worker")

    def _submit(self, intent: ReceiptIntent) -> SubmitResult:
        ours = self._store.lock_receipt(intent.idempotency_key)
        if ours:
            return answer_again(ours, intent)
        now = self._clock()
        self._require_lists(intent.company_id)
        batch = self._store.lock_batch(intent, now)
        ours = self._store.lock_receipt(intent.idempotency_key)
        if ours:  # another worker wrote it while we waited for the batch
            return answer_again(ours, intent)
        check(intent, self._facts(intent), self._rules)
        return to_result(SubmitCode.CREATED, self._store.add_receipt(intent, batch, now))

    def _require_lists(self, company_id: str) -> None:
        ages = self._store.ages(company_id)
        missing = [kind.value for kind in DeskKind if kind not in ages]
        if missing:
            text = f"no list of {', '.join(missing)} of {company_id} was imported yet"
            raise Refused(SubmitCode.VALIDATION_ERROR, "not_set_up", text)

    def _facts(self, intent: ReceiptIntent) -> Facts:
        company = intent.company_id
        names = [key_of(link) for link in intent.applications]
        invoices = self._store.find(company, DeskKind.INVOICE, names, lock=True)
        rows = self._invoice_rows(company, list(invoices.values()))
        by_name = dict(zip(invoices, rows, strict=True))
        self._name_parents(company, by_name.values())
        return Facts(
            self._one(company, DeskKind.CUSTOMER, intent.customer_id),
            self._one(company, DeskKind.CASH_ACCOUNT, intent.cash_account_id),
            [data for data, _ in self._store.records(company, DeskKind.FISCAL_PERIOD)],
            by_name,
            self._store.rival_of(intent),
        )

    def _one(self, company_id: str, kind: DeskKind, key: str) -> Json | None:
        found = self._store.find(company_id, kind, [key])
        return next((data for data, _ in found.values()), None)

    def _name_parents(self, company_id: str, invoices: Iterable[Json]) -> None:
        """Note on each invoice who its owner's national account parent is."""
        rows = list(invoices)
        owners = [str(row.get("customer_id")) for row in rows]
        found = self._store.find(company_id, DeskKind.CUSTOMER, owners)
        for row, owner in zip(rows, owners, strict=True):
            data = found[owner.upper()][0] if owner.upper() in found else {}
            row["owner_parent_id"] = data.get("national_parent_id", "")

    def withdraw_receipt(self, idempotency_key: str) -> SubmitResult:
        """Only what nobody has in hand yet, or what the site refused, can be taken back."""
        return self._once(lambda: self._withdraw(idempotency_key))

    def _withdraw(self, idempotency_key: str) -> SubmitResult:
        ours = self._store.lock_receipt(idempotency_key)
        if ours is None:
            text = "no receipt under this key"
            return SubmitResult(SubmitCode.VALIDATION_ERROR, reason="not_found", message=text)
        if ours.state is DeskState.WITHDRAWN:
            return to_result(SubmitCode.ALREADY_THERE, ours)
        if ours.state not in {DeskState.WAITING, DeskState.REJECTED}:
            code, text = SubmitCode.BATCH_NOT_OPEN, f"the receipt is {ours.state}"
            return SubmitResult(code, reason=ours.state.value, message=text)
        self._store.withdraw(ours, self._clock())
        return to_result(SubmitCode.CREATED, ours)

    def find_receipts(self, idempotency_keys: Sequence[str]) -> dict[str, ErpReceipt]:
        found = self._store.find_receipts(idempotency_keys)
        return {key: to_receipt(entry) for key, entry in found.items()}

    def receipts_on(self, company_id: str, start: date, end: date) -> Iterator[ErpReceipt]:
        return map(to_receipt, self._store.receipts_on(company_id, start, end))

    def staff_receipts(
        self,
        company_id: str,
        start: date,
        end: date,
        *,
        set_aside: list[str] | None = None,
    ) -> Iterator[StaffReceipt]:
        """As Sage's list of receipts told them, which the site exports with its applications."""
        if not self._store.has_staff_receipts(company_id):
            text = f"no list of receipts of {company_id} was imported yet"
            raise RejectedError(SYSTEM, text, reason="not_told")
        rows = self._store.staff_receipts(company_id, start, end)
        return mapping.read_rows(map(require_links, rows), mapping.to_staff_receipt, set_aside)


def answer_again(ours: DeskEntry, intent: ReceiptIntent) -> SubmitResult:
    """Same content: already there. One that ended without being posted is never made again."""
    if ours.payload_hash != payload_hash(intent):
        text = "the key stands for other content"
        return SubmitResult(SubmitCode.KEY_REUSED, reason="key_reused", message=text)
    if ours.state not in LIVE_STATES:
        return SubmitResult(
            SubmitCode.VALIDATION_ERROR,
            reason=f"receipt_{ours.state}",
            message=f"this receipt was {ours.state}",
        )
    return to_result(SubmitCode.ALREADY_THERE, ours)


def require_links(data: Json) -> Json:
    """Without applications nobody can tell what the staff did. Raises RejectedError."""
    if data.get("applications") is None:
        text = "Sage's list of receipts comes without their applications"
        raise RejectedError(SYSTEM, text, reason="not_told")
    return data


def payable_of(data: Mapping[str, object], taken: Decimal) -> object:
    """Balance less what our receipts take; nothing on a credit memo. A bad balance stays bad."""
    if data.get("tran_type") not in PAYABLE_TYPES:
        return "0"
    return less(data.get("balance"), taken)


def less(amount: object, taken: Decimal) -> object:
    """As text, for the mapping to judge: what is no amount stays none."""
    try:
        return str(Decimal(str(amount)) - taken)
    except InvalidOperation:
        return amount


def parts_of(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, PART)):
        yield part
