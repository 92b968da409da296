"""Gateway payments: what the gateway says of one, and which state may follow which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from paysync.domain.money import Money


class Method(StrEnum):
    CARD = "card"
    ACH = "ach"


class Kind(StrEnum):
    """What a gateway transaction does. A refund is a transaction of its own."""

    SALE = "sale"
    REFUND = "refund"


class State(StrEnum):
    """Where a gateway transaction stands. Card and ACH share one set."""

    UNKNOWN = "unknown"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    SETTLED = "settled"
    VOIDED = "voided"
    DECLINED = "declined"
    FAILED = "failed"
    ACCEPTED = "accepted"
    ORIGINATED = "originated"
    RETURNED = "returned"


#: Which state may follow which. Source: design §4; the ACH order is inferred (PayTrace §7.5).
EDGES: dict[State, frozenset[State]] = {
    State.UNKNOWN: frozenset(State) - {State.UNKNOWN},
    State.AUTHORIZED: frozenset({State.CAPTURED, State.VOIDED, State.FAILED}),
    State.CAPTURED: frozenset({State.SETTLED, State.VOIDED}),
    State.SETTLED: frozenset({State.RETURNED}),
    State.ACCEPTED: frozenset({State.ORIGINATED, State.VOIDED, State.FAILED}),
    State.ORIGINATED: frozenset({State.SETTLED, State.RETURNED, State.FAILED}),
    State.VOIDED: frozenset(),
    State.DECLINED: frozenset(),
    State.FAILED: frozenset(),
    State.RETURNED: frozenset(),
}

#: The gateway holds this money for us (an ACH payment is money under way from acceptance on).
MONEY_STATES = frozenset({State.CAPTURED, State.SETTLED, State.ACCEPTED, State.ORIGINATED})


class Step(StrEnum):
    """What an observed state means against the one we hold."""

    SAME = "same"
    FORWARD = "forward"
    OLDER = "older"
    CONFLICT = "conflict"


def reachable(start: State, goal: State) -> bool:
    """Whether a chain of listed edges leads from `start` to `goal` (not counting staying put)."""
    seen: set[State] = set()
    todo = set(EDGES[start])
    while todo:
        state = todo.pop()
        if state == goal:
            return True
        if state not in seen:
            seen.add(state)
            todo |= EDGES[state]
    return False


def step(held: State, observed: State) -> Step:
    """Place an observation against the state we hold, whatever order they came in.

    An observation that our state is reachable from is older news and changes nothing; one that
    neither leads to the other is a conflict, which a person must see.
    """
    if held == observed:
        return Step.SAME
    if reachable(held, observed):
        return Step.FORWARD
    if reachable(observed, held):
        return Step.OLDER
    return Step.CONFLICT


@dataclass(frozen=True, slots=True)
class GatewayRecord:
    """One transaction as the gateway shows it now, in our words.

    gateway_id: text, unique within merchant account and method. amount: what was really charged
    (sale) or given back (refund), always positive. created_at, settled_at: aware instants.
    business_date: the gateway's day in its own zone. return_code: of a returned ACH payment, where
    the record names one. answer_text, avs, csc: the bank's words and the checks of address and
    security code, for people. raw: the gateway's fields, card
    data removed; redactions: how often that was needed.
    """

    gateway_id: str
    kind: Kind
    method: Method
    state: State
    amount: Money
    created_at: datetime
    business_date: date
    settled_at: datetime | None = None
    batch_number: str = ""
    invoice_reference: str = ""
    customer_reference: str = ""
    gateway_customer_id: str = ""
    billing_name: str = ""
    description: str = ""
    card_brand: str = ""
    last4: str = ""
    approval_code: str = ""
    original_id: str = ""
    status_text: str = ""
    return_code: str = ""
    answer_text: str = ""
    avs: str = ""
    csc: str = ""
    raw: dict[str, object] = field(default_factory=dict)
    redactions: int = 0


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """An entry of a list that could not be understood: kept whole, shown to a person."""

    gateway_id: str
    reason: str
    raw: dict[str, object]
    redactions: int = 0
    method: Method = Method.CARD


@dataclass(frozen=True, slots=True)
class Window:
    """Instants [start, end), both aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `next_cursor` is None on the last page."""

    records: tuple[GatewayRecord, ...]
    unreadable: tuple[UnreadableRecord, ...] = ()
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayBatch:
    """A settlement batch. Numbers recycle: the key is merchant, number and settlement date."""

    number: str
    settled_on: date
    sales_count: int
    sales: Money
    refunds_count: int
    refunds: Money
    net: Money


class Outcome(StrEnum):
    """How a money call ended. UNKNOWN: it may have happened; look before sending again."""

    APPROVED = "approved"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChargeIntent:
    """One charge we mean to make, stable over retries.

    intent_id: ours, unique, at most 50 characters, sent along so that the charge can be found.
    Exactly one of token (Protect.js `hpf_token` with `enc_key`) and gateway_customer_id (vault).
    sec_code: for ACH only, one of CCD, PPD, WEB, TEL.
    """

    intent_id: str
    method: Method
    amount: Money
    invoice_reference: str
    gateway_customer_id: str = ""
    hpf_token: str = ""
    enc_key: str = ""
    sec_code: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class MoneyResult:
    """The answer to a charge, capture, void or refund.

    gateway_id is empty where the outcome is FAILED before a transaction existed, or UNKNOWN.
    message is the gateway's own text, for people only: never branch on it.
    """

    outcome: Outcome
    gateway_id: str = ""
    response_code: int | None = None
    error_keys: tuple[str, ...] = ()
    approved_amount: Money | None = None
    message: str = ""
