"""Notifications of change: what a bank wants altered in a customer's bank details.

The payment itself went through. Source: Nacha's change codes as several public copies give them
(certain). The new value comes with the notice; PayTrace documents no way to read it (unknown), so a
person asks for it. Bank numbers are never kept here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reconciliation.domain.banking_days import add_business_days
from reconciliation.domain.grades import Actor, Grade


class BankField(StrEnum):
    ACCOUNT_NUMBER = "account number"
    ROUTING_NUMBER = "routing number"
    ACCOUNT_TYPE = "type of account (checking or savings)"
    NAME = "name of the account's holder"
    ID_NUMBER = "customer's identification number"


@dataclass(frozen=True, slots=True)
class ChangeCode:
    """fields: what of the customer's bank details is to be changed; none where it is not theirs."""

    code: str
    title: str
    fields: tuple[BankField, ...]
    actor: Actor
    next_step: str
    grade: Grade = Grade.CERTAIN
    is_known: bool = True


ASK = "Ask PayTrace or the customer for the new value, change the bank details, then debit again."
OURS = "Report it to PayTrace: it is about our company, not about the customer."
FORMAT = "Report it to PayTrace: the entry was not made up rightly. The bank details are right."
NUMBER, ROUTING, TYPE = (
    BankField.ACCOUNT_NUMBER, BankField.ROUTING_NUMBER, BankField.ACCOUNT_TYPE,
)  # fmt: skip


def theirs(code: str, title: str, *fields: BankField) -> ChangeCode:
    return ChangeCode(code, title, fields, Actor.FINANCE, ASK)


def ours(code: str, title: str, step: str = OURS) -> ChangeCode:
    return ChangeCode(code, title, (), Actor.OPERATOR, step)


#: C10 to C12 are about the sender, and no longer in every list.
CHANGE_CODES: dict[str, ChangeCode] = {
    one.code: one
    for one in (
        theirs("C01", "Account number wrong", NUMBER),
        theirs("C02", "Routing number wrong", ROUTING),
        theirs("C03", "Routing and account number wrong", ROUTING, NUMBER),
        theirs("C04", "Name wrong", BankField.NAME),
        theirs("C05", "Type of account wrong", TYPE),
        theirs("C06", "Account number and type wrong", NUMBER, TYPE),
        theirs("C07", "Routing number, account number and type wrong", ROUTING, NUMBER, TYPE),
        theirs("C08", "Bank abroad wrong", ROUTING),
        theirs("C09", "Identification number wrong", BankField.ID_NUMBER),
        ours("C10", "Company name wrong"),
        ours("C11", "Company identification wrong"),
        ours("C12", "Company name and identification wrong"),
        ours("C13", "Addenda not well formed", FORMAT),
        ours("C14", "Type of entry wrong for a payment abroad", FORMAT),
    )
}
WRITTEN = re.compile(r"(?<![0-9A-Za-z-])[Cc]([0-9]{2})(?![0-9A-Za-z-])")
#: Six banking days, or before the next debit if that is later (Nacha, inferred from banks' guides).
APPLY_DAYS = 6


def explain_change(code: str) -> ChangeCode:
    """What a change code asks for; an honest answer for one that is not in the table."""
    wanted = code.strip().upper()
    if wanted in CHANGE_CODES:
        return CHANGE_CODES[wanted]
    return ChangeCode(
        wanted,
        "Unknown change code",
        (),
        Actor.FINANCE,
        "Ask PayTrace what is to be changed.",
        Grade.UNKNOWN,
        is_known=False,
    )


def parse_change_code(text: str) -> str | None:
    """The change code in a text; None where there is none that we know, or several differ."""
    found = {f"C{digits}" for digits in WRITTEN.findall(text)} & CHANGE_CODES.keys()
    return found.pop() if len(found) == 1 else None


def apply_by(received_on: date) -> date:
    """Until when the change should be made."""
    return add_business_days(received_on, APPLY_DAYS)
