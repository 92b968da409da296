"""Send what is due: claim, look, send, and write down the answer at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    RecordError,
    UnavailableError,
)
from paysync.domain.ledger import Application, ErpReceipt, ErpReceiptState, ReceiptIntent
from paysync.domain.money import Money
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.queries.preflight import is_blocked
from reconciliation.domain.reasons import Reason
from reconciliation.models import CashReceipt
from reconciliation.services.outcomes import hold, submitted
from reconciliation.services.posting.answers import (
    note_unknown,
    put_back,
    settle,
    to_result,
    try_later,
    unreadable,
)
from reconciliation.services.posting.claiming import claim_due
from reconciliation.services.posting.looking import (
    Lookup,
    invoices_of,
    look,
    objection_to,
    take_payable,
)
from reconciliation.services.posting.run import PATIENT, Patience, Posting
from reconciliation.services.posting.tries import GIVEN_UP, UNKNOWN, give_up, is_worn_out


def post_due(
    company_id: int,
    *,
    erp: ErpLedger,
    worker: str,
    clock: Callable[[], datetime],
    size: int = 100,
    most: int = 100_000,
    patience: Patience = PATIENT,
    tell: Callable[[str], None] = lambda text: None,
) -> Posting:
    """Send the company's due receipts, `size` at a time, until none is left or `most` were sent.

    Safe to repeat and to run by many workers at once: a receipt is claimed before it is sent,
    looked for before it is sent again, and the ERP refuses a second one of the same fingerprint.
    Raises the error that stopped it; what was claimed but not sent is due again by then.
    Mode and preflight are asked for before each claim: shadow, or a preflight that blocks, stops a
    long run at the next group.
    """
    company = Company.objects.select_related("erp_connection").get(pk=company_id)
    posting = Posting()
    while posting.sent < most and may_send(company_id):
        claimed = claim_due(company, worker, clock(), size)
        if not claimed:
            break
        send_claimed(company, claimed, erp, posting, clock, patience)
        posting.sent += len(claimed)
        tell(f"{posting.sent} handled: {posting.outcomes}")
    return posting


def may_send(company_id: int) -> bool:
    """Nothing goes out in shadow mode, nor while the preflight blocks, also not what was due."""
    is_live = Company.objects.filter(pk=company_id).exclude(mode=Company.Mode.SHADOW).exists()
    return is_live and not is_blocked(company_id)


def send_claimed(
    company: Company,
    claimed: list[CashReceipt],
    erp: ErpLedger,
    posting: Posting,
    clock: Callable[[], datetime],
    patience: Patience,
) -> None:
    """Look, then send each of one claimed group."""
    try:
        lookup = look(company, claimed, erp)
    except (ExternalError, RecordError) as error:  # nothing was sent: all are simply due again
        release(claimed, error, clock())
        raise
    started = clock()
    for index, row in enumerate(claimed):
        if (clock() - started).total_seconds() > patience.claim_s:
            put_back(claimed[index:], clock())  # before anybody takes us for dead
            return
        try:
            posting.count(send_one(row, lookup, erp, clock, patience))
        except (UnavailableError, CredentialError) as error:  # it says nothing of the receipt
            release(claimed[index:], error, clock())
            raise


def release(rows: Sequence[CashReceipt], error: Exception, now: datetime) -> None:
    """Claimed, but the run ends here: due again after a pause."""
    for row in rows:
        try_later(row, str(error), now, getattr(error, "retry_after_s", None))


def send_one(
    row: CashReceipt,
    lookup: Lookup,
    erp: ErpLedger,
    clock: Callable[[], datetime],
    patience: Patience,
) -> str:
    """Send one claimed receipt and write down what came of it at once. Returns the outcome."""
    found = lookup.found.get(row.idempotency_key)
    if found:
        return take_found(row, found, lookup, clock(), patience)
    if invoices_of(row, lookup) & lookup.unsettled:  # one before it may already pay them
        put_back([row], clock())
        return "waits"
    objection = objection_to(row, lookup)
    if objection:
        hold(row, *objection, now=clock())
        return objection[0].value
    if is_worn_out(row):
        give_up(row, "none of them left a receipt in Sage 500.", clock())
        return GIVEN_UP
    try:
        result = erp.submit_receipt(to_intent(row, lookup.applications.get(row.match_id, [])))
    except OutcomeUnknownError as error:
        note_unknown(row, str(error), clock(), patience.look_up_after_s)
        lookup.unsettled |= invoices_of(row, lookup)
        return UNKNOWN
    except (UnavailableError, CredentialError):
        raise
    except (ExternalError, RecordError) as error:
        hold(row, Reason.ERP_REJECTED, str(error), now=clock())
        return "rejected"
    take_payable(row, lookup)
    outcome = settle(row, result, clock(), patience, lookup.batches)
    if outcome == UNKNOWN:
        lookup.unsettled |= invoices_of(row, lookup)
    return outcome


def take_found(
    row: CashReceipt, found: ErpReceipt, lookup: Lookup, now: datetime, patience: Patience
) -> str:
    """An earlier try got through. Where its row cannot be read, it is asked about, never sent."""
    if found.state == ErpReceiptState.UNREADABLE:
        note_unknown(row, unreadable(found), now, patience.look_up_after_s)
        lookup.unsettled |= invoices_of(row, lookup)
        return "unreadable"
    submitted(row, to_result(found), now, lookup.batches)
    return "found"


def to_intent(row: CashReceipt, applications: Sequence[Application]) -> ReceiptIntent:
    return ReceiptIntent(
        idempotency_key=row.idempotency_key,
        company_id=row.company.company_id,
        customer_id=row.customer.customer_id,
        cash_account_id=row.cash_account.cash_account_id,
        post_date=row.post_date,
        tran_date=row.tran_date,
        tran_no=row.tran_no,
        amount=Money(row.amount, row.currency),
        comment=row.comment,
        gateway_reference=gateway_reference(row),
        applications=tuple(applications),
    )


def gateway_reference(row: CashReceipt) -> str:
    """Merchant account, method and gateway id: what a receipt must be the only live one of."""
    return f"{row.merchant_account_id}:{row.transaction.method}:{row.transaction.gateway_id}"
