"""The ACH return codes that a customer's bank sends: R01 to R39.

Source: Nacha's table of return reason codes as several public copies give it; codes, titles and
windows certain where they agree, which these do unless marked. The meanings are in our own words.
"""

from __future__ import annotations

from reconciliation.domain.grades import Grade
from reconciliation.domain.returns.kinds import (
    NEXT,
    SIXTY_DAYS,
    TWO_DAYS,
    Retry,
    ReturnCode,
    ReturnKind,
    ReturnWindow,
)


def row(
    code: str,
    title: str,
    meaning: str,
    kind: ReturnKind,
    retry: Retry,
    window: ReturnWindow | None = TWO_DAYS,
    *,
    next_step: str = "",
    grade: Grade = Grade.CERTAIN,
) -> ReturnCode:
    actor, usual = NEXT[kind]
    step = next_step or usual
    return ReturnCode(code, title, meaning, kind, actor, step, retry, window, grade)


FUNDS, ACCOUNT, AT_BANK = ReturnKind.FUNDS, ReturnKind.ACCOUNT, ReturnKind.AT_BANK
ADMIN, CHECK = ReturnKind.ADMINISTRATIVE, ReturnKind.CHECK
NEVER, MENDED, AS_IT_IS = Retry.NEVER, Retry.MENDED, Retry.AS_IT_IS

RETURNS = (
    row("R01", "Insufficient funds", "There was not enough money in the account.",
        FUNDS, AS_IT_IS),
    row("R02", "Account closed", "The account was there once and has been closed.",
        ACCOUNT, MENDED),
    row("R03", "No account", "No account of that number and holder was found at the bank.",
        ACCOUNT, MENDED),
    row("R04", "Invalid account number", "The account number cannot be right: its form is wrong.",
        ACCOUNT, MENDED),
    row("R05", "Unauthorized debit to a consumer account",
        "A debit made as a company's (CCD, CTX) hit a private account and was not authorized.",
        ReturnKind.UNAUTHORIZED, NEVER, SIXTY_DAYS),
    row("R06", "Returned at our bank's request", "The bank that sent the debit asked for it back.",
        ReturnKind.REQUESTED, MENDED, None),
    row("R07", "Authorization revoked", "The customer had agreed once and took that back.",
        ReturnKind.UNAUTHORIZED, NEVER, SIXTY_DAYS),
    row("R08", "Payment stopped", "The customer told the bank to stop this payment.",
        ReturnKind.STOPPED, Retry.REAUTHORIZED),
    row("R09", "Uncollected funds", "Money is in the account but was not available yet.",
        FUNDS, AS_IT_IS),
    row("R10", "Not authorized", "The customer says they do not know us or did not authorize it.",
        ReturnKind.UNAUTHORIZED, NEVER, SIXTY_DAYS),
    row("R11", "Not as authorized",
        "The customer agreed to a debit, but not to this one: another amount, day or form.",
        ReturnKind.TERMS, MENDED, SIXTY_DAYS),
    row("R12", "Branch sold", "The branch with this account now belongs to another bank.",
        ACCOUNT, MENDED),
    row("R13", "Bank not in the network", "The routing number is of no bank that takes ACH.",
        ACCOUNT, MENDED, None),
    row("R14", "Representative payee deceased",
        "Who received for somebody else has died or cannot go on.",
        ReturnKind.DECEASED, NEVER),
    row("R15", "Account holder deceased", "The account's holder or beneficiary has died.",
        ReturnKind.DECEASED, NEVER),
    row("R16", "Account frozen", "The bank or a court has frozen the account.",
        ReturnKind.BLOCKED, MENDED),
    row("R17", "Not processable, or questionable",
        "The bank could not process a field, or takes a wrong account number for a sign of fraud.",
        ADMIN, MENDED,
        next_step="Check the bank details with the customer before collecting again: it may be"
        " fraud."),
    row("R18", "Improper effective date", "The date in the debit was not allowed.",
        ADMIN, MENDED, None),
    row("R19", "Amount field error", "The amount was not written as the network wants it.",
        ADMIN, MENDED, None),
    row("R20", "Non-transaction account", "The account, often for savings, takes no such debits.",
        ReturnKind.BLOCKED, MENDED),
    row("R21", "Invalid company identification", "Our company's number was not accepted.",
        ADMIN, MENDED),
    row("R22", "Invalid individual ID", "The customer's number in the debit was not accepted.",
        ADMIN, MENDED),
    row("R23", "Credit refused", "The receiver did not want the money we sent.",
        ReturnKind.CREDIT_REFUSED, NEVER, None),
    row("R24", "Duplicate entry", "The bank takes it for the same debit, sent twice.",
        ADMIN, NEVER,
        next_step="Look for the same payment: if the first was paid, nothing is owed; else ask"
        " PayTrace."),
    row("R25", "Addenda error", "The text that goes with the debit was not well formed.",
        ADMIN, MENDED, None),
    row("R26", "Mandatory field error", "A field that has to be there was empty or wrong.",
        ADMIN, MENDED, None),
    row("R27", "Trace number error", "The debit's number in the network was wrong.",
        ADMIN, MENDED, None),
    row("R28", "Routing number check digit error", "The routing number has a slip: a digit is"
        " wrong.",
        ACCOUNT, MENDED, None),
    row("R29", "Corporate customer: not authorized",
        "A company says it did not authorize the debit; often its bank blocks all debits.",
        ReturnKind.UNAUTHORIZED, NEVER,
        next_step="Ask the customer's accounting to let our company number through and to"
        " authorize a new debit."),
    row("R30", "Bank not in check truncation", "The bank takes no checks turned into data.",
        CHECK, NEVER, None),
    row("R31", "Permissible return", "A late return of a company's debit that our bank agreed to.",
        ReturnKind.REQUESTED, MENDED, None),
    row("R32", "Bank cannot settle", "The customer's bank could not settle.",
        AT_BANK, MENDED, None),
    row("R33", "Return of a destroyed-check entry", "The bank gives back an entry for a lost"
        " check.",
        CHECK, NEVER, SIXTY_DAYS),
    row("R34", "Bank's participation limited", "Supervisors have limited the customer's bank.",
        AT_BANK, MENDED, None),
    row("R35", "Improper debit", "Debits are not allowed for this type of entry or account.",
        ADMIN, NEVER, None),
    row("R36", "Improper credit", "Credits are not allowed for this type of entry.",
        ADMIN, NEVER, None),
    row("R37", "Check presented too", "The check itself was cashed as well as the debit.",
        CHECK, NEVER, SIXTY_DAYS),
    row("R38", "Stop payment on the check", "The check that the debit was made from was stopped.",
        CHECK, NEVER, SIXTY_DAYS),
    row("R39", "Improper check", "The check was not fit to be turned into a debit.",
        CHECK, NEVER),
)  # fmt: skip
