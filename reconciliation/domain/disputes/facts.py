"""What is told of a dispute, checked before anything is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from paysync.domain.errors import RuleError
from paysync.domain.money import Money
from paysync.domain.redaction import redact
from reconciliation.domain.banking_days import add_business_days
from reconciliation.domain.disputes.codes import Brand, explain_dispute
from reconciliation.domain.disputes.states import OPEN_DISPUTES, DisputeState

#: Where nobody tells a deadline. No source names one for PayTrace's processors: chosen, on the
#: safe side of what the brands give merchants.
EVIDENCE_DAYS = 10
#: Older than any card brand lets a claim be.
OLDEST = timedelta(days=3 * 365)
#: A deadline farther away than this is a slip of the hand.
FARTHEST = timedelta(days=365)
CASE_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Claim:
    """One dispute as a person, a report or a feed tells it.

    case_number: of the processor; one dispute each in a company. gateway_reference: the payment's
    gateway id. state: None where it is not told.
    """

    case_number: str
    amount: Money
    opened_on: date
    gateway_reference: str = ""
    brand: Brand = Brand.OTHER
    reason_code: str = ""
    evidence_due_on: date | None = None
    state: DisputeState | None = None
    fee: Money | None = None


def checked(claim: Claim, today: date) -> Claim:
    """The claim in our spelling. Raises RuleError, with the reason, for what cannot be."""
    number = " ".join(claim.case_number.split())
    if not CASE_NUMBER.fullmatch(number) or redact(number)[1]:
        raise RuleError("The case number has 1 to 40 letters, digits, blanks or . / _ - in it.")
    reference = claim.gateway_reference.strip()
    if len(reference) > 40 or redact(reference)[1]:
        raise RuleError("The payment's id is longer than 40 characters, or is a card number.")
    if claim.amount.amount <= 0:
        raise RuleError("The amount has to be more than zero.")
    if claim.amount.amount >= 10**11:
        raise RuleError("The amount is larger than any column holds.")
    if claim.fee is not None and claim.fee.amount < 0:
        raise RuleError("A fee is not less than zero.")
    if not today - OLDEST <= claim.opened_on <= today + timedelta(days=1):
        raise RuleError(f"{claim.opened_on} is no day on which this claim can have been made.")
    check_deadline(claim.opened_on, claim.evidence_due_on)
    code = explain_dispute(claim.brand, claim.reason_code).code
    if len(code) > 12:
        raise RuleError("The reason code is longer than 12 characters.")
    return Claim(
        number, claim.amount, claim.opened_on, reference, claim.brand, code,
        claim.evidence_due_on, claim.state, claim.fee,
    )  # fmt: skip


def check_deadline(opened_on: date, due: date | None) -> None:
    if due is not None and not opened_on <= due <= opened_on + FARTHEST:
        raise RuleError(f"{due} is no deadline of a claim of {opened_on}.")


def deadline_of(claim: Claim) -> tuple[date, bool]:
    """Until when evidence counts, and whether that is our own estimate."""
    if claim.evidence_due_on is not None:
        return claim.evidence_due_on, False
    return add_business_days(claim.opened_on, EVIDENCE_DAYS), True


def is_news(old: DisputeState, new: DisputeState) -> bool:
    """Whether a report that says `new` tells something that we do not know yet.

    A report is older than what people have done since: it opens nothing again.
    """
    return old != new and not (new in OPEN_DISPUTES and old not in OPEN_DISPUTES)
