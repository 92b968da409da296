"""What kinds of ACH return there are, who acts on them, and whether the debit may be sent again.

Source: the Nacha Operating Rules as banks publish them for originators, which agree on all of this
(certain): R01 and R09 may be sent again up to twice; R08 only if the customer authorizes it again;
others only once the cause is mended; always within 180 days of the first settlement. R05, R07, R10
and R29 need a new authorization and so are a new payment, not a retry. After R11 the mended debit
goes out within 60 days of the return. That the two tries hold for R08 and mended ones too is how
most banks read it (inferred): the stricter reading is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciliation.domain.grades import Actor, Grade


class ReturnKind(StrEnum):
    FUNDS = "insufficient_funds"
    ACCOUNT = "account_closed_or_wrong"
    UNAUTHORIZED = "unauthorized"
    TERMS = "not_as_authorized"
    STOPPED = "stop_payment"
    DECEASED = "deceased"
    BLOCKED = "account_blocked"
    ADMINISTRATIVE = "administrative"
    AT_BANK = "bank_cannot_take_it"
    REQUESTED = "asked_for_by_our_bank"
    CREDIT_REFUSED = "credit_refused"
    CHECK = "converted_check"
    ENROLMENT = "government_enrolment"
    DISHONORED = "dishonored_return"
    CONTESTED = "contested_dishonored_return"
    INTERNATIONAL = "international"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Whether the same debit may be sent again."""

    AS_IT_IS = "as_it_is"
    REAUTHORIZED = "if_authorized_again"
    MENDED = "if_mended"
    NEVER = "never"
    UNKNOWN = "unknown"


RETRIES = 2
RETRY_DAYS = 180
#: After R11, counted from the settlement of the return.
MENDED_TERMS_DAYS = 60


@dataclass(frozen=True, slots=True)
class ReturnWindow:
    """How long after settlement a bank may send a return."""

    days: int
    is_banking: bool

    def __str__(self) -> str:
        return f"{self.days} {'banking' if self.is_banking else 'calendar'} days"


TWO_DAYS = ReturnWindow(2, True)
FIVE_DAYS = ReturnWindow(5, True)
SIXTY_DAYS = ReturnWindow(60, False)


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """A return code. title: short. meaning: for finance staff. next_step: what `actor` does.

    window: None where the rules set none, or the network returns it at once. is_known: False for a
    code that is not in our table.
    """

    code: str
    title: str
    meaning: str
    kind: ReturnKind
    actor: Actor
    next_step: str
    retry: Retry
    window: ReturnWindow | None
    grade: Grade = Grade.CERTAIN
    is_known: bool = True


#: Who acts on a kind of return, and what they do. Chosen.
NEXT: dict[ReturnKind, tuple[Actor, str]] = {
    ReturnKind.FUNDS: (
        Actor.FINANCE,
        "Ask the customer when the money will be there, then collect it again; at most twice.",
    ),
    ReturnKind.ACCOUNT: (
        Actor.CUSTOMER,
        "Ask the customer for the right bank details, or for another way to pay.",
    ),
    ReturnKind.UNAUTHORIZED: (
        Actor.FINANCE,
        "Do not collect again. Speak with the customer, find their authorization, and get a new"
        " one before any new debit.",
    ),
    ReturnKind.TERMS: (
        Actor.FINANCE,
        "Find out what differed from the agreement (amount or date), mend it, and collect anew.",
    ),
    ReturnKind.STOPPED: (
        Actor.FINANCE,
        "Ask the customer why they stopped it; collect again only if they authorize it again.",
    ),
    ReturnKind.DECEASED: (
        Actor.FINANCE,
        "Stop further debits and speak with the estate or the company.",
    ),
    ReturnKind.BLOCKED: (
        Actor.CUSTOMER,
        "Ask the customer for another account or another way to pay.",
    ),
    ReturnKind.ADMINISTRATIVE: (
        Actor.OPERATOR,
        "Report it to PayTrace: the debit was not made up as the network wants it.",
    ),
    ReturnKind.AT_BANK: (
        Actor.CUSTOMER,
        "Ask the customer for an account at another bank, or for another way to pay.",
    ),
    ReturnKind.REQUESTED: (
        Actor.FINANCE,
        "Ask PayTrace or our bank why it was asked back before collecting again.",
    ),
    ReturnKind.CREDIT_REFUSED: (
        Actor.FINANCE,
        "Ask the customer how they want to have the money: it did not reach them.",
    ),
    ReturnKind.CHECK: (
        Actor.FINANCE,
        "Look whether the customer paid by check: this code is only for checks turned into debits.",
    ),
    ReturnKind.ENROLMENT: (
        Actor.OPERATOR,
        "Report it to PayTrace: this code is only for enrolments with a government agency.",
    ),
    ReturnKind.DISHONORED: (
        Actor.BANK,
        "Nothing yet: our bank rejects the return. Leave the payment returned until it is settled.",
    ),
    ReturnKind.CONTESTED: (
        Actor.BANK,
        "Nothing yet: the customer's bank insists on the return. Ask PayTrace how it ended.",
    ),
    ReturnKind.INTERNATIONAL: (
        Actor.OPERATOR,
        "Report it to PayTrace: this code is only for payments to or from abroad.",
    ),
    ReturnKind.UNKNOWN: (
        Actor.FINANCE,
        "Ask PayTrace what the code means, and do not collect again before that.",
    ),
}
