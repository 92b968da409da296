"""Failed payments in plain words: why, what to tell the customer, whether to try again.

Decided by response code and error keys (PayTrace reference §8.1, §8.2, certain). Texts decide
nothing about money (§16.30): two recorded ones only sharpen what people read and count. The
customer is never told more than the bank wants told: no “stolen”, no “fraud”.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciliation.domain.declines.tables import (
    AVS_TEXTS,
    BY_ACH_STATUS,
    BY_ERROR_KEY,
    BY_PROCESSOR_TEXT,
    BY_RESPONSE_CODE,
    CSC_TEXTS,
    DECLINED,
    NOT_SAID,
    Decline,
    DeclineKind,
)
from reconciliation.domain.grades import Actor

__all__ = ["Decline", "DeclineKind", "Explained", "explain_decline", "notes_of"]

#: How a bank's text begins, in recordings.
PREFIX = "decline - "


@dataclass(frozen=True, slots=True)
class Explained:
    """A decline with what else is known. notes: what the checks of address and security code said;
    they need not be the cause.
    """

    decline: Decline
    notes: tuple[str, ...] = ()


def explain_decline(
    response_code: int | None,
    error_keys: Sequence[str] = (),
    *,
    avs: str = "",
    csc: str = "",
    processor_text: str = "",
    ach_status: str = "",
) -> Explained:
    """Why a payment failed. For payments that did fail: it does not decide whether one did.

    All as PayTrace gave them. processor_text: its approval_message. ach_status: of a V3 bank debit.
    """
    decline = of_codes(response_code, error_keys, ach_status)
    if decline is DECLINED:
        text = " ".join(processor_text.lower().split())
        decline = BY_PROCESSOR_TEXT.get(text.removeprefix(PREFIX), decline)
    return Explained(decline, notes_of(avs, csc))


def of_codes(response_code: int | None, error_keys: Sequence[str], ach_status: str) -> Decline:
    """Error keys first: they are finer. Ours to mend go before the customer's: with our log-in
    refused, nothing else that was said counts.
    """
    known = [BY_ERROR_KEY[key] for key in error_keys if key in BY_ERROR_KEY]
    known.sort(key=lambda one: one.actor != Actor.OPERATOR)
    if known:
        return known[0]
    status = BY_ACH_STATUS.get(ach_status.strip().upper())
    if status:
        return status
    return NOT_SAID if response_code is None else BY_RESPONSE_CODE.get(response_code, NOT_SAID)


def notes_of(avs: str, csc: str) -> tuple[str, ...]:
    """What the two checks said, as sentences; nothing for a match, or for a text we do not know."""
    found = (AVS_TEXTS.get(avs.strip().lower()), CSC_TEXTS.get(csc.strip().lower()))
    return tuple(note for note in found if note)
