"""Record what the gateway says of its transactions: idempotent, whatever the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction as database

from customers.services.links import find_payers
from paysync.domain.ledger import Bucket, capture
from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, GatewayRecord, Kind, State, Step, step
from paysync.domain.redaction import redact
from paysync.models import InboundEvent, MerchantAccount
from paysync.services.bulk import CHUNK, chunks, locked, update_rows
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, StateObservation
from reconciliation.services.journal import Draft, write_entries
from reconciliation.services.leftovers import Finding, close_items, open_items
from reconciliation.services.releasing import money_left

Key = tuple[str, str]  # (method, gateway id)


@dataclass(slots=True)
class Recorded:
    """What a call did, and the rows it has to write."""

    new: int = 0
    moved: int = 0
    same: int = 0
    older: int = 0
    conflicts: int = 0
    observations: list[StateObservation] = field(default_factory=list)
    entered: list[GatewayTransaction] = field(default_factory=list)
    left: list[GatewayTransaction] = field(default_factory=list)
    refunds: list[GatewayTransaction] = field(default_factory=list)
    changed: dict[int, GatewayTransaction] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def record_transactions(
    merchant_account: MerchantAccount,
    records: Sequence[GatewayRecord],
    *,
    now: datetime,
    events: dict[Key, InboundEvent] | None = None,
) -> Recorded:
    """Record each transaction, its state and what it does to the cent ledger.

    records: any order, repeats allowed. Polling and hints both end here; doing it again changes
    nothing, and an older state never undoes a newer one. Constant number of queries per 500.
    """
    result = Recorded()
    for part in chunks(records):
        with database.atomic():
            record_part(merchant_account, part, events or {}, result, now)
    return result


def record_part(
    merchant_account: MerchantAccount,
    records: list[GatewayRecord],
    events: dict[Key, InboundEvent],
    result: Recorded,
    now: datetime,
) -> None:
    work = Recorded()
    held = lock_held(merchant_account, records)
    payers = find_payers(
        merchant_account, (record.gateway_customer_id for record in records), now=now
    )
    new = first_rows(merchant_account, records, held, payers, now)
    GatewayTransaction.objects.bulk_create(new.values(), batch_size=CHUNK)
    seen: set[Key] = set()
    for record in records:
        key = (record.method.value, record.gateway_id)
        row = held.get(key) or new[key]
        place(row, record, key in new and key not in seen, events.get(key), work, now)
        seen.add(key)
    StateObservation.objects.bulk_create(work.observations, batch_size=CHUNK)
    save_changed(work)
    write_effects(merchant_account, work, now)
    open_items(merchant_account.company, work.findings, now=now)
    for name in ("new", "moved", "same", "older", "conflicts"):
        setattr(result, name, getattr(result, name) + getattr(work, name))


def lock_held(
    merchant_account: MerchantAccount, records: list[GatewayRecord]
) -> dict[Key, GatewayTransaction]:
    """The rows we already have of these records, locked for the rest of the transaction."""
    rows = locked(GatewayTransaction.objects.all()).filter(
        merchant_account=merchant_account, gateway_id__in=[r.gateway_id for r in records]
    )
    return {(row.method, row.gateway_id): row for row in rows.order_by("pk")}


def first_rows(
    merchant_account: MerchantAccount,
    records: list[GatewayRecord],
    held: dict[Key, GatewayTransaction],
    payers: dict[str, int],
    now: datetime,
) -> dict[Key, GatewayTransaction]:
    """Unsaved rows, in state unknown, for the records not held yet."""
    new: dict[Key, GatewayTransaction] = {}
    for record in records:
        key = (record.method.value, record.gateway_id)
        if key in held or key in new:
            continue
        new[key] = GatewayTransaction(
            merchant_account=merchant_account,
            company_id=merchant_account.company_id,
            gateway_id=record.gateway_id,
            api_version=merchant_account.connection.kind,
            environment=merchant_account.connection.environment,
            kind=record.kind,
            method=record.method,
            state=record.state,
            currency=record.amount.currency,
            amount=record.amount.amount,
            created_at=record.created_at,
            business_date=record.business_date,
            settled_at=record.settled_at,
            batch_number=record.batch_number[:12],
            invoice_reference=clean(record.invoice_reference, 60),
            customer_reference=clean(record.customer_reference, 60),
            gateway_customer_id=record.gateway_customer_id[:50],
            billing_name=clean(record.billing_name, 100),
            description=clean(record.description, 255),
            card_brand=record.card_brand[:20],
            last4=record.last4[-4:],
            approval_code=clean(record.approval_code, 20),
            original_id=record.original_id[:40],
            customer_id=payers.get(record.gateway_customer_id),
            needs_match=is_matchable(record.kind, record.state, record.amount),
            first_seen_at=now,
            updated_at=now,
        )
    return new


def clean(text: str, length: int) -> str:
    """The text without anything that looks like card data, cut to what the column holds."""
    return str(redact(text)[0])[:length] if text else ""


def is_matchable(kind: Kind, state: State, amount: Money) -> bool:
    return kind == Kind.SALE and state in MONEY_STATES and amount.amount > 0


def place(
    row: GatewayTransaction,
    record: GatewayRecord,
    is_new: bool,
    event: InboundEvent | None,
    work: Recorded,
    now: datetime,
) -> None:
    """Put one record against its row: note the observation and what has to follow from it."""
    if is_new:
        work.new += 1
        observe(row, record.state, StateObservation.Effect.FIRST, event, work, now)
        note_entry(row, State.UNKNOWN, record.state, work)
        return
    held = State(row.state)
    match step(held, record.state):
        case Step.SAME:
            work.same += 1
            complete(row, record, work, now)
        case Step.OLDER:
            work.older += 1
        case Step.FORWARD:
            work.moved += 1
            observe(row, record.state, StateObservation.Effect.FORWARD, event, work, now)
            advance(row, record, work, now)
            note_entry(row, held, record.state, work)
        case Step.CONFLICT:
            work.conflicts += 1
            conflict(row, record, event, work, now)


def observe(
    row: GatewayTransaction,
    state: State,
    effect: StateObservation.Effect,
    event: InboundEvent | None,
    work: Recorded,
    now: datetime,
) -> None:
    work.observations.append(
        StateObservation(transaction=row, state=state, effect=effect, event=event, seen_at=now)
    )


def complete(row: GatewayTransaction, record: GatewayRecord, work: Recorded, now: datetime) -> None:
    """Same state again: take over what came later (settlement, batch), flag another amount."""
    if record.settled_at and row.settled_at is None:
        row.settled_at, row.batch_number = record.settled_at, record.batch_number[:12]
        work.changed[row.pk] = row
    if record.amount.amount != row.amount or record.amount.currency != row.currency:
        flag_amount(row, record, work)
    if row.pk in work.changed:
        row.updated_at = now


def advance(row: GatewayTransaction, record: GatewayRecord, work: Recorded, now: datetime) -> None:
    was_money = State(row.state) in MONEY_STATES
    if record.amount.amount != row.amount:
        if was_money:
            flag_amount(row, record, work)
        else:  # a capture may be for less than was authorized: what was really charged counts
            row.amount = record.amount.amount
    row.state = record.state
    row.settled_at = record.settled_at or row.settled_at
    row.batch_number = record.batch_number[:12] or row.batch_number
    row.updated_at = now
    work.changed[row.pk] = row


def flag_amount(row: GatewayTransaction, record: GatewayRecord, work: Recorded) -> None:
    held = Money(round(row.amount, 3), row.currency)
    work.findings.append(
        Finding(
            f"amount:{row.pk}",
            Reason.STATE_CONFLICT,
            f"The gateway now says {record.amount} for {row.gateway_id}; it said {held} before.",
            record.amount,
            row,
        )
    )


def conflict(
    row: GatewayTransaction,
    record: GatewayRecord,
    event: InboundEvent | None,
    work: Recorded,
    now: datetime,
) -> None:
    """Neither state leads to the other: keep what we hold, tell a person once."""
    if row.observations.filter(state=record.state, effect="conflict").exists():
        return
    observe(row, record.state, StateObservation.Effect.CONFLICT, event, work, now)
    work.findings.append(
        Finding(
            f"state:{row.pk}",
            Reason.STATE_CONFLICT,
            f"The gateway says {record.state} of {row.gateway_id}, which is {row.state} here.",
            record.amount,
            row,
            event=event,
        )
    )


def note_entry(row: GatewayTransaction, held: State, now_in: State, work: Recorded) -> None:
    """Remember what a move of states means for the ledger."""
    if row.amount <= 0:
        if now_in in MONEY_STATES:
            work.findings.append(
                Finding(
                    f"amount:{row.pk}",
                    Reason.BAD_AMOUNT,
                    f"{row.gateway_id} carries an amount of {row.amount} {row.currency}.",
                    None,
                    row,
                )
            )
        return
    has_money = now_in in MONEY_STATES
    had_money = held in MONEY_STATES
    if row.kind == Kind.REFUND:
        if has_money and not had_money:
            work.refunds.append(row)
        elif had_money and not has_money:
            work.findings.append(
                Finding(
                    f"refund:{row.pk}",
                    Reason.STATE_CONFLICT,
                    f"Refund {row.gateway_id} was {held} and is now {now_in}.",
                    None,
                    row,
                )
            )
        return
    # a first sighting of "returned" stands for a capture that we never saw
    if (has_money and not had_money) or (now_in == State.RETURNED and not had_money):
        work.entered.append(row)
        if has_money and not row.needs_match:
            row.needs_match = True
            work.changed[row.pk] = row
    if now_in == State.RETURNED or (had_money and now_in in {State.VOIDED, State.FAILED}):
        work.left.append(row)


def save_changed(work: Recorded) -> None:
    rows = [row for row in work.changed.values() if row.pk]
    if rows:
        update_rows(
            GatewayTransaction,
            rows,
            ["state", "amount", "settled_at", "batch_number", "needs_match", "updated_at"],
        )


def write_effects(merchant_account: MerchantAccount, work: Recorded, now: datetime) -> None:
    """The journal entries of everything that entered, left or was refunded."""
    write_entries(
        [
            Draft(row, f"capture:{row.pk}", "captured", row.business_date, capture(money_of(row)))
            for row in work.entered
        ],
        now=now,
    )
    for row in work.left:
        target = Bucket.VOIDED if row.state in {State.VOIDED, State.FAILED} else Bucket.CHARGED_BACK
        money_left(row, target, money_of(row), f"{row.state}:{row.pk}", now=now)
    apply_refunds(merchant_account, work, now)


def money_of(row: GatewayTransaction) -> Money:
    return Money(row.amount, row.currency)


def apply_refunds(merchant_account: MerchantAccount, work: Recorded, now: datetime) -> None:
    """Book each refund against the sale it gives back, also when the sale is seen later."""
    waiting = list(work.refunds)
    sales = [row.gateway_id for row in work.entered]
    if sales:
        waiting += GatewayTransaction.objects.filter(
            merchant_account=merchant_account,
            kind=Kind.REFUND,
            original_id__in=sales,
            state__in=[state.value for state in MONEY_STATES],
        ).exclude(pk__in=[row.pk for row in waiting])
    if not waiting:
        return
    originals = {
        (row.method, row.gateway_id): row
        for row in locked(GatewayTransaction.objects.all()).filter(
            merchant_account=merchant_account,
            kind=Kind.SALE,
            gateway_id__in=[row.original_id for row in waiting if row.original_id],
        )
    }
    for refund in waiting:
        apply_refund(refund, originals.get((refund.method, refund.original_id)), work, now)


def apply_refund(
    refund: GatewayTransaction,
    original: GatewayTransaction | None,
    work: Recorded,
    now: datetime,
) -> None:
    if original is None:
        work.findings.append(
            Finding(
                f"refund:{refund.pk}",
                Reason.MONEY_WENT_BACK,
                f"Refund {refund.gateway_id} names no payment that we hold.",
                money_of(refund),
                refund,
            )
        )
        return
    key = f"refund:{refund.pk}"
    money_left(original, Bucket.REFUNDED, money_of(refund), key, now=now)
    close_items(original.company, [key], "Booked against its payment.", now=now)
