"""ACH returns: what a code means, until when one can come, and whether to collect again.

PayTrace pushes no returns; they show as a status of the payment, days later (reference §5, §7.5).
Where its records carry the return code is not documented: `parse_code` reads it from a status text
for people to see, and no money moves on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from reconciliation.domain.banking_days import add_business_days
from reconciliation.domain.grades import Grade
from reconciliation.domain.returns.bank_codes import (
    ABROAD_RETURNS,
    AGENCY_RETURNS,
    BETWEEN_BANKS,
    CHECK_RETURNS,
)
from reconciliation.domain.returns.codes import RETURNS
from reconciliation.domain.returns.kinds import (
    MENDED_TERMS_DAYS,
    NEXT,
    RETRIES,
    RETRY_DAYS,
    Retry,
    ReturnCode,
    ReturnKind,
    ReturnWindow,
)

RETURN_CODES: dict[str, ReturnCode] = {
    one.code: one
    for table in (RETURNS, AGENCY_RETURNS, CHECK_RETURNS, BETWEEN_BANKS, ABROAD_RETURNS)
    for one in table
}
#: The word "R01", as in "RETURNED - R01 NSF", but not as a part of an invoice number.
WRITTEN = re.compile(r"(?<![0-9A-Za-z-])[Rr]([0-9]{2})(?![0-9A-Za-z-])")
#: An unauthorized debit to a private account: no return can come later than this one.
LONGEST = ReturnWindow(60, False)


def explain(code: str) -> ReturnCode:
    """What a return code means. One that is not in the table is answered honestly, and may not be
    collected again.
    """
    wanted = code.strip().upper()
    if wanted in RETURN_CODES:
        return RETURN_CODES[wanted]
    actor, step = NEXT[ReturnKind.UNKNOWN]
    return ReturnCode(
        wanted,
        "Unknown return code",
        f"The bank sent the payment back with “{wanted}”, a code that is not in our list."
        if wanted
        else "The bank sent the payment back and gave no code.",
        ReturnKind.UNKNOWN,
        actor,
        step,
        Retry.UNKNOWN,
        None,
        Grade.UNKNOWN,
        is_known=False,
    )


def parse_code(text: str) -> str | None:
    """The return code in a gateway's text; None where there is none, or where several differ."""
    found = {f"R{digits}" for digits in WRITTEN.findall(text)} - {"R00"}
    return found.pop() if len(found) == 1 else None


def latest_return(settled_on: date, window: ReturnWindow = LONGEST) -> date:
    """The banking day on which a return of that window reaches our bank at the latest.

    Two banking days: the second after settlement. Sixty calendar days: the banking day after the
    sixtieth (certain, Nacha). PayTrace may show it later.
    """
    if window.is_banking:
        return add_business_days(settled_on, window.days)
    return add_business_days(settled_on + timedelta(days=window.days), 1)


@dataclass(frozen=True, slots=True)
class Again:
    """Whether a returned debit may be sent again, and one sentence why. until: the last day."""

    is_allowed: bool
    why: str
    until: date | None = None


def may_collect_again(
    code: str,
    *,
    settled_on: date,
    returned_on: date,
    today: date,
    retries: int,
    is_authorized_again: bool = False,
    is_mended: bool = False,
) -> Again:
    """Whether the rules let a returned debit go out again today.

    settled_on: of the first debit. retries: how often it was sent again already. The two flags are
    what a person confirms. paysync itself never collects again: a person does.
    """
    reason = explain(code)
    until = settled_on + timedelta(days=RETRY_DAYS)
    if reason.kind == ReturnKind.TERMS:
        until = min(until, returned_on + timedelta(days=MENDED_TERMS_DAYS))
    if reason.retry == Retry.NEVER:
        return Again(False, f"{reason.code} may not be collected again.")
    if reason.retry == Retry.UNKNOWN:
        return Again(False, "Nobody knows whether this may be collected again.")
    if retries >= RETRIES:
        return Again(False, f"It has been collected again {RETRIES} times, which is the most.")
    if today > until:
        return Again(False, f"It could be collected again until {until:%Y-%m-%d}.")
    if reason.retry == Retry.REAUTHORIZED and not is_authorized_again:
        return Again(False, "The customer has to authorize it again first.", until)
    if reason.retry == Retry.MENDED and not is_mended:
        return Again(False, "The cause has to be mended first.", until)
    return Again(True, f"It may be collected again until {until:%Y-%m-%d}.", until)
