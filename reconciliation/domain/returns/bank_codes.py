"""The ACH return codes that reach a merchant rarely: agencies, checks, between banks, abroad.

Source: as in codes.py. R48, R49, R54 to R60, R63 to R66, R78 and R79 are not listed: they were
dropped or never given, and nobody should guess what they mean.
"""

from __future__ import annotations

from reconciliation.domain.returns.codes import row
from reconciliation.domain.returns.kinds import FIVE_DAYS, SIXTY_DAYS, Retry, ReturnKind

NEVER = Retry.NEVER
ENROLMENT, CHECK, ABROAD = ReturnKind.ENROLMENT, ReturnKind.CHECK, ReturnKind.INTERNATIONAL
DISHONORED, CONTESTED = ReturnKind.DISHONORED, ReturnKind.CONTESTED

#: R40 to R47: a government agency gives back an enrolment.
AGENCY_RETURNS = (
    row("R40", "Returned by the agency", "The agency does not take the enrolment.",
        ENROLMENT, NEVER, None),
    row("R41", "Invalid transaction code", "The enrolment's type of account was not accepted.",
        ENROLMENT, NEVER, None),
    row("R42", "Routing number error", "The enrolment's routing number was wrong.",
        ENROLMENT, NEVER, None),
    row("R43", "Invalid account number", "The enrolment's account number was wrong.",
        ENROLMENT, NEVER, None),
    row("R44", "Invalid individual ID", "The agency knows no such number.",
        ENROLMENT, NEVER, None),
    row("R45", "Invalid name", "The agency knows no such name.",
        ENROLMENT, NEVER, None),
    row("R46", "Invalid payee indicator", "It was not said, or said wrongly, who receives.",
        ENROLMENT, NEVER, None),
    row("R47", "Duplicate enrolment", "The same enrolment was there already.",
        ENROLMENT, NEVER, None),
)  # fmt: skip

#: R50 to R53: a bounced check that was presented as a debit (RCK).
CHECK_RETURNS = (
    row("R50", "State law", "The law of the bank's state does not allow it for this check.",
        CHECK, NEVER),
    row("R51", "Check ineligible", "The check was not eligible, altered, or not signed rightly.",
        CHECK, NEVER, SIXTY_DAYS),
    row("R52", "Stop payment on the check", "The check was stopped.",
        CHECK, NEVER, SIXTY_DAYS),
    row("R53", "Check presented too", "Both the check and the debit were presented.",
        CHECK, NEVER, SIXTY_DAYS),
)  # fmt: skip

#: R61 to R70: our bank sends a return back; R71 to R77: the customer's bank answers that. Their
#: windows count from the settlement of what they answer.
BETWEEN_BANKS = (
    row("R61", "Misrouted return", "The return went to the wrong bank.",
        DISHONORED, NEVER, FIVE_DAYS),
    row("R62", "Return of an erroneous or reversing debit",
        "A reversal left the customer with money that is not theirs.",
        DISHONORED, NEVER, FIVE_DAYS),
    row("R67", "Duplicate return", "The same debit was returned twice.",
        DISHONORED, NEVER, FIVE_DAYS),
    row("R68", "Untimely return", "The return came too late.",
        DISHONORED, NEVER, FIVE_DAYS),
    row("R69", "Field errors", "The return was not well formed.",
        DISHONORED, NEVER, FIVE_DAYS),
    row("R70", "Return not asked for", "The return claims our bank's consent, which it never gave.",
        DISHONORED, NEVER, FIVE_DAYS),
    row("R71", "Misrouted dishonored return", "Our bank's answer went to the wrong bank.",
        CONTESTED, NEVER),
    row("R72", "Untimely dishonored return", "Our bank's answer came too late.",
        CONTESTED, NEVER),
    row("R73", "Timely original return", "The customer's bank says that the return was in time.",
        CONTESTED, NEVER),
    row("R74", "Corrected return", "The customer's bank sends the return again, mended.",
        CONTESTED, NEVER),
    row("R75", "Return not a duplicate", "The customer's bank says it was returned only once.",
        CONTESTED, NEVER),
    row("R76", "No errors found", "The customer's bank finds no error in its return.",
        CONTESTED, NEVER),
    row("R77", "Answer to R62 not accepted", "The money cannot be had from the customer, or both"
        " entries were returned.",
        CONTESTED, NEVER),
)  # fmt: skip

#: R80 to R85: payments to or from abroad (IAT).
ABROAD_RETURNS = (
    row("R80", "International entry coding error", "Country, currency or type was coded wrongly.",
        ABROAD, NEVER, None),
    row("R81", "Not in the international program", "The bank passes no such payments on.",
        ABROAD, NEVER, None),
    row("R82", "Invalid foreign bank", "The bank abroad was not named rightly.",
        ABROAD, NEVER, None),
    row("R83", "Foreign bank cannot settle", "The payment system abroad could not settle.",
        ABROAD, NEVER, None),
    row("R84", "Not processed", "The bank at the border did not pass it on, by its own decision.",
        ABROAD, NEVER, None),
    row("R85", "International payment coded wrongly",
        "It is a payment abroad but was coded as one inside the country.",
        ABROAD, NEVER, None),
)  # fmt: skip
