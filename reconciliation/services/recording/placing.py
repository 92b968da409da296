"""Put one record against its row: first seen, the same, older, further, or a conflict."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from paysync.domain.money import Money
from paysync.domain.payments import MONEY_STATES, GatewayRecord, Kind, State, Step, step
from paysync.models import InboundEvent
from paysync.services.bulk import update_rows
from reconciliation.domain.reasons import Reason
from reconciliation.models import GatewayTransaction, StateObservation
from reconciliation.services.leftovers import Finding
from reconciliation.services.recording.rows import clean, return_code_of


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
    if code_is_news(row, record):
        row.return_code = return_code_of(record)
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
    row.status_text = clean(record.status_text, 100)
    row.answer_text = clean(record.answer_text, 120) or row.answer_text
    if record.state == State.RETURNED:
        row.return_code, row.returned_on = return_code_of(record), timezone.localdate(now)
    row.settled_at = record.settled_at or row.settled_at
    row.batch_number = record.batch_number[:12] or row.batch_number
    row.updated_at = now
    work.changed[row.pk] = row


def code_is_news(row: GatewayTransaction, record: GatewayRecord) -> bool:
    """What a person has entered stays."""
    return row.state == State.RETURNED and not row.return_code and bool(return_code_of(record))


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
            [
                "state",
                "amount",
                "settled_at",
                "batch_number",
                "needs_match",
                "updated_at",
                "status_text",
                "answer_text",
                "return_code",
                "returned_on",
            ],
        )
