"""Hand reversals over: claim, look, send, and write each answer down at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction as database
from django.db.models import Q
from django.utils import timezone

from paysync.domain.errors import (
    CredentialError,
    ExternalError,
    OutcomeUnknownError,
    RecordError,
    UnavailableError,
)
from paysync.domain.ledger import ErpReceipt, ErpReceiptState, ReversalIntent, ReversalState
from paysync.models import Company
from paysync.ports import ErpLedger
from paysync.services.bulk import locked
from reconciliation.models import CashReceipt, ReceiptReversal
from reconciliation.services.lookups import find_receipts
from reconciliation.services.planning import Calendar
from reconciliation.services.posting.sending import gateway_reference
from reconciliation.services.reversing.answers import (
    CLOSED,
    HOUR,
    note_found,
    note_unknown,
    refuse,
    settle,
    try_later,
    wait,
)
from reconciliation.services.reversing.unwanted import let_go, take_back_unwanted
from reconciliation.services.reversing.wanted import plan_reversals, wanted

#: Of one run; the next one sees to the rest.
MOST = 200
#: A run ends after this part of the lease: what it has not sent by then is put back.
LEASE_SHARE = 3


def reverse_receipts(company_id: int, *, erp: ErpLedger, now: datetime) -> int:
    """Hand over what is to be reversed, take back what is not any more. Returns how many went.

    Safe to repeat and to run twice at once. Raises the error that stopped it; nothing is lost by
    it. Call it only where `may_send` allows it.
    """
    company = Company.objects.get(pk=company_id)
    take_back_unwanted(company, erp=erp, now=now)
    if company.reverses_receipts:
        plan_reversals(company, now)
    claimed = claim(company, now)
    if not claimed:
        return 0
    try:
        found = find_receipts(keys_of(claimed), erp)
    except (ExternalError, RecordError) as error:
        put_back(claimed, str(error), now)
        raise
    calendar = Calendar.load(company.pk)
    sent, started = 0, monotonic()
    for index, one in enumerate(claimed):
        if monotonic() - started > settings.SENDING_LEASE_S / LEASE_SHARE:
            put_back(claimed[index:], "Claimed, but not sent now", now)
            break  # before anybody takes us for dead
        try:
            sent += send_one(company, one, found, calendar, erp, now)
        except (UnavailableError, CredentialError) as error:
            put_back(claimed[index:], str(error), now)
            raise
    return sent


@dataclass(frozen=True, slots=True)
class Claimed:
    """A reversal that this run has taken. may_be_there: an earlier try may have got through."""

    row: ReceiptReversal
    is_wanted: bool
    may_be_there: bool


def claim(company: Company, now: datetime) -> list[Claimed]:
    """Take what is due, with whether it is still wanted; committed before any call."""
    claimed: list[Claimed] = []
    lease = timedelta(seconds=settings.SENDING_LEASE_S)
    ready = Q(state__in=[ReversalState.DUE, ReversalState.UNKNOWN], due_at__lte=now) | Q(
        state=ReversalState.SENDING, claimed_at__lte=now - lease
    )
    day, _ = Calendar.load(company.pk).post_date(company, timezone.localdate(now))
    with database.atomic():
        # Not by a join: receipts would be locked too, before their payments.
        ours = CashReceipt.objects.filter(company=company).values("pk")
        due = locked(ReceiptReversal.objects.all()).filter(ready, receipt__in=ours)
        ids = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:MOST])
        rows = with_receipts(ids)
        still = wanted([row.receipt_id for row in rows]) if company.reverses_receipts else set()
        for row in rows:
            is_wanted, may_be_there = row.receipt_id in still, row.state != ReversalState.DUE
            if not may_be_there:  # nobody has seen it yet: it counts on the day it is sent
                row.tran_date = row.post_date = day
            row.state, row.claimed_at = ReversalState.SENDING, now
            row.save(update_fields=["state", "claimed_at", "tran_date", "post_date"])
            claimed.append(Claimed(row, is_wanted, may_be_there))
    return claimed


def keys_of(claimed: Sequence[Claimed]) -> list[str]:
    """Each reversal with its receipt."""
    rows = [one.row for one in claimed]
    return [key for row in rows for key in (row.idempotency_key, row.receipt.idempotency_key)]


def put_back(claimed: Sequence[Claimed], why: str, now: datetime) -> None:
    """The run ends here, and nothing was found out about these."""
    for one in claimed:
        if one.may_be_there:
            note_unknown(one.row, why, now)
        else:
            try_later(one.row, why, now)


def with_receipts(ids: Sequence[int]) -> list[ReceiptReversal]:
    """The locked rows with all that sending asks of them: a lock is taken without joins."""
    rows = ReceiptReversal.objects.filter(pk__in=ids).order_by("due_at", "pk")
    return list(rows.select_related("receipt__match", "receipt__transaction"))


def send_one(
    company: Company,
    one: Claimed,
    found: dict[str, ErpReceipt],
    calendar: Calendar,
    erp: ErpLedger,
    now: datetime,
) -> bool:
    """Send one claimed reversal and write down what came of it. Whether the ERP has it now."""
    row = one.row
    seen = found.get(row.idempotency_key)
    if seen is not None and seen.state != ErpReceiptState.NOT_FOUND:
        return note_found(row, seen, now)
    if not one.is_wanted:
        let_go(row, found.get(row.receipt.idempotency_key), now)
        return False
    if not calendar.is_open(row.post_date):
        wait(row, CLOSED.format(row.post_date), HOUR, now)
        return False
    try:
        result = erp.submit_reversal(to_intent(company, row))
    except OutcomeUnknownError as error:
        note_unknown(row, str(error), now)
        return False
    except (UnavailableError, CredentialError):
        raise
    except (ExternalError, RecordError) as error:
        refuse(row, str(error))
        return False
    return settle(row, result, now)


def to_intent(company: Company, row: ReceiptReversal) -> ReversalIntent:
    return ReversalIntent(
        idempotency_key=row.idempotency_key,
        company_id=company.company_id,
        of_key=row.receipt.idempotency_key,
        post_date=row.post_date,
        tran_date=row.tran_date,
        tran_no=row.tran_no,
        comment=row.comment,
        gateway_reference=f"{gateway_reference(row.receipt)}:R{row.sequence}",
    )
