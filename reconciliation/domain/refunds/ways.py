"""Void or refund, decided from the state the gateway shows in the same unit of work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paysync.domain.payments import Method, State


class Way(StrEnum):
    VOID = "void"
    REFUND = "refund"
    #: To a stored card, linked to no payment.
    CREDIT = "credit"
    #: Neither yet: looked at again later.
    WAIT = "wait"
    #: Never: a person has to know.
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What can be done with a payment, and one sentence why."""

    way: Way
    why: str


def choose_way(state: State, method: Method, *, is_whole: bool) -> Chosen:
    """How money of a payment in that state goes back.

    is_whole: all of it, and nothing has gone back before. A void takes no amount (inferred,
    PayTrace reference §4.3); a void is for what is not settled, a refund for what is (certain).
    When an ACH payment may still be voided is inferred: until it is originated.
    """
    if state == State.SETTLED:
        return Chosen(Way.REFUND, "The payment is settled: it is refunded.")
    if state in {State.CAPTURED, State.ACCEPTED, State.AUTHORIZED}:
        if is_whole:
            return Chosen(Way.VOID, "The payment is not settled yet: it is voided as a whole.")
        return Chosen(
            Way.WAIT, "A part can be refunded once the payment is settled: it is sent then."
        )
    if state == State.ORIGINATED:
        return Chosen(
            Way.WAIT, "The bank has the debit already: it is refunded once it is settled."
        )
    if state == State.UNKNOWN:
        return Chosen(Way.WAIT, "Nobody knows yet what became of the payment.")
    return Chosen(Way.REFUSE, f"The payment is {state}: there is no money to give back.")


def can_be_asked_for(state: State) -> bool:
    """Whether a request about a payment in that state makes sense at all."""
    return choose_way(state, Method.CARD, is_whole=True).way != Way.REFUSE
